// Opening, freeing and growing; see slot_table.h. Thread rule: as told there.

#include "native/core/heap/slot_table.h"

#include <algorithm>
#include <new>

namespace shardwatch {

namespace {

constexpr uint32_t kCapacityMin = 16;

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
    if (slots_[slot].owner == kNobody) Free(slot);
  }
}

bool SlotTable::Grow(size_t count) {
  std::unique_ptr<HeapSlot[]> slots(new (std::nothrow) HeapSlot[count]);
  if (slots == nullptr) return false;
  std::copy_n(slots_.get(), used_, slots.get());
  slots_ = std::move(slots);
  capacity_ = static_cast<uint32_t>(count);
  return true;
}

}  // namespace shardwatch
