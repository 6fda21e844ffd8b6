// Heads: a few bytes of each key, kept in the node itself, so that a search reads the node's own
// memory and not that of the items, which lie anywhere.
//
//   keys    web-7c9f-abcde   web-7c9f-bcdef   web-7c9f-xyz        skipped: 9, "web-7c9f-"
//   heads            abcd             bcde             xyz0
//
//  1. All keys below a node begin with the same `skipped` bytes: a key that is not found by heads
//     is not there.
//  2. A head is the next four bytes as a number, the first byte first; zeros follow the key's end.
//  3. So the lower of two heads belongs to the lower key, and of equal heads nothing is known.
// A shape has heads if its keys are texts (std::string_view), ordered as their bytes with `kKeyEnd`
// behind them.
// Thread rule: as the node.

#ifndef NATIVE_CORE_TREE_HEAD_H_
#define NATIVE_CORE_TREE_HEAD_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "native/core/tree/node.h"

namespace shardwatch {

template <typename Shape>
concept HasHeads = requires {
                     { Shape::kKeyEnd } -> std::convertible_to<std::string_view>;
                   };

// Of a key that is shorter than what is skipped nothing is known either.
inline NodeHead HeadOf(std::string_view key, size_t skipped, std::string_view key_end) {
  unsigned char bytes[sizeof(NodeHead) + 1] = {};
  if (key.size() >= skipped + sizeof(NodeHead)) {
    std::memcpy(bytes, key.data() + skipped, sizeof(NodeHead));
  } else if (key.size() >= skipped) {
    const size_t left = key.size() - skipped;
    if (left > 0) std::memcpy(bytes, key.data() + skipped, left);
    if (!key_end.empty()) bytes[left] = static_cast<unsigned char>(key_end.front());
  }
  NodeHead head = 0;
  for (size_t at = 0; at < sizeof(NodeHead); ++at) head = head << 8 | bytes[at];
  return head;
}

inline size_t CommonLength(std::string_view left, std::string_view right) {
  const size_t shorter = std::min(left.size(), right.size());
  size_t length = 0;
  while (length < shorter && left[length] == right[length]) ++length;
  return length;
}

}  // namespace shardwatch

#endif  // NATIVE_CORE_TREE_HEAD_H_
