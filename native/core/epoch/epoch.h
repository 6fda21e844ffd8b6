// Epochs: readers use what is published without a lock or a count, and writers learn when nobody
// can see any more what they replaced.
//
//   reader:  slot = epoch; root = published; ... use root ...; slot = 0
//   writer:  published = new root; Retire(what only the old one has)     -> epoch rises
//   later:   Collect: what was retired in an epoch below every slot's
//
//  1. A reader writes its slot before it loads what is published, a writer exchanges that before it
//     raises the epoch and looks at the slots, all of it sequentially consistent: a reader that a
//     writer did not see will see what the writer published.
//  2. A pin lasts for one call. It holds back what is freed, never a writer.
//  3. What is collected is handed out in slices; the caller frees it, outside of any lock.
//  4. A slot is used by one thread at a time, for one pin at a time. Slots are kept for the next
//     thread and freed with the domain.
// Thread rule: any thread, except that a slot and its pins belong to one.
// Lock order: mu_ is a leaf; nothing is called while it is held.

#ifndef NATIVE_CORE_EPOCH_EPOCH_H_
#define NATIVE_CORE_EPOCH_EPOCH_H_

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "native/core/epoch/retired.h"

namespace shardwatch {

// Alone on its cache line, and on the one that the processor fetches along with it.
class alignas(128) EpochSlot {
 public:
  EpochSlot() = default;
  EpochSlot(const EpochSlot&) = delete;
  EpochSlot& operator=(const EpochSlot&) = delete;

 private:
  friend class EpochDomain;
  friend class EpochPin;

  // Atomic. 0: not pinned.
  std::atomic<uint64_t> pinned_ = 0;
  std::atomic<bool> is_open_ = true;
  // Immutable once the slot is in the domain's list.
  EpochSlot* next_ = nullptr;
};

struct EpochStats {
  uint64_t epoch = 0;
  // How far the oldest pin is behind; 0 where nothing is pinned.
  uint64_t epochs_behind = 0;
  // Retired and not collected yet.
  uint64_t retired = 0;
};

class EpochDomain {
 public:
  EpochDomain() = default;
  // REQUIRES: no pins, and nothing retired that was not collected.
  ~EpochDomain();
  EpochDomain(const EpochDomain&) = delete;
  EpochDomain& operator=(const EpochDomain&) = delete;

  // A slot for the calling thread, or null when memory is out.
  EpochSlot* OpenSlot();

  // REQUIRES: not pinned.
  void CloseSlot(EpochSlot* slot);

  // Takes the items, which no root that is loaded from now on has. The list is empty afterwards.
  void Retire(RetiredList& items);

  // Appends to `items` what nobody sees any more, oldest first and at most `items_max`; tells
  // whether there was more.
  bool Collect(size_t items_max, RetiredList& items);

  EpochStats Stats() const;

 private:
  friend class EpochPin;

  // No pin is below this.
  uint64_t OldestPinned() const;

  // Atomic. Raised with every Retire, hence by one writer at a time; 0 is no epoch.
  alignas(64) std::atomic<uint64_t> epoch_ = 1;
  std::atomic<EpochSlot*> slots_ = nullptr;
  mutable std::mutex mu_;
  // Guarded by mu_. Rising epochs.
  RetiredList retired_;
};

// Keeps all that is published at its construction, or becomes so afterwards, from being collected.
class EpochPin {
 public:
  EpochPin(EpochDomain& domain, EpochSlot& slot) : slot_(slot) {
    assert(slot_.pinned_.load(std::memory_order_relaxed) == 0);
    slot_.pinned_.store(domain.epoch_.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
  }
  ~EpochPin() { slot_.pinned_.store(0, std::memory_order_release); }
  EpochPin(const EpochPin&) = delete;
  EpochPin& operator=(const EpochPin&) = delete;

 private:
  EpochSlot& slot_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_EPOCH_EPOCH_H_
