// The slots of a heap's entries: by which generation they are taken, by which sequences the orders
// of the heap name them, and whose they are.
//
//   handle = generation * 2^24 + slot     below 2^53, so that it is exact as a number
//
// Each entry that leaves has its slot looked for in memory, so a slot has eight bytes. Whose it is
// and its deadline are kept beside it, and only once there is more than one end, or a deadline.
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
      first_free_ = Next(slot);
      --free_;
      return slot;
    }
    assert(used_ < capacity_);
    slots_[used_] = {.sequence = 0, .generation = first_generation_};
    return used_++;
  }

  // An end's entry has the slot, which is open, from now on. It has no deadline.
  void Enter(uint32_t slot, uint32_t sequence, uint32_t owner) {
    assert(owners_ != nullptr || owner == 0);
    At(slot).sequence = sequence;
    At(slot).generation |= kTaken;
    if (owners_ != nullptr) owners_[slot] = owner;
    if (deadlines_ != nullptr) deadlines_[slot] = kNoSequence;
  }

  // The entry has left; its slot is the owner's to be told of. REQUIRES: there is one.
  void Leave(uint32_t slot) {
    assert(IsTaken(slot));
    slots_[slot].generation = (slots_[slot].generation + 1) % kGenerations;
  }

  // Gives up a slot that was left.
  void Free(uint32_t slot) {
    assert(!IsTaken(slot));
    if (slots_[slot].generation == first_generation_) return;
    SetNext(slot, first_free_);
    first_free_ = slot;
    ++free_;
  }

  bool IsTaken(uint32_t slot) const { return (At(slot).generation & kTaken) != 0; }

  // The end whose entry has the slot, or kNobody.
  uint32_t OwnerOf(uint32_t slot) const {
    if (!IsTaken(slot)) return kNobody;
    return owners_ == nullptr ? 0 : owners_[slot];
  }

  // By which the order names the entry.
  uint32_t SequenceOf(uint32_t slot) const { return At(slot).sequence; }
  void SetSequence(uint32_t slot, uint32_t sequence) { At(slot).sequence = sequence; }

  // By which the order of deadlines names it, or kNoSequence.
  uint32_t DeadlineOf(uint32_t slot) const {
    return deadlines_ == nullptr ? kNoSequence : deadlines_[slot];
  }
  // REQUIRES: KeepDeadlines.
  void SetDeadline(uint32_t slot, uint32_t sequence) { deadlines_[slot] = sequence; }

  // Of a slot that is no entry's: the next one of the list that it is in, or kNoSlot.
  uint32_t Next(uint32_t slot) const { return At(slot).sequence; }
  void SetNext(uint32_t slot, uint32_t next) { At(slot).sequence = next; }

  // There will be entries of other ends than the first; false when memory is out.
  bool KeepOwners();
  // There will be deadlines; false when memory is out.
  bool KeepDeadlines();

  // Has memory bring a slot.
  void Prefetch([[maybe_unused]] uint32_t slot) const {
#if defined(__GNUC__)
    __builtin_prefetch(&slots_[slot], 1);
#endif
  }

  bool IsAlive(const HeapKey& key) const {
    const uint32_t slot = SlotOf(key);
    return IsTaken(slot) && SequenceOf(slot) == shardwatch::SequenceOf(key);
  }
  bool IsDeadlineAlive(const HeapKey& key) const {
    const uint32_t slot = SlotOf(key);
    return IsTaken(slot) && DeadlineOf(slot) == shardwatch::SequenceOf(key);
  }

  uint64_t HandleOf(uint32_t slot) const {
    return (uint64_t{At(slot).generation & ~kTaken} << kSlotBits) | slot;
  }

  // The slot of the entry that has the handle, or kNoSlot.
  uint32_t Find(uint64_t handle) const {
    const auto slot = static_cast<uint32_t>(handle & (kSlotsMax - 1));
    if (slot >= used_ || !IsTaken(slot) || HandleOf(slot) != handle) return kNoSlot;
    return slot;
  }

  // Takes over slots of another table, all free, by their generations. False when memory is out.
  // REQUIRES: no slot was ever in use here, and after it only Enter until FreeOthers.
  bool Load(const uint32_t* generations, uint32_t count);
  // All loaded slots that no entry has are free.
  void FreeOthers();

 private:
  static constexpr uint32_t kTaken = 1U << 31;

  struct Slot {
    // Or the next slot, where there is no entry.
    uint32_t sequence;
    // And kTaken, if it is an entry's.
    uint32_t generation;
  };

  Slot& At(uint32_t slot) {
    assert(slot < used_);
    return slots_[slot];
  }
  const Slot& At(uint32_t slot) const {
    assert(slot < used_);
    return slots_[slot];
  }

  bool Grow(size_t count);

  const uint32_t first_generation_;
  std::unique_ptr<Slot[]> slots_;
  // By slots; null where they are not kept.
  std::unique_ptr<uint32_t[]> owners_;
  std::unique_ptr<uint32_t[]> deadlines_;
  uint32_t capacity_ = 0;
  uint32_t used_ = 0;
  uint32_t first_free_ = kNoSlot;
  // Free slots in the list.
  uint32_t free_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_SLOT_TABLE_H_
