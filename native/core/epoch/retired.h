// What a writer has replaced and readers may still see: it waits in lists until nobody can, linked
// through itself, so that retiring needs no memory.
//
// Roots are numbered by the ticket of their writer. A thing is in the roots from `birth` on and
// below `death`, and in no other. Thread rule: belongs to the list that it is in, and is changed
// under that list's lock.

#ifndef NATIVE_CORE_EPOCH_RETIRED_H_
#define NATIVE_CORE_EPOCH_RETIRED_H_

#include <cstddef>
#include <cstdint>
#include <utility>

namespace shardwatch {

struct Retired {
  Retired* next = nullptr;
  // Readers that pinned an epoch up to this one may see it.
  uint64_t epoch = 0;
  uint64_t birth = 0;
  uint64_t death = 0;
  // What it is, for whoever frees it. Of no meaning here.
  uint8_t kind = 0;
};

// A list of them in the order in which they came.
class RetiredList {
 public:
  RetiredList() = default;
  RetiredList(const RetiredList&) = delete;
  RetiredList& operator=(const RetiredList&) = delete;

  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }
  const Retired* first() const { return first_; }

  void Append(Retired* item) {
    item->next = nullptr;
    *end_ = item;
    end_ = &item->next;
    ++size_;
  }

  // Takes all of the other list.
  void Append(RetiredList& other) {
    if (other.empty()) return;
    *end_ = other.first_;
    end_ = other.end_;
    size_ += other.size_;
    other.Clear();
  }

  // The first item, or null.
  Retired* Take() {
    Retired* const item = first_;
    if (item == nullptr) return nullptr;
    first_ = item->next;
    if (first_ == nullptr) end_ = &first_;
    --size_;
    item->next = nullptr;
    return item;
  }

 private:
  void Clear() {
    first_ = nullptr;
    end_ = &first_;
    size_ = 0;
  }

  Retired* first_ = nullptr;
  Retired** end_ = &first_;
  size_t size_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_EPOCH_RETIRED_H_
