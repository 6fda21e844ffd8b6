// States of the past: roots retained every so many events, and any state between them made from the
// nearest one by applying or undoing the log's records.
//
//   log        first ...                                           end
//   retained       |        *------------*------------*          * current
//                  +-<------+    > >     |
//              undone from here  | +-<---+ undone
//                                +-------- applied from the left neighbour
//
//  1. Retained roots are not below the log's first record, so every version in them is also in the
//     log or in the current state: they keep no version alive, only their own nodes.
//  2. A rebuilt state is the state at exactly its sequence.
//  3. A path is copied for each record that is applied or undone, which is why one root in
//     kRetainedEvery is kept rather than each.
// Thread rule: any thread; the lock is held for a look at a list, never while a state is made.

#ifndef NATIVE_CORE_CACHE_HISTORY_H_
#define NATIVE_CORE_CACHE_HISTORY_H_

#include <cstddef>
#include <cstdint>

#include "native/core/epoch/epoch.h"
#include "native/core/shard/publisher.h"
#include "native/core/shard/root.h"
#include "native/core/shard/spin_lock.h"
#include "native/core/shard/store.h"

namespace shardwatch {

// Events between retained roots: at most half as many are applied or undone for any revision. With
// fewer events between them roots retain nodes again and again that one of them would do for.
inline constexpr uint64_t kRetainedEvery = 6144;

// Rebuilt states that are kept: as many paginated lists at different revisions go on without a
// rebuild.
inline constexpr size_t kRebuiltMax = 16;

enum class HistoryFault : uint8_t { kNone, kExpired, kFuture, kOutOfMemory, kClosed };

struct PastState {
  HistoryFault fault = HistoryFault::kNone;
  StateHold state;
  // Of kExpired the lowest revision that there is, of kFuture the current one.
  uint64_t revision = 0;
};

class History {
 public:
  History(Store& store, Publisher& publisher) : store_(store), publisher_(publisher) {}
  // REQUIRES: cleared.
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // Retains a root that was just published, if it is time for one, and forgets those that its log
  // has left behind. In ticket order.
  void Offer(Root& root);

  // Forgets all states. In ticket order.
  void Clear();

  // The state at a revision.
  PastState At(uint64_t revision, EpochSlot& slot);

  // The oldest state that there is.
  PastState Oldest(EpochSlot& slot);

  // States that are kept.
  size_t count() const;

 private:
  PastState AtSequence(uint64_t sequence, uint64_t revision, Root& current);
  StateHold FindRebuilt(uint64_t sequence, uint64_t generation, uint64_t revision);
  Root* HoldNearest(uint64_t sequence, Root& current);
  RebuiltState* Rebuild(uint64_t sequence, const Root& base, const LogView& log);
  void Remember(RebuiltState* state);
  void Forget(uint64_t first_sequence);

  Store& store_;
  Publisher& publisher_;
  mutable SpinLock mu_;
  // Guarded by mu_. Rising sequences.
  Root* oldest_ = nullptr;
  Root* newest_ = nullptr;
  size_t retained_ = 0;
  // Guarded by mu_. The most recently used one first.
  RebuiltState* rebuilt_ = nullptr;
  size_t rebuilt_count_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_CACHE_HISTORY_H_
