// Memory for what the cache keeps: slots of a few sizes, cut from slabs and used again.
//
// Memory that is warm copies several times faster than memory that the kernel has yet to map, so a
// slot that is left is kept for the next one of its class. What a slab no longer holds anything of
// goes back to the system, but for a few: a cache that shrinks gives its memory up.
//
//   bin of a class:   partial -> [##.#.] -> [.#..#] -> [.....]     full slabs are in no list
//
//  1. A slot is in exactly one place: with whoever allocated it, or free in its slab.
//  2. A slab lies at a multiple of its size, so that a slot's address names its slab.
//  3. Slabs that are wholly free are last in their bin; there are kEmptySlabsMax of them at most.
//  4. Memory that is out is told by a null pointer and changes nothing.
//  5. The arena outlives what is allocated; its destructor asserts that nothing is left.
// Thread rule: any thread. A bin's lock is held for a few pointers' change; slabs are made and
// given back outside of it. Lock order: never two bins at once; nothing else is locked while a bin
// is.

#ifndef NATIVE_CORE_BYTES_ARENA_H_
#define NATIVE_CORE_BYTES_ARENA_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "native/core/bytes/size_class.h"

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
  // Warm slabs of a class that are kept although nothing is in them.
  static constexpr uint32_t kEmptySlabsMax = 2;

  Arena() = default;
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
    uint32_t empty_slabs = 0;
    uint64_t slabs = 0;
    uint64_t slots_live = 0;
  };

  static size_t SlabBytes(uint32_t size_class);
  static Slab* MakeSlab(uint32_t size_class);
  static void* TakeSlot(Bin& bin, size_t bytes);
  static void Link(Bin& bin, Slab* slab, bool first);
  static void Unlink(Bin& bin, Slab* slab);
  void* AllocateUnpooled(size_t bytes);

  std::array<Bin, kSizeClassCount> bins_;
  // Atomic. What is too large for a bin.
  std::atomic<uint64_t> unpooled_slots_ = 0;
  std::atomic<uint64_t> unpooled_bytes_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_ARENA_H_
