// Threads that wait for a cache to reach a revision, and are woken through their ready lists when
// it has: reads that must be fresh, of a cache that another thread writes to.
//
//  1. Whoever waits registers first and loads the root then; publishers exchange the root first and
//     look who waits then, all of it sequentially consistent: no wake-up is lost.
//  2. A thread waits for one revision, the lowest that it was asked for; it is told once.
//  3. A publisher that nobody waits for pays one load.
// Thread rule: any thread; a RevisionWait belongs to its attachment's.
// Lock order: mu_, then a ready list's.

#ifndef NATIVE_CORE_CACHE_REVISION_WAITS_H_
#define NATIVE_CORE_CACHE_REVISION_WAITS_H_

#include <atomic>
#include <cstdint>

#include "native/core/shard/spin_lock.h"
#include "native/core/watch/ready_list.h"

namespace shardwatch {

class RevisionWait : public ReadyEntry {
 public:
  // The list outlives the wait.
  explicit RevisionWait(ReadyList& ready) : ready_(ready) {}

 private:
  friend class RevisionWaits;

  void SetQuiet() { wake_state.store(WakeState::kQuiet, std::memory_order_relaxed); }
  bool Signal() {
    WakeState state = WakeState::kQuiet;
    return wake_state.compare_exchange_strong(state, WakeState::kSignalled,
                                              std::memory_order_relaxed);
  }

  ReadyList& ready_;
  // Guarded by mu_.
  bool is_waiting_ = false;
  uint64_t revision_ = 0;
  RevisionWait* next_ = nullptr;
};

class RevisionWaits {
 public:
  RevisionWaits() = default;
  RevisionWaits(const RevisionWaits&) = delete;
  RevisionWaits& operator=(const RevisionWaits&) = delete;

  // Has the thread told when the revision is reached. The caller loads the root afterwards, and
  // cancels where that has it.
  void Await(RevisionWait& wait, uint64_t revision);

  void Cancel(RevisionWait& wait);

  // The revision is published. Nobody is woken in `own`, whose thread is the caller.
  void Notify(uint64_t revision, ReadyList* own);

 private:
  void Unlink(RevisionWait& wait);
  void SetLowest();

  SpinLock mu_;
  // Guarded by mu_.
  RevisionWait* first_ = nullptr;
  // Atomic: written under mu_. UINT64_MAX: nobody waits.
  std::atomic<uint64_t> lowest_ = UINT64_MAX;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_CACHE_REVISION_WAITS_H_
