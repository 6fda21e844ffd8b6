// One watch, as its cache keeps it: where it stands, and the lists that it is in.
//
//  1. `next_sequence` is that of the first record it has not passed; what it means depends on the
//     state: of kReplay the record it stands at (`is_known`: a matching one, of `replay_type`), of
//     kJoined it has passed everything below in its group.
//  2. While `is_draining`, the drainer has the initial state, the membership of the group and, in
//     kReplay, the place in the log to itself, without the lock: whoever ends the watch meanwhile
//     leaves all of it to the drainer.
// Thread rule: everything is guarded by the lock of Watches, except where told otherwise.

#ifndef NATIVE_CORE_WATCH_WATCH_STATE_H_
#define NATIVE_CORE_WATCH_WATCH_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "native/core/object/scope.h"
#include "native/core/shard/scope_walk.h"
#include "native/core/shard/store.h"
#include "native/core/watch/ready_list.h"
#include "native/core/watch/watch.h"

namespace shardwatch {

class WatchGroup;

enum class CursorState : uint8_t { kFuture, kReplay, kJoined, kEnded };

// The state that a watch begins with, and how far it has been drained.
struct InitialState {
  InitialState(StateHold state, const Scope& scope) : hold(std::move(state)) {
    walk.emplace(hold.state(), scope, std::nullopt, true);
  }

  StateHold hold;
  std::optional<ScopeWalk> walk;
  // The key of the last object that was drained or passed over; no name: none was.
  std::string last_namespace;
  std::string last_name;
  // In a list of what is to be freed.
  InitialState* next = nullptr;
};

struct WatchLinks {
  Watch* next = nullptr;
  Watch* previous = nullptr;
};

// What an event touches comes first, on one cache line.
struct alignas(64) Watch : ReadyEntry {
  CursorState state = CursorState::kFuture;
  // Whether it is in its group's list of those to be signalled with the next event.
  bool is_waiting = false;
  WatchEnd end = WatchEnd::kNone;
  bool is_draining = false;
  bool is_known = false;
  WatchEventType replay_type = WatchEventType::kAdded;
  WatchLinks waiting;
  uint64_t next_sequence = 0;
  // Immutable.
  ReadyList* ready = nullptr;

  // Immutable once opened.
  uint64_t revision = 0;
  uint64_t generation = 0;
  // Of the state, by one drain.
  uint64_t looks = WalkBudget::kUnlimited;
  // Everything up to this revision that matched and was in the log was passed when it joined.
  uint64_t seen_revision = 0;
  // The owner's.
  uint64_t position = 0;
  // Null once it has ended.
  WatchGroup* group = nullptr;
  // Whether the initial state is still to be drained: `initial` may have been given up before.
  bool is_initial = false;
  InitialState* initial = nullptr;
  // Of `initial`, while it is in the list of those.
  uint64_t initial_tick = 0;
  WatchLinks member;
  // Among the futures, or those of the group that have joined.
  WatchLinks place;
  WatchLinks among_initials;
};

// A list of watches through one pair of their links.
template <WatchLinks Watch::*kLinks>
class WatchList {
 public:
  WatchList() = default;
  WatchList(const WatchList&) = delete;
  WatchList& operator=(const WatchList&) = delete;

  bool empty() const { return first_ == nullptr; }
  Watch* first() const { return first_; }
  Watch* last() const { return last_; }
  static Watch* Next(const Watch& watch) { return (watch.*kLinks).next; }
  static Watch* Previous(const Watch& watch) { return (watch.*kLinks).previous; }

  void Append(Watch& watch) { InsertAfter(last_, watch); }

  // Behind another one; null: as the first.
  void InsertAfter(Watch* previous, Watch& watch) {
    Watch* const next = previous == nullptr ? first_ : (previous->*kLinks).next;
    watch.*kLinks = {.next = next, .previous = previous};
    (previous == nullptr ? first_ : (previous->*kLinks).next) = &watch;
    (next == nullptr ? last_ : (next->*kLinks).previous) = &watch;
  }

  // The first of all, which are linked to one another still, and to be unlinked by the caller.
  Watch* TakeAll() {
    last_ = nullptr;
    return std::exchange(first_, nullptr);
  }

  void Remove(Watch& watch) {
    const WatchLinks links = std::exchange(watch.*kLinks, {});
    (links.previous == nullptr ? first_ : (links.previous->*kLinks).next) = links.next;
    (links.next == nullptr ? last_ : (links.next->*kLinks).previous) = links.previous;
  }

 private:
  Watch* first_ = nullptr;
  Watch* last_ = nullptr;
};

using MemberList = WatchList<&Watch::member>;
using PlaceList = WatchList<&Watch::place>;
using WaitingList = WatchList<&Watch::waiting>;
using InitialList = WatchList<&Watch::among_initials>;

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_WATCH_STATE_H_
