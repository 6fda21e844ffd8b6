// A hash table of entries that carry their own hash: open addressing, no markers of what was there,
// and memory that is out is told and changes nothing.
//
// An entry has a member `uint64_t hash`. The table does not own its entries.
// Thread rule: belongs to whoever guards it.

#ifndef NATIVE_CORE_WATCH_ENTRY_TABLE_H_
#define NATIVE_CORE_WATCH_ENTRY_TABLE_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "native/core/object/text_hash.h"

namespace shardwatch {

inline uint64_t HashPointer(const void* pointer) {
  return MixHash(static_cast<uint64_t>(reinterpret_cast<uintptr_t>(pointer)));
}

template <typename Entry>
class EntryTable {
 public:
  EntryTable() = default;
  EntryTable(const EntryTable&) = delete;
  EntryTable& operator=(const EntryTable&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // The entry of that hash for which `is(entry)` holds, or null.
  template <typename Is>
  Entry* Find(uint64_t hash, const Is& is) const {
    if (size_ == 0) return nullptr;
    for (size_t at = hash & mask();; at = (at + 1) & mask()) {
      Entry* const entry = slots_[at];
      if (entry == nullptr || (entry->hash == hash && is(*entry))) return entry;
    }
  }

  // False when memory is out.
  bool Insert(Entry& entry) {
    if ((size_ + 1) * 4 > capacity_ * 3) {
      if (!Resize(capacity_ == 0 ? kCapacityInitial : capacity_ * 2)) return false;
    }
    Place(entry);
    ++size_;
    return true;
  }

  // REQUIRES: it is in the table.
  void Erase(const Entry& entry) {
    size_t gap = entry.hash & mask();
    while (slots_[gap] != &entry) gap = (gap + 1) & mask();
    // Moves those up that the gap would hide.
    for (size_t at = (gap + 1) & mask(); slots_[at] != nullptr; at = (at + 1) & mask()) {
      const size_t home = slots_[at]->hash & mask();
      if (((at - home) & mask()) < ((at - gap) & mask())) continue;
      slots_[gap] = slots_[at];
      gap = at;
    }
    slots_[gap] = nullptr;
    --size_;
    if (size_ == 0) {
      slots_.reset();
      capacity_ = 0;
    } else if (capacity_ > kCapacityInitial && size_ * 8 < capacity_) {
      // Where memory is out it stays as large as it is.
      Resize(capacity_ / 2);
    }
  }

  template <typename Use>
  void ForEach(const Use& use) const {
    for (size_t at = 0; at < capacity_; ++at) {
      if (slots_[at] != nullptr) use(*slots_[at]);
    }
  }

 private:
  static constexpr size_t kCapacityInitial = 4;

  size_t mask() const { return capacity_ - 1; }

  void Place(Entry& entry) {
    size_t at = entry.hash & mask();
    while (slots_[at] != nullptr) at = (at + 1) & mask();
    slots_[at] = &entry;
  }

  bool Resize(size_t capacity) {
    std::unique_ptr<Entry*[]> slots(new (std::nothrow) Entry*[capacity]());
    if (slots == nullptr) return false;
    slots.swap(slots_);
    const size_t old_capacity = capacity_;
    capacity_ = capacity;
    for (size_t at = 0; at < old_capacity; ++at) {
      if (slots[at] != nullptr) Place(*slots[at]);
    }
    return true;
  }

  std::unique_ptr<Entry*[]> slots_;
  // A power of two, or 0.
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_ENTRY_TABLE_H_
