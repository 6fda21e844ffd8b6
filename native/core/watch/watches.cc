// Opening and closing watches, and their groups; see watches.h. Events: watches_offer.cc, drains:
// watches_drain.cc. Thread rule: as told there.

#include "native/core/watch/watches.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <mutex>
#include <new>
#include <optional>

#include "native/core/watch/garbage.h"
#include "native/core/watch/log_search.h"

namespace shardwatch {

Watches::~Watches() {
  assert(members_.empty() && groups_.empty() && interest_.empty());
  assert(count_.load(std::memory_order_relaxed) == 0);
}

WatchOpened Watches::Open(const WatchRequest& request, EpochSlot& slot) {
  WatchOpened outcome;
  if (!CanBegin(request, slot, outcome)) return outcome;
  std::unique_ptr<Watch> watch(new (std::nothrow) Watch);
  if (watch == nullptr) {
    outcome.fault = WatchFault::kOutOfMemory;
    return outcome;
  }
  watch->ready = request.ready;
  watch->looks = request.looks;
  watch->consumer = request.consumer;
  // Before the root is loaded: from here on publishers offer what that may lack.
  count_.fetch_add(1, std::memory_order_seq_cst);
  watch->group = AcquireGroup(request, outcome);
  if (watch->group != nullptr) {
    Begin(*watch, request, slot, outcome);
    if (outcome.fault == WatchFault::kNone) {
      outcome.watch = watch.release();
      return outcome;
    }
    Garbage garbage;
    std::lock_guard lock(mu_);
    garbage.Add(watch->initial);
    ReleaseGroup(*watch->group, garbage);
  }
  count_.fetch_sub(1, std::memory_order_relaxed);
  return outcome;
}

// What is closed or too old is refused before the scope is looked at.
bool Watches::CanBegin(const WatchRequest& request, EpochSlot& slot, WatchOpened& outcome) const {
  {
    std::lock_guard lock(mu_);
    if (is_closed_) outcome.fault = WatchFault::kClosed;
  }
  if (outcome.fault == WatchFault::kNone && !request.from_state) {
    EpochPin pin(store_.epochs(), slot);
    const Root& root = *store_.LoadRoot();
    outcome.oldest_revision = root.log.oldest_revision;
    if (request.after < outcome.oldest_revision) outcome.fault = WatchFault::kRevisionExpired;
    if (root.is_closed) outcome.fault = WatchFault::kClosed;
  }
  return outcome.fault == WatchFault::kNone;
}

// With a member more; null with a fault.
WatchGroup* Watches::AcquireGroup(const WatchRequest& request, WatchOpened& outcome) {
  const uint64_t hash = HashText(request.group_key, HashPointer(this));
  {
    std::lock_guard lock(mu_);
    WatchGroup* const found = FindGroup(hash, request.group_key);
    if (found != nullptr) {
      ++found->members;
      return found;
    }
  }
  outcome.fault = WatchFault::kOutOfMemory;
  std::unique_ptr<WatchGroup> group(new (std::nothrow) WatchGroup(request, hash, store_.strings()));
  if (group == nullptr) return nullptr;
  const ScopeOutcome compiled = group->Compile(request, store_.fields());
  if (compiled.fault == ScopeFault::kUndeclaredField) {
    outcome.fault = WatchFault::kUndeclaredField;
    outcome.path = compiled.path;
  }
  if (compiled.fault != ScopeFault::kNone) return nullptr;
  std::lock_guard lock(mu_);
  // Somebody else may have been faster.
  WatchGroup* found = FindGroup(hash, request.group_key);
  if (found == nullptr) {
    if (!groups_.Insert(*group)) return nullptr;
    if (!interest_.Add(*group)) {
      groups_.Erase(*group);
      return nullptr;
    }
    found = group.release();
  }
  ++found->members;
  outcome.fault = WatchFault::kNone;
  return found;
}

WatchGroup* Watches::FindGroup(uint64_t hash, std::string_view key) const {
  return groups_.Find(hash, [key](const WatchGroup& group) { return group.key() == key; });
}

void Watches::ReleaseGroup(WatchGroup& group, Garbage& garbage) {
  if (--group.members > 0) return;
  interest_.Remove(group);
  groups_.Erase(group);
  garbage.Add(group);
}

// Finds where the watch begins, and lists it there.
void Watches::Begin(Watch& watch, const WatchRequest& request, EpochSlot& slot,
                    WatchOpened& outcome) {
  std::optional<EpochPin> pin;
  Root* root = nullptr;
  const auto load = [this, &slot, &pin, &root] {
    pin.reset();
    pin.emplace(store_.epochs(), slot);
    root = store_.LoadRoot();
  };
  for (Listing listing = Listing::kLoadAgain; listing != Listing::kDone;) {
    const uint64_t generation = root == nullptr ? 0 : root->generation;
    load();
    const bool is_same = listing == Listing::kScanOn && root->generation == generation &&
                         watch.next_sequence >= root->log.first;
    if (!is_same && !Place(watch, request, *root, outcome)) return;
    uint64_t records_max = kSearchedMax;
    if (watch.state != CursorState::kFuture) {
      FindNext(root->log, watch.group->scope(), records_max, watch);
      watch.seen_revision = root->revision;
    }
    const bool is_placed = watch.state == CursorState::kFuture || watch.is_known ||
                           watch.next_sequence == root->log.end;
    listing = is_placed ? List(watch) : Listing::kScanOn;
    if (listing != Listing::kClosed) continue;
    outcome.fault = WatchFault::kClosed;
    return;
  }
}

// Where the watch would begin as of this root.
bool Watches::Place(Watch& watch, const WatchRequest& request, Root& root, WatchOpened& outcome) {
  outcome.oldest_revision = root.log.oldest_revision;
  if (root.is_closed) {
    outcome.fault = WatchFault::kClosed;
    return false;
  }
  watch.generation = root.generation;
  watch.seen_revision = root.revision;
  watch.is_known = false;
  watch.state = CursorState::kReplay;
  if (request.from_state) {
    delete std::exchange(watch.initial, nullptr);
    watch.initial = new (std::nothrow) InitialState(store_.Hold(root), watch.group->scope());
    if (watch.initial == nullptr) {
      outcome.fault = WatchFault::kOutOfMemory;
      return false;
    }
    watch.is_initial = true;
    watch.initial_tick = root.tick();
    watch.revision = root.revision;
    watch.next_sequence = root.log.end;
    return true;
  }
  watch.revision = request.after;
  if (request.after < root.log.oldest_revision) {
    outcome.fault = WatchFault::kRevisionExpired;
    return false;
  }
  if (request.after > root.revision) {
    watch.state = CursorState::kFuture;
  } else {
    watch.next_sequence = root.log.Find(request.after);
  }
  return true;
}

Watches::Listing Watches::List(Watch& watch) {
  Signals signals(watch.ready);
  std::lock_guard lock(mu_);
  if (is_closed_) return Listing::kClosed;
  if (watch.generation < generation_) return Listing::kLoadAgain;
  if (watch.state == CursorState::kFuture) {
    // What has been offered meanwhile may be above its revision.
    if (offered_revision_ > watch.revision) return Listing::kLoadAgain;
    futures_.Append(watch);
    futures_after_ = std::min(futures_after_, watch.revision);
  } else if (!watch.is_known) {
    if (watch.next_sequence < offered_end_) return Listing::kScanOn;
    Join(watch, watch.next_sequence);
  }
  members_.Append(watch);
  if (watch.is_initial) ListInitial(watch);
  if (watch.is_initial || watch.is_known) {
    signals.Add(watch);
    signals.Flush();
  } else if (watch.state == CursorState::kJoined) {
    watch.group->Wait(watch);
  }
  return Listing::kDone;
}

// Mostly behind all others.
void Watches::ListInitial(Watch& watch) {
  Watch* previous = initials_.last();
  while (previous != nullptr && previous->initial_tick > watch.initial_tick) {
    previous = InitialList::Previous(*previous);
  }
  initials_.InsertAfter(previous, watch);
}

void Watches::UnlistInitial(Watch& watch) {
  if (next_moved_ == &watch) next_moved_ = InitialList::Next(watch);
  initials_.Remove(watch);
}

void Watches::Join(Watch& watch, uint64_t next_sequence) {
  joined_end_ = std::max(joined_end_, next_sequence);
  watch.group->Join(watch, next_sequence);
}

// Leaves all lists, but what a drain under way needs.
void Watches::Leave(Watch& watch, Garbage& garbage) {
  members_.Remove(watch);
  count_.fetch_sub(1, std::memory_order_relaxed);
  if (watch.initial != nullptr) UnlistInitial(watch);
  if (watch.state == CursorState::kFuture) futures_.Remove(watch);
  if (watch.state == CursorState::kJoined) watch.group->Leave(watch);
  watch.state = CursorState::kEnded;
  if (!watch.is_draining) FinishDrain(watch, garbage);
}

void Watches::FinishDrain(Watch& watch, Garbage& garbage) {
  watch.is_draining = false;
  if (watch.state != CursorState::kEnded) return;
  garbage.Add(std::exchange(watch.initial, nullptr));
  ReleaseGroup(*std::exchange(watch.group, nullptr), garbage);
}

void Watches::Close(Watch* watch) {
  {
    Garbage garbage;
    std::lock_guard lock(mu_);
    if (watch->end == WatchEnd::kNone) Leave(*watch, garbage);
  }
  watch->ready->Remove(*watch);
  delete watch;
}

size_t Watches::group_count() const {
  std::lock_guard lock(mu_);
  return groups_.size();
}

uint64_t Watches::pending_count() const {
  uint64_t count = 0;
  std::lock_guard lock(mu_);
  groups_.ForEach([&count](const WatchGroup& group) { count += group.pending_count(); });
  return count;
}

uint64_t Watches::asked() const {
  std::lock_guard lock(mu_);
  return interest_.asked();
}

}  // namespace shardwatch
