// Slots, retiring and collecting; see epoch.h. Thread rule: any thread.

#include "native/core/epoch/epoch.h"

#include <algorithm>
#include <new>

namespace shardwatch {

EpochDomain::~EpochDomain() {
  assert(retired_.empty());
  EpochSlot* slot = slots_.load(std::memory_order_acquire);
  while (slot != nullptr) {
    assert(slot->pinned_.load(std::memory_order_acquire) == 0);
    delete std::exchange(slot, slot->next_);
  }
}

EpochSlot* EpochDomain::OpenSlot() {
  EpochSlot* first = slots_.load(std::memory_order_acquire);
  for (EpochSlot* slot = first; slot != nullptr; slot = slot->next_) {
    bool is_open = false;
    if (slot->is_open_.compare_exchange_strong(is_open, true, std::memory_order_acq_rel)) {
      return slot;
    }
  }
  auto* const slot = new (std::nothrow) EpochSlot;
  if (slot == nullptr) return nullptr;
  slot->next_ = first;
  // Sequentially consistent: whoever pins this slot later is not overlooked by a Collect.
  while (!slots_.compare_exchange_weak(slot->next_, slot, std::memory_order_seq_cst)) {
  }
  return slot;
}

void EpochDomain::CloseSlot(EpochSlot* slot) {
  assert(slot->pinned_.load(std::memory_order_relaxed) == 0);
  slot->is_open_.store(false, std::memory_order_release);
}

void EpochDomain::Retire(RetiredList& items) {
  if (items.empty()) return;
  RetiredList stamped;
  std::lock_guard lock(mu_);
  const uint64_t epoch = epoch_.fetch_add(1, std::memory_order_seq_cst);
  while (Retired* const item = items.Take()) {
    item->epoch = epoch;
    stamped.Append(item);
  }
  retired_.Append(stamped);
}

bool EpochDomain::Collect(size_t items_max, RetiredList& items) {
  std::lock_guard lock(mu_);
  if (retired_.empty()) return false;
  const uint64_t oldest = OldestPinned();
  for (; !retired_.empty() && retired_.first()->epoch < oldest; --items_max) {
    if (items_max == 0) return true;
    items.Append(retired_.Take());
  }
  return false;
}

uint64_t EpochDomain::OldestPinned() const {
  uint64_t oldest = epoch_.load(std::memory_order_seq_cst);
  const EpochSlot* slot = slots_.load(std::memory_order_seq_cst);
  for (; slot != nullptr; slot = slot->next_) {
    const uint64_t pinned = slot->pinned_.load(std::memory_order_seq_cst);
    if (pinned != 0) oldest = std::min(oldest, pinned);
  }
  return oldest;
}

EpochStats EpochDomain::Stats() const {
  std::lock_guard lock(mu_);
  const uint64_t oldest = OldestPinned();
  const uint64_t epoch = epoch_.load(std::memory_order_seq_cst);
  return {.epoch = epoch, .epochs_behind = epoch - oldest, .retired = retired_.size()};
}

}  // namespace shardwatch
