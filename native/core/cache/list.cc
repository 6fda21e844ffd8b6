// Planning and reading pages; see list.h. Thread rule: belongs to one thread.

#include "native/core/cache/list.h"

#include <algorithm>
#include <utility>

namespace shardwatch {

ScopeOutcome ListCursor::Open(StateHold state, const ListRequest& request) {
  const ScopeOutcome outcome = scope_.Compile(request.scope, declared_);
  if (outcome.fault != ScopeFault::kNone) return outcome;
  state_ = std::move(state);
  revision_ = state_.revision();
  if (request.api_version) {
    api_version_.emplace(*request.api_version);
    rendering_.api_version = &*api_version_;
  }
  looks_ = request.looks;
  limit_ = request.limit;
  is_searched_ = limit_ > 0 && (scope_.has_selector() || scope_.name() != nullptr);
  walk_.emplace(state_.state(), scope_, request.start, true);
  index_ = walk_->index();
  if (is_searched_) {
    is_settled_ = false;
    is_paused_ = true;
    if (looks_ == WalkBudget::kUnlimited) Settle();
  } else if (limit_ > 0) {
    CountPage(request);
  }
  return {};
}

bool ListCursor::Settle() {
  if (!is_settled_) is_settled_ = SearchPage() && CountBehind();
  is_paused_ = !is_settled_;
  return is_settled_;
}

bool ListCursor::Resume() {
  if (!Settle()) return false;
  if (walk_) walk_->Resume(looks_);
  return true;
}

const Version* ListCursor::Peek() {
  if (ahead_count_ == 0) {
    LookAhead();
    is_paused_ = ahead_count_ == 0 && walk_ && walk_->is_paused();
    if (ahead_count_ == 0 && !is_paused_) LetGo();
  }
  return ahead_count_ == 0 ? nullptr : ahead_[ahead_begin_];
}

void ListCursor::Advance() {
  if (ahead_count_ == 0) return;
  ++returned_;
  ahead_begin_ = (ahead_begin_ + 1) % kAhead;
  --ahead_count_;
  LookAhead();
  Peek();
}

size_t ListCursor::Read(std::span<char> target, size_t bytes_max, size_t& needed) {
  needed = 0;
  if (!Resume()) return 0;
  char* end = target.data();
  const Version* version = Peek();
  while (version != nullptr) {
    const size_t written = static_cast<size_t>(end - target.data());
    const size_t length = LengthOf(*version) + (is_first_ ? 0 : 1);
    if (written > 0 && written + length > std::min(bytes_max, target.size())) break;
    if (length > target.size()) {
      needed = length;
      break;
    }
    if (!is_first_) *end++ = ',';
    is_first_ = false;
    end = Copy(*version, end);
    Advance();
    version = Peek();
  }
  return static_cast<size_t>(end - target.data());
}

// Without anything to filter by, counters tell where the page ends.
void ListCursor::CountPage(const ListRequest& request) {
  const ObjectDirectory& directory = state_.directory();
  uint64_t start = request.start ? directory.Rank(*request.start) : 0;
  uint64_t stop = directory.size();
  if (scope_.namespace_name() != nullptr) {
    const std::string_view name = scope_.namespace_name()->text();
    const uint64_t first = directory.Rank({.namespace_name = name, .name = {}});
    stop = first + directory.ObjectsOf(name).size();
    start = std::max(start, first);
  }
  left_ = request.limit;
  const bool has_more = stop > start && stop - start > request.limit;
  remaining_ = has_more ? stop - start - request.limit : 0;
  if (!has_more) return;
  last_ = directory.Select(start + request.limit - 1);
}

// False where it is paused.
bool ListCursor::SearchPage() {
  if (!walk_) return true;
  walk_->Resume(looks_);
  while (found_.size() < limit_) {
    const Version* const version = walk_->Next();
    if (version == nullptr) break;
    found_.push_back(version);
  }
  if (found_.size() < limit_ && walk_->is_paused()) return false;
  fetched_ += walk_->fetched();
  walk_.reset();
  if (found_.size() < limit_) return true;
  walk_behind_.emplace(state_.state(), scope_, found_.back()->key(), false);
  walk_behind_->Next();
  return true;
}

// The objects behind the page's last one, or whether there is one at all: with a selector no more
// is told. False where it is paused.
bool ListCursor::CountBehind() {
  if (walk_behind_) {
    walk_behind_->Resume(looks_);
    const uint64_t wanted = scope_.has_selector() ? 1 : UINT64_MAX;
    while (behind_ < wanted && walk_behind_->Next() != nullptr) ++behind_;
    if (behind_ < wanted && walk_behind_->is_paused()) return false;
    walk_behind_.reset();
  }
  fetched_ += behind_;
  if (!scope_.has_selector()) remaining_ = behind_;
  if (behind_ > 0) last_ = found_.back();
  return true;
}

const Version* ListCursor::Next() {
  if (is_searched_) return next_found_ < found_.size() ? found_[next_found_++] : nullptr;
  if (!walk_ || left_ == 0) return nullptr;
  const Version* const version = walk_->Next();
  if (version != nullptr) --left_;
  return version;
}

// Has memory bring the bytes of the next objects.
void ListCursor::LookAhead() {
  if (ahead_count_ > kAhead / 2) return;
  while (ahead_count_ < kAhead) {
    const Version* const version = Next();
    if (version == nullptr) return;
    version->Fetch();
    ahead_[(ahead_begin_ + ahead_count_++) % kAhead] = version;
  }
}

void ListCursor::LetGo() {
  if (last_ != nullptr) {
    last_namespace_ = last_->key().namespace_name;
    last_name_ = last_->name();
    last_ = nullptr;
  }
  if (walk_) fetched_ += walk_->fetched();
  walk_.reset();
  walk_behind_.reset();
  found_.clear();
  is_searched_ = false;
  state_.Reset();
}

}  // namespace shardwatch
