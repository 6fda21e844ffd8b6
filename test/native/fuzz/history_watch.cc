// Folding and checking what a watch is told; see history_watch.h.

#include "test/native/fuzz/history_watch.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>

#include "test/native/fuzz/input.h"

namespace shardwatch::fuzz {

namespace {

// None where it is a key of nobody's.
std::optional<Key> KeyOf(const Version& version) {
  const KeyView key = version.key();
  const auto space = std::find(std::begin(kSpaces), std::end(kSpaces), key.namespace_name);
  if (space == std::end(kSpaces)) return std::nullopt;
  for (size_t name = 0; name < kNamesMax; ++name) {
    if (NameOf(name) != key.name) continue;
    return Key(static_cast<uint8_t>(space - std::begin(kSpaces)), static_cast<uint8_t>(name));
  }
  return std::nullopt;
}

}  // namespace

ScopeOf::ScopeOf(const Selection& selection) {
  if (selection.space) request_.namespace_name = kSpaces[*selection.space];
  if (selection.name) request_.name = NameOf(*selection.name);
  if (selection.app) {
    app_ = kApps[*selection.app];
    label_ = {.key = "app", .op = LabelOperator::kIn, .values = {&app_, 1}};
    request_.labels = {&label_, 1};
  }
  if (selection.color) {
    field_ = {
        .path = "spec.color", .op = FieldOperator::kEquals, .value = kColors[*selection.color]};
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
  if (selection_.api_version > 0) request.api_version = kApiVersions[selection_.api_version];
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
  if (from_state) initial_ = selection_.Of(model_.now());
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
  if (is_initial_ && result.phase == WatchPhase::kInitial && result.position > 0) {
    Require(fold_ == initial_, "the initial state is whole");
    is_initial_ = false;
  }
  if (is_initial_) return result.more;
  Begin();
  if (result.more || !has_begun_) return result.more;
  Require(
      result.phase == WatchPhase::kInitial ? position_ == after_ : position_ == model_.revision(),
      "with nothing more to drain, all has been drained");
  Require(selection_.IsOf(model_.now(), fold_), "what a watch makes of its events is the state");
  return false;
}

void FoldedWatch::DrainAll() {
  while (Drain(3)) continue;
}

bool FoldedWatch::AddObject(const Version& version, const Rendering& rendering) {
  Require(is_initial_, "an initial state comes first");
  if (!TakeRoom()) return false;
  Require(fold_.size() < initial_.size(), "who is in the initial state");
  const Row& row = initial_.begin()[static_cast<std::ptrdiff_t>(fold_.size())];
  Require(KeyOf(version) == row.key(), "objects of the initial state come in the order of keys");
  RequireBytes(version, rendering, row, row.revision, "objects of the initial state");
  fold_.Put(row);
  return true;
}

bool FoldedWatch::AddEvent(uint64_t, uint64_t revision, WatchEventType type, const Version& version,
                           const Rendering& rendering) {
  if (is_initial_) {
    is_initial_ = false;
    Require(fold_ == initial_, "the initial state is whole");
  }
  Begin();
  Require(has_begun_ && revision > after_ && revision > position_, "events rise");
  if (!TakeRoom()) return false;
  const std::optional<Key> key = KeyOf(version);
  Require(key.has_value(), "an event of an object that there can be");
  const Row* const known = fold_.Find(*key);
  Require((known == nullptr) == (type == WatchEventType::kAdded), "an event fits the state");
  if (type == WatchEventType::kDeleted) {
    RequireBytes(version, rendering, *known, revision,
                 "of a deletion the object before, at the revision of the event");
    fold_.Erase(*key);
    return true;
  }
  const Row* const row = model_.ChangedTo(*key, revision);
  Require(row != nullptr, "an event of a change");
  RequireBytes(version, rendering, *row, revision, "of a change the object that it made");
  fold_.Put(*row);
  return true;
}

void FoldedWatch::RequireBytes(const Version& version, const Rendering& rendering, const Row& row,
                               uint64_t at, const char* sentence) {
  bytes_.resize(RenderedLength(version, rendering));
  Require(CopyVersion(version, rendering, bytes_.data()) == bytes_.data() + bytes_.size(),
          "a rendering has the length that was told");
  expected_.clear();
  row.Serve(expected_, at, selection_.api_version);
  Require(bytes_ == expected_, sentence);
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
