// Folding and checking what a watch is told; see history_watch.h.

#include "test/native/fuzz/history_watch.h"

#include <string>

#include "test/native/fuzz/input.h"

namespace shardwatch::fuzz {

namespace {

std::string KeyOf(const Version& version) {
  const KeyView key = version.key();
  std::string text(key.namespace_name);
  if (!text.empty()) text += '/';
  return text.append(key.name);
}

std::string BytesOf(const Version& version, const Rendering& rendering) {
  std::string text(RenderedLength(version, rendering), '?');
  Require(CopyVersion(version, rendering, text.data()) == text.data() + text.size(),
          "a rendering has the length that was told");
  return text;
}

}  // namespace

ScopeOf::ScopeOf(const Selection& selection) : selection_(selection) {
  request_.namespace_name = selection_.space;
  request_.name = selection_.name;
  if (selection_.app) {
    app_ = *selection_.app;
    label_ = {.key = "app", .op = LabelOperator::kIn, .values = {&app_, 1}};
    request_.labels = {&label_, 1};
  }
  if (selection_.color) {
    field_ = {.path = "spec.color", .op = FieldOperator::kEquals, .value = *selection_.color};
    request_.fields = {&field_, 1};
  }
}

FoldedWatch::~FoldedWatch() {
  if (watch_ != nullptr) attachment_.cache().watches().Close(watch_);
}

bool FoldedWatch::Open(bool from_state, uint64_t after) {
  const ScopeOf scope(selection_);
  const std::string group_key = selection_.GroupKey();
  WatchRequest request;
  request.group_key = group_key;
  request.scope = scope.request();
  if (!selection_.api_version.empty()) request.api_version = selection_.api_version;
  request.from_state = from_state;
  request.after = after;
  request.ready = &attachment_.ready();
  const WatchOpened opened = attachment_.cache().watches().Open(request, attachment_.slot());
  if (opened.fault == WatchFault::kRevisionExpired) {
    Require(!from_state && after < opened.oldest_revision,
            "a revision that is there is not expired");
    return false;
  }
  Require(opened.fault == WatchFault::kNone && opened.watch != nullptr, "a watch opens");
  watch_ = opened.watch;
  generation_ = model_.generation();
  is_initial_ = has_begun_ = from_state;
  after_ = Watches::RevisionOf(*watch_);
  Require(after_ == (from_state ? model_.revision() : after), "where a watch begins");
  return true;
}

bool FoldedWatch::Drain(size_t count) {
  if (has_ended()) return false;
  room_ = count;
  was_full_ = false;
  const size_t before = fold_.size();
  const DrainResult result =
      attachment_.cache().watches().Drain(*watch_, attachment_.slot(), *this);
  if (result.end != WatchEnd::kNone) {
    Require(room_ == count && fold_.size() == before, "the last drain delivers nothing");
    RequireEnd(result.end);
    end_ = result.end;
    return false;
  }
  Require(generation_ == model_.generation(), "a watch ends with its generation");
  Require(!was_full_ || result.more, "what did not fit is still to come");
  Require(result.position >= position_ && result.position <= model_.revision(),
          "positions rise up to the revision of the cache");
  position_ = result.position;
  if (result.phase == WatchPhase::kInitial && result.position > 0) is_initial_ = false;
  if (is_initial_) return result.more;
  Begin();
  if (result.more || !has_begun_) return result.more;
  Require(
      result.phase == WatchPhase::kInitial ? position_ == after_ : position_ == model_.revision(),
      "with nothing more to drain, all has been drained");
  Require(fold_ == selection_.Of(model_.now()), "what a watch makes of its events is the state");
  return false;
}

void FoldedWatch::DrainAll() {
  while (Drain(3)) continue;
}

bool FoldedWatch::AddObject(const Version& version, const Rendering& rendering) {
  Require(is_initial_, "an initial state comes first");
  if (!TakeRoom()) return false;
  const std::string key = KeyOf(version);
  const State state = model_.At(after_);
  const auto found = state.find(key);
  Require(found != state.end() && selection_.Matches(found->second), "who is in the initial state");
  const Row& row = found->second;
  Require(BytesOf(version, rendering) == row.Served(row.revision, selection_.api_version),
          "objects of the initial state");
  Require(fold_.empty() || fold_.rbegin()->first < key, "they come in the order of keys");
  fold_.emplace(key, row);
  return true;
}

bool FoldedWatch::AddEvent(uint64_t, uint64_t revision, WatchEventType type, const Version& version,
                           const Rendering& rendering) {
  if (is_initial_) {
    is_initial_ = false;
    Require(fold_ == selection_.Of(model_.At(after_)), "the initial state is whole");
  }
  Begin();
  Require(has_begun_ && revision > after_ && revision > position_, "events rise");
  if (!TakeRoom()) return false;
  const std::string key = KeyOf(version);
  const auto known = fold_.find(key);
  Require((known == fold_.end()) == (type == WatchEventType::kAdded), "an event fits the state");
  const std::string bytes = BytesOf(version, rendering);
  if (type == WatchEventType::kDeleted) {
    Require(bytes == known->second.Served(revision, selection_.api_version),
            "of a deletion the object before, at the revision of the event");
    fold_.erase(known);
    return true;
  }
  const Row* const row = model_.ChangedTo(key, revision);
  Require(row != nullptr && bytes == row->Served(revision, selection_.api_version),
          "of a change the object that it made");
  fold_[key] = *row;
  return true;
}

// A watch that does not bring its initial state begins with that of its revision, once it is known.
void FoldedWatch::Begin() {
  if (has_begun_ || model_.revision() < after_) return;
  has_begun_ = true;
  fold_ = selection_.Of(model_.At(after_));
}

void FoldedWatch::RequireEnd(WatchEnd end) const {
  switch (end) {
    case WatchEnd::kReplaced:
      Require(generation_ != model_.generation(), "only a new generation ends a watch so");
      return;
    case WatchEnd::kExpired:
      Require(attachment_.Stats(0).oldest_revision > std::max(position_, after_),
              "only a watch that history has left behind expires");
      return;
    case WatchEnd::kClosed:
      Require(attachment_.cache().is_closed(), "only a cache that closes ends a watch so");
      return;
    case WatchEnd::kNone:
      return;
  }
}

bool FoldedWatch::TakeRoom() {
  was_full_ = room_ == 0;
  if (!was_full_) --room_;
  return !was_full_;
}

}  // namespace shardwatch::fuzz
