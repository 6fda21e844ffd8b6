// The event log: segments, tables, limits and generations, as a chain of views each of which stays
// what it was.

#include "native/core/log/event_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "native/core/object/scan.h"

namespace shardwatch {
namespace {

constexpr uint8_t kVersion = 0;
constexpr LogKinds kKinds = {.segment = 1, .table = 2};

// One writer's log, that frees what is retired at once, or keeps it for views that are kept.
class Journal {
 public:
  explicit Journal(const HistoryLimits& limits) : log_(limits, kKinds), supply_(arena_) {
    ScannedObject object;
    ObjectScanner scanner;
    EXPECT_TRUE(scanner.Scan(R"({"metadata":{"name":"n"}})", {}, object));
    version_ = Version::Make(object, 1, arena_, strings_);
    for (Version*& previous : previous_) previous = Version::Make(object, 2, arena_, strings_);
  }
  ~Journal() {
    FreeRetired();
    log_.Clear(arena_);
    Version::Free(version_, arena_, strings_);
    for (Version* const previous : previous_) Version::Free(previous, arena_, strings_);
  }

  // Appends records of the next revisions, `planned` of them planned.
  void Append(uint64_t records, double now_ms, bool has_previous = false, uint64_t planned = 0) {
    planned = std::max(planned, records);
    do EXPECT_TRUE(supply_.Reserve(planned, log_.TableCapacityFor(planned)));
    while (!log_.Plan(planned, supply_));
    RetiredList replaced;
    ++tick_;
    log_.Adopt(view_, supply_, tick_, replaced);
    for (uint64_t count = 0; count < records; ++count) {
      ++revision_;
      log_.Append(view_,
                  {.revision = revision_,
                   .tick = ++tick_,
                   .time_ms = now_ms,
                   .version = version_,
                   .previous = has_previous ? previous_[count] : nullptr,
                   .namespace_name = version_->namespace_name()},
                  supply_, tick_);
    }
    log_.Trim(view_, now_ms, tick_, replaced);
    Keep(replaced);
  }

  void Trim(double now_ms) {
    RetiredList replaced;
    log_.Trim(view_, now_ms, ++tick_, replaced);
    Keep(replaced);
  }

  void Restart(uint64_t revision) {
    log_.PlanRestart();
    RetiredList replaced;
    revision_ = revision;
    log_.Restart(view_, revision, ++tick_, replaced);
    Keep(replaced);
  }

  void FreeRetired() {
    while (Retired* const item = retired_.Take()) {
      if (item->kind == kKinds.segment) {
        EventLog::FreeSegment(arena_, static_cast<LogSegment*>(item));
      } else {
        EventLog::FreeTable(arena_, static_cast<LogTable*>(item));
      }
    }
  }

  const LogView& view() const { return view_; }
  size_t dropped_versions() const { return dropped_versions_; }
  uint64_t version_bytes() const { return previous_[0]->bytes().size(); }
  uint64_t tick() const { return tick_; }

 private:
  void Keep(RetiredList& replaced) {
    while (Retired* const item = replaced.Take()) {
      if (item->kind == kVersion) {
        ++dropped_versions_;
      } else {
        retired_.Append(item);
      }
    }
  }

  Arena arena_;
  InternTable strings_{arena_, 1};
  Version* version_ = nullptr;
  // What records of one batch have replaced.
  std::array<Version*, 10> previous_;
  EventLog log_;
  LogSupply supply_;
  LogView view_;
  RetiredList retired_;
  uint64_t tick_ = 1;
  uint64_t revision_ = 0;
  size_t dropped_versions_ = 0;
};

HistoryLimits Limits(double window_ms, uint64_t entries_min, uint64_t entries_max,
                     uint64_t bytes_max = UINT64_MAX) {
  return {.window_ms = window_ms,
          .entries_min = entries_min,
          .entries_max = entries_max,
          .bytes_max = bytes_max};
}

void ExpectRevisions(const LogView& view, uint64_t first, uint64_t last) {
  ASSERT_EQ(view.size(), last - first + 1);
  for (uint64_t at = view.first; at < view.end; ++at) {
    ASSERT_EQ(view.At(at).revision, first + (at - view.first));
  }
}

TEST(EventLogTest, RecordsAreFoundBySequenceAndRevision) {
  Journal journal(Limits(75'000, 100, 1'000'000));
  for (int count = 0; count < 50; ++count) journal.Append(100, 0);
  ExpectRevisions(journal.view(), 1, 5000);
  for (const uint64_t revision : {0, 1, 511, 512, 513, 4999}) {
    EXPECT_EQ(journal.view().At(journal.view().Find(revision)).revision, revision + 1);
  }
  EXPECT_EQ(journal.view().Find(5000), journal.view().end);
}

TEST(EventLogTest, LimitsHoldInTheirOrder) {
  Journal journal(Limits(75'000, 2, 4));
  for (const double now_ms : {0, 1000, 2000, 3000, 4000}) journal.Append(1, now_ms);
  ExpectRevisions(journal.view(), 2, 5);
  EXPECT_EQ(journal.view().oldest_revision, 1U);
  EXPECT_EQ(journal.view().OldestAgeMs(10'000), 9000);
  journal.Trim(90'000);
  ExpectRevisions(journal.view(), 4, 5);
  journal.Trim(1e12);
  ExpectRevisions(journal.view(), 4, 5);
}

TEST(EventLogTest, BytesBeatTheLeastNumberOfEntries) {
  Journal probe(Limits(75'000, 100, 1000));
  Journal journal(Limits(75'000, 100, 1000, 3 * probe.version_bytes()));
  journal.Append(10, 0, true);
  ExpectRevisions(journal.view(), 8, 10);
  EXPECT_EQ(journal.dropped_versions(), 7U);
}

TEST(EventLogTest, AViewStaysWhatItWasWhileTheLogMovesOn) {
  Journal journal(Limits(75'000, 10, 1500));
  std::vector<LogView> views;
  std::vector<uint64_t> lasts;
  uint64_t last = 0;
  for (int count = 0; count < 300; ++count) {
    journal.Append(37, 0);
    last += 37;
    views.push_back(journal.view());
    lasts.push_back(last);
  }
  for (size_t at = 0; at < views.size(); ++at) {
    ExpectRevisions(views[at], lasts[at] - views[at].size() + 1, lasts[at]);
  }
  journal.FreeRetired();
  ExpectRevisions(journal.view(), last - 1499, last);
}

// Records that are planned and then not appended (deletions of what is not there) let the table be
// planned far ahead of what is written.
TEST(EventLogTest, RecordsThatDoNotComeLeaveNoHoleAndNoShortage) {
  Journal journal(Limits(75'000, 10, 600));
  uint64_t last = 0;
  for (uint64_t count = 0; count < 400; ++count) {
    const uint64_t records = count % 3;
    journal.Append(records, 0, false, 500);
    last += records;
    journal.FreeRetired();
  }
  ASSERT_LT(last, 600U);
  ExpectRevisions(journal.view(), 1, last);
  for (int count = 0; count < 50; ++count) journal.Append(511, 0);
  last += 50 * 511;
  ExpectRevisions(journal.view(), last - 599, last);
}

TEST(EventLogTest, AGenerationLeavesOneSequenceOutAndStartsEmpty) {
  for (const uint64_t records : {0, 1, 511, 512, 513, 1024}) {
    SCOPED_TRACE(records);
    Journal journal(Limits(75'000, 10, 100'000));
    journal.Append(records, 0);
    const uint64_t end = journal.view().end;
    journal.Restart(5000);
    EXPECT_EQ(journal.view().size(), 0U);
    EXPECT_EQ(journal.view().first, end + 1);
    EXPECT_EQ(journal.view().oldest_revision, 5000U);
    EXPECT_EQ(journal.view().oldest_tick, journal.tick());
    EXPECT_EQ(journal.view().OldestAgeMs(5), 0);
    journal.Append(2000, 0);
    ExpectRevisions(journal.view(), 5001, 7000);
    journal.Restart(9000);
    journal.Restart(9000);
    journal.Append(3, 0);
    ExpectRevisions(journal.view(), 9001, 9003);
    journal.FreeRetired();
  }
}

}  // namespace
}  // namespace shardwatch
