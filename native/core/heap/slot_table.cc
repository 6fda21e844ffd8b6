// Opening, freeing and growing; see slot_table.h. Thread rule: as told there.

#include "native/core/heap/slot_table.h"

#include <algorithm>
#include <new>
#include <utility>

namespace shardwatch {

namespace {

constexpr uint32_t kCapacityMin = 16;

// Room for so many things, with those that there are.
template <typename Thing>
bool GrowArray(std::unique_ptr<Thing[]>& things, size_t used, size_t count) {
  std::unique_ptr<Thing[]> grown(new (std::nothrow) Thing[count]);
  if (grown == nullptr) return false;
  std::copy_n(things.get(), used, grown.get());
  things = std::move(grown);
  return true;
}

}  // namespace

bool SlotTable::Reserve(size_t count) {
  if (free_ + (capacity_ - used_) >= count) return true;
  const size_t needed = used_ + (count - free_);
  if (needed > kSlotsMax) return false;
  return Grow(std::min<size_t>(kSlotsMax, std::max<size_t>({needed, 2 * capacity_, kCapacityMin})));
}

bool SlotTable::Load(const uint32_t* generations, uint32_t count) {
  assert(used_ == 0);
  if (!Reserve(count)) return false;
  for (uint32_t slot = 0; slot < count; ++slot) {
    slots_[slot].generation = generations[slot] % kGenerations;
  }
  used_ = count;
  return true;
}

void SlotTable::FreeOthers() {
  for (uint32_t slot = used_; slot-- > 0;) {
    if (!IsTaken(slot)) Free(slot);
  }
}

bool SlotTable::KeepOwners() {
  if (owners_ != nullptr) return true;
  if (!GrowArray(owners_, 0, capacity_)) return false;
  // All that there is belongs to the first end.
  std::fill_n(owners_.get(), used_, 0);
  return true;
}

bool SlotTable::KeepDeadlines() {
  if (deadlines_ != nullptr) return true;
  if (!GrowArray(deadlines_, 0, capacity_)) return false;
  std::fill_n(deadlines_.get(), used_, kNoSequence);
  return true;
}

bool SlotTable::Grow(size_t count) {
  if ((owners_ != nullptr && !GrowArray(owners_, used_, count)) ||
      (deadlines_ != nullptr && !GrowArray(deadlines_, used_, count)) ||
      !GrowArray(slots_, used_, count)) {
    return false;
  }
  capacity_ = static_cast<uint32_t>(count);
  return true;
}

}  // namespace shardwatch
