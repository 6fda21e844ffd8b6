// All watches of one cache, and the way of an event to them.
//
//   record --> interest --> group (matches once, notes as pending) --> watches --> ready lists
//
//   future    waits for the cache to pass the revision that it begins after
//   replay    behind what was offered: looks through the log itself
//   joined    has seen all that was offered when it joined: reads what its group noted since
//
//  1. A replaying watch stands at a matching record, or goes on at once; with none left it joins.
//     So watches follow the log's end for free while nothing matches, and one has lost an event if,
//     and only if, the record that it stands at left the log. (A drain that is overtaken while it
//     looks can't know whether what it missed matched, and takes it for lost.)
//  2. Publishers look at an atomic count before anything else: with no watch they do nothing. A
//     watch is counted before its root is loaded, and a root is published before the count is read,
//     all of it sequentially consistent: no watch misses a record between the two.
//  3. A watch that ended or was closed is in no list, map or index, nor is its group when it was
//     the last one. Its initial state is let go at once, unless it is being drained just now.
//  4. The lock is held for the change of a few lists: neither while the log is looked through, nor
//     while a sink is filled, nor while anything is freed.
// Thread rule: a watch is opened, drained and closed by one thread, to which its ready list
// belongs; the rest is for any thread, Offer and EndAll for one at a time, in ticket order.
// Lock order: mu_, then a ready list's; HeldRoots' is below it too.

#ifndef NATIVE_CORE_WATCH_WATCHES_H_
#define NATIVE_CORE_WATCH_WATCHES_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "native/core/epoch/epoch.h"
#include "native/core/log/event_log.h"
#include "native/core/shard/root.h"
#include "native/core/shard/spin_lock.h"
#include "native/core/shard/store.h"
#include "native/core/watch/entry_table.h"
#include "native/core/watch/interest.h"
#include "native/core/watch/ready_list.h"
#include "native/core/watch/signals.h"
#include "native/core/watch/watch.h"
#include "native/core/watch/watch_group.h"
#include "native/core/watch/watch_state.h"

namespace shardwatch {

class Watches {
 public:
  explicit Watches(Store& store) : store_(store) {}
  // REQUIRES: no watches, ended ones included.
  ~Watches();
  Watches(const Watches&) = delete;
  Watches& operator=(const Watches&) = delete;

  // Opens a watch at the current root, which it loads itself: REQUIRES: the slot is not pinned. A
  // watch with something to drain from the start is in its ready list afterwards, without a call
  // of the list's `wake`: the caller looks at it.
  WatchOpened Open(const WatchRequest& request, EpochSlot& slot);

  // See ReadyEntry.
  static void SetConsumer(Watch& watch, uint64_t consumer) { watch.consumer = consumer; }

  // Where live events begin: strictly above this. The initial state is the state at it.
  static uint64_t RevisionOf(const Watch& watch) { return watch.revision; }

  // Delivers what there is to the sink, until that is full. REQUIRES: the slot is not pinned.
  DrainResult Drain(Watch& watch, EpochSlot& slot, DrainSink& sink);

  // Closes and frees the watch, ended or not. Its consumer is not called any more.
  void Close(Watch* watch);

  // Brings a publication to the watches, in ticket order after the exchange; also one without
  // records, since a root that only raises the revision, or trims the log, is told of too.
  // `records[i]` has sequence `first_sequence + i`; some may have left the root's log already.
  // `own` is the publisher's own ready list, or null: its `wake` is not called, so the caller looks
  // at it afterwards.
  void Offer(const Root& root, std::span<const EventRecord> records, uint64_t first_sequence,
             ReadyList* own);

  // Ends all watches, in ticket order after the exchange of a new generation's first root
  // (kReplaced) or of the last root (kClosed, and Open fails with it from now on).
  void EndAll(WatchEnd reason, ReadyList* own);

  // Lets no initial state that is still to be drained hold a state from before this one, where the
  // log begins: it goes over to this one. What is left to drain is the same in both, since events
  // between them have left the log, so none of them matched; or the watch has lost one and delivers
  // nothing any more.
  void MoveInitial(const StateHold& oldest);

  // Of the oldest state that an initial one holds; UINT64_MAX where there is none.
  uint64_t OldestInitialTick() const;

  // Watches that have not ended, and their groups.
  size_t count() const { return count_.load(std::memory_order_relaxed); }
  size_t group_count() const;

  // Events that wait in groups, and how many times a group was asked whether one concerns it.
  uint64_t pending_count() const;
  uint64_t asked() const;

 private:
  friend class LiveDrain;
  class Garbage;

  // What becomes of a watch that is about to be listed.
  enum class Listing : uint8_t { kDone, kScanOn, kLoadAgain, kClosed };

  bool CanBegin(const WatchRequest& request, EpochSlot& slot, WatchOpened& outcome) const;
  WatchGroup* AcquireGroup(const WatchRequest& request, WatchOpened& outcome);
  WatchGroup* FindGroup(uint64_t hash, std::string_view key) const;
  void ReleaseGroup(WatchGroup& group, Garbage& garbage);

  void Begin(Watch& watch, const WatchRequest& request, EpochSlot& slot, WatchOpened& outcome);
  bool Place(Watch& watch, const WatchRequest& request, Root& root, WatchOpened& outcome);
  Listing List(Watch& watch);
  void ListInitial(Watch& watch);
  void UnlistInitial(Watch& watch);
  void Join(Watch& watch, uint64_t next_sequence);
  void Leave(Watch& watch, Garbage& garbage);
  void FinishDrain(Watch& watch, Garbage& garbage);

  bool HasLost(const Watch& watch, uint64_t log_first) const;
  bool HasNext(const Watch& watch) const;
  DrainResult DrainInitial(Watch& watch, DrainSink& sink);
  bool MoveNextInitial(const StateHold& oldest);

  void OfferRecord(const EventRecord& record, uint64_t sequence, Signals& signals);
  void BeginFutures(const Root& root, std::span<const EventRecord> records, uint64_t first_sequence,
                    Signals& signals);

  Store& store_;
  // Atomic. Listed watches, and those that are being opened.
  std::atomic<size_t> count_ = 0;
  mutable SpinLock mu_;
  // Guarded by mu_, as is all below.
  Interest interest_;
  EntryTable<WatchGroup> groups_;
  MemberList members_;
  PlaceList futures_;
  // No future watch begins after a lower revision.
  uint64_t futures_after_ = UINT64_MAX;
  // Those with an initial state, by rising ticks of what they hold.
  InitialList initials_;
  // The next one for MoveInitial to look at; whether one is at work.
  Watch* next_moved_ = nullptr;
  bool is_moving_ = false;
  bool is_closed_ = false;
  // Watches of lower generations have been ended.
  uint64_t generation_ = 0;
  // Records below this were offered, and everything up to this revision; those below the third have
  // left the log.
  uint64_t offered_end_ = 0;
  uint64_t offered_revision_ = 0;
  uint64_t log_first_ = 0;
  // No watch has joined that had passed a record from here on.
  uint64_t joined_end_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_WATCHES_H_
