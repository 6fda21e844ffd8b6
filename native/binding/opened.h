// What JavaScript has opened of a cache and names by a handle: roots, lists, watches. Each keeps
// the use that it came from. Thread rule: the environment's own thread only.

#ifndef NATIVE_BINDING_OPENED_H_
#define NATIVE_BINDING_OPENED_H_

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "native/binding/cache_use.h"
#include "native/binding/process.h"
#include "native/core/cache/list.h"
#include "native/core/shard/store.h"
#include "native/core/watch/watches.h"

namespace shardwatch::binding {

class OpenedRoot {
 public:
  OpenedRoot(std::shared_ptr<CacheUse> use, StateHold state)
      : use_(std::move(use)), state_(std::move(state)), live_(Process::Get().roots_live) {}
  ~OpenedRoot() {
    state_.Reset();
    use_->Reclaim();
  }

  const std::shared_ptr<CacheUse>& use() const { return use_; }
  const StateHold& state() const { return state_; }

 private:
  const std::shared_ptr<CacheUse> use_;
  StateHold state_;
  const LiveCount live_;
};

class OpenedList {
 public:
  explicit OpenedList(std::shared_ptr<CacheUse> use)
      : use_(std::move(use)),
        cursor_(std::in_place, use_->attachment().store()),
        live_(Process::Get().lists_live) {}
  ~OpenedList() {
    cursor_.reset();
    use_->Reclaim();
  }

  CacheUse& use() { return *use_; }
  ListCursor& cursor() { return *cursor_; }

 private:
  const std::shared_ptr<CacheUse> use_;
  std::optional<ListCursor> cursor_;
  const LiveCount live_;
};

// A watch whose use is closed, and the cache is not, has ended for this environment alone: the
// core's is closed then, and what it told last is kept for the drain to come.
class OpenedWatch {
 public:
  // `begin` is what a drain tells that delivers nothing.
  OpenedWatch(std::shared_ptr<CacheUse> use, Watch* watch, const DrainResult& begin)
      : use_(std::move(use)), watch_(watch), last_(begin), live_(Process::Get().watches_live) {}
  ~OpenedWatch() { CloseWatch(); }

  const std::shared_ptr<CacheUse>& use() const { return use_; }

  // Null where it has ended with its use.
  Watch* watch() const { return watch_; }

  // What the last drain told.
  const DrainResult& last() const { return last_; }
  void SetLast(const DrainResult& result) { last_ = result; }

  // Tells whether the consumer is to be called: not where it was, and has not drained since.
  bool EndWithUse() {
    if (watch_ == nullptr || last_.end != WatchEnd::kNone) return false;
    const bool is_called = watch_->wake_state.load(std::memory_order_relaxed) == WakeState::kCalled;
    last_ = {.phase = watch_->is_initial ? WatchPhase::kInitial : WatchPhase::kLive,
             .position = last_.position,
             .more = false,
             .end = WatchEnd::kClosed};
    CloseWatch();
    return !is_called;
  }

 private:
  void CloseWatch() {
    Watch* const watch = std::exchange(watch_, nullptr);
    if (watch == nullptr) return;
    use_->attachment().cache().watches().Close(watch);
    use_->Reclaim();
  }

  const std::shared_ptr<CacheUse> use_;
  Watch* watch_;
  DrainResult last_;
  const LiveCount live_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_OPENED_H_
