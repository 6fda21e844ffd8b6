// The slots of a heap's entries: whose they are, by which generation, and by which sequences the
// orders of the heap name them.
//
//   handle = generation * 2^24 + slot     below 2^53, so that it is exact as a number
//
//  1. A key of an order is alive while its slot has its sequence (in an order of deadlines: the one
//     that the entry was pushed with) and is somebody's. What leaves is not searched for in the
//     orders: it is dead there, and dropped when it comes up.
//  2. An entry that has left may keep its slot for a while, until its owner has been told (Leave,
//     then Free). Its handle finds nothing from the beginning.
//  3. A slot whose generations are used up is never used again.
// Thread rule: belongs to whoever guards it.

#ifndef NATIVE_CORE_HEAP_SLOT_TABLE_H_
#define NATIVE_CORE_HEAP_SLOT_TABLE_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "native/core/heap/heap_key.h"

namespace shardwatch {

inline constexpr uint32_t kNoSlot = UINT32_MAX;
inline constexpr uint32_t kNobody = UINT32_MAX;

// The sequence of the deadline that an entry does not have.
inline constexpr uint32_t kNoSequence = UINT32_MAX;

struct HeapSlot {
  // Of an entry; otherwise the next slot of the list that this one is in, or kNoSlot.
  uint32_t sequence = 0;
  // Of its deadline, or kNoSequence.
  uint32_t deadline_sequence = kNoSequence;
  uint32_t generation = 0;
  // The number of the thread's end, or kNobody where there is no entry.
  uint32_t owner = kNobody;
};

class SlotTable {
 public:
  static constexpr uint32_t kSlotBits = 24;
  static constexpr uint32_t kSlotsMax = 1U << kSlotBits;
  static constexpr uint32_t kGenerations = 1U << (53 - kSlotBits);

  explicit SlotTable(uint32_t first_generation)
      : first_generation_(first_generation % kGenerations) {}

  // Number of slots that were ever in use.
  uint32_t used() const { return used_; }

  // Makes room for so many entries more; false when memory is out or there are no more slots.
  bool Reserve(size_t count);

  // Takes a slot. REQUIRES: there is room.
  uint32_t Open() {
    if (first_free_ != kNoSlot) {
      const uint32_t slot = first_free_;
      first_free_ = slots_[slot].sequence;
      --free_;
      return slot;
    }
    assert(used_ < capacity_);
    slots_[used_].generation = first_generation_;
    return used_++;
  }

  // The entry has left; its slot is the owner's to be told of. REQUIRES: it is an entry's.
  void Leave(uint32_t slot) {
    slots_[slot].owner = kNobody;
    slots_[slot].generation = (slots_[slot].generation + 1) % kGenerations;
  }

  // Gives up a slot that was left.
  void Free(uint32_t slot) {
    assert(slots_[slot].owner == kNobody);
    if (slots_[slot].generation == first_generation_) return;
    slots_[slot].sequence = first_free_;
    first_free_ = slot;
    ++free_;
  }

  HeapSlot& operator[](uint32_t slot) {
    assert(slot < used_);
    return slots_[slot];
  }
  const HeapSlot& operator[](uint32_t slot) const {
    assert(slot < used_);
    return slots_[slot];
  }

  // Has memory bring a slot.
  void Prefetch([[maybe_unused]] uint32_t slot) const {
#if defined(__GNUC__)
    __builtin_prefetch(&slots_[slot], 1);
#endif
  }

  bool IsAlive(const HeapKey& key) const {
    const HeapSlot& slot = slots_[SlotOf(key)];
    return slot.owner != kNobody && slot.sequence == SequenceOf(key);
  }
  bool IsDeadlineAlive(const HeapKey& key) const {
    const HeapSlot& slot = slots_[SlotOf(key)];
    return slot.owner != kNobody && slot.deadline_sequence == SequenceOf(key);
  }

  uint64_t HandleOf(uint32_t slot) const {
    return (uint64_t{slots_[slot].generation} << kSlotBits) | slot;
  }

  // The slot of the entry that has the handle, or kNoSlot.
  uint32_t Find(uint64_t handle) const {
    const auto slot = static_cast<uint32_t>(handle & (kSlotsMax - 1));
    if (slot >= used_ || slots_[slot].owner == kNobody || HandleOf(slot) != handle) return kNoSlot;
    return slot;
  }

  // Takes over slots of another table, all free, by their generations. False when memory is out.
  // REQUIRES: no slot was ever in use here, and after it only Occupy until FreeOthers.
  bool Load(const uint32_t* generations, uint32_t count);
  // The loaded slot has an entry.
  void Occupy(uint32_t slot, uint32_t owner) { slots_[slot].owner = owner; }
  // All loaded slots that are not occupied are free.
  void FreeOthers();

 private:
  bool Grow(size_t count);

  const uint32_t first_generation_;
  std::unique_ptr<HeapSlot[]> slots_;
  uint32_t capacity_ = 0;
  uint32_t used_ = 0;
  uint32_t first_free_ = kNoSlot;
  // Free slots in the list.
  uint32_t free_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_SLOT_TABLE_H_
