// Small numbers by which JavaScript names what C++ owns.
//
// A handle is a slot and the slot's generation, which changes whenever the slot is given up: a
// handle used after it was closed finds nothing, even when its slot serves another value by then.
//
//   handle = generation * 2^24 + slot     below 2^53, so that it is exact as a number
//
// Thread rule: one environment's thread only.

#ifndef NATIVE_BINDING_HANDLE_TABLE_H_
#define NATIVE_BINDING_HANDLE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace shardwatch::binding {

template <typename Value>
class HandleTable {
 public:
  static constexpr uint32_t kSlotBits = 24;
  static constexpr uint32_t kSlotsMax = 1U << kSlotBits;
  // A slot whose generations are used up is never given out again.
  static constexpr uint32_t kGenerationMax = (1U << (53 - kSlotBits)) - 1;

  // The value's handle, or nothing when all slots are taken; the value is dropped then.
  std::optional<int64_t> Open(Value value) {
    if (free_.empty()) {
      if (slots_.size() == kSlotsMax) return std::nullopt;
      free_.push_back(static_cast<uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.value.emplace(std::move(value));
    return (static_cast<int64_t>(slot.generation) << kSlotBits) | index;
  }

  // Null for a handle that is closed or was never given out.
  Value* Find(int64_t handle) {
    Slot* slot = SlotOf(handle);
    return slot == nullptr ? nullptr : &*slot->value;
  }

  // Drops the value; false where there is none.
  bool Close(int64_t handle) {
    Slot* slot = SlotOf(handle);
    if (slot == nullptr) return false;
    slot->value.reset();
    if (slot->generation < kGenerationMax) {
      ++slot->generation;
      free_.push_back(static_cast<uint32_t>(slot - slots_.data()));
    }
    return true;
  }

 private:
  struct Slot {
    uint32_t generation = 0;
    std::optional<Value> value;
  };

  Slot* SlotOf(int64_t handle) {
    if (handle < 0) return nullptr;
    const size_t index = static_cast<size_t>(handle) & (kSlotsMax - 1);
    if (index >= slots_.size()) return nullptr;
    Slot& slot = slots_[index];
    const bool current = slot.value.has_value() && slot.generation == handle >> kSlotBits;
    return current ? &slot : nullptr;
  }

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_HANDLE_TABLE_H_
