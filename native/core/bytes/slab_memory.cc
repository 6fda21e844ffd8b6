// Mapping and unmapping; see slab_memory.h. Thread rule: any thread.

#include "native/core/bytes/slab_memory.h"

#include <bit>
#include <cassert>
#include <new>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#endif

namespace shardwatch {

// Places by their bits.
struct SlabRegion {
  std::byte* memory;
  size_t slab_bytes;
  // Guarded by the lock. Never in use yet.
  uint32_t fresh;
  // Guarded by the lock. Given back to the system.
  uint32_t cold;
  SlabRegion* next;
  SlabRegion* previous;

  uint32_t vacant() const { return fresh | cold; }
  uint32_t all() const { return ~uint32_t{0} >> (32 - SlabMemory::kRegionBytes / slab_bytes); }
};

namespace {

#if defined(__unix__) || defined(__APPLE__)

void* MapPages(size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

size_t MisalignmentOf(const void* memory, size_t bytes) {
  return reinterpret_cast<uintptr_t>(memory) & (bytes - 1);
}

// Aligned to its own size.
void* MapAligned(size_t bytes) {
  // Mostly next to the one before, and then aligned as that is.
  void* const memory = MapPages(bytes);
  if (memory == nullptr || MisalignmentOf(memory, bytes) == 0) return memory;
  munmap(memory, bytes);
  auto* const wide = static_cast<std::byte*>(MapPages(2 * bytes));
  if (wide == nullptr) return nullptr;
  const size_t before = (bytes - MisalignmentOf(wide, bytes)) % bytes;
  if (before > 0) munmap(wide, before);
  munmap(wide + before + bytes, bytes - before);
  return wide + before;
}

bool UnmapPages(void* memory, size_t bytes) { return munmap(memory, bytes) == 0; }

void GiveBack(void* memory, size_t bytes) { madvise(memory, bytes, MADV_DONTNEED); }

#else

void* MapAligned(size_t bytes) {
  return ::operator new(bytes, std::align_val_t{bytes}, std::nothrow);
}

bool UnmapPages(void* memory, size_t bytes) {
  ::operator delete(memory, std::align_val_t{bytes});
  return true;
}

void GiveBack(void*, size_t) {}

#endif

#if defined(MADV_HUGEPAGE)
constexpr bool kHasHugePages = true;
void AskForHugePage(void* memory, size_t bytes) { madvise(memory, bytes, MADV_HUGEPAGE); }
#else
constexpr bool kHasHugePages = false;
void AskForHugePage(void*, size_t) {}
#endif

}  // namespace

SlabMemory::SlabMemory(bool has_regions) : has_regions_(has_regions && kHasHugePages) {}

SlabMemory::~SlabMemory() {
  // What the system would not take has its addresses only.
  for (SlabRegion*& first : vacant_) {
    while (SlabRegion* const region = first) {
      assert(region->cold == region->all());
      first = region->next;
      delete region;
    }
  }
}

SlabPlace SlabMemory::Map(size_t bytes) {
  assert(std::has_single_bit(bytes) && bytes <= kRegionBytes && kRegionBytes / bytes <= 32);
  if (!has_regions_) return MapSingle(bytes);
  const SlabPlace vacant = TakeVacant(bytes);
  if (vacant.memory != nullptr) return vacant;
  if (single_bytes_.load(std::memory_order_relaxed) < kSingleBytesMax) return MapSingle(bytes);
  const SlabPlace place = MapRegion(bytes);
  return place.memory != nullptr ? place : MapSingle(bytes);
}

bool SlabMemory::Unmap(const SlabPlace& place, size_t bytes) {
  if (place.region == nullptr) {
    if (!UnmapPages(place.memory, bytes)) {
      GiveBack(place.memory, bytes);
      return false;
    }
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    single_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return true;
  }
  SlabRegion* const region = place.region;
  // Before anybody else can take the place.
  GiveBack(place.memory, bytes);
  const auto offset = static_cast<size_t>(static_cast<std::byte*>(place.memory) - region->memory);
  uint64_t fresh_bytes = 0;
  {
    std::lock_guard lock(mu_);
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    if (region->vacant() == 0) Link(region);
    region->cold |= uint32_t{1} << (offset / bytes);
    if (region->vacant() != region->all()) return true;
    Unlink(region);
    fresh_bytes = static_cast<uint64_t>(std::popcount(region->fresh)) * bytes;
  }
  bytes_.fetch_sub(fresh_bytes, std::memory_order_relaxed);
  if (UnmapPages(region->memory, kRegionBytes)) {
    delete region;
    return true;
  }
  GiveBack(region->memory, kRegionBytes);
  std::lock_guard lock(mu_);
  region->fresh = 0;
  region->cold = region->all();
  Link(region);
  return true;
}

SlabPlace SlabMemory::TakeVacant(size_t bytes) {
  std::lock_guard lock(mu_);
  SlabRegion* const region = ListOf(bytes);
  if (region == nullptr) return {};
  const bool is_fresh = region->fresh != 0;
  uint32_t& places = is_fresh ? region->fresh : region->cold;
  const auto index = static_cast<size_t>(std::countr_zero(places));
  places &= places - 1;
  if (region->vacant() == 0) Unlink(region);
  if (!is_fresh) bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return {region->memory + index * bytes, region};
}

// With its first place in use.
SlabPlace SlabMemory::MapRegion(size_t bytes) {
  auto* const region = new (std::nothrow) SlabRegion{nullptr, bytes, 0, 0, nullptr, nullptr};
  if (region == nullptr) return {};
  region->memory = static_cast<std::byte*>(MapAligned(kRegionBytes));
  if (region->memory == nullptr) {
    delete region;
    return {};
  }
  AskForHugePage(region->memory, kRegionBytes);
  bytes_.fetch_add(kRegionBytes, std::memory_order_relaxed);
  std::lock_guard lock(mu_);
  region->fresh = region->all() & ~uint32_t{1};
  if (region->fresh != 0) Link(region);
  return {region->memory, region};
}

SlabPlace SlabMemory::MapSingle(size_t bytes) {
  void* const memory = MapAligned(bytes);
  if (memory == nullptr) return {};
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  single_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return {memory, nullptr};
}

SlabRegion*& SlabMemory::ListOf(size_t bytes) {
  return vacant_[static_cast<size_t>(std::countr_zero(kRegionBytes / bytes))];
}

void SlabMemory::Link(SlabRegion* region) {
  SlabRegion*& first = ListOf(region->slab_bytes);
  region->previous = nullptr;
  region->next = first;
  if (first != nullptr) first->previous = region;
  first = region;
}

void SlabMemory::Unlink(SlabRegion* region) {
  SlabRegion*& first = ListOf(region->slab_bytes);
  (region->previous == nullptr ? first : region->previous->next) = region->next;
  if (region->next != nullptr) region->next->previous = region->previous;
}

}  // namespace shardwatch
