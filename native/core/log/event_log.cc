// Appending, trimming and looking up; see event_log.h. Thread rule: as told there.

#include "native/core/log/event_log.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

namespace shardwatch {

namespace {

// A table has room for as many segments again as are needed, so that it is replaced seldom.
constexpr uint64_t kTableSlack = 16;

}  // namespace

uint64_t LogView::Find(uint64_t revision) const {
  uint64_t low = first;
  for (uint64_t high = end; low < high;) {
    const uint64_t middle = low + (high - low) / 2;
    if (At(middle).revision <= revision) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

double LogView::OldestAgeMs(double now_ms) const {
  return first == end ? 0 : std::max(0.0, now_ms - At(first).time_ms);
}

LogSupply::~LogSupply() {
  while (Retired* const segment = segments_.Take()) {
    EventLog::FreeSegment(arena_, static_cast<LogSegment*>(segment));
  }
  if (table_ != nullptr) EventLog::FreeTable(arena_, table_);
}

bool LogSupply::Reserve(uint64_t records, uint64_t table_capacity) {
  const uint64_t segments = records / kSegmentRecords + kSegmentsMin;
  while (segments_.size() < segments) {
    void* const memory = arena_.Allocate(sizeof(LogSegment));
    if (memory == nullptr) return false;
    segments_.Append(new (memory) LogSegment);
  }
  if (table_capacity == 0 || (table_ != nullptr && table_->capacity >= table_capacity)) return true;
  LogTable sized;
  sized.capacity = table_capacity;
  void* const memory = arena_.Allocate(sized.size());
  if (memory == nullptr) return false;
  if (table_ != nullptr) EventLog::FreeTable(arena_, table_);
  table_ = new (memory) LogTable(sized);
  return true;
}

void LogSupply::GiveUpSpares() {
  while (segments_.size() > kSegmentsMin) EventLog::FreeSegment(arena_, TakeSegment());
}

size_t LogSupply::bytes() const {
  return segments_.size() * sizeof(LogSegment) + (table_ == nullptr ? 0 : table_->size());
}

uint64_t EventLog::TableCapacityFor(uint64_t records) const {
  const uint64_t end = planned_end_.load(std::memory_order_relaxed) + records;
  const uint64_t segments = end / kSegmentRecords + 1;
  if (segments + kTableSlack <= planned_slots_.load(std::memory_order_relaxed)) return 0;
  return 2 * (segments + kTableSlack - first_segment_.load(std::memory_order_relaxed));
}

bool EventLog::Plan(uint64_t records, LogSupply& supply) {
  const uint64_t end = planned_end_.load(std::memory_order_relaxed) + records;
  const uint64_t segments = end / kSegmentRecords + 1;
  if (segments > planned_slots_.load(std::memory_order_relaxed)) {
    // The table will begin at this segment or a later one.
    const uint64_t base = first_segment_.load(std::memory_order_acquire);
    if (supply.table_ == nullptr || base + supply.table_->capacity < segments) return false;
    planned_slots_.store(base + supply.table_->capacity, std::memory_order_relaxed);
    supply.is_table_planned_ = true;
  }
  planned_end_.store(end, std::memory_order_relaxed);
  return true;
}

void EventLog::PlanRestart() {
  planned_end_.store(planned_end_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

void EventLog::Adopt(LogView& view, LogSupply& supply, uint64_t tick, RetiredList& replaced) {
  if (!std::exchange(supply.is_table_planned_, false)) return;
  LogTable* const table = std::exchange(supply.table_, nullptr);
  const uint64_t base = first_segment_.load(std::memory_order_relaxed);
  table->kind = kinds_.table;
  table->birth = tick;
  table->base = base;
  std::fill_n(table->slots(), table->capacity, nullptr);
  if (table_ != nullptr) {
    const uint64_t end = table_->base + table_->capacity;
    if (base < end)
      std::copy_n(table_->slots() + (base - table_->base), end - base, table->slots());
    table_->death = tick;
    replaced.Append(table_);
  }
  table_ = table;
  view.table = table;
}

void EventLog::Append(LogView& view, const EventRecord& record, LogSupply& supply, uint64_t tick) {
  const uint64_t number = view.end / kSegmentRecords;
  assert(table_ != nullptr && number < table_->base + table_->capacity);
  LogSegment** const slot = table_->slots() + (number - table_->base);
  if (*slot == nullptr) {
    LogSegment* const segment = supply.TakeSegment();
    segment->kind = kinds_.segment;
    segment->birth = tick;
    *slot = segment;
  }
  (*slot)->records[view.end % kSegmentRecords] = record;
  ++view.end;
  if (record.previous != nullptr) bytes_ += record.previous->bytes().size();
}

void EventLog::Trim(LogView& view, double now_ms, uint64_t tick, RetiredList& replaced) {
  while (IsOverLimits(view, now_ms)) Drop(view, tick, replaced);
}

void EventLog::Restart(LogView& view, uint64_t oldest_revision, uint64_t tick,
                       RetiredList& replaced) {
  while (view.size() > 0) Drop(view, tick, replaced);
  view.first = ++view.end;
  view.oldest_revision = oldest_revision;
  view.oldest_tick = tick;
  LeaveSegments(view, tick, replaced);
}

void EventLog::Clear(Arena& arena) {
  if (table_ == nullptr) return;
  const uint64_t end = table_->base + table_->capacity;
  for (uint64_t number = first_segment_.load(std::memory_order_relaxed); number < end; ++number) {
    LogSegment* const segment = SegmentAt(number);
    if (segment != nullptr) FreeSegment(arena, segment);
  }
  FreeTable(arena, std::exchange(table_, nullptr));
}

void EventLog::FreeSegment(Arena& arena, LogSegment* segment) {
  arena.Free(segment, sizeof(LogSegment));
}

void EventLog::FreeTable(Arena& arena, LogTable* table) { arena.Free(table, table->size()); }

bool EventLog::IsOverLimits(const LogView& view, double now_ms) const {
  if (view.size() == 0) return false;
  if (view.size() > limits_.entries_max || bytes_ > limits_.bytes_max) return true;
  return view.size() > limits_.entries_min && view.OldestAgeMs(now_ms) > limits_.window_ms;
}

void EventLog::Drop(LogView& view, uint64_t tick, RetiredList& replaced) {
  const EventRecord& record = view.At(view.first);
  view.oldest_revision = record.revision;
  view.oldest_tick = record.tick;
  if (record.previous != nullptr) {
    bytes_ -= record.previous->bytes().size();
    // Dead since its record: roots of that tick and later ones do not have it.
    auto* const previous = const_cast<Version*>(record.previous);
    previous->death = record.tick;
    replaced.Append(previous);
  }
  ++view.first;
  LeaveSegments(view, tick, replaced);
}

// Segments that lie before the first record whole.
void EventLog::LeaveSegments(const LogView& view, uint64_t tick, RetiredList& replaced) {
  uint64_t number = first_segment_.load(std::memory_order_relaxed);
  for (; number < view.first / kSegmentRecords; ++number) {
    // A generation that begins in the middle of a segment leaves those before it without one.
    LogSegment* const segment = SegmentAt(number);
    if (segment == nullptr) continue;
    segment->death = tick;
    replaced.Append(segment);
  }
  first_segment_.store(number, std::memory_order_release);
}

LogSegment* EventLog::SegmentAt(uint64_t number) const {
  if (table_ == nullptr || number >= table_->base + table_->capacity) return nullptr;
  return table_->slots()[number - table_->base];
}

}  // namespace shardwatch
