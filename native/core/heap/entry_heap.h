// A priority queue's entries in order, of one thread or of several: each thread has an end.
//
//   end of A ─┐                    ┌ slot 0: A, generation 7, sequence 12
//   end of B ─┴ heap ─ order ──────┤ slot 1: B, …
//                      (priority)  └ …
//   each end:  order of deadlines of its own entries; mailbox of those that others have dispatched
//
//  1. The smallest priority leaves first; of equal ones the one that was pushed, or given that
//     priority, first. Deadlines are each end's own business.
//  2. What leaves by its handle, by its deadline or with its end stays in the orders as a dead key.
//     There are never more dead keys in an order than living ones, but for a few: then they are
//     dropped together.
//  3. What is refused changes nothing: room for all of a batch is made before its first entry.
//  4. When the sequences are used up, what is alive is sorted and numbered anew.
//  5. An entry that another thread dispatches goes, by its slot, through the mailbox of its end,
//     which is signalled. It is no entry any more then.
// Thread rule: an end belongs to one thread. As soon as there may be two, everything of the heap
// and of its ends is guarded by mu_; before, that thread needs no lock. Lock order: mu_, then that
// of a ready list.

#ifndef NATIVE_CORE_HEAP_ENTRY_HEAP_H_
#define NATIVE_CORE_HEAP_ENTRY_HEAP_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "native/core/heap/key_ladder.h"
#include "native/core/heap/slot_table.h"
#include "native/core/shard/spin_lock.h"

namespace shardwatch {

struct EntryHeapOptions {
  // Most entries at once, at most SlotTable::kSlotsMax.
  uint32_t capacity = SlotTable::kSlotsMax;
  // So many entries are numbered before rule 4; above the capacity.
  uint32_t sequences = kNoSequence;
  // Where the generations of slots begin: heaps that differ in it refuse each other's handles.
  uint32_t first_generation = 0;
};

class HeapEnd;

class EntryHeap {
 public:
  explicit EntryHeap(const EntryHeapOptions& options)
      : capacity_(options.capacity),
        sequences_(options.sequences),
        slots_(options.first_generation) {}
  EntryHeap(const EntryHeap&) = delete;
  EntryHeap& operator=(const EntryHeap&) = delete;

  // From now on there may be ends of several threads; false when memory is out. Belongs to the
  // thread of the first end.
  bool Share() {
    is_shared_ = is_shared_ || slots_.KeepOwners();
    return is_shared_;
  }
  bool is_shared() const { return is_shared_; }

 private:
  friend class HeapEnd;

  // The heap, locked where that is needed.
  class Guard {
   public:
    explicit Guard(EntryHeap& heap) : mu_(heap.is_shared_ ? &heap.mu_ : nullptr) {
      if (mu_ != nullptr) mu_->lock();
    }
    ~Guard() {
      if (mu_ != nullptr) mu_->unlock();
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    SpinLock* const mu_;
  };

  bool IsFullWith(size_t count) const { return count > capacity_ - size_; }
  // REQUIRES: room in the order.
  void PushKey(double priority, uint32_t slot, uint32_t sequence) {
    slots_.SetSequence(slot, sequence);
    order_.Push(MakeHeapKey(RankOf(priority), sequence, slot));
  }
  uint32_t NextSequence() {
    if (next_sequence_ == sequences_) Number();
    return next_sequence_++;
  }
  // Gives up an entry of an end, which is dead in the orders from now on.
  void Leave(uint32_t slot);
  // The slot of the first entry. REQUIRES: there is one.
  uint32_t First() {
    while (HasDead() && !slots_.IsAlive(order_.Top())) order_.Pop();
    return SlotOf(order_.Top());
  }
  // Drops the first living keys from the order, as many as there is room for, and tells them: their
  // entries are to leave before anything else happens. REQUIRES: there is one.
  size_t PopFirst(std::span<HeapKey> keys);
  bool HasDead() const { return order_.size() > size_ - ahead_; }
  void DropDead();
  void Number();

  // Immutable after construction.
  const uint32_t capacity_;
  const uint32_t sequences_;
  // Set before a second thread knows the heap, and immutable from then on.
  bool is_shared_ = false;

  SpinLock mu_;
  // Guarded by mu_. Ends by their numbers; null where one has gone.
  std::vector<HeapEnd*> ends_;
  SlotTable slots_;
  KeyLadder order_;
  uint32_t size_ = 0;
  // Living entries that are not in the order: those of an end's run.
  uint32_t ahead_ = 0;
  uint32_t next_sequence_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_ENTRY_HEAP_H_
