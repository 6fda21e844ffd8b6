// Noting events, and the watches that read them; see watch_group.h. Thread rule: as told there.

#include "native/core/watch/watch_group.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

namespace shardwatch {

WatchGroup::WatchGroup(const WatchRequest& request, uint64_t key_hash, InternTable& strings)
    : scope_(strings), key_(request.group_key), hash(key_hash) {}

ScopeOutcome WatchGroup::Compile(const WatchRequest& request, FieldSelector::Declared declared) {
  const ScopeOutcome outcome = scope_.Compile(request.scope, declared);
  if (outcome.fault != ScopeFault::kNone) return outcome;
  check_ = CheckOf(request, declared);
  if (request.api_version) {
    api_version_.reset(new (std::nothrow) ApiVersionText(*request.api_version));
    if (api_version_ == nullptr) return {ScopeFault::kOutOfMemory, {}};
    is_rendered_ = true;
  }
  return outcome;
}

// The index goes by namespace and one more: the name, a declared field, or a label (interest.h).
GroupCheck WatchGroup::CheckOf(const WatchRequest& request, FieldSelector::Declared declared) {
  const ScopeRequest& scope = request.scope;
  const std::optional<FieldEquality> field =
      scope_.name() == nullptr ? scope_.RequiredField() : std::nullopt;
  const bool is_by_label = scope_.name() == nullptr && !field;
  const std::optional<LabelSpan> required = scope_.RequiredLabels();
  is_found_often_ = is_by_label && required && required->size() > 1;
  // The index knows nothing of shards.
  if (scope_.has_shard()) return GroupCheck::kAlways;
  for (const FieldRequirement& term : scope.fields) {
    if (term.op != FieldOperator::kEquals) return GroupCheck::kAlways;
    const InternedString* value = nullptr;
    if (term.path == "metadata.name") {
      value = scope_.name();
    } else if (term.path == "metadata.namespace") {
      value = scope_.namespace_name();
    } else if (field && declared[field->index] == term.path) {
      value = field->value;
    }
    if (value == nullptr || value->text() != term.value) return GroupCheck::kAlways;
  }
  return CheckOfLabels(scope.labels, is_by_label);
}

GroupCheck WatchGroup::CheckOfLabels(std::span<const LabelRequirement> labels, bool is_by_label) {
  size_t left = labels.size();
  std::optional<LabelPresence> last;
  for (size_t index = 0; index < labels.size(); ++index) {
    const bool is_index = is_by_label && labels[index].op == LabelOperator::kIn;
    if (is_index) {
      // Only the first one is.
      is_by_label = false;
      --left;
    } else {
      last = scope_.LabelPresenceAt(index);
    }
  }
  if (left == 0) return is_found_often_ ? GroupCheck::kOnMove : GroupCheck::kNone;
  if (left > 1 || !last || is_found_often_) return GroupCheck::kAlways;
  label_ = last->label;
  is_label_wanted_ = last->is_wanted;
  return GroupCheck::kLabel;
}

void WatchGroup::SignalWaiting(Signals& signals) {
  for (Watch* watch = waiting_.TakeAll(); watch != nullptr;) {
    Watch* const next = std::exchange(watch->waiting, {}).next;
    watch->is_waiting = false;
    signals.Add(*watch);
    watch = next;
  }
}

// As Note, for some of those that have joined.
void WatchGroup::NoteBehind(PendingEvent event, uint64_t log_first, Signals& signals) {
  const auto is_ahead = [&event](const Watch& watch) {
    return watch.next_sequence > event.sequence();
  };
  const auto count_ahead = [this, &is_ahead] {
    uint32_t count = 0;
    for (Watch* watch = joined_watches_.first(); watch != nullptr;
         watch = PlaceList::Next(*watch)) {
      if (is_ahead(*watch)) ++count;
    }
    return count;
  };
  if (count_ahead() == joined_) return;
  if (count_ == capacity_ && !MakeRoom(log_first, signals)) return;
  Push(event);
  at_end_ = count_ahead();
  for (Watch* watch = waiting_.first(); watch != nullptr;) {
    Watch* const next = WaitingList::Next(*watch);
    if (!is_ahead(*watch)) {
      StopWaiting(*watch);
      signals.Add(*watch);
    }
    watch = next;
  }
}

void WatchGroup::Join(Watch& watch, uint64_t next_sequence) {
  assert(!IsBehind(next_sequence));
  watch.state = CursorState::kJoined;
  watch.next_sequence = next_sequence;
  joined_watches_.Append(watch);
  ++joined_;
  ++at_end_;
}

void WatchGroup::Leave(Watch& watch) {
  StopWaiting(watch);
  joined_watches_.Remove(watch);
  --joined_;
  if (!IsBehind(watch.next_sequence)) --at_end_;
  if (at_end_ == joined_) Clear();
}

void WatchGroup::Pass(Watch& watch, uint64_t next_sequence) {
  const bool was_behind = IsBehind(watch.next_sequence);
  watch.next_sequence = next_sequence;
  if (was_behind && !IsBehind(next_sequence)) ++at_end_;
  if (at_end_ == joined_) Clear();
}

void WatchGroup::Wait(Watch& watch) {
  if (watch.is_waiting) return;
  watch.is_waiting = true;
  waiting_.Append(watch);
}

void WatchGroup::StopWaiting(Watch& watch) {
  if (!watch.is_waiting) return;
  watch.is_waiting = false;
  waiting_.Remove(watch);
}

bool WatchGroup::HasLost(const Watch& watch, uint64_t log_first) const {
  if (has_lost_ && watch.next_sequence < lost_below_) return true;
  if (count_ == 0) return false;
  const uint32_t index = FirstUnread(watch.next_sequence);
  return index < count_ && At(index).sequence() < log_first;
}

size_t WatchGroup::Copy(const Watch& watch, uint64_t log_end,
                        std::span<PendingEvent> events) const {
  size_t copied = 0;
  for (uint32_t index = FirstUnread(watch.next_sequence);
       index < count_ && copied < events.size() && At(index).sequence() < log_end; ++index) {
    events[copied++] = At(index);
  }
  return copied;
}

// Index of the first entry that is not below the sequence.
uint32_t WatchGroup::FirstUnread(uint64_t next_sequence) const {
  uint32_t low = 0;
  for (uint32_t high = count_; low < high;) {
    const uint32_t middle = (low + high) / 2;
    if (At(middle).sequence() < next_sequence) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// False where nobody is left to note an event for.
bool WatchGroup::MakeRoom(uint64_t log_first, Signals& signals) {
  uint32_t lost = 0;
  while (lost < count_ && At(lost).sequence() < log_first) ++lost;
  if (lost > 0) {
    lost_below_ = At(lost - 1).sequence() + 1;
    has_lost_ = true;
    DropFirst(lost);
    return true;
  }
  if (capacity_ < kPendingMax && Grow()) return true;
  const uint32_t dropped = count_ - count_ / 2;
  SendBack(dropped, signals);
  DropFirst(dropped);
  if (at_end_ == joined_) Clear();
  return joined_ > 0;
}

bool WatchGroup::Grow() {
  const uint32_t capacity =
      capacity_ == kPendingInline ? kPendingAllocated : uint32_t{capacity_} * 2;
  std::unique_ptr<PendingEvent[]> larger(new (std::nothrow) PendingEvent[capacity]);
  if (larger == nullptr) return false;
  for (uint32_t index = 0; index < count_; ++index) larger[index] = At(index);
  allocated_ = std::move(larger);
  pending_ = allocated_.get();
  capacity_ = static_cast<uint16_t>(capacity);
  first_ = 0;
  return true;
}

void WatchGroup::DropFirst(uint32_t count) {
  first_ = static_cast<uint16_t>((first_ + count) & (capacity_ - 1U));
  count_ = static_cast<uint16_t>(count_ - count);
}

// Makes those that stand at one of the first entries look through the log from there.
void WatchGroup::SendBack(uint32_t dropped, Signals& signals) {
  for (Watch* watch = joined_watches_.first(); watch != nullptr;) {
    Watch* const next = PlaceList::Next(*watch);
    const uint32_t index = FirstUnread(watch->next_sequence);
    const bool is_lost = watch->next_sequence < lost_below_;
    if (index < dropped && !is_lost) {
      const PendingEvent event = At(index);
      // It would be signalled with the event for which room is made.
      const bool is_due = watch->is_waiting;
      StopWaiting(*watch);
      joined_watches_.Remove(*watch);
      --joined_;
      watch->state = CursorState::kReplay;
      watch->next_sequence = event.sequence();
      watch->is_known = true;
      watch->replay_type = event.type();
      if (is_due) signals.Add(*watch);
    }
    watch = next;
  }
}

void WatchGroup::Clear() {
  count_ = 0;
  first_ = 0;
  if (capacity_ <= kPendingKept) return;
  allocated_.reset();
  pending_ = inline_;
  capacity_ = kPendingInline;
}

}  // namespace shardwatch
