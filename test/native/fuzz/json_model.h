// JSON read the slow and plain way, as the oracle of the scan: by recursion, into values.
//
//  1. It accepts what RFC 8259 allows in strict UTF-8, less duplicate keys, lone surrogates,
//  numbers
//     beyond a double and nesting beyond kNestingMax.
//  2. Nothing of it is taken from the core but the limit.
// Thread rule: values; they belong to whoever holds them.

#ifndef TEST_NATIVE_FUZZ_JSON_MODEL_H_
#define TEST_NATIVE_FUZZ_JSON_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shardwatch::fuzz {

enum class JsonKind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

struct JsonValue {
  JsonKind kind = JsonKind::kNull;
  // What a string says; a number as it is written.
  std::string text = {};
  std::vector<JsonValue> elements = {};
  // std::string compares bytes, which is the canonical order.
  std::map<std::string, JsonValue> members = {};

  // The member of that key, or null.
  const JsonValue* Find(const std::string& key) const;
};

// None for what is no such document.
std::optional<JsonValue> ParseJson(std::string_view document);

// The canonical form.
std::string PrintJson(const JsonValue& value);

}  // namespace shardwatch::fuzz

#endif  // TEST_NATIVE_FUZZ_JSON_MODEL_H_
