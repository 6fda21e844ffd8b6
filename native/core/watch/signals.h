// Watches that become signalled while the lock of their cache is held: gathered and put into their
// ready lists many at a time, so that each costs a few nanoseconds; lists that were empty are woken
// after the lock is given up.
// Thread rule: belongs to one call. Add and Flush under the lock of Watches, Wake outside.

#ifndef NATIVE_CORE_WATCH_SIGNALS_H_
#define NATIVE_CORE_WATCH_SIGNALS_H_

#include <array>
#include <cassert>
#include <cstddef>

#include "native/core/watch/ready_list.h"
#include "native/core/watch/watch_state.h"

namespace shardwatch {

class Signals {
 public:
  // `own` is the list of the calling thread, which needs no waking; or null.
  explicit Signals(ReadyList* own) : own_(own) {}
  ~Signals() { assert(count_ == 0 && list_count_ == 0); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Signals a watch, unless it is already.
  void Add(Watch& watch) {
    if (watch.wake_state.load(std::memory_order_relaxed) != WakeState::kQuiet) return;
    watch.wake_state.store(WakeState::kSignalled, std::memory_order_relaxed);
    if (count_ == kWatchesMax || watch.ready != ready_) {
      Flush();
      ready_ = watch.ready;
    }
    watches_[count_++] = &watch;
  }

  // REQUIRES: called before the lock is given up.
  void Flush() {
    if (count_ == 0) return;
    const bool is_to_wake = ready_->Add({watches_.data(), count_}, ready_ != own_);
    count_ = 0;
    if (!is_to_wake) return;
    if (list_count_ < kListsMax) {
      lists_[list_count_++] = ready_;
    } else {
      ready_->Wake();
    }
  }

  // REQUIRES: called after the lock was given up.
  void Wake() {
    for (size_t index = 0; index < list_count_; ++index) lists_[index]->Wake();
    list_count_ = 0;
  }

 private:
  // Few enough to be in the nearest cache still when they are put into the list.
  static constexpr size_t kWatchesMax = 64;
  // More environments than these are woken under the lock.
  static constexpr size_t kListsMax = 16;

  ReadyList* const own_;
  ReadyList* ready_ = nullptr;
  size_t count_ = 0;
  size_t list_count_ = 0;
  std::array<ReadyEntry*, kWatchesMax> watches_;
  std::array<ReadyList*, kListsMax> lists_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_SIGNALS_H_
