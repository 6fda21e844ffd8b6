// The way of events to watches, and the end of them all; see watches.h. Thread rule: publishers, in
// ticket order; MoveInitial any thread.

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "native/core/watch/garbage.h"
#include "native/core/watch/watches.h"

namespace shardwatch {

namespace {

// Groups that are asked before others may have the lock: a bound for how long it is held.
constexpr uint64_t kAskedMax = 1024;

}  // namespace

void Watches::Offer(const Root& root, std::span<const EventRecord> records, uint64_t first_sequence,
                    ReadyList* own) {
  if (count_.load(std::memory_order_seq_cst) == 0) return;
  Signals signals(own);
  size_t index = 0;
  do {
    {
      std::lock_guard lock(mu_);
      log_first_ = root.log.first;
      const uint64_t asked_max = interest_.asked() + kAskedMax;
      for (; index < records.size() && interest_.asked() < asked_max; ++index) {
        OfferRecord(records[index], first_sequence + index, signals);
      }
      if (index == records.size()) {
        BeginFutures(root, records, first_sequence, signals);
        offered_end_ = root.log.end;
        offered_revision_ = root.revision;
      }
      signals.Flush();
    }
    signals.Wake();
  } while (index < records.size());
}

void Watches::OfferRecord(const EventRecord& record, uint64_t sequence, Signals& signals) {
  const bool is_ahead = sequence < joined_end_;
  interest_.Offer(record, sequence,
                  [this, sequence, is_ahead, &signals](WatchGroup& group, WatchEventType type) {
                    group.Note({sequence, type}, log_first_, is_ahead, signals);
                  });
  offered_end_ = sequence + 1;
  offered_revision_ = record.revision;
}

// Begins the watches whose revision was passed. Without an event above it there is no hurry.
void Watches::BeginFutures(const Root& root, std::span<const EventRecord> records,
                           uint64_t first_sequence, Signals& signals) {
  if (futures_after_ >= root.revision) return;
  futures_after_ = UINT64_MAX;
  for (Watch* watch = futures_.first(); watch != nullptr;) {
    Watch* const next = PlaceList::Next(*watch);
    if (watch->revision >= root.revision) {
      futures_after_ = std::min(futures_after_, watch->revision);
      watch = next;
      continue;
    }
    futures_.Remove(*watch);
    // All events above its revision are among these: the root before was not above it.
    size_t index = 0;
    for (; index < records.size() && !watch->is_known; ++index) {
      if (records[index].revision <= watch->revision) continue;
      const std::optional<WatchEventType> type =
          watch->group->scope().Transition(records[index].previous, records[index].version);
      if (!type) continue;
      watch->state = CursorState::kReplay;
      watch->next_sequence = first_sequence + index;
      watch->is_known = true;
      watch->replay_type = *type;
      signals.Add(*watch);
    }
    if (!watch->is_known) {
      Join(*watch, root.log.end);
      watch->group->Wait(*watch);
    }
    watch = next;
  }
}

void Watches::EndAll(WatchEnd reason, ReadyList* own) {
  const Root& root = *store_.LoadRoot();
  Signals signals(own);
  {
    Garbage garbage;
    std::lock_guard lock(mu_);
    if (reason == WatchEnd::kClosed) is_closed_ = true;
    generation_ = root.generation;
    offered_end_ = root.log.end;
    offered_revision_ = root.revision;
    log_first_ = root.log.first;
    for (Watch* watch = members_.first(); watch != nullptr;) {
      Watch* const next = MemberList::Next(*watch);
      if (is_closed_ || watch->generation < generation_) {
        watch->end = reason;
        Leave(*watch, garbage);
        signals.Add(*watch);
      }
      watch = next;
    }
    signals.Flush();
  }
  signals.Wake();
}

uint64_t Watches::OldestInitialTick() const {
  std::lock_guard lock(mu_);
  return initials_.empty() ? UINT64_MAX : initials_.first()->initial_tick;
}

void Watches::MoveInitial(const StateHold& oldest) {
  {
    std::lock_guard lock(mu_);
    if (is_moving_) return;
    is_moving_ = true;
    next_moved_ = initials_.first();
  }
  while (MoveNextInitial(oldest)) {
  }
}

// False at the end.
bool Watches::MoveNextInitial(const StateHold& oldest) {
  Garbage garbage;
  StateHold replaced;
  std::lock_guard lock(mu_);
  Watch* const watch = next_moved_;
  if (watch == nullptr || watch->initial_tick >= oldest.tick()) {
    is_moving_ = false;
    next_moved_ = nullptr;
    return false;
  }
  next_moved_ = InitialList::Next(*watch);
  // Whether events that the newer state has concern the watch is known when they were offered. One
  // that is being drained does not stall.
  const bool is_known = oldest.revision() <= offered_revision_;
  if (!is_known || watch->is_draining || watch->generation != oldest.generation()) return true;
  if (HasLost(*watch, log_first_)) {
    UnlistInitial(*watch);
    garbage.Add(std::exchange(watch->initial, nullptr));
    return true;
  }
  InitialState& initial = *watch->initial;
  replaced = std::exchange(initial.hold, oldest.Share());
  // The lowest key behind that of the last object.
  const std::string name = initial.last_name + '\0';
  std::optional<KeyView> start;
  if (!initial.last_name.empty()) start = {.namespace_name = initial.last_namespace, .name = name};
  initial.walk.emplace(initial.hold.state(), watch->group->scope(), start, true);
  watch->initial_tick = oldest.tick();
  return true;
}

}  // namespace shardwatch
