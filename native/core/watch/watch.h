// Watches as their consumers see them: what is asked for, what is told, and what a drain fills.
//
//   initial --(state drained)--> live --> ended
//      +-----(a live event was lost meanwhile, replace, close)--> ended
//
// The same as lib/engine/javascript/watch.ts.
// Thread rule: values; a sink belongs to the thread that drains.

#ifndef NATIVE_CORE_WATCH_WATCH_H_
#define NATIVE_CORE_WATCH_WATCH_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "native/core/object/scope.h"
#include "native/core/object/version.h"
#include "native/core/tree/walk_budget.h"

namespace shardwatch {

class ReadyList;
struct Watch;

// Why a watch delivers nothing more.
enum class WatchEnd : uint8_t {
  kNone,
  // An event that it had not read left the log.
  kExpired,
  // A new generation began.
  kReplaced,
  // The cache was closed.
  kClosed,
};

enum class WatchPhase : uint8_t { kInitial, kLive };

// Texts and spans belong to the caller.
struct WatchRequest {
  // Equal for scopes that select and serve the same (lib/engine/scope-key.ts), and only for these:
  // such watches share a group, which is made from the first one's scope.
  std::string_view group_key;
  ScopeRequest scope;
  // To serve instead of the stored one.
  std::optional<std::string_view> api_version;
  // Whether it begins with the state; else with what is above `after`, which may be in the future.
  bool from_state = false;
  uint64_t after = 0;
  // At least 1: so many objects of the state are looked at by one drain. Default: as many as it
  // takes.
  uint64_t looks = WalkBudget::kUnlimited;
  // Of the environment that opens the watch, closes it and drains it; outlives it.
  ReadyList* ready = nullptr;
  // See ReadyEntry; may also be set later (Watches::SetConsumer).
  uint64_t consumer = 0;
};

enum class WatchFault : uint8_t {
  kNone,
  // `path` names it.
  kUndeclaredField,
  // `oldest_revision` is the lowest `after` that would do.
  kRevisionExpired,
  kOutOfMemory,
  kClosed,
};

struct WatchOpened {
  // Null with a fault.
  Watch* watch = nullptr;
  WatchFault fault = WatchFault::kNone;
  // A view of the request.
  std::string_view path = {};
  uint64_t oldest_revision = 0;
};

// What a drain fills. Called while what it is given is kept for this thread: it copies, and neither
// runs JavaScript nor waits. It returns false when it is full, and has taken nothing then.
class DrainSink {
 public:
  // An object of the initial state, as ADDED.
  virtual bool AddObject(const Version& version, const Rendering& rendering) = 0;

  // A live event, with the version that it carries: of a deletion the one before, rendered at the
  // event's revision.
  virtual bool AddEvent(uint64_t sequence, uint64_t revision, WatchEventType type,
                        const Version& version, const Rendering& rendering) = 0;

 protected:
  ~DrainSink() = default;
};

struct DrainResult {
  // Of what was drained; a drain never mixes both.
  WatchPhase phase = WatchPhase::kLive;
  // Everything up to this revision that matches has been drained: 0 until the initial state has
  // been drained whole and the watch's revision with its last drain, then never above the cache's
  // revision nor as high as that of an event still to come.
  uint64_t position = 0;
  // Whether another drain would deliver more at once, or go on looking for it.
  bool more = false;
  // Whether it ended because it had looked at as many objects of the state as it may.
  bool is_paused = false;
  // Set on the last drain, which delivers nothing; nothing follows.
  WatchEnd end = WatchEnd::kNone;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_WATCH_H_
