// Where blocks come from: slots of a few sizes, cut from slabs and used again.
//
// Memory that is warm copies several times faster than memory that the kernel has yet to map, so a
// slot that a block leaves is kept for the next block of its class and goes to the system only with
// the pool.
//
//   bin of a class:  free -> slot -> slot -> (nothing)      slabs: 256 KiB each, cut whole
//
//  1. A slot is in exactly one place: a live block, or the free list of its class.
//  2. A block that can't be made changes nothing: Make returns an empty reference.
//  3. The pool outlives its blocks; its destructor asserts that none is left.
// Thread rule: any thread; a bin's lock is held for a pointer swap, except while a slab is cut.
// Lock order: never two bins at once.

#ifndef NATIVE_CORE_BYTES_BLOCK_POOL_H_
#define NATIVE_CORE_BYTES_BLOCK_POOL_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <span>

#include "native/core/bytes/block.h"
#include "native/core/bytes/size_class.h"

namespace shardwatch {

// Sums over all bins; each is exact at some moment during the call, not all at the same one.
struct BlockPoolStats {
  uint64_t blocks_live = 0;
  // Slots of live blocks, headers and rounding included.
  uint64_t bytes_live = 0;
  // Taken from the system: live, free, and the slabs' own headers.
  uint64_t bytes_reserved = 0;
};

class BlockPool {
 public:
  // A block's size is 32 bits wide, header included.
  static constexpr size_t kBlockBytesMax = std::numeric_limits<uint32_t>::max() - sizeof(Block);

  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // A block with a copy of `bytes`. Empty when memory is out or `bytes` exceeds kBlockBytesMax.
  BlockReference Make(std::span<const std::byte> bytes);

  BlockPoolStats Stats() const;

 private:
  friend class BlockReference;

  struct FreeSlot {
    FreeSlot* next;
  };

  struct alignas(kSlotAlignment) Slab {
    Slab* next;
  };

  // Alone on its cache line, so that threads that use different classes do not meet.
  struct alignas(64) Bin {
    mutable std::mutex mu;
    // Guarded by mu.
    FreeSlot* free = nullptr;
    Slab* slabs = nullptr;
    uint64_t slabs_count = 0;
    uint64_t blocks_live = 0;
  };

  void Release(Block* block);
  void* Take(uint32_t size_class, size_t slot_bytes);
  static bool CutSlab(Bin& bin, size_t slot_bytes);

  std::array<Bin, kSizeClassCount> bins_;
  // Atomic. Blocks too large for a bin.
  std::atomic<uint64_t> unpooled_blocks_ = 0;
  std::atomic<uint64_t> unpooled_bytes_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_BLOCK_POOL_H_
