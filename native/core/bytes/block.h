// An immutable, reference-counted run of bytes: one version of one object.
//
// A block is filled once, when it is made, and never changes; whoever holds a reference may read it
// from any thread without a lock. It carries no V8 handle and may outlive every environment.
//
//   slot of a pool:  | Block: pool, references, size | bytes ... | rounding |
//
//  1. The count starts at one and never rises from zero: a reference is copied from a reference.
//  2. The last reference gives the slot back to the pool it came from, on whichever thread that is.
//  3. A pool outlives its blocks.
// Thread rule: blocks and counts any thread; one BlockReference belongs to one thread at a time.

#ifndef NATIVE_CORE_BYTES_BLOCK_H_
#define NATIVE_CORE_BYTES_BLOCK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "native/core/bytes/size_class.h"

namespace shardwatch {

class BlockPool;

class alignas(kSlotAlignment) Block {
 public:
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  std::span<const std::byte> bytes() const {
    return {reinterpret_cast<const std::byte*>(this + 1), size_};
  }

 private:
  friend class BlockPool;
  friend class BlockReference;

  Block(BlockPool* pool, uint32_t size) : pool_(pool), references_(1), size_(size) {}
  ~Block() = default;

  // Immutable after construction.
  BlockPool* const pool_;
  // Atomic: rises relaxed (its owner holds a count), falls with release and acquire.
  std::atomic<uint32_t> references_;
  // Immutable after construction.
  const uint32_t size_;
};

// One count on a block, or none.
class BlockReference {
 public:
  BlockReference() = default;
  BlockReference(const BlockReference& other) : block_(other.block_) {
    if (block_ != nullptr) block_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  BlockReference(BlockReference&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockReference& operator=(BlockReference other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockReference() { Reset(); }

  explicit operator bool() const { return block_ != nullptr; }
  const Block* operator->() const { return block_; }
  const Block& operator*() const { return *block_; }

  void Reset();

 private:
  friend class BlockPool;
  explicit BlockReference(Block* block) : block_(block) {}

  Block* block_ = nullptr;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_BLOCK_H_
