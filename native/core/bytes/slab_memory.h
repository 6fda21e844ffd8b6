// Memory for slabs, straight from the system: each lies at a multiple of its size.
//
// An allocator that aligns by asking for more leaves a piece before every slab, and keeps what is
// given back. A cache that has grown takes its memory in regions of one huge page each, where the
// system has them: objects that lie anywhere are reached without a walk of page tables for each.
//
//   single slabs    [a] [b] [c]          up to kSingleBytesMax
//   regions         [d|e| | |f| ...]     each for slabs of one size; vacant places are used first
//
//  1. A slab is in use by whoever mapped it, or a vacant place of a region.
//  2. What is given back leaves the process at once, also out of the middle of a region; a region
//     in which nothing is left goes as a whole.
//  3. Memory that is out is told by a null pointer and changes nothing.
//  4. It outlives its slabs.
// Thread rule: any thread. The lock is held for a few pointers' change.

#ifndef NATIVE_CORE_BYTES_SLAB_MEMORY_H_
#define NATIVE_CORE_BYTES_SLAB_MEMORY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace shardwatch {

struct SlabRegion;

// Memory of one slab.
struct SlabPlace {
  // Null: memory is out.
  void* memory = nullptr;
  // Where it belongs; null for a single slab.
  SlabRegion* region = nullptr;
};

class SlabMemory {
 public:
  static constexpr size_t kRegionBytes = 2 * 1024 * 1024;

  // So much is mapped slab by slab: a region more or less matters little to what is larger.
  static constexpr size_t kSingleBytesMax = 16 * 1024 * 1024;

  // With `has_regions` false all slabs are single ones, as where the system has no huge pages.
  explicit SlabMemory(bool has_regions = true);
  ~SlabMemory();
  SlabMemory(const SlabMemory&) = delete;
  SlabMemory& operator=(const SlabMemory&) = delete;

  // REQUIRES: a power of two, and a multiple of the page, of which a region has at most 32.
  SlabPlace Map(size_t bytes);

  // REQUIRES: a place of Map(bytes). False where the system could not take it (it counts how many
  // pieces a process has): its pages are given back then, its addresses stay the caller's.
  bool Unmap(const SlabPlace& place, size_t bytes);

  // Taken from the system, vacant places that never were in use included.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  SlabPlace TakeVacant(size_t bytes);
  SlabPlace MapRegion(size_t bytes);
  SlabPlace MapSingle(size_t bytes);
  SlabRegion*& ListOf(size_t bytes);
  void Link(SlabRegion* region);
  void Unlink(SlabRegion* region);

  const bool has_regions_;
  std::mutex mu_;
  // Guarded by mu_. Regions with vacant places, by the number of places: 1, 2, 4, ... 32.
  std::array<SlabRegion*, 6> vacant_{};
  // Atomic.
  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<uint64_t> single_bytes_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_SLAB_MEMORY_H_
