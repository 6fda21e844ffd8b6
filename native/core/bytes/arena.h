// Memory for what the cache keeps: slots of a few sizes, cut from slabs and used again.
//
// Memory that is warm copies several times faster than memory that the kernel has yet to map, so a
// slot that is left is kept for the next one of its class. A slab that nothing is left in is spare,
// for any class, and with many spare ones goes back to the system: a cache that shrinks gives its
// memory up.
//
//   bin of a class:   [##.#.] -> [.#..#] -> [.....]     full slabs are in no list
//   spare slabs:      [     ] -> [     ]
//
//  1. A slot is in exactly one place: with whoever allocated it, or free in its slab.
//  2. A slab lies at a multiple of its size, so that a slot's address names its slab.
//  3. A slab that is wholly free is the last in its bin, and the only one there.
//  4. Memory that is out is told by a null pointer and changes nothing.
//  5. The arena outlives what is allocated; its destructor asserts that nothing is left.
// Thread rule: any thread. A lock is held for a few pointers' change; slabs are made outside of it.
// Lock order: one bin, or one list of spare slabs; nothing else while one of these is held.

#ifndef NATIVE_CORE_BYTES_ARENA_H_
#define NATIVE_CORE_BYTES_ARENA_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "native/core/bytes/size_class.h"
#include "native/core/bytes/slab_memory.h"

namespace shardwatch {

// Sums over all bins; each is exact at some moment during the call, not all at the same one.
struct ArenaStats {
  uint64_t slots_live = 0;
  // Of slots in use, rounding included.
  uint64_t bytes_live = 0;
  // Taken from the system: live, free, and the slabs' own headers.
  uint64_t bytes_reserved = 0;

  uint64_t bytes_free() const { return bytes_reserved - bytes_live; }
};

class Arena {
 public:
  // Spare slabs that are kept warm, of each of the two sizes.
  static constexpr size_t kSpareBytesMax = 4 * 1024 * 1024;

  // Beyond `bytes_max` of slabs memory is out, for tests of what does without.
  explicit Arena(uint64_t bytes_max = UINT64_MAX) : bytes_max_(bytes_max) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Memory aligned to kSlotAlignment, or null.
  void* Allocate(size_t bytes);

  // REQUIRES: memory of Allocate(bytes), which nobody uses any more.
  void Free(void* memory, size_t bytes);

  ArenaStats Stats() const;

 private:
  struct FreeSlot {
    FreeSlot* next;
  };

  // At the beginning of its memory; the slots follow.
  struct alignas(64) Slab {
    // Immutable.
    SlabRegion* region;
    // Guarded by the bin's mu.
    Slab* next;
    Slab* previous;
    FreeSlot* free;
    uint32_t slots_live;
  };

  // Alone on its cache line, so that threads that use different classes do not meet.
  struct alignas(64) Bin {
    mutable std::mutex mu;
    // Guarded by mu.
    Slab* first = nullptr;
    Slab* last = nullptr;
    bool has_empty_slab = false;
    uint64_t slots_live = 0;
  };

  // Slabs of one size in which nothing is.
  struct alignas(64) Spares {
    mutable std::mutex mu;
    // Guarded by mu.
    Slab* first = nullptr;
    size_t bytes = 0;
  };

  static bool IsSmall(uint32_t size_class);
  static size_t SlabBytes(uint32_t size_class);
  Spares& SparesOf(uint32_t size_class) { return IsSmall(size_class) ? small_ : large_; }
  Slab* MakeSlab(uint32_t size_class);
  void DropSlab(Slab* slab, uint32_t size_class);
  void DropSpares(Spares& spares, size_t slab_bytes);
  static bool TakeBack(Bin& bin, Slab* slab, void* memory);
  static void* TakeSlot(Bin& bin, size_t bytes);
  static void Link(Bin& bin, Slab* slab, bool first);
  static void Unlink(Bin& bin, Slab* slab);
  void* AllocateUnpooled(size_t bytes);

  // Immutable.
  const uint64_t bytes_max_;
  SlabMemory memory_;
  std::array<Bin, kSizeClassCount> bins_;
  Spares small_;
  Spares large_;
  // Atomic. What is too large for a bin.
  std::atomic<uint64_t> unpooled_slots_ = 0;
  std::atomic<uint64_t> unpooled_bytes_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_ARENA_H_
