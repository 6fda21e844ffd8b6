// The heap of keys: in order whatever happens, and whole after each step.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "native/core/heap/key_heap.h"
#include "native/core/heap/key_memory.h"

namespace shardwatch {
namespace {

HeapKey KeyOf(uint64_t rank, uint32_t sequence) { return MakeHeapKey(rank, sequence, 0); }

std::vector<HeapKey> Drain(KeyHeap& heap) {
  std::vector<HeapKey> keys;
  for (; !heap.empty(); heap.Pop()) {
    keys.push_back(heap.Top());
    EXPECT_TRUE(heap.IsWhole()) << keys.size();
  }
  return keys;
}

TEST(HeapOrder, EveryLengthIsInOrderAndWhole) {
  std::mt19937_64 random(7);
  for (uint32_t length = 0; length <= 100; ++length) {
    KeyHeap heap;
    std::vector<HeapKey> expected;
    for (uint32_t sequence = 0; sequence < length; ++sequence) {
      expected.push_back(KeyOf(random() % 20, sequence));
      ASSERT_TRUE(heap.Reserve(1));
      heap.Push(expected.back());
      EXPECT_TRUE(heap.IsWhole()) << sequence << " of " << length;
    }
    std::ranges::sort(expected);
    EXPECT_TRUE(Drain(heap) == expected) << length;
  }
}

TEST(HeapOrder, RandomStepsAreThoseOfASet) {
  std::mt19937_64 random(11);
  KeyHeap heap;
  std::set<HeapKey> set;
  for (uint32_t step = 0; step < 20000; ++step) {
    if (random() % 100 < (step / 2000 % 2 == 0 ? 60U : 40U)) {
      const HeapKey key = KeyOf(random() % 1000, step);
      ASSERT_TRUE(heap.Reserve(1));
      heap.Push(key);
      set.insert(key);
    } else if (!set.empty()) {
      ASSERT_TRUE(heap.Top() == *set.begin()) << step;
      heap.Pop();
      set.erase(set.begin());
    }
    ASSERT_EQ(heap.size(), set.size());
  }
  EXPECT_TRUE(heap.IsWhole());
  EXPECT_TRUE(Drain(heap) == std::vector<HeapKey>(set.begin(), set.end()));
}

TEST(HeapOrder, FilterKeepsAHeapOfEveryLength) {
  for (uint32_t length = 0; length <= 60; ++length) {
    for (uint32_t kept = 0; kept <= length; ++kept) {
      KeyHeap heap;
      ASSERT_TRUE(heap.Reserve(length + 1));
      for (uint32_t rank = length; rank > 0; --rank) heap.Push(KeyOf(rank, rank));
      heap.Filter([&](const HeapKey& key) { return SequenceOf(key) <= kept; });
      ASSERT_TRUE(heap.IsWhole()) << kept << " of " << length;
      ASSERT_EQ(heap.size(), kept);
      heap.Push(KeyOf(0, 0));
      const std::vector<HeapKey> keys = Drain(heap);
      ASSERT_EQ(keys.size(), kept + 1);
      ASSERT_TRUE(std::ranges::is_sorted(keys));
    }
  }
}

TEST(HeapOrder, NumberingAnewKeepsTheOrder) {
  std::mt19937_64 random(13);
  KeyHeap heap;
  ASSERT_TRUE(heap.Reserve(500));
  for (uint32_t sequence = 500; sequence > 0; --sequence) heap.Push(KeyOf(random() % 9, sequence));
  uint32_t next = 0;
  heap.Renumber([&next](const HeapKey& key) { return MakeHeapKey(RankOf(key), next++, 1); });
  EXPECT_TRUE(heap.IsWhole());
  const std::vector<HeapKey> keys = Drain(heap);
  EXPECT_TRUE(std::ranges::is_sorted(keys));
  for (uint32_t index = 0; index < 500; ++index) ASSERT_EQ(SequenceOf(keys[index]), index);
}

TEST(HeapOrder, RoomIsMadeOnceForMany) {
  KeyHeap heap;
  ASSERT_TRUE(heap.Reserve(300000));
  for (uint32_t rank = 300000; rank > 0; --rank) heap.Push(KeyOf(rank, rank));
  EXPECT_TRUE(heap.IsWhole());
  EXPECT_EQ(SequenceOf(heap.Top()), 1U);
  heap.Clear();
  EXPECT_TRUE(heap.empty());
  EXPECT_TRUE(heap.keys().empty());
}

TEST(HeapOrder, MemoryBeginsOnACacheLine) {
  for (const size_t needed : {size_t{1}, size_t{5000}, size_t{1} << 20, (size_t{2} << 20) + 1}) {
    size_t bytes = 0;
    void* const memory = MapKeys(needed, &bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_GE(bytes, needed);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0U);
    UnmapKeys(memory, bytes);
  }
}

}  // namespace
}  // namespace shardwatch
