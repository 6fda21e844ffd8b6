// Waiting and telling; see revision_waits.h. Thread rule: any thread.

#include "native/core/cache/revision_waits.h"

#include <algorithm>
#include <mutex>

namespace shardwatch {

void RevisionWaits::Await(RevisionWait& wait, uint64_t revision) {
  std::lock_guard lock(mu_);
  wait.SetQuiet();
  wait.revision_ = wait.is_waiting_ ? std::min(wait.revision_, revision) : revision;
  if (!wait.is_waiting_) {
    wait.is_waiting_ = true;
    wait.next_ = first_;
    first_ = &wait;
  }
  SetLowest();
}

void RevisionWaits::Cancel(RevisionWait& wait) {
  std::lock_guard lock(mu_);
  Unlink(wait);
  wait.ready_.Remove(wait);
}

void RevisionWaits::Notify(uint64_t revision, ReadyList* own) {
  if (lowest_.load(std::memory_order_seq_cst) > revision) return;
  // One wake-up at a time: a list stays for as long as a call of Wake is due.
  for (;;) {
    ReadyList* woken = nullptr;
    {
      std::lock_guard lock(mu_);
      RevisionWait* wait = first_;
      while (wait != nullptr && wait->revision_ > revision) wait = wait->next_;
      if (wait == nullptr) return;
      Unlink(*wait);
      ReadyEntry* const entry = wait;
      const bool is_foreign = &wait->ready_ != own;
      if (wait->Signal() && wait->ready_.Add({&entry, 1}, is_foreign)) woken = &wait->ready_;
    }
    if (woken != nullptr) woken->Wake();
  }
}

void RevisionWaits::Unlink(RevisionWait& wait) {
  if (!wait.is_waiting_) return;
  wait.is_waiting_ = false;
  RevisionWait** at = &first_;
  while (*at != &wait) at = &(*at)->next_;
  *at = wait.next_;
  SetLowest();
}

void RevisionWaits::SetLowest() {
  uint64_t lowest = UINT64_MAX;
  for (const RevisionWait* wait = first_; wait != nullptr; wait = wait->next_) {
    lowest = std::min(lowest, wait->revision_);
  }
  lowest_.store(lowest, std::memory_order_seq_cst);
}

}  // namespace shardwatch
