// Small numbers by which JavaScript names what C++ owns.
//
// A handle is a slot and the slot's generation, which changes whenever the slot is given up: a
// handle used after it was closed finds nothing, even when its slot serves another value by then.
//
//   handle = generation * 2^24 + kind * 2^21 + slot     below 2^53, so that it is exact as a number
//
// Tables of one environment have different kinds. Those of different environments begin with
// different generations: a handle that went astray from one thread to another finds nothing.
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
  static constexpr uint32_t kSlotBits = 21;
  static constexpr uint32_t kSlotsMax = 1U << kSlotBits;
  static constexpr uint32_t kKindBits = 3;
  // A slot whose generations are used up is never given out again.
  static constexpr uint32_t kGenerationMax = (1U << (53 - kKindBits - kSlotBits)) - 1;

  explicit HandleTable(uint32_t kind = 0, uint32_t first_generation = 0)
      : kind_(kind & ((1U << kKindBits) - 1)),
        first_generation_(first_generation & kGenerationMax) {}

  // The value's handle, or nothing when all slots are taken; the value is dropped then.
  std::optional<int64_t> Open(Value value) {
    if (free_.empty()) {
      if (slots_.size() == kSlotsMax) return std::nullopt;
      free_.push_back(static_cast<uint32_t>(slots_.size()));
      slots_.push_back({.generation = first_generation_, .value = std::nullopt});
    }
    const uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.value.emplace(std::move(value));
    return HandleOf(index);
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
    slot->generation = (slot->generation + 1) & kGenerationMax;
    if (slot->generation != first_generation_) {
      free_.push_back(static_cast<uint32_t>(slot - slots_.data()));
    }
    return true;
  }

  // Calls `visit(handle, value)` for what is open. REQUIRES: it opens and closes nothing here.
  template <typename Visit>
  void ForEach(Visit visit) {
    for (size_t index = 0; index < slots_.size(); ++index) {
      Slot& slot = slots_[index];
      if (slot.value) visit(HandleOf(index), *slot.value);
    }
  }

  // Drops all values. REQUIRES: the table is not used any more.
  void Clear() {
    for (Slot& slot : slots_) slot.value.reset();
  }

 private:
  struct Slot {
    uint32_t generation = 0;
    std::optional<Value> value;
  };

  int64_t HandleOf(size_t index) const {
    const int64_t generation = slots_[index].generation;
    return (((generation << kKindBits) | kind_) << kSlotBits) | static_cast<int64_t>(index);
  }

  Slot* SlotOf(int64_t handle) {
    if (handle < 0) return nullptr;
    const size_t index = static_cast<size_t>(handle) & (kSlotsMax - 1);
    if (index >= slots_.size()) return nullptr;
    Slot& slot = slots_[index];
    return slot.value.has_value() && HandleOf(index) == handle ? &slot : nullptr;
  }

  const uint32_t kind_;
  const uint32_t first_generation_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_HANDLE_TABLE_H_
