// Sifting keys up and down; see key_heap.h. Thread rule: as told there.

#include "native/core/heap/key_heap.h"

#include <algorithm>
#include <cstring>

#include "native/core/heap/key_memory.h"

namespace shardwatch {

namespace {

// So many keys are in the nearest memory all the time: there is nothing to bring.
constexpr size_t kNearMax = 2048;

// The same number, of which the compiler knows nothing: it makes no branch of how it came to be.
inline uint64_t Opaque(uint64_t number) {
#if defined(__GNUC__)
  asm("" : "+r"(number));
#endif
  return number;
}

// A key, and where among four it is.
struct Candidate {
  HeapKey key;
  uint64_t place;
};

// The lesser of two. Written as arithmetic, because which one it is no processor can guess: a
// branch on it is taken wrongly every other time. Nor is the key read again by its place, which
// would wait for the nearest memory.
inline Candidate LesserOf(const Candidate& left, const Candidate& right) {
  const uint64_t mask = Opaque(0 - static_cast<uint64_t>(right.key < left.key));
  const auto choose = [mask](uint64_t a, uint64_t b) { return a ^ ((a ^ b) & mask); };
  return {MakeHeapKey(choose(RankOf(left.key), RankOf(right.key)),
                      choose(LowOf(left.key), LowOf(right.key))),
          choose(left.place, right.place)};
}

// The least of four keys: two comparisons that do not wait for each other, and a third.
inline Candidate LeastOfFour(const HeapKey* keys) {
  return LesserOf(LesserOf({keys[0], 0}, {keys[1], 1}), LesserOf({keys[2], 2}, {keys[3], 3}));
}

inline void Prefetch([[maybe_unused]] const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#endif
}

}  // namespace

KeyHeap::~KeyHeap() { Clear(); }

void KeyHeap::Pop() {
  assert(size_ > 0);
  --size_;
  HeapKey& place = keys_[size_ + kOffset];
  const HeapKey last = place;
  place = kHeapKeyEnd;
  if (size_ > 0) Sink(0, last);
}

void KeyHeap::Sink(size_t index, HeapKey key) {
  HeapKey* const keys = keys_ + kOffset;
  const bool is_far = size_ > kNearMax;
  for (;;) {
    const size_t first = kArity * index + 1;
    if (first >= size_) break;
    // One line for each child: whichever is taken, its children are on their way.
    const size_t grandchildren = kArity * first + 1;
    if (is_far && grandchildren < size_) {
      for (size_t child = 0; child < kArity; ++child) {
        Prefetch(keys + grandchildren + child * kArity);
      }
    }
    const Candidate least = LeastOfFour(keys + first);
    if (key < least.key) break;
    keys[index] = least.key;
    index = first + static_cast<size_t>(least.place);
  }
  keys[index] = key;
}

void KeyHeap::Shrink(size_t size) {
  // The lines behind the last key's are padded when they are begun.
  size_ = size;
  if (size == 0) return;
  Pad();
  for (size_t index = (size - 1 + kArity - 1) / kArity; index-- > 0;) {
    Sink(index, keys_[index + kOffset]);
  }
}

void KeyHeap::Pad() {
  // The first key has a line of its own.
  const size_t end = (size_ + kOffset + kArity - 1) / kArity * kArity;
  std::fill(keys_ + kOffset + size_, keys_ + end, kHeapKeyEnd);
}

void KeyHeap::Sort() {
  if (size_ > 0) std::sort(keys_ + kOffset, keys_ + kOffset + size_);
}

bool KeyHeap::Grow(size_t count) {
  size_t bytes = 0;
  void* const memory = MapKeys((size_ + count + kOffset) * sizeof(HeapKey), &bytes);
  if (memory == nullptr) return false;
  auto* const keys = static_cast<HeapKey*>(memory);
  if (keys_ != nullptr) {
    const size_t used = (size_ + kOffset + kArity - 1) / kArity * kArity;
    std::memcpy(keys, keys_, used * sizeof(HeapKey));
    UnmapKeys(keys_, bytes_);
  } else {
    std::fill(keys, keys + kArity, kHeapKeyEnd);
  }
  keys_ = keys;
  bytes_ = bytes;
  capacity_ = bytes / sizeof(HeapKey) - kOffset;
  return true;
}

void KeyHeap::Clear() {
  if (keys_ != nullptr) UnmapKeys(keys_, bytes_);
  keys_ = nullptr;
  size_ = 0;
  capacity_ = 0;
  bytes_ = 0;
}

bool KeyHeap::IsWhole() const {
  if (empty()) return true;
  const HeapKey* const keys = keys_ + kOffset;
  for (size_t index = 1; index < size_; ++index) {
    if (keys[index] < keys[(index - 1) / kArity]) return false;
  }
  for (size_t index = size_; index % kArity != 1; ++index) {
    if (keys[index] != kHeapKeyEnd) return false;
  }
  return true;
}

}  // namespace shardwatch
