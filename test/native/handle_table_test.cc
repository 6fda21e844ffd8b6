// Handles: found while open, never afterwards.

#include "native/binding/handle_table.h"

#include <gtest/gtest.h>

#include <iterator>
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

TEST(HandleTable, TablesOfOtherKindsAndGenerationsKnowNoHandleOfEachOther) {
  HandleTable<int> tables[] = {HandleTable<int>(1, 5), HandleTable<int>(2, 5),
                               HandleTable<int>(1, 0x9e3779b1)};
  int64_t handles[std::size(tables)];
  for (size_t index = 0; index < std::size(tables); ++index) {
    handles[index] = tables[index].Open(7).value();
    EXPECT_LT(handles[index], int64_t{1} << 53);
  }
  for (size_t table = 0; table < std::size(tables); ++table) {
    for (size_t handle = 0; handle < std::size(handles); ++handle) {
      EXPECT_EQ(tables[table].Find(handles[handle]) != nullptr, table == handle);
    }
  }
}

TEST(HandleTable, GenerationsGoOnFromTheirEndToTheBeginning) {
  HandleTable<int> table(0, HandleTable<int>::kGenerationMax);
  const int64_t last = table.Open(1).value();
  EXPECT_TRUE(table.Close(last));
  const int64_t first = table.Open(2).value();
  EXPECT_LT(first, last);
  EXPECT_EQ(table.Find(last), nullptr);
  EXPECT_EQ(*table.Find(first), 2);
}

TEST(HandleTable, VisitsWhatIsOpenByItsHandles) {
  HandleTable<int> table(3, 9);
  std::vector<int64_t> handles;
  for (int value = 0; value < 5; ++value) handles.push_back(table.Open(value).value());
  table.Close(handles[1]);
  int sum = 0;
  table.ForEach([&](int64_t handle, int& value) {
    EXPECT_EQ(handle, handles[static_cast<size_t>(value)]);
    sum += value;
  });
  EXPECT_EQ(sum, 0 + 2 + 3 + 4);
}

TEST(HandleTable, ClearingDropsAllValues) {
  HandleTable<std::shared_ptr<int>> table;
  const auto value = std::make_shared<int>(7);
  for (int count = 0; count < 5; ++count) table.Open(value);
  table.Clear();
  EXPECT_EQ(value.use_count(), 1);
}

}  // namespace
}  // namespace shardwatch::binding
