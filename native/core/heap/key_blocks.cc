// Getting memory for blocks; see key_blocks.h. Thread rule: as told there.

#include "native/core/heap/key_blocks.h"

#include <algorithm>
#include <new>

#include "native/core/heap/key_memory.h"

namespace shardwatch {

KeyBlocks::~KeyBlocks() { Clear(); }

bool KeyBlocks::Grow(size_t count) {
  static_assert(sizeof(KeyBlock) == 512 && sizeof(Piece) <= sizeof(KeyBlock));
  // A block's room goes to what is written at the beginning of the piece.
  const size_t added = std::max(count - count_, count_ / 2) + 1;
  size_t bytes = 0;
  void* const memory = MapKeys(added * sizeof(KeyBlock), &bytes);
  if (memory == nullptr) return false;
  pieces_ = new (memory) Piece{.next = pieces_, .bytes = bytes};
  auto* const blocks = static_cast<KeyBlock*>(memory);
  const size_t room = bytes / sizeof(KeyBlock);
  // The first of them are taken first.
  for (size_t index = room - 1; index > 0; --index) Give(&blocks[index]);
  count_ += room - 1;
  return true;
}

void KeyBlocks::Clear() {
  while (pieces_ != nullptr) {
    Piece* const piece = pieces_;
    pieces_ = piece->next;
    UnmapKeys(piece, piece->bytes);
  }
  free_ = nullptr;
  count_ = 0;
}

size_t KeyBlocks::Taken() const {
  size_t taken = count_;
  for (const KeyBlock* block = free_; block != nullptr; block = block->next) --taken;
  return taken;
}

}  // namespace shardwatch
