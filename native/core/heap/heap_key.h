// What a heap orders by: one number of 128 bits, so that comparing two entries takes no branch.
//
//   rank (64 bits) | sequence (32) | slot (32)
//
// A rank is a double as bits that have the order of the doubles: for what is not negative the sign
// is set, for what is negative all bits are turned over. -0 is taken for 0 before.
//
// Thread rule: values, any thread.

#ifndef NATIVE_CORE_HEAP_HEAP_KEY_H_
#define NATIVE_CORE_HEAP_HEAP_KEY_H_

#include <bit>
#include <cstdint>

#if !defined(__SIZEOF_INT128__)
#include <compare>
#endif

namespace shardwatch {

#if defined(__SIZEOF_INT128__)
__extension__ typedef unsigned __int128 HeapKey;
#else
struct HeapKey {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const HeapKey&) const = default;
};
#endif

inline constexpr uint64_t kSignBit = 1ULL << 63;

// REQUIRES: not NaN.
constexpr uint64_t RankOf(double value) {
  // A sum with 0 is never -0.
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);
  return (bits & kSignBit) == 0 ? bits | kSignBit : ~bits;
}

constexpr double ValueOf(uint64_t rank) {
  return std::bit_cast<double>((rank & kSignBit) == 0 ? ~rank : rank & ~kSignBit);
}

// `low` has sequence and slot.
constexpr HeapKey MakeHeapKey(uint64_t rank, uint64_t low) {
#if defined(__SIZEOF_INT128__)
  return (static_cast<HeapKey>(rank) << 64) | low;
#else
  return {.high = rank, .low = low};
#endif
}

constexpr HeapKey MakeHeapKey(uint64_t rank, uint32_t sequence, uint32_t slot) {
  return MakeHeapKey(rank, (uint64_t{sequence} << 32) | slot);
}

constexpr uint64_t LowOf(const HeapKey& key) {
#if defined(__SIZEOF_INT128__)
  return static_cast<uint64_t>(key);
#else
  return key.low;
#endif
}

constexpr uint64_t RankOf(const HeapKey& key) {
#if defined(__SIZEOF_INT128__)
  return static_cast<uint64_t>(key >> 64);
#else
  return key.high;
#endif
}

constexpr uint32_t SequenceOf(const HeapKey& key) {
  return static_cast<uint32_t>(LowOf(key) >> 32);
}

constexpr uint32_t SlotOf(const HeapKey& key) { return static_cast<uint32_t>(LowOf(key)); }

// After every key of an entry: no sequence is that high.
inline constexpr HeapKey kHeapKeyEnd = MakeHeapKey(UINT64_MAX, UINT32_MAX, UINT32_MAX);

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_HEAP_KEY_H_
