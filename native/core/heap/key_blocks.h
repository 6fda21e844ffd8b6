// Blocks of keys: what a bucket of keys is made of, given and taken without asking the system.
// Thread rule: belongs to whoever guards it.

#ifndef NATIVE_CORE_HEAP_KEY_BLOCKS_H_
#define NATIVE_CORE_HEAP_KEY_BLOCKS_H_

#include <cassert>
#include <cstddef>

#include "native/core/heap/heap_key.h"

namespace shardwatch {

struct KeyBlock {
  static constexpr size_t kKeys = 31;

  HeapKey keys[kKeys];
  KeyBlock* next;
};

class KeyBlocks {
 public:
  KeyBlocks() = default;
  ~KeyBlocks();
  KeyBlocks(const KeyBlocks&) = delete;
  KeyBlocks& operator=(const KeyBlocks&) = delete;

  // Sees to it that there are so many, taken ones included; false when memory is out.
  bool Reserve(size_t count) { return count <= count_ || Grow(count); }

  // REQUIRES: there is one.
  KeyBlock* Take() {
    assert(free_ != nullptr);
    KeyBlock* const block = free_;
    free_ = block->next;
    block->next = nullptr;
    return block;
  }

  void Give(KeyBlock* block) {
    block->next = free_;
    free_ = block;
  }

  // Gives all memory back, that of taken blocks too.
  void Clear();

  // Taken blocks; for tests, since it counts the others.
  size_t Taken() const;

 private:
  // Stands at the beginning of each piece of memory.
  struct Piece {
    Piece* next;
    size_t bytes;
  };

  bool Grow(size_t count);

  KeyBlock* free_ = nullptr;
  Piece* pieces_ = nullptr;
  size_t count_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_KEY_BLOCKS_H_
