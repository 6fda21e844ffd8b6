// Handles: found while open, never afterwards.

#include "native/binding/handle_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

namespace shardwatch::binding {
namespace {

TEST(HandleTable, FindsWhatIsOpen) {
  HandleTable<int> table;
  const int64_t first = table.Open(1).value();
  const int64_t second = table.Open(2).value();
  EXPECT_EQ(*table.Find(first), 1);
  EXPECT_EQ(*table.Find(second), 2);
}

TEST(HandleTable, AClosedHandleFindsNothingEvenWhenItsSlotIsUsedAgain) {
  HandleTable<int> table;
  const int64_t old = table.Open(1).value();
  EXPECT_TRUE(table.Close(old));
  const int64_t current = table.Open(2).value();
  EXPECT_EQ(current & (HandleTable<int>::kSlotsMax - 1), old & (HandleTable<int>::kSlotsMax - 1));
  EXPECT_EQ(table.Find(old), nullptr);
  EXPECT_FALSE(table.Close(old));
  EXPECT_EQ(*table.Find(current), 2);
}

TEST(HandleTable, RefusesWhatItNeverGaveOut) {
  HandleTable<int> table;
  const int64_t handle = table.Open(1).value();
  for (const int64_t wrong : {int64_t{-1}, handle + 1, int64_t{1} << 52, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(table.Find(wrong), nullptr) << wrong;
    EXPECT_FALSE(table.Close(wrong)) << wrong;
  }
}

TEST(HandleTable, ClosingDropsTheValue) {
  HandleTable<std::shared_ptr<int>> table;
  const auto value = std::make_shared<int>(7);
  const int64_t handle = table.Open(value).value();
  EXPECT_EQ(value.use_count(), 2);
  table.Close(handle);
  EXPECT_EQ(value.use_count(), 1);
}

TEST(HandleTable, HandlesAreDifferentAndExactAsNumbers) {
  HandleTable<int> table;
  std::set<int64_t> seen;
  for (int round = 0; round < 1000; ++round) {
    const int64_t handle = table.Open(round).value();
    EXPECT_TRUE(seen.insert(handle).second);
    EXPECT_EQ(static_cast<int64_t>(static_cast<double>(handle)), handle);
    table.Close(handle);
  }
}

}  // namespace
}  // namespace shardwatch::binding
