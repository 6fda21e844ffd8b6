// Settling, giving and searching; see live_drain.h. Thread rule: as told there.

#include "native/core/watch/live_drain.h"

#include <algorithm>
#include <mutex>

#include "native/core/watch/garbage.h"
#include "native/core/watch/log_search.h"

namespace shardwatch {

LiveDrain::LiveDrain(Watches& watches, Watch& watch, EpochSlot& slot, DrainSink& sink,
                     std::optional<EpochPin>& pin, const Root& root)
    : watches_(watches),
      watch_(watch),
      slot_(slot),
      sink_(sink),
      pin_(pin),
      root_(&root),
      result_({.phase = WatchPhase::kLive, .position = watch.position}),
      rendering_(watch.group->rendering()),
      records_left_(kSearchedMax) {}

DrainResult LiveDrain::Run() {
  for (Step step = Settle();;) {
    switch (step) {
      case Step::kGive:
        step = Give();
        break;
      case Step::kSearch:
        step = Search();
        break;
      case Step::kRenew:
        Renew();
        step = Settle();
        break;
      case Step::kDone:
        watch_.position = result_.position;
        return result_;
    }
  }
}

// Brings the watch to where it has got, and tells how to go on.
LiveDrain::Step LiveDrain::Settle() {
  Watches::Garbage garbage;
  std::lock_guard lock(watches_.mu_);
  Step step = Step::kDone;
  // That the log of a new generation, or of a cache that was closed, begins behind all it has read
  // is not for the watch to judge: it is about to be ended.
  const bool is_over = watch_.state == CursorState::kEnded || root_->is_closed ||
                       root_->generation != watch_.generation;
  if (is_over) {
    step = Finish(watch_.state == CursorState::kEnded);
  } else if (watch_.state == CursorState::kFuture) {
    result_.position = std::max(watches_.offered_revision_, watch_.seen_revision);
    step = Finish(false);
  } else if (watch_.state == CursorState::kJoined) {
    step = SettleJoined();
  } else {
    step = SettleReplay();
  }
  if (step == Step::kDone) watches_.FinishDrain(watch_, garbage);
  return step;
}

LiveDrain::Step LiveDrain::SettleJoined() {
  WatchGroup& group = *watch_.group;
  if (next_ > 0) group.Pass(watch_, events_[next_ - 1].sequence() + 1);
  event_count_ = 0;
  next_ = 0;
  if (group.HasLost(watch_, root_->log.first)) return Finish(true);
  if (is_full_) return Finish(true);
  event_count_ = group.Copy(watch_, root_->log.end, events_);
  if (event_count_ > 0) return Step::kGive;
  if (group.HasNext(watch_)) return Step::kRenew;
  result_.position = std::max(watches_.offered_revision_, watch_.seen_revision);
  return Finish(false);
}

LiveDrain::Step LiveDrain::SettleReplay() {
  if (event_count_ > 0) {
    // It was sent back while it was being given what it had copied.
    const bool is_known = next_ < event_count_;
    watch_.next_sequence =
        (is_known ? events_[next_].sequence() : events_[next_ - 1].sequence() + 1);
    watch_.is_known = is_known;
    if (is_known) watch_.replay_type = events_[next_].type();
    event_count_ = 0;
    next_ = 0;
  }
  if (is_full_ || watch_.next_sequence < root_->log.first) return Finish(true);
  if (watch_.next_sequence < root_->log.end) return Step::kSearch;
  // One that has just begun may stand at a record that is newer than the root.
  if (watch_.is_known || watch_.next_sequence < watches_.offered_end_) return Step::kRenew;
  watch_.seen_revision = root_->revision;
  watches_.Join(watch_, watch_.next_sequence);
  return SettleJoined();
}

LiveDrain::Step LiveDrain::Finish(bool has_more) {
  result_.more = has_more;
  if (watch_.state == CursorState::kJoined) watch_.group->Wait(watch_);
  return Step::kDone;
}

LiveDrain::Step LiveDrain::Give() {
  for (; next_ < event_count_; ++next_) {
    if (bytes_ >= kPinBytes) return Step::kRenew;
    if (!Add(events_[next_].sequence(), events_[next_].type())) break;
  }
  return Settle();
}

LiveDrain::Step LiveDrain::Search() {
  for (;;) {
    if (!watch_.is_known) FindNext(root_->log, watch_.group->scope(), records_left_, watch_);
    if (!watch_.is_known) {
      return watch_.next_sequence == root_->log.end ? Settle() : Step::kRenew;
    }
    if (bytes_ >= kPinBytes) return Step::kRenew;
    if (!Add(watch_.next_sequence, watch_.replay_type)) return Settle();
    watch_.is_known = false;
    ++watch_.next_sequence;
  }
}

void LiveDrain::Renew() {
  pin_.reset();
  pin_.emplace(watches_.store_.epochs(), slot_);
  root_ = watches_.store_.LoadRoot();
  records_left_ = kSearchedMax;
  bytes_ = 0;
}

// False where the sink is full.
bool LiveDrain::Add(uint64_t sequence, WatchEventType type) {
  const EventRecord& record = root_->log.At(sequence);
  const bool is_deletion = type == WatchEventType::kDeleted;
  const Version& version = is_deletion ? *record.previous : *record.version;
  const RevisionDigits digits(record.revision);
  Rendering rendering = rendering_;
  if (is_deletion) rendering.digits = &digits;
  is_full_ = !sink_.AddEvent(sequence, record.revision, type, version, rendering);
  result_.position = is_full_ ? record.revision - 1 : record.revision;
  if (!is_full_) bytes_ += version.bytes().size();
  return !is_full_;
}

}  // namespace shardwatch
