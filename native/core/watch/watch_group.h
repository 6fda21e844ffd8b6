// A group: all watches of one cache with equal scope, selector and apiVersion. An event is matched
// once for the group and noted for those of its watches that have joined.
//
//   pending    41 ADDED    44 MODIFIED    45 DELETED      a ring of a few bytes each
//                 ^                           ^           ^
//              slow one                  two others    one that has drained waits for 46
//
//  1. `pending` has every matching event that a joined watch has not passed, and is empty when all
//     have passed everything.
//  2. It has kPendingMax entries at most: a watch that is further behind goes back to looking
//     through the log itself, from exactly the event that it stood at.
//  3. Entries hold no version: a slow watch keeps nothing alive. One whose record left the log is
//     dropped when room is needed; `lost_below_` remembers it.
//  4. Noting an event can't fail: without memory for more entries, rule 2 holds for fewer.
// Thread rule: guarded by the lock of Watches, but for what is immutable once made.

#ifndef NATIVE_CORE_WATCH_WATCH_GROUP_H_
#define NATIVE_CORE_WATCH_WATCH_GROUP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "native/core/object/scope.h"
#include "native/core/object/stamp.h"
#include "native/core/watch/signals.h"
#include "native/core/watch/watch.h"
#include "native/core/watch/watch_state.h"

namespace shardwatch {

// What is left to be asked of a group that the index has found.
enum class GroupCheck : uint8_t {
  // Nothing: being found is all that its scope demands.
  kNone,
  // Whether a version that it was found by has one label, or has it not.
  kLabel,
  // An object that was found by one of its versions alone: the other may match by another value.
  kOnMove,
  kAlways,
};

// A matching event.
class PendingEvent {
 public:
  PendingEvent() = default;
  PendingEvent(uint64_t sequence, WatchEventType type)
      : bits_(sequence << 2 | static_cast<uint64_t>(type)) {}

  uint64_t sequence() const { return bits_ >> 2; }
  WatchEventType type() const { return static_cast<WatchEventType>(bits_ & 3); }

 private:
  uint64_t bits_ = 0;
};

class alignas(64) WatchGroup {
 public:
  static constexpr uint32_t kPendingMax = 1024;

  // `hash` is that of the request's key.
  WatchGroup(const WatchRequest& request, uint64_t key_hash, InternTable& strings);
  ~WatchGroup() = default;
  WatchGroup(const WatchGroup&) = delete;
  WatchGroup& operator=(const WatchGroup&) = delete;

  // Compiles the request's scope. Called once, first.
  ScopeOutcome Compile(const WatchRequest& request, FieldSelector::Declared declared);

  // Immutable.
  std::string_view key() const { return key_; }
  const Scope& scope() const { return scope_; }
  Rendering rendering() const {
    return {.api_version = is_rendered_ ? api_version_.get() : nullptr, .digits = nullptr};
  }
  GroupCheck check() const { return check_; }
  // Of kLabel.
  LabelPresence label() const { return {.label = label_, .is_wanted = is_label_wanted_}; }
  // Whether an event may find it more than once.
  bool is_found_often() const { return is_found_often_; }

  size_t joined() const { return joined_; }
  size_t pending_count() const { return count_; }

  // Whether it has been asked about that record already; it has from now on. Of one that is found
  // often.
  bool TestAsked(uint64_t sequence) {
    if (asked_sequence_ == sequence) return true;
    asked_sequence_ = sequence;
    return false;
  }

  // Has the memory fetched that is going to be touched, once the group's own is there.
  void Fetch() const {
#if defined(__GNUC__)
    __builtin_prefetch(waiting_.first());
    if (check_ < GroupCheck::kOnMove) return;
    const char* const scope = reinterpret_cast<const char*>(&asked_sequence_);
    __builtin_prefetch(scope);
    __builtin_prefetch(scope + 64);
    __builtin_prefetch(scope + 128);
#endif
  }

  // Notes a matching event and signals the watches that wait for it. Records below `log_first` have
  // left the log; with `is_ahead` some watches may have passed the event before they joined.
  void Note(PendingEvent event, uint64_t log_first, bool is_ahead, Signals& signals) {
    if (joined_ == 0) return;
    if (is_ahead) return NoteBehind(event, log_first, signals);
    if (count_ == capacity_ && !MakeRoom(log_first, signals)) return;
    Push(event);
    at_end_ = 0;
    SignalWaiting(signals);
  }

  // A watch joins that has passed everything below that sequence, and all that was noted so far.
  void Join(Watch& watch, uint64_t next_sequence);
  // A watch that has joined leaves.
  void Leave(Watch& watch);
  // A watch that has joined has passed everything below that sequence.
  void Pass(Watch& watch, uint64_t next_sequence);

  // Has a watch that has joined signalled with the next event.
  void Wait(Watch& watch);
  void StopWaiting(Watch& watch);

  // Whether an event that a joined watch has not passed has left the log.
  bool HasLost(const Watch& watch, uint64_t log_first) const;
  // Whether there is an event that a joined watch has not passed.
  bool HasNext(const Watch& watch) const { return IsBehind(watch.next_sequence); }
  // Copies events that a joined watch has not passed, as many as there are below `log_end`, and
  // there is room for.
  size_t Copy(const Watch& watch, uint64_t log_end, std::span<PendingEvent> events) const;

 private:
  static constexpr uint32_t kPendingInline = 2;
  static constexpr uint32_t kPendingAllocated = 16;
  // Larger rings are given up when they are empty.
  static constexpr uint32_t kPendingKept = 64;

  const PendingEvent& At(uint32_t index) const {
    return pending_[(first_ + index) & (capacity_ - 1)];
  }
  void Push(PendingEvent event) { pending_[(first_ + count_++) & (capacity_ - 1)] = event; }
  bool IsBehind(uint64_t next_sequence) const {
    return count_ > 0 && At(count_ - 1).sequence() >= next_sequence;
  }
  uint32_t FirstUnread(uint64_t next_sequence) const;
  void SignalWaiting(Signals& signals);
  void NoteBehind(PendingEvent event, uint64_t log_first, Signals& signals);
  bool MakeRoom(uint64_t log_first, Signals& signals);
  bool Grow();
  void DropFirst(uint32_t count);
  void SendBack(uint32_t dropped, Signals& signals);
  void Clear();
  GroupCheck CheckOf(const WatchRequest& request, FieldSelector::Declared declared);
  GroupCheck CheckOfLabels(std::span<const LabelRequirement> labels, bool is_by_label);

  // What an event or a drain touches comes first, on one cache line, and then what it may be asked.
  PendingEvent* pending_ = inline_;
  uint16_t capacity_ = kPendingInline;
  uint16_t first_ = 0;
  uint16_t count_ = 0;
  // Immutable, and together in a byte: a drain reads the last one without the lock.
  GroupCheck check_ : 4 = GroupCheck::kAlways;
  bool is_found_often_ : 1 = false;
  bool is_label_wanted_ : 1 = false;
  bool is_rendered_ : 1 = false;
  // Whether lost_below_ has to be looked at, which lies elsewhere.
  bool has_lost_ = false;
  const InternedString* label_ = nullptr;
  WaitingList waiting_;
  uint32_t joined_ = 0;
  // Joined watches that are not behind any entry.
  uint32_t at_end_ = 0;
  PendingEvent inline_[kPendingInline];

  uint64_t asked_sequence_ = UINT64_MAX;
  Scope scope_;

  // Of has_lost_.
  uint64_t lost_below_ = 0;
  PlaceList joined_watches_;
  std::unique_ptr<PendingEvent[]> allocated_;
  const std::string key_;
  // Of is_rendered_.
  std::unique_ptr<const ApiVersionText> api_version_;

 public:
  // See EntryTable; immutable.
  const uint64_t hash;
  // Watches of the group, joined or not.
  size_t members = 0;
  // Where the index has it last put in a list of groups; see GroupList.
  size_t slot = 0;
  // In a list of what is to be freed.
  WatchGroup* next_garbage = nullptr;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_WATCH_GROUP_H_
