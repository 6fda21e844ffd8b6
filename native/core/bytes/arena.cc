// Cutting, handing out, taking back and giving back; see arena.h. Thread rule: any thread.

#include "native/core/bytes/arena.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <new>
#include <utility>

#include "native/core/bytes/poison.h"

namespace shardwatch {

namespace {

// Small slots come in small slabs, so that a small cache stays small; large ones in slabs that
// still hold several of them.
constexpr size_t kSmallSlabBytes = 64 * 1024;
constexpr size_t kLargeSlabBytes = 256 * 1024;
constexpr size_t kSmallSlotBytesMax = 4 * 1024;

static_assert(kSmallSlabBytes >= 15 * kSmallSlotBytesMax && kLargeSlabBytes >= 8 * kPooledBytesMax);

void* AllocateAligned(size_t bytes, size_t alignment) {
  return ::operator new(bytes, std::align_val_t{alignment}, std::nothrow);
}

void FreeAligned(void* memory, size_t alignment) {
  ::operator delete(memory, std::align_val_t{alignment});
}

}  // namespace

Arena::~Arena() {
  assert(unpooled_slots_.load(std::memory_order_acquire) == 0);
  for (uint32_t size_class = 0; size_class < kSizeClassCount; ++size_class) {
    Bin& bin = bins_[size_class];
    assert(bin.slots_live == 0);
    while (bin.first != nullptr) {
      Unpoison(bin.first, SlabBytes(size_class));
      FreeAligned(std::exchange(bin.first, bin.first->next), SlabBytes(size_class));
    }
  }
}

void* Arena::Allocate(size_t bytes) {
  const uint32_t size_class = SizeClassFor(bytes);
  if (size_class == kUnpooledClass) return AllocateUnpooled(bytes);
  Bin& bin = bins_[size_class];
  {
    std::lock_guard lock(bin.mu);
    if (bin.first != nullptr) return TakeSlot(bin, bytes);
  }
  Slab* const slab = MakeSlab(size_class);
  if (slab == nullptr) return nullptr;
  std::lock_guard lock(bin.mu);
  ++bin.slabs;
  ++bin.empty_slabs;
  Link(bin, slab, /*first=*/true);
  return TakeSlot(bin, bytes);
}

void Arena::Free(void* memory, size_t bytes) {
  const uint32_t size_class = SizeClassFor(bytes);
  if (size_class == kUnpooledClass) {
    FreeAligned(memory, kSlotAlignment);
    unpooled_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    unpooled_slots_.fetch_sub(1, std::memory_order_release);
    return;
  }
  const size_t slab_bytes = SlabBytes(size_class);
  const size_t offset = reinterpret_cast<uintptr_t>(memory) & (slab_bytes - 1);
  Slab* const slab = reinterpret_cast<Slab*>(static_cast<std::byte*>(memory) - offset);
  Bin& bin = bins_[size_class];
  bool give_back = false;
  {
    std::lock_guard lock(bin.mu);
    const bool was_full = slab->free == nullptr;
    slab->free = new (memory) FreeSlot{slab->free};
    Poison(memory, SizeClassBytes(size_class));
    --slab->slots_live;
    --bin.slots_live;
    const bool is_empty = slab->slots_live == 0;
    if (!was_full && is_empty) Unlink(bin, slab);
    if (is_empty) {
      give_back = bin.empty_slabs == kEmptySlabsMax;
      if (give_back) {
        --bin.slabs;
      } else {
        ++bin.empty_slabs;
        Link(bin, slab, /*first=*/false);
      }
    } else if (was_full) {
      Link(bin, slab, /*first=*/true);
    }
  }
  if (!give_back) return;
  Unpoison(slab, slab_bytes);
  FreeAligned(slab, slab_bytes);
}

// REQUIRES: the bin's lock, and a slab in its list.
void* Arena::TakeSlot(Bin& bin, size_t bytes) {
  Slab* const slab = bin.first;
  FreeSlot* const slot = slab->free;
  Unpoison(slot, std::max(bytes, sizeof(FreeSlot)));
  slab->free = slot->next;
  if (slab->slots_live++ == 0) --bin.empty_slabs;
  ++bin.slots_live;
  if (slab->free == nullptr) Unlink(bin, slab);
  return slot;
}

// Linking the slots writes to each of them, which maps the slab's pages now and not while an object
// is copied.
Arena::Slab* Arena::MakeSlab(uint32_t size_class) {
  const size_t slab_bytes = SlabBytes(size_class);
  const size_t slot_bytes = SizeClassBytes(size_class);
  void* const memory = AllocateAligned(slab_bytes, slab_bytes);
  if (memory == nullptr) return nullptr;
  Slab* const slab = new (memory) Slab{nullptr, nullptr, nullptr, 0};
  std::byte* const first = static_cast<std::byte*>(memory) + sizeof(Slab);
  const size_t slots = (slab_bytes - sizeof(Slab)) / slot_bytes;
  // From the last to the first: neighbours in memory are handed out one after the other.
  for (size_t index = slots; index-- > 0;) {
    slab->free = new (first + index * slot_bytes) FreeSlot{slab->free};
    Poison(slab->free, slot_bytes);
  }
  return slab;
}

void Arena::Link(Bin& bin, Slab* slab, bool first) {
  slab->previous = first ? nullptr : bin.last;
  slab->next = first ? bin.first : nullptr;
  (slab->previous == nullptr ? bin.first : slab->previous->next) = slab;
  (slab->next == nullptr ? bin.last : slab->next->previous) = slab;
}

void Arena::Unlink(Bin& bin, Slab* slab) {
  (slab->previous == nullptr ? bin.first : slab->previous->next) = slab->next;
  (slab->next == nullptr ? bin.last : slab->next->previous) = slab->previous;
}

void* Arena::AllocateUnpooled(size_t bytes) {
  void* const memory = AllocateAligned(bytes, kSlotAlignment);
  if (memory == nullptr) return nullptr;
  unpooled_slots_.fetch_add(1, std::memory_order_relaxed);
  unpooled_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return memory;
}

size_t Arena::SlabBytes(uint32_t size_class) {
  return SizeClassBytes(size_class) <= kSmallSlotBytesMax ? kSmallSlabBytes : kLargeSlabBytes;
}

ArenaStats Arena::Stats() const {
  const uint64_t unpooled_bytes = unpooled_bytes_.load(std::memory_order_relaxed);
  ArenaStats stats{.slots_live = unpooled_slots_.load(std::memory_order_relaxed),
                   .bytes_live = unpooled_bytes,
                   .bytes_reserved = unpooled_bytes};
  for (uint32_t size_class = 0; size_class < kSizeClassCount; ++size_class) {
    const Bin& bin = bins_[size_class];
    std::lock_guard lock(bin.mu);
    stats.slots_live += bin.slots_live;
    stats.bytes_live += bin.slots_live * SizeClassBytes(size_class);
    stats.bytes_reserved += bin.slabs * SlabBytes(size_class);
  }
  return stats;
}

}  // namespace shardwatch
