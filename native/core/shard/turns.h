// First come, first served: the order in which writers have a shard to themselves.
//
// A namespace hashes to a shard, so that all of a namespace is in one. A writer takes its place in
// the queue of each shard that it touches, all of them under the order lock, and hence in the same
// order everywhere: the writer with the lowest ticket has its turn in each, and no two wait for
// each other.
// Thread rule: TakePlace under the order lock; the rest any thread, for its own places.

#ifndef NATIVE_CORE_SHARD_TURNS_H_
#define NATIVE_CORE_SHARD_TURNS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

#include "native/core/shard/spin_lock.h"

namespace shardwatch {

class ShardTurns {
 public:
  explicit ShardTurns(uint32_t count) : shards_(new(std::nothrow) Shard[count]), count_(count) {}

  // False when memory was out.
  bool is_made() const { return shards_ != nullptr; }

  uint32_t count() const { return count_; }

  uint32_t ShardOf(std::string_view namespace_name) const {
    // FNV-1a, 64 bits.
    uint64_t hash = 0xcbf29ce484222325;
    for (const char unit : namespace_name) {
      hash = (hash ^ static_cast<unsigned char>(unit)) * 0x100000001b3;
    }
    return static_cast<uint32_t>(hash % count_);
  }

  // The next place in the shard's queue.
  uint64_t TakePlace(uint32_t shard) { return shards_[shard].next++; }

  // Returns when it is that place's turn.
  void Wait(uint32_t shard, uint64_t place) const {
    Backoff backoff;
    while (shards_[shard].serving.load(std::memory_order_acquire) != place) backoff.Pause();
  }

  // Ends the turn of whoever has it.
  void Pass(uint32_t shard) { shards_[shard].serving.fetch_add(1, std::memory_order_release); }

 private:
  struct alignas(64) Shard {
    // Atomic.
    std::atomic<uint64_t> serving = 0;
    // Guarded by the order lock.
    uint64_t next = 0;
  };

  const std::unique_ptr<Shard[]> shards_;
  const uint32_t count_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_SHARD_TURNS_H_
