// The hash of texts in tables of the core. Pure functions.
// Thread rule: any thread.

#ifndef NATIVE_CORE_OBJECT_TEXT_HASH_H_
#define NATIVE_CORE_OBJECT_TEXT_HASH_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace shardwatch {

inline uint64_t MixHash(uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93U;
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93U;
  return value ^ value >> 32;
}

// `seed` keeps those who choose texts from choosing them to collide.
inline uint64_t HashText(std::string_view text, uint64_t seed) {
  uint64_t hash = seed ^ text.size();
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t), at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    hash = MixHash(hash ^ word);
  }
  uint64_t rest = 0;
  if (left > 0) std::memcpy(&rest, at, left);
  return MixHash(hash ^ rest);
}

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_TEXT_HASH_H_
