// Watches of one JavaScript environment whose consumer is to be called: publishers of any thread
// put them in, the environment takes them out on its own turn of the event loop.
//
//   quiet --(something to drain)--> signalled --(Take)--> called
//     ^                                 |                   |
//     +-------------(drain)-------------+-------------------+
//
//  1. A consumer is called at most once between two drains: only what is signalled is taken, and
//     only what is quiet becomes signalled.
//  2. An entry is in the list at most once. One that was drained before it was taken stays where it
//     is and is passed over: Take may find nothing though the list was not empty.
//  3. `wake` is called when the list was empty and a thread other than its owner's puts something
//     in, and then not again until Take has emptied it.
// Thread rule: Take, Remove and Close belong to the owner; the rest is for any thread.
// Lock order: mu_ is a leaf but for `wake`, which is called while it is held.

#ifndef NATIVE_CORE_WATCH_READY_LIST_H_
#define NATIVE_CORE_WATCH_READY_LIST_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "native/core/shard/spin_lock.h"

namespace shardwatch {

enum class WakeState : uint8_t { kQuiet, kSignalled, kCalled };

// The part of a watch that its ready list needs.
class ReadyEntry {
 public:
  ReadyEntry() = default;
  ReadyEntry(const ReadyEntry&) = delete;
  ReadyEntry& operator=(const ReadyEntry&) = delete;

 private:
  friend class ReadyList;

  // Guarded by the list's mu_.
  ReadyEntry* next_ = nullptr;
  ReadyEntry* previous_ = nullptr;

 public:
  // What stands for the watch's consumer in its environment. Only of meaning there, and changed by
  // its thread alone.
  uint64_t consumer = 0;

  // Atomic. See rule 1; changes under the lock of the entry's cache, but for the step of Take.
  std::atomic<WakeState> wake_state = WakeState::kQuiet;

 private:
  // Guarded by the list's mu_.
  bool is_listed_ = false;
};

class ReadyList {
 public:
  // `wake(data)` may be called by any thread, while mu_ is held, and now and then the lock of a
  // cache's watches: it must call neither.
  ReadyList(void (*wake)(void* data), void* data) : wake_(wake), data_(data) {}
  // REQUIRES: closed, and no entries that could still be added (their watches are closed).
  ~ReadyList();
  ReadyList(const ReadyList&) = delete;
  ReadyList& operator=(const ReadyList&) = delete;

  // `wake` is never called again, nor the list used by publishers for it, once this returns.
  void Close();

  // Takes entries, until `max` consumers were found or the list is empty; tells how many consumers
  // there are, each of which is to be called now. Fewer than `max`: the list was emptied.
  size_t Take(uint64_t* consumers, size_t max);

  // Whether Take has nothing to do.
  bool empty() const { return is_empty_.load(std::memory_order_acquire); }

  // Puts entries in that have become signalled. With `is_foreign` it tells whether Wake has to be
  // called, once, after whatever locks are held now: the list is not closed until then.
  bool Add(std::span<ReadyEntry* const> entries, bool is_foreign);

  // Calls `wake`, unless the list is closed. REQUIRES: Add has told so.
  void Wake();

  // Takes an entry out for good.
  void Remove(ReadyEntry& entry);

 private:
  void (*const wake_)(void* data);
  void* const data_;
  mutable SpinLock mu_;
  // Guarded by mu_.
  bool is_closed_ = false;
  ReadyEntry* first_ = nullptr;
  ReadyEntry* last_ = nullptr;
  // Atomic: written under mu_.
  std::atomic<bool> is_empty_ = true;
  // Atomic. Calls of Wake that are due.
  std::atomic<uint32_t> wakes_due_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_READY_LIST_H_
