// Draining watches; see watches.h, and live_drain.h for live events. Thread rule: a watch's owner.

#include <mutex>
#include <optional>
#include <utility>

#include "native/core/watch/garbage.h"
#include "native/core/watch/live_drain.h"
#include "native/core/watch/watches.h"

namespace shardwatch {

DrainResult Watches::Drain(Watch& watch, EpochSlot& slot, DrainSink& sink) {
  DrainResult result{
      .phase = watch.is_initial ? WatchPhase::kInitial : WatchPhase::kLive,
      .position = watch.position,
  };
  std::optional<EpochPin> pin(std::in_place, store_.epochs(), slot);
  const Root& root = *store_.LoadRoot();
  {
    Garbage garbage;
    std::lock_guard lock(mu_);
    watch.wake_state.store(WakeState::kQuiet, std::memory_order_relaxed);
    // A new generation, or a close, ends it soon, for another reason than that the log begins
    // behind it.
    const bool is_over = root.is_closed || watch.generation != root.generation;
    if (watch.end == WatchEnd::kNone && is_over) return result;
    if (watch.end == WatchEnd::kNone && HasLost(watch, root.log.first)) {
      watch.end = WatchEnd::kExpired;
      Leave(watch, garbage);
    }
    result.end = watch.end;
    if (result.end != WatchEnd::kNone) return result;
    watch.is_draining = true;
    if (watch.state == CursorState::kJoined) watch.group->StopWaiting(watch);
  }
  if (!watch.is_initial) return LiveDrain(*this, watch, slot, sink, pin, root).Run();
  // What the initial state consists of is held.
  pin.reset();
  return DrainInitial(watch, sink);
}

DrainResult Watches::DrainInitial(Watch& watch, DrainSink& sink) {
  InitialState& initial = *watch.initial;
  ScopeWalk& walk = *initial.walk;
  const Rendering rendering = watch.group->rendering();
  std::optional<KeyView> last;
  walk.Resume(watch.looks);
  const Version* version = walk.Peek();
  while (version != nullptr && sink.AddObject(*version, rendering)) {
    last = version->key();
    walk.Advance();
    version = walk.Peek();
  }
  const bool is_paused = version == nullptr && walk.is_paused();
  if (is_paused) last = walk.passed();
  if (last) {
    initial.last_namespace = last->namespace_name;
    initial.last_name = last->name;
  }
  DrainResult result{
      .phase = WatchPhase::kInitial, .position = 0, .more = true, .is_paused = is_paused};
  Garbage garbage;
  std::lock_guard lock(mu_);
  if (watch.state != CursorState::kEnded && version == nullptr && !is_paused) {
    UnlistInitial(watch);
    garbage.Add(std::exchange(watch.initial, nullptr));
    watch.is_initial = false;
    watch.position = watch.revision;
    result.position = watch.position;
    result.more = HasNext(watch);
  }
  if (watch.state == CursorState::kJoined) watch.group->Wait(watch);
  FinishDrain(watch, garbage);
  return result;
}

bool Watches::HasLost(const Watch& watch, uint64_t log_first) const {
  if (watch.state == CursorState::kReplay) return watch.next_sequence < log_first;
  return watch.state == CursorState::kJoined && watch.group->HasLost(watch, log_first);
}

bool Watches::HasNext(const Watch& watch) const {
  if (watch.state == CursorState::kReplay) return true;
  return watch.state == CursorState::kJoined && watch.group->HasNext(watch);
}

}  // namespace shardwatch
