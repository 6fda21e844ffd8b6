// Making blocks and taking them back; see block_pool.h. Thread rule: any thread.

#include "native/core/bytes/block_pool.h"

#include <cstring>
#include <new>

namespace shardwatch {

std::span<std::byte> BlockDraft::bytes() const {
  const std::span<const std::byte> bytes = block_->bytes();
  // Nobody else has the block yet.
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

BlockDraft BlockPool::Draft(size_t size) {
  if (size > kBlockBytesMax) return {};
  void* const slot = arena_.Allocate(sizeof(Block) + size);
  if (slot == nullptr) return {};
  return BlockDraft(BlockReference(new (slot) Block(this, static_cast<uint32_t>(size))));
}

BlockReference BlockPool::Make(std::span<const std::byte> bytes) {
  BlockDraft draft = Draft(bytes.size());
  if (draft && !bytes.empty()) std::memcpy(draft.bytes().data(), bytes.data(), bytes.size());
  return std::move(draft).Finish();
}

void BlockPool::Release(Block* block) {
  const size_t slot_bytes = sizeof(Block) + block->size_;
  block->~Block();
  arena_.Free(block, slot_bytes);
}

BlockPoolStats BlockPool::Stats() const {
  const ArenaStats stats = arena_.Stats();
  return {.blocks_live = stats.slots_live,
          .bytes_live = stats.bytes_live,
          .bytes_reserved = stats.bytes_reserved};
}

}  // namespace shardwatch
