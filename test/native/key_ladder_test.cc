// The ladder of keys: what leaves is what a set would give, whatever comes in which order, and all
// rules of the ladder hold meanwhile.

#include "native/core/heap/key_ladder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <vector>

#include "native/core/heap/key_sort.h"

namespace shardwatch {
namespace {

HeapKey KeyOf(uint64_t rank, uint32_t sequence) { return MakeHeapKey(rank, sequence, 0); }

// A ladder, and a set that does the same.
class Pair {
 public:
  void Push(uint64_t rank) {
    const HeapKey key = KeyOf(rank, sequence_++);
    ASSERT_TRUE(ladder_.Reserve(1));
    ladder_.Push(key);
    set_.insert(set_.end(), key);
  }

  void Pop() {
    if (set_.empty()) return;
    ASSERT_TRUE(ladder_.Top() == *set_.begin());
    ladder_.Pop();
    set_.erase(set_.begin());
  }

  void PopRun(size_t count) {
    std::vector<HeapKey> run(count);
    const size_t popped = ladder_.PopRun(run);
    ASSERT_EQ(popped, std::min(count, set_.size()));
    for (size_t index = 0; index < popped; ++index) {
      ASSERT_TRUE(run[index] == *set_.begin());
      set_.erase(set_.begin());
    }
  }

  template <typename IsKept>
  void Filter(const IsKept& is_kept) {
    ladder_.Filter(is_kept);
    std::erase_if(set_, [&](const HeapKey& key) { return !is_kept(key); });
  }

  void Renumber() {
    uint32_t next = 0;
    ladder_.Renumber([&](const HeapKey& key) { return KeyOf(RankOf(key), next++); });
    sequence_ = 0;
    std::set<HeapKey> numbered;
    for (const HeapKey& key : set_) {
      numbered.insert(numbered.end(), KeyOf(RankOf(key), sequence_++));
    }
    set_ = std::move(numbered);
    ASSERT_EQ(next, sequence_);
  }

  // The keys of the ladder are those of the set, and its rules hold.
  void Check() {
    ASSERT_TRUE(ladder_.IsWhole());
    ASSERT_EQ(ladder_.size(), set_.size());
    std::vector<HeapKey> keys;
    ladder_.ForEach([&](const HeapKey& key) { keys.push_back(key); });
    std::ranges::sort(keys);
    ASSERT_TRUE(std::ranges::equal(keys, set_));
  }

  void Drain() {
    while (!set_.empty()) {
      Pop();
      if (set_.size() % 97 == 0) {
        ASSERT_TRUE(ladder_.IsWhole()) << set_.size();
      }
    }
    EXPECT_TRUE(ladder_.empty());
    EXPECT_TRUE(ladder_.IsWhole());
  }

  size_t size() const { return set_.size(); }
  uint64_t first_rank() const { return set_.empty() ? 0 : RankOf(*set_.begin()); }

 private:
  KeyLadder ladder_;
  std::set<HeapKey> set_;
  uint32_t sequence_ = 0;
};

TEST(KeySort, EveryLengthIsSorted) {
  std::mt19937_64 random(3);
  for (size_t length = 0; length <= 200; ++length) {
    for (const uint64_t ranks : {uint64_t{1}, uint64_t{5}, UINT64_MAX}) {
      std::vector<HeapKey> keys;
      for (uint32_t index = 0; index < length; ++index) {
        keys.push_back(KeyOf(random() % ranks, static_cast<uint32_t>(random())));
      }
      std::vector<HeapKey> expected = keys;
      std::ranges::sort(expected);
      std::array<HeapKey, 200> scratch;
      SortKeys(keys, scratch);
      EXPECT_TRUE(keys == expected) << length;
    }
  }
}

TEST(KeyLadder, EveryLengthIsInOrder) {
  std::mt19937_64 random(7);
  for (uint32_t length = 0; length <= 1'500; length += 1 + length / 40) {
    for (const uint64_t ranks : {uint64_t{3}, uint64_t{1'000}}) {
      Pair pair;
      for (uint32_t index = 0; index < length; ++index) pair.Push(random() % ranks);
      pair.Check();
      pair.Drain();
    }
  }
}

TEST(KeyLadder, OrderedInputsAreInOrder) {
  constexpr uint64_t kCount = 5'000;
  Pair rising;
  Pair falling;
  Pair equal;
  Pair saw;
  for (uint64_t index = 0; index < kCount; ++index) {
    rising.Push(index);
    falling.Push(kCount - index);
    equal.Push(1);
    saw.Push(index % 70);
  }
  for (Pair* const pair : {&rising, &falling, &equal, &saw}) {
    pair->Check();
    pair->Drain();
  }
}

TEST(KeyLadder, RandomStepsAreThoseOfASet) {
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 random(seed);
    Pair pair;
    for (uint32_t step = 0; step < 6'000; ++step) {
      const uint64_t act = random() % 100;
      const bool grows = step / 1'500 % 2 == 0;
      if (act < (grows ? 60U : 30U)) {
        // Ahead of what leaves, near or far, and now and then before it.
        const uint64_t first = pair.first_rank();
        const uint64_t width = uint64_t{1} << (random() % 20);
        const uint64_t rank = act < 5 ? first / 2 : first + random() % width;
        const size_t count = act < 20 ? random() % 300 : 1;
        pair.Push(rank);
        for (size_t more = 1; more < count; ++more) pair.Push(first + random() % width);
      } else if (act < 85) {
        pair.Pop();
      } else if (act < 95) {
        pair.PopRun(random() % 200);
      } else if (act < 97) {
        const uint64_t left_out = random() % 3;
        pair.Filter([&](const HeapKey& key) { return SequenceOf(key) % 3 != left_out; });
      } else if (act == 97) {
        pair.Renumber();
      }
      if (step % 50 == 0) pair.Check();
      if (testing::Test::HasFatalFailure()) return;
    }
    pair.Drain();
  }
}

TEST(KeyLadder, OneLeavesAndOneComesAtManyDepths) {
  for (const uint64_t depth : {10U, 300U, 3'000U, 100'000U}) {
    std::mt19937_64 random(depth);
    Pair pair;
    for (uint64_t index = 0; index < depth; ++index) pair.Push(random() % (2 * depth));
    for (uint64_t now = 0; now < 2 * depth; ++now) {
      pair.Pop();
      pair.Push(now + random() % (2 * depth));
    }
    pair.Check();
  }
}

// Buckets that came to be of many keys are as many when nearly all keys are gone: in the end two
// become one wherever another is needed.
TEST(KeyLadder, BucketsAreNoMoreThanWereReckonedWith) {
  std::mt19937_64 random(17);
  Pair pair;
  for (uint64_t range = 1; range <= 12; ++range) {
    for (uint32_t index = 0; index < KeyLadder::kBucketKeysMax + 500; ++index) {
      pair.Push((range << 32) + random() % 1'000'000);
    }
    pair.Filter([&](const HeapKey& key) { return SequenceOf(key) % 100 == 0; });
    pair.Check();
    for (uint32_t index = 0; index < 2'000; ++index) pair.Push(random() % 1'000'000);
    for (uint32_t index = 0; index < 2'100; ++index) pair.Pop();
    pair.Check();
    if (testing::Test::HasFatalFailure()) return;
  }
  pair.Drain();
}

TEST(KeyLadder, RoomIsMadeOnceForManyAndGivenBack) {
  KeyLadder ladder;
  ASSERT_TRUE(ladder.Reserve(300'000));
  for (uint32_t rank = 300'000; rank > 0; --rank) ladder.Push(KeyOf(rank, rank));
  EXPECT_TRUE(ladder.IsWhole());
  EXPECT_EQ(SequenceOf(ladder.Top()), 1U);
  ladder.Clear();
  EXPECT_TRUE(ladder.empty());
  EXPECT_TRUE(ladder.IsWhole());
  ASSERT_TRUE(ladder.Reserve(1));
  ladder.Push(KeyOf(2, 1));
  EXPECT_EQ(SequenceOf(ladder.Top()), 1U);
}

}  // namespace
}  // namespace shardwatch
