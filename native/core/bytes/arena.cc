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

}  // namespace

Arena::~Arena() {
  assert(unpooled_slots_.load(std::memory_order_acquire) == 0);
  for (uint32_t size_class = 0; size_class < kSizeClassCount; ++size_class) {
    Bin& bin = bins_[size_class];
    assert(bin.slots_live == 0);
    while (bin.first != nullptr) {
      DropSlab(std::exchange(bin.first, bin.first->next), size_class);
    }
  }
  DropSpares(small_, kSmallSlabBytes);
  DropSpares(large_, kLargeSlabBytes);
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
  Link(bin, slab, /*first=*/true);
  return TakeSlot(bin, bytes);
}

void Arena::Free(void* memory, size_t bytes) {
  const uint32_t size_class = SizeClassFor(bytes);
  if (size_class == kUnpooledClass) {
    ::operator delete(memory, std::align_val_t{kSlotAlignment});
    unpooled_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    unpooled_slots_.fetch_sub(1, std::memory_order_release);
    return;
  }
  const size_t offset = reinterpret_cast<uintptr_t>(memory) & (SlabBytes(size_class) - 1);
  Slab* const slab = reinterpret_cast<Slab*>(static_cast<std::byte*>(memory) - offset);
  Bin& bin = bins_[size_class];
  {
    std::lock_guard lock(bin.mu);
    const bool is_needed = TakeBack(bin, slab, memory);
    Poison(memory, SizeClassBytes(size_class));
    if (is_needed) return;
  }
  DropSlab(slab, size_class);
}

// False for a slab that the bin gives up. REQUIRES: the bin's lock.
bool Arena::TakeBack(Bin& bin, Slab* slab, void* memory) {
  const bool was_full = slab->free == nullptr;
  slab->free = new (memory) FreeSlot{slab->free};
  --slab->slots_live;
  --bin.slots_live;
  if (slab->slots_live > 0) {
    if (was_full) Link(bin, slab, /*first=*/true);
    return true;
  }
  if (!was_full) Unlink(bin, slab);
  if (bin.has_empty_slab) return false;
  bin.has_empty_slab = true;
  Link(bin, slab, /*first=*/false);
  return true;
}

// REQUIRES: the bin's lock, and a slab in its list.
void* Arena::TakeSlot(Bin& bin, size_t bytes) {
  Slab* const slab = bin.first;
  FreeSlot* const slot = slab->free;
  Unpoison(slot, std::max(bytes, sizeof(FreeSlot)));
  slab->free = slot->next;
  // An empty slab is the last one, so that only one that was just made can be another.
  if (slab->slots_live++ == 0 && bin.last == slab) bin.has_empty_slab = false;
  ++bin.slots_live;
  if (slab->free == nullptr) Unlink(bin, slab);
  return slot;
}

// Linking the slots writes to each of them, which maps the slab's pages now and not while an object
// is copied.
Arena::Slab* Arena::MakeSlab(uint32_t size_class) {
  const size_t slab_bytes = SlabBytes(size_class);
  const size_t slot_bytes = SizeClassBytes(size_class);
  Spares& spares = SparesOf(size_class);
  SlabPlace place;
  {
    std::lock_guard lock(spares.mu);
    if (spares.first != nullptr) {
      place = {spares.first, spares.first->region};
      spares.first = spares.first->next;
      spares.bytes -= slab_bytes;
    }
  }
  const bool is_spare = place.memory != nullptr;
  if (!is_spare && memory_.bytes() < bytes_max_) place = memory_.Map(slab_bytes);
  if (place.memory == nullptr) return nullptr;
  Slab* const slab = new (place.memory) Slab{place.region, nullptr, nullptr, nullptr, 0};
  std::byte* const first = static_cast<std::byte*>(place.memory) + sizeof(Slab);
  const size_t slots = (slab_bytes - sizeof(Slab)) / slot_bytes;
  // From the last to the first: neighbours in memory are handed out one after the other.
  for (size_t index = slots; index-- > 0;) {
    slab->free = new (first + index * slot_bytes) FreeSlot{slab->free};
    Poison(slab->free, slot_bytes);
  }
  return slab;
}

// Of a slab that is in no bin and holds nothing.
void Arena::DropSlab(Slab* slab, uint32_t size_class) {
  const size_t slab_bytes = SlabBytes(size_class);
  Unpoison(slab, slab_bytes);
  Spares& spares = SparesOf(size_class);
  {
    std::lock_guard lock(spares.mu);
    if (spares.bytes + slab_bytes <= kSpareBytesMax) {
      slab->next = std::exchange(spares.first, slab);
      spares.bytes += slab_bytes;
      return;
    }
  }
  if (memory_.Unmap({slab, slab->region}, slab_bytes)) return;
  std::lock_guard lock(spares.mu);
  slab->next = std::exchange(spares.first, slab);
  spares.bytes += slab_bytes;
}

void Arena::DropSpares(Spares& spares, size_t slab_bytes) {
  while (Slab* const slab = spares.first) {
    spares.first = slab->next;
    memory_.Unmap({slab, slab->region}, slab_bytes);
  }
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
  void* const memory = ::operator new(bytes, std::align_val_t{kSlotAlignment}, std::nothrow);
  if (memory == nullptr) return nullptr;
  unpooled_slots_.fetch_add(1, std::memory_order_relaxed);
  unpooled_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return memory;
}

size_t Arena::SlabBytes(uint32_t size_class) {
  return IsSmall(size_class) ? kSmallSlabBytes : kLargeSlabBytes;
}

bool Arena::IsSmall(uint32_t size_class) {
  return SizeClassBytes(size_class) <= kSmallSlotBytesMax;
}

ArenaStats Arena::Stats() const {
  const uint64_t unpooled_bytes = unpooled_bytes_.load(std::memory_order_relaxed);
  ArenaStats stats{.slots_live = unpooled_slots_.load(std::memory_order_relaxed),
                   .bytes_live = unpooled_bytes,
                   .bytes_reserved = memory_.bytes() + unpooled_bytes};
  for (uint32_t size_class = 0; size_class < kSizeClassCount; ++size_class) {
    const Bin& bin = bins_[size_class];
    std::lock_guard lock(bin.mu);
    stats.slots_live += bin.slots_live;
    stats.bytes_live += bin.slots_live * SizeClassBytes(size_class);
  }
  return stats;
}

}  // namespace shardwatch
