// Sifting keys up and down; see key_heap.h. Thread rule: as told there.

#include "native/core/heap/key_heap.h"

#include <algorithm>
#include <cstring>

#include "native/core/heap/key_memory.h"

namespace shardwatch {

namespace {

// The same number, of which the compiler knows nothing: it makes no branch of how it came to be.
inline size_t Opaque(size_t number) {
#if defined(__GNUC__)
  asm("" : "+r"(number));
#endif
  return number;
}

// The least of four keys: two comparisons that do not wait for each other, and a third. Written as
// arithmetic, because which child is the least is what no processor can guess: a branch on it is
// taken wrongly every other time.
inline size_t LeastOfFour(const HeapKey* keys) {
  const size_t left = Opaque(static_cast<size_t>(keys[1] < keys[0]));
  const size_t right = Opaque(2 + static_cast<size_t>(keys[3] < keys[2]));
  const size_t is_right = Opaque(0 - static_cast<size_t>(keys[right] < keys[left]));
  return left ^ ((left ^ right) & is_right);
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
  for (;;) {
    const size_t first = kArity * index + 1;
    if (first >= size_) break;
    // One line for each child: whichever is taken, its children are on their way.
    const size_t grandchildren = kArity * first + 1;
    if (grandchildren < size_) {
      for (size_t child = 0; child < kArity; ++child) {
        Prefetch(keys + grandchildren + child * kArity);
      }
    }
    const size_t least = first + LeastOfFour(keys + first);
    if (key < keys[least]) break;
    keys[index] = keys[least];
    index = least;
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
