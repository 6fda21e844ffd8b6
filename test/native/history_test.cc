// States of the past: what is refused, what is kept and given up, and that none of it keeps memory
// which the log has given up. (That each is the right state: writer_test.cc.)

#include "native/core/cache/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "test/native/store_fixture.h"

namespace shardwatch {
namespace {

constexpr uint64_t kEntries = 8 * kRetainedEvery;

StoreOptions Options(uint64_t entries_max) {
  StoreOptions options;
  options.shard_count = 2;
  options.history.entries_max = entries_max;
  options.history.entries_min = entries_max;
  return options;
}

class HistoryTest : public testing::Test {
 protected:
  // Writes each of 50 objects in turn, as long as revisions up to `last` need it.
  void WriteUpTo(uint64_t last) {
    for (uint64_t revision = client_.Now().revision() + 1; revision <= last; ++revision) {
      const std::string name = std::to_string(revision % 50);
      const std::string json = ObjectJson("a", name, revision);
      const Change change{.key = {"a", name}, .revision = revision, .object = json};
      ASSERT_EQ(client_.writer.Apply({&change, 1}, 0).fault, WriteFault::kNone);
    }
  }

  size_t Holds() { return fixture_.store.held().Stats(0).holds; }

  StoreFixture fixture_{Options(kEntries)};
  Client client_{fixture_};
};

TEST_F(HistoryTest, RevisionsOutsideOfTheWindowAreRefused) {
  WriteUpTo(kEntries + 200);
  const PastState old = fixture_.history.At(199, client_.slot);
  EXPECT_EQ(old.fault, HistoryFault::kExpired);
  EXPECT_EQ(old.revision, 200U);
  const PastState future = fixture_.history.At(kEntries + 201, client_.slot);
  EXPECT_EQ(future.fault, HistoryFault::kFuture);
  EXPECT_EQ(future.revision, kEntries + 200);
  EXPECT_EQ(fixture_.history.At(200, client_.slot).fault, HistoryFault::kNone);
  EXPECT_EQ(fixture_.history.Oldest(client_.slot).state.revision(), 200U);
}

TEST_F(HistoryTest, RootsAreRetainedEverySoOftenAndForgottenWithTheLog) {
  WriteUpTo(2 * kEntries);
  EXPECT_LE(fixture_.history.count(), kEntries / kRetainedEvery + 1);
  EXPECT_GE(fixture_.history.count(), kEntries / kRetainedEvery);
  EXPECT_EQ(Holds(), fixture_.history.count());
}

TEST_F(HistoryTest, AStateThatWasMadeIsFoundAgainAndTheOldestOnesAreGivenUp) {
  WriteUpTo(3 * kRetainedEvery);
  const size_t retained = fixture_.history.count();
  for (uint64_t revision = 300; revision < 300 + 3 * kRebuiltMax; ++revision) {
    const PastState made = fixture_.history.At(revision, client_.slot);
    const PastState found = fixture_.history.At(revision, client_.slot);
    EXPECT_EQ(made.state.directory().namespaces().root(),
              found.state.directory().namespaces().root());
    EXPECT_LE(fixture_.history.count(), retained + kRebuiltMax);
  }
  WriteUpTo(2 * kEntries);
  EXPECT_LE(fixture_.history.count(), kEntries / kRetainedEvery + 1);
}

TEST_F(HistoryTest, ARebuiltStateOutlivesTheLogAndThenGivesEverythingBack) {
  WriteUpTo(kRetainedEvery + 500);
  std::vector<std::pair<StateHold, Model>> held;
  for (const uint64_t revision : {30, 77, 1024, 1025, 1030, 1333}) {
    PastState past = fixture_.history.At(revision, client_.slot);
    ASSERT_EQ(past.fault, HistoryFault::kNone);
    Model model = ReadModel(past.state.directory());
    ASSERT_EQ(model.size(), std::min<uint64_t>(revision, 50));
    held.emplace_back(std::move(past.state), std::move(model));
  }
  WriteUpTo(2 * kEntries);
  const uint64_t while_held = fixture_.store.version_bytes();
  for (const auto& [state, model] : held) EXPECT_EQ(ReadModel(state.directory()), model);
  held.clear();
  client_.writer.Trim(0);
  while (fixture_.store.Reclaim(SIZE_MAX)) {
  }
  EXPECT_LT(fixture_.store.version_bytes(), while_held);
  // The log's, and the fifty of the present state.
  const size_t size = StoredJson("a", "50", 2 * kEntries, 2 * kEntries).size();
  EXPECT_LE(fixture_.store.version_bytes(), (kEntries + 50) * size);
}

}  // namespace
}  // namespace shardwatch
