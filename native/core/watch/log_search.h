// Looking through the log for the next record that concerns a watch, outside of any lock.
// Thread rule: the watch is not listed yet, or its drainer has its place in the log to itself; the
// log's root is kept by the caller.

#ifndef NATIVE_CORE_WATCH_LOG_SEARCH_H_
#define NATIVE_CORE_WATCH_LOG_SEARCH_H_

#include <cstdint>

#include "native/core/log/event_log.h"
#include "native/core/object/scope.h"
#include "native/core/watch/watch_state.h"

namespace shardwatch {

// Records that are looked at for one pin of an epoch.
inline constexpr uint64_t kSearchedMax = 1000;

// Has what a record's selector looks at fetched: versions lie anywhere.
inline void FetchVersions(const EventRecord& record) {
#if defined(__GNUC__)
  for (const Version* const version : {record.version, record.previous}) {
    if (version == nullptr) continue;
    const char* const memory = reinterpret_cast<const char*>(version);
    __builtin_prefetch(memory);
    __builtin_prefetch(memory + 64);
  }
#else
  static_cast<void>(record);
#endif
}

// Moves the watch on to the next matching record (`is_known` then), or to the log's end, or by
// `records_max`, which is lowered by what was looked at.
// REQUIRES: the watch stands in the log or at its end.
inline void FindNext(const LogView& log, const Scope& scope, uint64_t& records_max, Watch& watch) {
  constexpr uint64_t kFetchedAhead = 4;
  const InternedString* const namespace_name = scope.namespace_name();
  const auto is_elsewhere = [namespace_name](const EventRecord& record) {
    // One object has one place: a replay of a long log mostly meets those of others.
    return namespace_name != nullptr && namespace_name != record.namespace_name;
  };
  for (; watch.next_sequence < log.end && records_max > 0; ++watch.next_sequence, --records_max) {
    if (log.end - watch.next_sequence > kFetchedAhead) {
      const EventRecord& ahead = log.At(watch.next_sequence + kFetchedAhead);
      if (!is_elsewhere(ahead)) FetchVersions(ahead);
    }
    const EventRecord& record = log.At(watch.next_sequence);
    if (is_elsewhere(record)) continue;
    const std::optional<WatchEventType> type = scope.Transition(record.previous, record.version);
    if (!type) continue;
    watch.is_known = true;
    watch.replay_type = *type;
    return;
  }
}

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_LOG_SEARCH_H_
