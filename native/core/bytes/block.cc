// The end of a block's life; see block.h. Thread rule: any thread.

#include "native/core/bytes/block.h"

#include "native/core/bytes/block_pool.h"

namespace shardwatch {

void BlockReference::Reset() {
  Block* block = std::exchange(block_, nullptr);
  if (block == nullptr) return;
  // Release: my reads happen before the slot is reused. Acquire: so do everybody else's.
  if (block->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    block->pool_->Release(block);
  }
}

}  // namespace shardwatch
