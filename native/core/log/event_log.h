// The event log: every change of the window, in order, in segments that never move.
//
//   LogView  { table, first, end, ... }       a part of each root
//   table    [ * | * | * | - | - | - ]        segment of sequence s: s / kSegmentRecords - base
//              |   |   +-> [ 512 records ]
//              |   +-> ...
//              +-> dropped: no view that is loaded from now on reads it
//
//  1. Sequences are dense within a generation; a new generation leaves one out.
//  2. A slot of a table and a record of a segment are written once, before a root whose `end` is
//     above them is published, and no older root reads them: appending copies nothing. (So the
//     table is no ring: using a slot again would change what an older root sees.)
//  3. A table that is nearly full is replaced by one with room for twice what is still needed.
//  4. `oldest_revision` is the revision of the last record that was dropped, or that of the list
//     that the generation began with: all events above it are here.
//  5. Limits, in this order: never more bytes than bytes_max (the one limit that memory depends on,
//     so it beats entries_min), never more records than entries_max, and nothing older than
//     window_ms beyond the newest entries_min records.
//  6. What can fail (memory) is got before any lock and planned under the order lock; appending and
//     trimming take place in ticket order and can't fail.
// Thread rule: a LogView is immutable, for any thread that keeps its root pinned. EventLog is the
// publisher's, but for Plan and PlanRestart, which belong to the order lock.

#ifndef NATIVE_CORE_LOG_EVENT_LOG_H_
#define NATIVE_CORE_LOG_EVENT_LOG_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "native/core/bytes/arena.h"
#include "native/core/epoch/retired.h"
#include "native/core/object/version.h"

namespace shardwatch {

// What one change did to one object. Without `previous` a creation, without `version` a deletion;
// never without both.
struct EventRecord {
  uint64_t revision = 0;
  // Of the state that the change made; see Retired.
  uint64_t tick = 0;
  // When it came in, in the cache's milliseconds.
  double time_ms = 0;
  const Version* version = nullptr;
  const Version* previous = nullptr;
  // Of both versions; beside them so that a replay which looks for others need not touch these.
  const InternedString* namespace_name = nullptr;
};

inline constexpr uint64_t kSegmentRecords = 512;

struct LogSegment : Retired {
  EventRecord records[kSegmentRecords];
};

// Slots follow in memory.
struct LogTable : Retired {
  // Number of the first segment that has a slot.
  uint64_t base = 0;
  uint64_t capacity = 0;

  LogSegment** slots() { return reinterpret_cast<LogSegment**>(this + 1); }
  LogSegment* const* slots() const { return reinterpret_cast<LogSegment* const*>(this + 1); }
  size_t size() const { return sizeof(LogTable) + capacity * sizeof(LogSegment*); }
};

struct LogView {
  const LogTable* table = nullptr;
  // Sequences of the first record, and of the next one to come.
  uint64_t first = 0;
  uint64_t end = 0;
  // Watches may begin, and states are known, from this revision on.
  uint64_t oldest_revision = 0;
  // Tick of the state at oldest_revision.
  uint64_t oldest_tick = 0;

  uint64_t size() const { return end - first; }

  // REQUIRES: first <= sequence < end.
  const EventRecord& At(uint64_t sequence) const {
    return table->slots()[sequence / kSegmentRecords - table->base]
        ->records[sequence % kSegmentRecords];
  }

  // Sequence of the first record above the revision; `end` where there is none.
  uint64_t Find(uint64_t revision) const;

  // How long ago the first record came in; 0 for an empty log.
  double OldestAgeMs(double now_ms) const;
};

struct HistoryLimits {
  double window_ms = 75'000;
  uint64_t entries_min = 100;
  uint64_t entries_max = 102'400;
  uint64_t bytes_max = uint64_t{256} * 1024 * 1024;
};

// Kinds of what the log retires, see Retired.
struct LogKinds {
  uint8_t segment;
  uint8_t table;
};

// Memory for records to come. Thread rule: belongs to one writer.
class LogSupply {
 public:
  explicit LogSupply(Arena& arena) : arena_(arena) {}
  ~LogSupply();
  LogSupply(const LogSupply&) = delete;
  LogSupply& operator=(const LogSupply&) = delete;

  // Has segments for `records` more afterwards, and a table of at least that capacity (0: none
  // needed); false when memory is out.
  bool Reserve(uint64_t records, uint64_t table_capacity);

  // Frees the segments beyond those that any write needs.
  void GiveUpSpares();

  // Of what is at hand.
  size_t bytes() const;

 private:
  friend class EventLog;

  // A write may go on to the next segment when it begins, and once more for each kSegmentRecords.
  static constexpr size_t kSegmentsMin = 2;

  LogSegment* TakeSegment() { return static_cast<LogSegment*>(segments_.Take()); }

  Arena& arena_;
  RetiredList segments_;
  LogTable* table_ = nullptr;
  // Whether the plan counts on the table.
  bool is_table_planned_ = false;
};

class EventLog {
 public:
  EventLog(const HistoryLimits& limits, const LogKinds& kinds) : limits_(limits), kinds_(kinds) {}
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  // What a supply has to have for `records` more, as things stand: a hint, Plan decides.
  uint64_t TableCapacityFor(uint64_t records) const;

  // Plans up to so many records for the next ticket; false where the supply falls short because
  // other writers were faster: then nothing has changed. Order lock.
  bool Plan(uint64_t records, LogSupply& supply);

  // The same for a restart. Order lock.
  void PlanRestart();

  // Changes the table for the supply's where the ticket planned with that. In ticket order, first
  // of all.
  void Adopt(LogView& view, LogSupply& supply, uint64_t tick, RetiredList& replaced);

  // Appends a record to the view. In ticket order; REQUIRES: planned by the ticket.
  void Append(LogView& view, const EventRecord& record, LogSupply& supply, uint64_t tick);

  // Drops what is over the limits, oldest first: what records replaced, and segments that are left.
  // In ticket order.
  void Trim(LogView& view, double now_ms, uint64_t tick, RetiredList& replaced);

  // Drops everything; the generation that begins has no events up to `oldest_revision`. In ticket
  // order.
  void Restart(LogView& view, uint64_t oldest_revision, uint64_t tick, RetiredList& replaced);

  // Frees what is left. REQUIRES: nobody can see it any more.
  void Clear(Arena& arena);

  // Frees what Adopt, Trim and Restart have retired and nobody sees any more.
  static void FreeSegment(Arena& arena, LogSegment* segment);
  static void FreeTable(Arena& arena, LogTable* table);

 private:
  bool IsOverLimits(const LogView& view, double now_ms) const;
  void Drop(LogView& view, uint64_t tick, RetiredList& replaced);
  LogSegment* SegmentAt(uint64_t number) const;
  void LeaveSegments(const LogView& view, uint64_t tick, RetiredList& replaced);

  const HistoryLimits limits_;
  const LogKinds kinds_;
  // Ticket order. Bytes of the versions that only the log keeps, and the table that is written to.
  uint64_t bytes_ = 0;
  LogTable* table_ = nullptr;
  // Atomic: written in ticket order. Number of the first segment that is needed.
  std::atomic<uint64_t> first_segment_ = 0;
  // Order lock, read as a hint without it. No record planned so far has a sequence as high as the
  // first, nor a segment as high as the slots of the second.
  std::atomic<uint64_t> planned_end_ = 0;
  std::atomic<uint64_t> planned_slots_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_LOG_EVENT_LOG_H_
