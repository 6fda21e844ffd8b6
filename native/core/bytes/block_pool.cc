// Cutting, handing out and taking back slots; see block_pool.h. Thread rule: any thread.

#include "native/core/bytes/block_pool.h"

#include <cassert>
#include <cstring>
#include <new>

namespace shardwatch {

namespace {

// Large enough that a slab of the largest class still has several slots, small enough that a class
// that is hardly used costs little.
constexpr size_t kSlabBytes = 256 * 1024;

static_assert(kSlabBytes >= 4 * kPooledBytesMax);

void* AllocateAligned(size_t bytes) {
  return ::operator new(bytes, std::align_val_t{kSlotAlignment}, std::nothrow);
}

void FreeAligned(void* memory) { ::operator delete(memory, std::align_val_t{kSlotAlignment}); }

}  // namespace

BlockPool::~BlockPool() {
  assert(unpooled_blocks_.load(std::memory_order_acquire) == 0);
  for (Bin& bin : bins_) {
    assert(bin.blocks_live == 0);
    while (bin.slabs != nullptr) FreeAligned(std::exchange(bin.slabs, bin.slabs->next));
  }
}

BlockReference BlockPool::Make(std::span<const std::byte> bytes) {
  if (bytes.size() > kBlockBytesMax) return {};
  const size_t slot_bytes = sizeof(Block) + bytes.size();
  const uint32_t size_class = SizeClassFor(slot_bytes);
  void* slot = Take(size_class, slot_bytes);
  if (slot == nullptr) return {};
  Block* block = new (slot) Block(this, static_cast<uint32_t>(bytes.size()), size_class);
  std::byte* const contents = static_cast<std::byte*>(slot) + sizeof(Block);
  if (!bytes.empty()) std::memcpy(contents, bytes.data(), bytes.size());
  return BlockReference(block);
}

void* BlockPool::Take(uint32_t size_class, size_t slot_bytes) {
  if (size_class == kUnpooledClass) {
    void* slot = AllocateAligned(slot_bytes);
    if (slot == nullptr) return nullptr;
    unpooled_blocks_.fetch_add(1, std::memory_order_relaxed);
    unpooled_bytes_.fetch_add(slot_bytes, std::memory_order_relaxed);
    return slot;
  }
  Bin& bin = bins_[size_class];
  std::lock_guard lock(bin.mu);
  if (bin.free == nullptr && !CutSlab(bin, SizeClassBytes(size_class))) return nullptr;
  FreeSlot* slot = std::exchange(bin.free, bin.free->next);
  ++bin.blocks_live;
  return slot;
}

// Linking the slots writes to each of them, which maps the slab's pages now and not while an object
// is copied.
bool BlockPool::CutSlab(Bin& bin, size_t slot_bytes) {
  void* memory = AllocateAligned(kSlabBytes);
  if (memory == nullptr) return false;
  bin.slabs = new (memory) Slab{bin.slabs};
  ++bin.slabs_count;
  std::byte* const first = static_cast<std::byte*>(memory) + sizeof(Slab);
  const size_t slots = (kSlabBytes - sizeof(Slab)) / slot_bytes;
  // From the last to the first: neighbours in memory are handed out one after the other.
  for (size_t index = slots; index-- > 0;) {
    bin.free = new (first + index * slot_bytes) FreeSlot{bin.free};
  }
  return true;
}

void BlockPool::Release(Block* block) {
  const uint32_t size_class = block->size_class_;
  const size_t slot_bytes = sizeof(Block) + block->size_;
  block->~Block();
  if (size_class == kUnpooledClass) {
    FreeAligned(block);
    unpooled_bytes_.fetch_sub(slot_bytes, std::memory_order_relaxed);
    unpooled_blocks_.fetch_sub(1, std::memory_order_release);
    return;
  }
  Bin& bin = bins_[size_class];
  std::lock_guard lock(bin.mu);
  bin.free = new (static_cast<void*>(block)) FreeSlot{bin.free};
  --bin.blocks_live;
}

BlockPoolStats BlockPool::Stats() const {
  const uint64_t unpooled_bytes = unpooled_bytes_.load(std::memory_order_relaxed);
  BlockPoolStats stats{.blocks_live = unpooled_blocks_.load(std::memory_order_relaxed),
                       .bytes_live = unpooled_bytes,
                       .bytes_reserved = unpooled_bytes};
  for (uint32_t size_class = 0; size_class < kSizeClassCount; ++size_class) {
    const Bin& bin = bins_[size_class];
    std::lock_guard lock(bin.mu);
    stats.blocks_live += bin.blocks_live;
    stats.bytes_live += bin.blocks_live * SizeClassBytes(size_class);
    stats.bytes_reserved += bin.slabs_count * kSlabBytes;
  }
  return stats;
}

}  // namespace shardwatch
