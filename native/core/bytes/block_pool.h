// Where blocks come from: an arena of their own, and the one way to fill a block.
//
//  1. A block is filled before anybody but its maker sees it.
//  2. A block that can't be made changes nothing: what is returned is empty.
//  3. The pool outlives its blocks; the arena's destructor asserts that none is left.
// Thread rule: any thread; a BlockDraft belongs to one thread.

#ifndef NATIVE_CORE_BYTES_BLOCK_POOL_H_
#define NATIVE_CORE_BYTES_BLOCK_POOL_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>

#include "native/core/bytes/arena.h"
#include "native/core/bytes/block.h"

namespace shardwatch {

// Each number is exact at some moment during the call, not all at the same one.
struct BlockPoolStats {
  uint64_t blocks_live = 0;
  // Slots of live blocks, headers and rounding included.
  uint64_t bytes_live = 0;
  // Taken from the system: live, free, and the slabs' own headers.
  uint64_t bytes_reserved = 0;
};

// A block that is being filled, or none.
class BlockDraft {
 public:
  BlockDraft() = default;

  explicit operator bool() const { return static_cast<bool>(block_); }

  // To be written, all of it, before Finish.
  std::span<std::byte> bytes() const;

  // The block, which does not change any more.
  BlockReference Finish() && { return std::move(block_); }

 private:
  friend class BlockPool;
  explicit BlockDraft(BlockReference block) : block_(std::move(block)) {}

  BlockReference block_;
};

class BlockPool {
 public:
  // A block's size is 32 bits wide, header included.
  static constexpr size_t kBlockBytesMax = std::numeric_limits<uint32_t>::max() - sizeof(Block);

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // A block of `size` bytes to be filled. Empty when memory is out or size exceeds kBlockBytesMax.
  BlockDraft Draft(size_t size);

  // A block with a copy of `bytes`; empty as above.
  BlockReference Make(std::span<const std::byte> bytes);

  BlockPoolStats Stats() const;

 private:
  friend class BlockReference;

  void Release(Block* block);

  Arena arena_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_BLOCK_POOL_H_
