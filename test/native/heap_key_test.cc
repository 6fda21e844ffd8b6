// Keys of heaps have the order of the numbers that they are made of.

#include "native/core/heap/heap_key.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace shardwatch {
namespace {

using Limits = std::numeric_limits<double>;

TEST(HeapKey, RanksHaveTheOrderOfTheDoubles) {
  const std::vector<double> values = {
      -Limits::infinity(),  Limits::lowest(), -1.5, -1,  -Limits::min(), -Limits::denorm_min(), 0,
      Limits::denorm_min(), Limits::min(),    1,    1.5, Limits::max(),  Limits::infinity()};
  for (size_t index = 0; index < values.size(); ++index) {
    EXPECT_EQ(ValueOf(RankOf(values[index])), values[index]);
    if (index == 0) continue;
    EXPECT_LT(RankOf(values[index - 1]), RankOf(values[index])) << values[index];
  }
}

TEST(HeapKey, ZerosAreEqual) {
  EXPECT_EQ(RankOf(-0.0), RankOf(0.0));
  EXPECT_FALSE(std::signbit(ValueOf(RankOf(-0.0))));
}

TEST(HeapKey, SequenceTellsEqualRanksApartAndSlotNothing) {
  const uint64_t rank = RankOf(-7.25);
  const HeapKey key = MakeHeapKey(rank, 5, 9);
  EXPECT_EQ(RankOf(key), rank);
  EXPECT_EQ(SequenceOf(key), 5U);
  EXPECT_EQ(SlotOf(key), 9U);
  EXPECT_LT(key, MakeHeapKey(rank, 6, 0));
  EXPECT_LT(MakeHeapKey(rank, UINT32_MAX - 1, UINT32_MAX), MakeHeapKey(RankOf(-7.0), 0, 0));
  EXPECT_LT(MakeHeapKey(RankOf(Limits::infinity()), UINT32_MAX - 1, UINT32_MAX), kHeapKeyEnd);
}

}  // namespace
}  // namespace shardwatch
