// One thread's end of a heap: what it pushes, takes, and gets from others. See entry_heap.h for the
// rules.
//
// An entry that another end takes goes, by its slot, through the mailbox of its own end, which is
// signalled: its consumer is called on its own thread, and collects.
//
// Who is alone with the heap may look ahead (Advance), so that entries which come and go one by one
// need no call each: he has the first entries beforehand, a run of them, and slots for those that
// are to come, the reserve. Entries of the run stay what they are until they are said to be taken;
// they are only out of the order, to which any other call gives them back.
//
// Thread rule: an end belongs to one thread, and guards what it has in common with others.

#ifndef NATIVE_CORE_HEAP_HEAP_END_H_
#define NATIVE_CORE_HEAP_HEAP_END_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "native/core/heap/entry_heap.h"
#include "native/core/heap/key_heap.h"
#include "native/core/heap/slot_table.h"
#include "native/core/watch/ready_list.h"

namespace shardwatch {

enum class HeapFault : uint8_t {
  kNone,
  // As many entries as the capacity allows.
  kFull,
  kUnknownHandle,
  // The entry is another end's.
  kForeignHandle,
  kOutOfMemory,
};

// Slots of all that were ever used by their generations, and entries in both orders.
struct HeapContents {
  std::span<const uint32_t> generations;
  std::span<const uint32_t> order;
  std::span<const double> priorities;
  std::span<const uint32_t> expiring;
  std::span<const double> deadlines;
};

class HeapEnd {
 public:
  // Entries that are told beforehand, at most, and slots of the reserve.
  static constexpr uint32_t kAheadMax = 32;

  // `ready` is signalled with `consumer` when the mailbox gets something. Both belong to the thread
  // that the end belongs to; `ready` outlives it.
  HeapEnd(std::shared_ptr<EntryHeap> heap, ReadyList& ready, uint64_t consumer);

  // The entries of the end leave, and so do those in its mailbox.
  ~HeapEnd();
  HeapEnd(const HeapEnd&) = delete;
  HeapEnd& operator=(const HeapEnd&) = delete;

  EntryHeap& heap() { return *heap_; }

  // What stands for the thread's consumer.
  void SetConsumer(uint64_t consumer) { entry_.consumer = consumer; }

  // Pushes as many entries as there are slots, which are written, and their handles where there is
  // room for them. `deadlines` may be empty; an infinite one is none. REQUIRES: no NaN, and no span
  // is shorter, but for an empty one.
  HeapFault Push(std::span<const double> priorities, std::span<const double> deadlines,
                 std::span<uint32_t> slots, std::span<double> handles);

  struct Taken {
    size_t all = 0;
    size_t own = 0;
  };
  // Takes the first entries of all ends, as many as `slots` has room for. Slots of this end's are
  // written, and their priorities where there is room for them; the others go to their ends.
  Taken Take(std::span<uint32_t> slots, std::span<double> priorities);

  struct Ahead {
    // Entries of the new run.
    uint32_t run = 0;
    // Slots that were added to the reserve.
    uint32_t reserved = 0;
  };
  // The first `taken` entries of the run are taken, and the others no run any more; entries of the
  // `pushed` priorities come, each in the next slot of the reserve. Then a new run is looked up,
  // of as many entries as `slots` has room for, and the reserve filled again: `handles` are what
  // entries in its new slots will have. Nothing but the reserve depends on memory.
  // Slots are told as numbers. REQUIRES: the heap is not shared; not more than the run and the
  // reserve had, and than the capacity allows; no NaN; room for kAheadMax handles. `slots` may be
  // where `pushed` is.
  Ahead Advance(uint32_t taken, std::span<const double> pushed, std::span<double> slots,
                std::span<double> priorities, std::span<double> handles);

  // Whether there is no room for so many entries more.
  bool IsFullWith(size_t count) const { return heap_->IsFullWith(count); }
  // So many slots are in the reserve.
  uint32_t reserved() const { return reserve_size_; }
  // So many entries are in the run.
  uint32_t run_size() const { return run_size_; }

  // Gives up the run and the reserve: the heap may be shared from then on.
  void EndAhead();

  // The first entry's slot and priority, or kNoSlot.
  uint32_t Peek(double* priority);

  size_t Size();
  bool Has(uint64_t handle);

  // Takes an entry out; `slot` is what it was in.
  HeapFault Remove(uint64_t handle, uint32_t* slot);

  // Gives an entry another priority and the last place within it. REQUIRES: not NaN.
  HeapFault Update(uint64_t handle, double priority);

  // Takes this end's entries whose deadline is not after `now`, the earliest first, as many as
  // there is room for.
  size_t Expire(double now, std::span<uint32_t> slots);

  // The earliest deadline, infinite where there is none.
  double NextDeadline();

  // This end's entries in order, as many as there is room for. False when memory is out.
  bool Order(std::span<double> handles, std::span<double> priorities, size_t* count);

  // Takes this end's entries out.
  void Clear();

  // What others have dispatched of this end's, in that order, as many as there is room for.
  // REQUIRES of the caller: that it goes on where all of the room was needed.
  size_t Collect(std::span<uint32_t> slots);

  // Takes over the entries of another heap. False, and nothing has changed, when memory is out or
  // the contents contradict each other. REQUIRES: nothing was ever pushed.
  bool Load(const HeapContents& contents);

  // Whether the heap keeps its rules, as far as this end can tell; for tests.
  bool IsWhole();

 private:
  friend class EntryHeap;
  class Wakes;

  using Guard = EntryHeap::Guard;

  // The functions below: under the heap's lock.
  // What a handle names, if it is an entry of this end.
  HeapFault Find(uint64_t handle, uint32_t* slot) const;
  // An entry of this end in an open slot.
  void PushEntry(double priority, uint32_t slot);
  // An entry of this end leaves, and its slot is free.
  void Drop(uint32_t slot);
  // Gives the run back to the order.
  void PutBack();
  void Post(uint32_t slot, Wakes& wakes);
  // Makes all entries of this end leave, and calls `free(slot)` for each.
  void LeaveAll();
  // Drops dead keys from the order of deadlines.
  void DropDeadDeadlines();
  bool IsConsistent(const HeapContents& contents) const;

  const std::shared_ptr<EntryHeap> heap_;
  ReadyList& ready_;
  // Its number among the ends of the heap.
  uint32_t number_ = 0;

  // Guarded by the heap's mu_.
  KeyHeap deadlines_;
  // Living keys of it.
  uint32_t expiring_ = 0;
  // Entries of this end.
  uint32_t size_ = 0;
  // Living entries that are not in the order, first ones first; only of a heap that is not shared.
  std::array<HeapKey, kAheadMax> run_;
  uint32_t run_size_ = 0;
  // Open slots of no entry yet; the next one is at reserve_first_, the others follow it round.
  std::array<uint32_t, kAheadMax> reserve_;
  uint32_t reserve_first_ = 0;
  uint32_t reserve_size_ = 0;
  // The mailbox: slots linked by their sequences.
  uint32_t first_posted_ = kNoSlot;
  uint32_t last_posted_ = kNoSlot;
  ReadyEntry entry_;
};

inline void EntryHeap::Leave(uint32_t slot) {
  HeapEnd& end = *ends_[slots_.OwnerOf(slot)];
  const bool had_deadline = slots_.DeadlineOf(slot) != kNoSequence;
  --end.size_;
  --size_;
  slots_.Leave(slot);
  if (!had_deadline) return;
  --end.expiring_;
  end.DropDeadDeadlines();
}

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_HEAP_END_H_
