// A heap that threads share: each pushes, cancels and dispatches as it likes, and every entry comes
// to its own thread once, or goes with it.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "native/core/heap/heap_end.h"

namespace shardwatch {
namespace {

constexpr uint32_t kThreads = 4;
constexpr int kSteps = 20000;

// One thread's part, and what it knows of its entries.
class Party {
 public:
  Party(std::shared_ptr<EntryHeap> heap, uint32_t seed)
      : ready_(Wake, this), end_(std::in_place, std::move(heap), ready_, seed), random_(seed) {}
  ~Party() {
    end_.reset();
    ready_.Close();
  }

  void Step() {
    const auto dice = random_() % 10;
    if (dice < 4) {
      Push();
    } else if (dice < 5) {
      Cancel();
    } else if (dice < 6) {
      Expire();
    } else {
      Dispatch(1 + random_() % 8);
    }
    if (wakes_.load(std::memory_order_acquire) > 0) Collect();
  }

  void Dispatch(size_t count) {
    std::vector<uint32_t> slots(count);
    const HeapEnd::Taken taken = end_->Take(slots, {});
    dispatched += taken.all;
    for (size_t index = 0; index < taken.own; ++index) Got(slots[index]);
  }

  // Takes what has been dispatched to this thread.
  void Collect() {
    wakes_.store(0, std::memory_order_release);
    uint64_t consumer = 0;
    while (ready_.Take(&consumer, 1) == 1) {
    }
    std::vector<uint32_t> slots(16);
    for (size_t count = slots.size(); count == slots.size();) {
      count = end_->Collect(slots);
      for (size_t index = 0; index < count; ++index) Got(slots[index]);
    }
  }

  // Entries that were pushed and have not come back.
  size_t open() const { return handles_.size(); }

  uint64_t pushed = 0;
  uint64_t dispatched = 0;
  uint64_t got = 0;
  uint64_t cancelled = 0;

 private:
  void Push() {
    double priority = static_cast<double>(random_() % 5);
    double deadline = static_cast<double>(random_() % 100);
    uint32_t slot = 0;
    double handle = 0;
    if (end_->Push({&priority, 1}, {&deadline, 1}, {&slot, 1}, {&handle, 1}) != HeapFault::kNone) {
      return;
    }
    ASSERT_TRUE(handles_.emplace(Slot(static_cast<uint64_t>(handle)), handle).second);
    ++pushed;
  }

  void Cancel() {
    if (handles_.empty()) return;
    const auto handle = static_cast<uint64_t>(handles_.begin()->second);
    uint32_t slot = kNoSlot;
    // It may be on its way already.
    const HeapFault fault = end_->Remove(handle, &slot);
    ASSERT_TRUE(fault == HeapFault::kNone || fault == HeapFault::kUnknownHandle);
    if (fault != HeapFault::kNone) return;
    ASSERT_EQ(handles_.erase(slot), 1U);
    ++cancelled;
  }

  void Expire() {
    std::vector<uint32_t> slots(2);
    const size_t count = end_->Expire(static_cast<double>(random_() % 50), slots);
    for (size_t index = 0; index < count; ++index) ASSERT_EQ(handles_.erase(slots[index]), 1U);
    cancelled += count;
  }

  // Fails where the slot is no entry's of this thread: one that came twice, or another's.
  void Got(uint32_t slot) {
    ASSERT_EQ(handles_.erase(slot), 1U);
    ++got;
  }

  static uint32_t Slot(uint64_t handle) {
    return static_cast<uint32_t>(handle & (SlotTable::kSlotsMax - 1));
  }
  static void Wake(void* party) {
    static_cast<Party*>(party)->wakes_.fetch_add(1, std::memory_order_release);
  }

  ReadyList ready_;
  std::optional<HeapEnd> end_;
  std::mt19937_64 random_;
  std::map<uint32_t, double> handles_;
  std::atomic<int> wakes_ = 0;
};

std::shared_ptr<EntryHeap> MakeHeap() {
  // Numbered anew many times.
  auto heap = std::make_shared<EntryHeap>(EntryHeapOptions{.capacity = 300, .sequences = 1000});
  heap->Share();
  return heap;
}

TEST(HeapThreads, EveryEntryComesToItsOwnThreadOnce) {
  const auto heap = MakeHeap();
  std::vector<std::unique_ptr<Party>> parties;
  for (uint32_t seed = 0; seed < kThreads; ++seed) {
    parties.push_back(std::make_unique<Party>(heap, seed));
  }
  std::vector<std::thread> threads;
  for (const auto& party : parties) {
    threads.emplace_back([&party] {
      for (int step = 0; step < kSteps; ++step) party->Step();
    });
  }
  for (std::thread& thread : threads) thread.join();
  parties[0]->Dispatch(1000);
  uint64_t dispatched = 0;
  uint64_t got = 0;
  for (const auto& party : parties) {
    party->Collect();
    EXPECT_EQ(party->open(), 0U);
    EXPECT_EQ(party->pushed, party->got + party->cancelled);
    EXPECT_GT(party->got, 0U);
    dispatched += party->dispatched;
    got += party->got;
  }
  EXPECT_EQ(dispatched, got);
}

TEST(HeapThreads, ThreadsThatGoAtAnyMomentTakeTheirEntriesAlong) {
  const auto heap = MakeHeap();
  Party stays(heap, 99);
  std::vector<std::thread> threads;
  for (uint32_t seed = 0; seed < kThreads; ++seed) {
    threads.emplace_back([&heap, seed] {
      for (int round = 0; round < 50; ++round) {
        Party party(heap, seed);
        for (int step = 0; step < 200; ++step) party.Step();
      }
    });
  }
  for (int step = 0; step < kSteps; ++step) stays.Step();
  for (std::thread& thread : threads) thread.join();
  stays.Dispatch(1000);
  stays.Collect();
  EXPECT_EQ(stays.open(), 0U);
  EXPECT_EQ(stays.pushed, stays.got + stays.cancelled);
}

}  // namespace
}  // namespace shardwatch
