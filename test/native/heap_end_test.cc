// Entries of one end and of several: order, handles, deadlines, numbers that begin anew, and what
// is handed from one end to the other.

#include "native/core/heap/heap_end.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace shardwatch {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

uint32_t SlotOfHandle(uint64_t handle) {
  return static_cast<uint32_t>(handle & (SlotTable::kSlotsMax - 1));
}

// An end with a list of its own, as a thread has it.
class Side {
 public:
  explicit Side(std::shared_ptr<EntryHeap> heap) : ready_(Wake, this) {
    end_.emplace(std::move(heap), ready_, 77);
  }
  ~Side() {
    end_.reset();
    ready_.Close();
  }

  HeapEnd& end() { return *end_; }
  void Leave() { end_.reset(); }

  // The handle, or nothing where it was refused.
  std::optional<uint64_t> Push(double priority, double deadline = kNever) {
    uint32_t slot = kNoSlot;
    double handle = 0;
    if (end_->Push({&priority, 1}, {&deadline, 1}, {&slot, 1}, {&handle, 1}) != HeapFault::kNone) {
      return std::nullopt;
    }
    EXPECT_EQ(slot, SlotOfHandle(static_cast<uint64_t>(handle)));
    return static_cast<uint64_t>(handle);
  }

  // Slots that were taken of this side's.
  std::vector<uint32_t> Take(size_t count, size_t* all = nullptr) {
    std::vector<uint32_t> slots(count);
    const HeapEnd::Taken taken = end_->Take(slots, {});
    if (all != nullptr) *all = taken.all;
    slots.resize(taken.own);
    return slots;
  }

  std::vector<uint32_t> Collect(size_t count = 1000) {
    std::vector<uint32_t> slots(count);
    slots.resize(end_->Collect(slots));
    return slots;
  }

  // How many consumers are to be called.
  size_t TakeReady() {
    uint64_t consumer = 0;
    const size_t count = ready_.Take(&consumer, 1);
    EXPECT_EQ(consumer, count > 0 ? 77U : 0U);
    return count;
  }

  int wakes = 0;

 private:
  static void Wake(void* side) { ++static_cast<Side*>(side)->wakes; }

  ReadyList ready_;
  std::optional<HeapEnd> end_;
};

std::shared_ptr<EntryHeap> MakeHeap(const EntryHeapOptions& options = {}) {
  return std::make_shared<EntryHeap>(options);
}

std::shared_ptr<EntryHeap> MakeSharedHeap(const EntryHeapOptions& options = {}) {
  auto heap = MakeHeap(options);
  heap->Share();
  return heap;
}

TEST(HeapEnd, EqualPrioritiesLeaveAsTheyCame) {
  Side side(MakeHeap());
  std::vector<uint32_t> expected(100);
  for (uint32_t index = 0; index < 100; ++index) {
    expected[index % 5 * 20 + index / 5] = SlotOfHandle(*side.Push(index % 5));
  }
  EXPECT_EQ(side.Take(1000), expected);
  EXPECT_TRUE(side.end().IsWhole());
}

TEST(HeapEnd, BatchesAreRefusedWhole) {
  Side side(MakeHeap({.capacity = 3}));
  side.Push(1);
  const std::vector<double> priorities = {1, 2, 3};
  std::vector<uint32_t> slots(3);
  EXPECT_EQ(side.end().Push(priorities, {}, slots, {}), HeapFault::kFull);
  EXPECT_EQ(side.end().Size(), 1U);
  side.Take(1);
  EXPECT_EQ(side.end().Push(priorities, {}, slots, {}), HeapFault::kNone);
  EXPECT_FALSE(side.Push(0));
  EXPECT_EQ(side.end().Size(), 3U);
}

TEST(HeapEnd, ASlotThatIsUsedAgainHasAnotherHandle) {
  SlotTable slots(SlotTable::kGenerations - 1);
  ASSERT_TRUE(slots.Reserve(1));
  const uint32_t first = slots.Open();
  slots.Enter(first, 0, 0);
  const uint64_t handle = slots.HandleOf(first);
  EXPECT_EQ(slots.Find(handle), first);
  slots.Leave(first);
  EXPECT_EQ(slots.Find(handle), kNoSlot);
  slots.Free(first);
  ASSERT_TRUE(slots.Reserve(1));
  ASSERT_EQ(slots.Open(), first);
}

TEST(HeapEnd, SlotsWhoseGenerationsAreUsedUpAreGone) {
  SlotTable slots(SlotTable::kGenerations - 1);
  // The generation before the first one is the last one.
  const uint32_t last = SlotTable::kGenerations - 2;
  ASSERT_TRUE(slots.Load(&last, 1));
  slots.Enter(0, 0, 0);
  slots.Leave(0);
  slots.Free(0);
  ASSERT_TRUE(slots.Reserve(1));
  EXPECT_NE(slots.Open(), 0U);
}

// A list of entries beside a heap with few sequences; every step compares both.
TEST(HeapEnd, RandomStepsAreThoseOfAList) {
  struct Entry {
    uint64_t handle;
    double priority;
    uint64_t turn;
    double deadline;
    uint64_t pushed;
  };
  std::mt19937_64 random(17);
  for (const uint32_t sequences : {kNoSequence, 41U}) {
    Side side(MakeHeap({.capacity = 40, .sequences = sequences}));
    HeapEnd& end = side.end();
    std::vector<Entry> list;
    uint64_t turn = 0;
    const auto leave = [&](auto entry, uint32_t slot) {
      ASSERT_EQ(slot, SlotOfHandle(entry->handle));
      EXPECT_FALSE(end.Has(entry->handle));
      list.erase(entry);
    };
    const auto by_priority = [](const Entry& a, const Entry& b) {
      return std::pair(a.priority, a.turn) < std::pair(b.priority, b.turn);
    };
    const auto by_deadline = [](const Entry& a, const Entry& b) {
      return std::pair(a.deadline, a.pushed) < std::pair(b.deadline, b.pushed);
    };
    for (int step = 0; step < 20000; ++step) {
      const auto dice = random() % 10;
      const auto priority = static_cast<double>(random() % 7) - 3;
      if (dice < 4) {
        const double deadline = random() % 2 == 0 ? kNever : static_cast<double>(random() % 50);
        const auto handle = side.Push(priority, deadline);
        ASSERT_EQ(handle.has_value(), list.size() < 40);
        if (handle) list.push_back({*handle, priority, turn, deadline, turn});
        ++turn;
      } else if (list.empty()) {
        EXPECT_TRUE(side.Take(1).empty());
      } else if (dice < 6) {
        leave(std::ranges::min_element(list, by_priority), side.Take(1).at(0));
      } else if (dice < 7) {
        uint32_t slot = kNoSlot;
        const auto entry = list.begin() + static_cast<ptrdiff_t>(random() % list.size());
        ASSERT_EQ(end.Remove(entry->handle, &slot), HeapFault::kNone);
        leave(entry, slot);
      } else if (dice < 9) {
        Entry& entry = list[random() % list.size()];
        ASSERT_EQ(end.Update(entry.handle, priority), HeapFault::kNone);
        entry.priority = priority;
        entry.turn = turn++;
      } else {
        uint32_t slot = kNoSlot;
        const auto entry = std::ranges::min_element(list, by_deadline);
        ASSERT_EQ(end.NextDeadline(), entry->deadline);
        const size_t expired = end.Expire(25, {&slot, 1});
        ASSERT_EQ(expired, entry->deadline <= 25 ? 1U : 0U);
        if (expired == 1) leave(entry, slot);
      }
      ASSERT_EQ(end.Size(), list.size());
      ASSERT_TRUE(end.IsWhole()) << step;
    }
  }
}

// What who looks ahead has in his hands, beside the list of entries as it should be.
class Ahead {
 public:
  explicit Ahead(HeapEnd& end) : end_(end) {}

  // False where the reserve is used up: that is known after the next Advance.
  bool Push(double priority, uint64_t turn) {
    if (pushed_.size() == handles_.size() || priority < last_) return false;
    const uint64_t handle = handles_[pushed_.size()];
    pushed_.push_back(priority);
    list_.insert({{priority, turn}, handle});
    return true;
  }

  // The first entry, if it is in the run.
  bool Pop() {
    if (taken_ == run_.size()) return false;
    EXPECT_EQ(run_[taken_++], SlotOfHandle(list_.begin()->second));
    list_.erase(list_.begin());
    if (taken_ == run_.size()) last_ = -kNever;
    return true;
  }

  void Advance(size_t wanted) {
    std::vector<double> slots(wanted);
    std::vector<double> priorities(wanted);
    std::vector<double> handles(HeapEnd::kAheadMax);
    const HeapEnd::Ahead ahead =
        end_.Advance(static_cast<uint32_t>(taken_), pushed_, slots, priorities, handles);
    handles_.erase(handles_.begin(), handles_.begin() + static_cast<ptrdiff_t>(pushed_.size()));
    for (size_t index = 0; index < ahead.reserved; ++index) {
      handles_.push_back(static_cast<uint64_t>(handles[index]));
    }
    ASSERT_EQ(ahead.run, std::min(wanted, list_.size()));
    run_.assign(slots.begin(), slots.begin() + ahead.run);
    last_ = ahead.run == 0 ? -kNever : priorities[ahead.run - 1];
    taken_ = 0;
    pushed_.clear();
  }

  // After Advance(0).
  void Remove(size_t place) {
    const auto entry = std::next(list_.begin(), static_cast<ptrdiff_t>(place % list_.size()));
    uint32_t slot = kNoSlot;
    EXPECT_EQ(end_.Remove(entry->second, &slot), HeapFault::kNone);
    EXPECT_EQ(slot, SlotOfHandle(entry->second));
    list_.erase(entry);
  }

  size_t size() const { return list_.size(); }

 private:
  HeapEnd& end_;
  std::map<std::pair<double, uint64_t>, uint64_t> list_;
  std::vector<uint32_t> run_;
  size_t taken_ = 0;
  double last_ = -kNever;
  std::vector<double> pushed_;
  std::vector<uint64_t> handles_;
};

TEST(HeapEnd, WhoLooksAheadSeesEntriesInOrder) {
  std::mt19937_64 random(29);
  for (const uint32_t sequences : {kNoSequence, 41U}) {
    Side side(MakeHeap({.capacity = 40, .sequences = sequences}));
    Ahead ahead(side.end());
    for (uint64_t step = 0; step < 20000; ++step) {
      const auto dice = random() % 100;
      const auto priority = static_cast<double>(random() % 60);
      if (dice < 50 && ahead.size() < 40) {
        if (!ahead.Push(priority, step)) {
          ahead.Advance(0);
          ASSERT_TRUE(ahead.Push(priority, step));
        }
      } else if (dice < 95 && ahead.size() > 0) {
        if (!ahead.Pop()) {
          ahead.Advance(1 + random() % HeapEnd::kAheadMax);
          ASSERT_TRUE(ahead.Pop());
        }
      } else if (ahead.size() > 0) {
        ahead.Advance(0);
        ahead.Remove(random());
        ASSERT_EQ(side.end().Size(), ahead.size());
        ASSERT_TRUE(side.end().IsWhole()) << step;
      }
    }
  }
}

TEST(HeapEnd, WhatIsKnownAheadIsGivenUp) {
  Side side(MakeHeap({.capacity = 10}));
  for (int priority = 0; priority < 5; ++priority) side.Push(priority);
  std::vector<double> slots(3);
  std::vector<double> priorities(3);
  std::vector<double> handles(HeapEnd::kAheadMax);
  const HeapEnd::Ahead ahead = side.end().Advance(0, {}, slots, priorities, handles);
  EXPECT_EQ(ahead.run, 3U);
  EXPECT_EQ(ahead.reserved, HeapEnd::kAheadMax);
  EXPECT_EQ(priorities, (std::vector<double>{0, 1, 2}));
  // Whatever else is called finds the run where it belongs.
  double first = -1;
  side.end().Peek(&first);
  EXPECT_EQ(first, 0);
  EXPECT_EQ(side.end().run_size(), 0U);
  EXPECT_EQ(side.Take(10).size(), 5U);
  side.end().EndAhead();
  EXPECT_EQ(side.end().reserved(), 0U);
  EXPECT_LT(SlotOfHandle(*side.Push(1)), 5 + HeapEnd::kAheadMax);
}

TEST(HeapEnd, WhatIsDispatchedIsCollectedInOrderAndWakesOnce) {
  auto heap = MakeSharedHeap();
  Side mine(heap);
  Side theirs(heap);
  const uint32_t second = SlotOfHandle(*theirs.Push(2));
  const uint32_t first = SlotOfHandle(*theirs.Push(1));
  const uint32_t own = SlotOfHandle(*mine.Push(1.5));
  size_t all = 0;
  EXPECT_EQ(mine.Take(5, &all), std::vector{own});
  EXPECT_EQ(all, 3U);
  EXPECT_EQ(theirs.wakes, 1);
  EXPECT_EQ(mine.wakes, 0);
  EXPECT_EQ(mine.end().Size(), 0U);
  EXPECT_EQ(theirs.TakeReady(), 1U);
  EXPECT_EQ(theirs.Collect(1), std::vector{first});
  EXPECT_EQ(theirs.Collect(), std::vector{second});
  EXPECT_TRUE(theirs.Collect().empty());
  // Quiet again: the next one wakes anew.
  theirs.Push(1);
  mine.Take(1);
  EXPECT_EQ(theirs.wakes, 2);
}

TEST(HeapEnd, ASlotIsNotUsedAgainBeforeItsOwnerWasTold) {
  auto heap = MakeSharedHeap();
  Side mine(heap);
  Side theirs(heap);
  const uint64_t handle = *theirs.Push(1);
  mine.Take(1);
  EXPECT_FALSE(theirs.end().Has(handle));
  EXPECT_NE(SlotOfHandle(*mine.Push(1)), SlotOfHandle(handle));
  EXPECT_EQ(theirs.Collect(), std::vector{SlotOfHandle(handle)});
  EXPECT_EQ(SlotOfHandle(*mine.Push(1)), SlotOfHandle(handle));
}

TEST(HeapEnd, EntriesOfAnotherEndAreNotToBeTouched) {
  auto heap = MakeSharedHeap();
  Side mine(heap);
  Side theirs(heap);
  const uint64_t handle = *theirs.Push(1, 5);
  uint32_t slot = kNoSlot;
  EXPECT_EQ(mine.end().Remove(handle, &slot), HeapFault::kForeignHandle);
  EXPECT_EQ(mine.end().Update(handle, 2), HeapFault::kForeignHandle);
  EXPECT_FALSE(mine.end().Has(handle));
  EXPECT_EQ(mine.end().NextDeadline(), kNever);
  EXPECT_EQ(mine.end().Expire(9, {&slot, 1}), 0U);
  mine.end().Clear();
  EXPECT_EQ(theirs.end().Size(), 1U);
  std::vector<double> lanes(2);
  size_t count = 9;
  EXPECT_TRUE(mine.end().Order(lanes, lanes, &count));
  EXPECT_EQ(count, 0U);
  EXPECT_TRUE(theirs.end().Has(handle));
}

TEST(HeapEnd, AnEndThatGoesTakesItsEntriesAlong) {
  auto heap = MakeSharedHeap({.capacity = 6});
  Side mine(heap);
  const uint64_t kept = *mine.Push(2, 7);
  {
    Side theirs(heap);
    for (int count = 0; count < 5; ++count) theirs.Push(1, 3);
    EXPECT_FALSE(theirs.Push(1));
    // One of them is on its way.
    EXPECT_TRUE(mine.Take(1).empty());
  }
  EXPECT_EQ(mine.end().Size(), 1U);
  EXPECT_TRUE(mine.end().IsWhole());
  EXPECT_EQ(mine.end().NextDeadline(), 7);
  // All slots but one are free again, those on their way too.
  for (int count = 0; count < 5; ++count) EXPECT_LT(SlotOfHandle(*mine.Push(3)), 6U);
  EXPECT_EQ(mine.Take(1), std::vector{SlotOfHandle(kept)});
}

TEST(HeapEnd, AnotherHeapsContentsGoOnAsTheyWere) {
  Side side(MakeHeap());
  const std::vector<uint32_t> generations = {10, 20, 30, 40};
  const std::vector<uint32_t> order = {2, 0, 3};
  const std::vector<double> priorities = {-1, 5, 5};
  const std::vector<uint32_t> expiring = {3, 2};
  const std::vector<double> deadlines = {4, 9};
  ASSERT_TRUE(side.end().Load({generations, order, priorities, expiring, deadlines}));
  EXPECT_TRUE(side.end().IsWhole());
  EXPECT_TRUE(side.end().Has((uint64_t{40} << 24) | 3));
  EXPECT_FALSE(side.end().Has((uint64_t{20} << 24) | 1));
  uint32_t slot = kNoSlot;
  EXPECT_EQ(side.end().Expire(8, {&slot, 1}), 1U);
  EXPECT_EQ(slot, 3U);
  const uint64_t handle = *side.Push(0);
  EXPECT_LT(SlotOfHandle(handle), 4U);
  EXPECT_EQ(side.Take(9), (std::vector<uint32_t>{2, SlotOfHandle(handle), 0}));
}

TEST(HeapEnd, ContentsThatContradictEachOtherAreRefused) {
  const std::vector<uint32_t> generations = {1, 2};
  const std::vector<double> numbers = {1, 2};
  const std::vector<double> wrong = {1, std::numeric_limits<double>::quiet_NaN()};
  const std::vector<uint32_t> slots = {0, 1};
  const std::vector<uint32_t> twice = {1, 1};
  const std::vector<uint32_t> beyond = {0, 2};
  const std::vector<uint32_t> one = {0};
  const std::span<const double> first(numbers.data(), 1);
  for (const HeapContents& contents : {HeapContents{generations, twice, numbers, {}, {}},
                                       HeapContents{generations, beyond, numbers, {}, {}},
                                       HeapContents{generations, slots, first, {}, {}},
                                       HeapContents{generations, slots, wrong, {}, {}},
                                       HeapContents{generations, slots, numbers, twice, numbers},
                                       HeapContents{generations, slots, numbers, beyond, numbers},
                                       HeapContents{generations, slots, numbers, slots, wrong},
                                       HeapContents{generations, slots, numbers, slots, first},
                                       HeapContents{generations, one, first, slots, numbers}}) {
    Side side(MakeHeap());
    EXPECT_FALSE(side.end().Load(contents));
    EXPECT_EQ(side.end().Size(), 0U);
    side.Push(1);
    EXPECT_FALSE(side.end().Load({generations, slots, numbers, {}, {}}));
    EXPECT_TRUE(side.end().IsWhole());
  }
}

}  // namespace
}  // namespace shardwatch
