// What one thread's attachment to a cache tells once another thread has closed it.

#include "native/core/cache/cache.h"

#include <gtest/gtest.h>

#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

TEST(CacheTest, AClosedCacheHasNoStateThatCouldBeTakenForItsLast) {
  World owner;
  World other(owner.cache());
  owner.Put({}, 1);
  owner.Put({}, 2);
  const StateHold held = other.attachment().Now();
  EXPECT_EQ(held.directory().size(), 1U);
  owner.CloseCache();
  EXPECT_FALSE(other.attachment().Now());
  {
    EpochPin pin(other.attachment().store().epochs(), other.slot());
    EXPECT_EQ(other.attachment().Current(), nullptr);
  }
  History& history = other.cache().history();
  for (const uint64_t revision : {0, 1, 2, 3}) {
    EXPECT_EQ(history.At(revision, other.slot()).fault, HistoryFault::kClosed);
  }
  EXPECT_EQ(history.Oldest(other.slot()).fault, HistoryFault::kClosed);
  EXPECT_EQ(held.directory().size(), 1U) << "what was read before stays readable";
}

}  // namespace
}  // namespace shardwatch
