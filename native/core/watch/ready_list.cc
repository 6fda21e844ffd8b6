// Putting in, taking out and waking; see ready_list.h. Thread rule: as told there.

#include "native/core/watch/ready_list.h"

#include <cassert>
#include <mutex>

namespace shardwatch {

ReadyList::~ReadyList() { assert(is_closed_ && wakes_due_.load(std::memory_order_relaxed) == 0); }

void ReadyList::Close() {
  {
    std::lock_guard lock(mu_);
    is_closed_ = true;
  }
  // Those who are between Add and Wake wait for nothing.
  Backoff backoff;
  while (wakes_due_.load(std::memory_order_acquire) > 0) backoff.Pause();
}

size_t ReadyList::Take(uint64_t* consumers, size_t max) {
  size_t count = 0;
  std::lock_guard lock(mu_);
  while (count < max && first_ != nullptr) {
    ReadyEntry& entry = *first_;
    first_ = entry.next_;
    (first_ == nullptr ? last_ : first_->previous_) = nullptr;
    entry.is_listed_ = false;
    WakeState state = WakeState::kSignalled;
    if (entry.wake_state.compare_exchange_strong(state, WakeState::kCalled,
                                                 std::memory_order_relaxed)) {
      consumers[count++] = entry.consumer;
    }
  }
  if (first_ == nullptr) is_empty_.store(true, std::memory_order_release);
  return count;
}

bool ReadyList::Add(std::span<ReadyEntry* const> entries, bool is_foreign) {
  std::lock_guard lock(mu_);
  const bool was_empty = first_ == nullptr;
  for (ReadyEntry* const entry : entries) {
    if (entry->is_listed_) continue;
    entry->is_listed_ = true;
    entry->next_ = nullptr;
    entry->previous_ = last_;
    (last_ == nullptr ? first_ : last_->next_) = entry;
    last_ = entry;
  }
  if (!was_empty || first_ == nullptr) return false;
  is_empty_.store(false, std::memory_order_release);
  if (!is_foreign || is_closed_) return false;
  wakes_due_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void ReadyList::Wake() {
  {
    std::lock_guard lock(mu_);
    if (!is_closed_) wake_(data_);
  }
  // The list may be gone afterwards.
  wakes_due_.fetch_sub(1, std::memory_order_release);
}

void ReadyList::Remove(ReadyEntry& entry) {
  std::lock_guard lock(mu_);
  if (!entry.is_listed_) return;
  entry.is_listed_ = false;
  (entry.previous_ == nullptr ? first_ : entry.previous_->next_) = entry.next_;
  (entry.next_ == nullptr ? last_ : entry.next_->previous_) = entry.previous_;
  if (first_ == nullptr) is_empty_.store(true, std::memory_order_release);
}

}  // namespace shardwatch
