// Where an object lives within its resource type, and the order of such keys.
//
// A list is ordered by the bytes of the whole key, `namespace/name`: so a namespace compares with
// the slash that follows it, and `team-a/x` comes before `team/x`, because `-` is lower than `/`.
// The namespace is empty for a cluster-scoped type; one type never has both kinds of key.
// The same order as lib/object/key.ts, which a test compares with this one.
// Pure functions of their arguments. Thread rule: any thread.

#ifndef NATIVE_CORE_OBJECT_KEY_H_
#define NATIVE_CORE_OBJECT_KEY_H_

#include <compare>
#include <string_view>

namespace shardwatch {

// UTF-8; the bytes belong to the caller.
struct KeyView {
  std::string_view namespace_name;
  std::string_view name;
};

std::strong_ordering CompareNamespaces(std::string_view left, std::string_view right);

std::strong_ordering CompareKeys(const KeyView& left, const KeyView& right);

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_KEY_H_
