// Fours by a network of comparisons, then merging; see key_sort.h. Thread rule: any thread.

#include "native/core/heap/key_sort.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>

namespace shardwatch {

namespace {

constexpr size_t kFour = 4;

// The same number, of which the compiler knows nothing: it makes no branch of how it came to be.
inline size_t Opaque(size_t number) {
#if defined(__GNUC__)
  asm("" : "+r"(number));
#endif
  return number;
}

inline void Order(HeapKey& left, HeapKey& right) {
  const uint64_t mask = 0 - static_cast<uint64_t>(Opaque(right < left ? 1 : 0));
  const uint64_t ranks = (RankOf(left) ^ RankOf(right)) & mask;
  const uint64_t lows = (LowOf(left) ^ LowOf(right)) & mask;
  const HeapKey lesser = MakeHeapKey(RankOf(left) ^ ranks, LowOf(left) ^ lows);
  right = MakeHeapKey(RankOf(right) ^ ranks, LowOf(right) ^ lows);
  left = lesser;
}

inline void SortFour(HeapKey* keys) {
  Order(keys[0], keys[1]);
  Order(keys[2], keys[3]);
  Order(keys[0], keys[2]);
  Order(keys[1], keys[3]);
  Order(keys[1], keys[2]);
}

void SortFew(std::span<HeapKey> keys) {
  for (size_t index = 1; index < keys.size(); ++index) {
    const HeapKey key = keys[index];
    size_t place = index;
    for (; place > 0 && key < keys[place - 1]; --place) keys[place] = keys[place - 1];
    keys[place] = key;
  }
}

// Merges two neighbours of `width` keys each, from both ends at once: neither waits for the other.
inline void MergeEqual(const HeapKey* from, size_t width, HeapKey* to) {
  const HeapKey* low_left = from;
  const HeapKey* low_right = from + width;
  const HeapKey* high_left = low_right - 1;
  const HeapKey* high_right = low_right + width - 1;
  HeapKey* low = to;
  HeapKey* high = to + 2 * width - 1;
  for (size_t count = 0; count < width; ++count) {
    const size_t is_right = Opaque(*low_right < *low_left ? 1 : 0);
    *low++ = *(low_left + ((low_right - low_left) & -static_cast<ptrdiff_t>(is_right)));
    low_left += 1 - is_right;
    low_right += is_right;
    const size_t is_left = Opaque(*high_right < *high_left ? 1 : 0);
    *high-- = *(high_right + ((high_left - high_right) & -static_cast<ptrdiff_t>(is_left)));
    high_left -= is_left;
    high_right -= 1 - is_left;
  }
}

}  // namespace

void SortKeys(std::span<HeapKey> keys, std::span<HeapKey> scratch) {
  assert(scratch.size() >= keys.size());
  const size_t size = keys.size();
  size_t sorted = 0;
  for (; sorted + kFour <= size; sorted += kFour) SortFour(keys.data() + sorted);
  SortFew(keys.subspan(sorted));
  HeapKey* from = keys.data();
  HeapKey* to = scratch.data();
  for (size_t width = kFour; width < size; width *= 2) {
    size_t begin = 0;
    for (; begin + 2 * width <= size; begin += 2 * width) {
      MergeEqual(from + begin, width, to + begin);
    }
    const size_t middle = std::min(begin + width, size);
    std::merge(from + begin, from + middle, from + middle, from + size, to + begin);
    std::swap(from, to);
  }
  if (from != keys.data()) std::copy(from, from + size, keys.data());
}

}  // namespace shardwatch
