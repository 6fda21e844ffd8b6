// A min-heap of keys, each of which has four children that lie on one cache line.
//
//   memory, from a multiple of 64 bytes on:
//     · · · 0 | 1 2 3 4 | 5 6 7 8 | …        key i is at i + 3; its children are 4i + 1 … 4i + 4
//
//  1. No key is before its parent.
//  2. What follows the last key on its cache line is kHeapKeyEnd: the least of four children is
//     found without asking how many there are.
//  3. Memory that is out is told by Reserve alone; who pushes has made room before.
// Thread rule: belongs to whoever guards it.

#ifndef NATIVE_CORE_HEAP_KEY_HEAP_H_
#define NATIVE_CORE_HEAP_KEY_HEAP_H_

#include <cassert>
#include <cstddef>
#include <span>

#include "native/core/heap/heap_key.h"

namespace shardwatch {

class KeyHeap {
 public:
  KeyHeap() = default;
  ~KeyHeap();
  KeyHeap(const KeyHeap&) = delete;
  KeyHeap& operator=(const KeyHeap&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // All keys, the first one first.
  std::span<const HeapKey> keys() const {
    return empty() ? std::span<const HeapKey>() : std::span(keys_ + kOffset, size_);
  }

  // The first key. REQUIRES: not empty.
  const HeapKey& Top() const {
    assert(size_ > 0);
    return keys_[kOffset];
  }

  // Makes room for so many keys more; false when memory is out.
  bool Reserve(size_t count) { return room() >= count || Grow(count); }

  // REQUIRES: there is room.
  void Push(const HeapKey& key) {
    assert(room() > 0);
    HeapKey* const keys = keys_ + kOffset;
    size_t index = size_++;
    if (index % kArity == 1) Pad();
    while (index > 0) {
      const size_t parent = (index - 1) / kArity;
      if (keys[parent] < key) break;
      keys[index] = keys[parent];
      index = parent;
    }
    keys[index] = key;
  }

  // Drops the first key. REQUIRES: not empty.
  void Pop();

  // Drops the keys for which `is_kept(key)` does not hold; their room stays.
  template <typename IsKept>
  void Filter(const IsKept& is_kept) {
    size_t kept = 0;
    for (size_t index = 0; index < size_; ++index) {
      const HeapKey key = keys_[index + kOffset];
      if (is_kept(key)) keys_[kept++ + kOffset] = key;
    }
    Shrink(kept);
  }

  // Puts the keys in order and has each be `change(key)`, which must keep that order.
  template <typename Change>
  void Renumber(const Change& change) {
    Sort();
    for (size_t index = 0; index < size_; ++index) {
      keys_[index + kOffset] = change(keys_[index + kOffset]);
    }
  }

  // Drops all keys, and gives the memory back.
  void Clear();

  // Whether the rules above hold; for tests.
  bool IsWhole() const;

 private:
  static constexpr size_t kArity = 4;
  static constexpr size_t kOffset = kArity - 1;

  // Keys that can be pushed without growing.
  size_t room() const { return capacity_ - size_; }

  bool Grow(size_t count);
  void Sink(size_t index, HeapKey key);
  void Sort();
  // Keeps the first `size` keys, whatever their order, and makes a heap of them.
  void Shrink(size_t size);
  // Establishes rule 2.
  void Pad();

  HeapKey* keys_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  // Of the memory at keys_.
  size_t bytes_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_KEY_HEAP_H_
