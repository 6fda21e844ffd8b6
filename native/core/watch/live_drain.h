// One drain of a watch's live events: from its group, or out of the log until it has caught up.
//
//   settle (lock) --+--> give what was copied --+      An epoch is pinned all along. The pin is
//        ^          +--> search the log, give --+      renewed where a slice of work is done, or
//        |                                      |      newer records are needed than its root has.
//        +----- renew the pin, or not, <--------+
//
//  1. Records are read through the root that is pinned; events that it does not have wait for the
//     next one, and events that left its log are lost.
//  2. A pin covers at most kSearchedMax records or about kPinBytes bytes.
// Thread rule: belongs to the thread that drains, which has the watch's `is_draining` set.

#ifndef NATIVE_CORE_WATCH_LIVE_DRAIN_H_
#define NATIVE_CORE_WATCH_LIVE_DRAIN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "native/core/epoch/epoch.h"
#include "native/core/shard/root.h"
#include "native/core/watch/watch_group.h"
#include "native/core/watch/watches.h"

namespace shardwatch {

class LiveDrain {
 public:
  // The pin is that of the root, and may be another one afterwards.
  LiveDrain(Watches& watches, Watch& watch, EpochSlot& slot, DrainSink& sink,
            std::optional<EpochPin>& pin, const Root& root);

  DrainResult Run();

 private:
  enum class Step : uint8_t { kGive, kSearch, kRenew, kDone };

  static constexpr size_t kCopiedMax = 64;
  static constexpr size_t kPinBytes = 256 * 1024;

  Step Settle();
  Step SettleJoined();
  Step SettleReplay();
  Step Finish(bool has_more);
  Step Give();
  Step Search();
  void Renew();
  bool Add(uint64_t sequence, WatchEventType type);

  Watches& watches_;
  Watch& watch_;
  EpochSlot& slot_;
  DrainSink& sink_;
  std::optional<EpochPin>& pin_;
  const Root* root_;
  DrainResult result_;
  const Rendering rendering_;
  // Of this pin.
  uint64_t records_left_;
  size_t bytes_ = 0;
  // Whether the sink is.
  bool is_full_ = false;
  // Copied from the group; those before `next_` were given.
  std::array<PendingEvent, kCopiedMax> events_;
  size_t event_count_ = 0;
  size_t next_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_LIVE_DRAIN_H_
