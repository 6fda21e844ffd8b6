// Hashing, and finding the uid in canonical JSON; see shard_selector.h. Thread rule: any thread.

#include "native/core/object/shard_selector.h"

#include <cstddef>

namespace shardwatch {

namespace {

// Where the string ends whose opening quote is at `at`: behind its closing one.
size_t EndOfString(std::string_view json, size_t at) {
  for (++at; json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

// Where the value ends that begins at `at`. What is scanned has been found to be JSON.
size_t EndOfValue(std::string_view json, size_t at) {
  size_t depth = 0;
  for (;;) {
    const char first = json[at];
    if (first == '"') {
      at = EndOfString(json, at);
      if (depth == 0) return at;
      continue;
    }
    if (first == '{' || first == '[') ++depth;
    if (first == '}' || first == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    }
    if (first == ',' && depth == 0) return at;
    ++at;
  }
}

}  // namespace

uint64_t ShardHash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char unit : text) {
    hash = (hash ^ static_cast<unsigned char>(unit)) * 0x100000001b3;
  }
  return hash;
}

// Members stand in the order of their keys, and every version has a resourceVersion.
std::string_view UidOf(const Version& version) {
  constexpr std::string_view kKey = R"("uid")";
  const std::string_view json = version.bytes();
  // Behind the digits is their closing quote.
  size_t at = version.digits_offset() + version.digits_length() + 1;
  while (json[at] == ',') {
    const size_t key = at + 1;
    const size_t key_end = EndOfString(json, key);
    const size_t value = key_end + 1;
    const size_t value_end = EndOfValue(json, value);
    const std::string_view name = json.substr(key, key_end - key);
    if (name == kKey && json[value] == '"') {
      return json.substr(value + 1, value_end - value - 2);
    }
    at = value_end;
  }
  return {};
}

}  // namespace shardwatch
