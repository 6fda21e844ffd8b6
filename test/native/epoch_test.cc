// Epochs: what a reader may see is not collected, what nobody can see is; under threads too.

#include "native/core/epoch/epoch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace shardwatch {
namespace {

size_t CollectAll(EpochDomain& domain) {
  RetiredList items;
  domain.Collect(SIZE_MAX, items);
  return items.size();
}

void RetireOne(EpochDomain& domain, Retired& item) {
  RetiredList items;
  items.Append(&item);
  domain.Retire(items);
}

TEST(Epoch, WithoutReadersAllIsCollectedInOrder) {
  EpochDomain domain;
  Retired items[3];
  for (Retired& item : items) RetireOne(domain, item);
  EXPECT_EQ(domain.Stats().retired, 3U);
  RetiredList collected;
  EXPECT_FALSE(domain.Collect(10, collected));
  for (Retired& item : items) EXPECT_EQ(collected.Take(), &item);
  EXPECT_EQ(collected.Take(), nullptr);
  EXPECT_EQ(domain.Stats().retired, 0U);
}

TEST(Epoch, APinKeepsWhatIsRetiredWhileItLastsAndNothingElse) {
  EpochDomain domain;
  EpochSlot* const slot = domain.OpenSlot();
  Retired before;
  Retired during;
  Retired after;
  RetireOne(domain, before);
  {
    const EpochPin pin(domain, *slot);
    RetireOne(domain, during);
    EXPECT_EQ(CollectAll(domain), 1U);
    EXPECT_EQ(domain.Stats().epochs_behind, 1U);
    RetireOne(domain, after);
    EXPECT_EQ(CollectAll(domain), 0U);
    EXPECT_EQ(domain.Stats().epochs_behind, 2U);
  }
  EXPECT_EQ(CollectAll(domain), 2U);
  EXPECT_EQ(domain.Stats().epochs_behind, 0U);
  domain.CloseSlot(slot);
}

TEST(Epoch, TheOldestPinDecides) {
  EpochDomain domain;
  EpochSlot* const slow = domain.OpenSlot();
  EpochSlot* const fast = domain.OpenSlot();
  Retired item;
  {
    const EpochPin old(domain, *slow);
    RetireOne(domain, item);
    { const EpochPin young(domain, *fast); }
    const EpochPin young(domain, *fast);
    EXPECT_EQ(CollectAll(domain), 0U);
  }
  EXPECT_EQ(CollectAll(domain), 1U);
  domain.CloseSlot(slow);
  domain.CloseSlot(fast);
}

TEST(Epoch, CollectsInSlices) {
  EpochDomain domain;
  Retired items[10];
  RetiredList batch;
  for (Retired& item : items) batch.Append(&item);
  domain.Retire(batch);
  EXPECT_TRUE(batch.empty());
  RetiredList collected;
  EXPECT_TRUE(domain.Collect(4, collected));
  EXPECT_EQ(collected.size(), 4U);
  EXPECT_FALSE(domain.Collect(6, collected));
  EXPECT_EQ(collected.size(), 10U);
}

TEST(Epoch, ASlotThatIsClosedServesTheNextThread) {
  EpochDomain domain;
  EpochSlot* const first = domain.OpenSlot();
  EpochSlot* const second = domain.OpenSlot();
  EXPECT_NE(first, second);
  domain.CloseSlot(first);
  EXPECT_EQ(domain.OpenSlot(), first);
  domain.CloseSlot(first);
  domain.CloseSlot(second);
}

struct Published : Retired {
  static constexpr uint64_t kAlive = 0xa11fe;

  explicit Published(uint64_t n) : number(n) {}

  const uint64_t number;
  uint64_t state = kAlive;
};

TEST(Epoch, ReadersNeverSeeWhatWasFreedWhileAWriterReplacesIt) {
  EpochDomain domain;
  std::atomic<Published*> published = new Published(0);
  std::atomic<bool> is_over = false;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&] {
      uint64_t last = 0;
      while (!is_over.load()) {
        EpochSlot* const slot = domain.OpenSlot();
        for (int round = 0; round < 100; ++round) {
          const EpochPin pin(domain, *slot);
          const Published* const seen = published.load(std::memory_order_seq_cst);
          ASSERT_EQ(seen->state, Published::kAlive);
          ASSERT_GE(seen->number, last);
          last = seen->number;
        }
        domain.CloseSlot(slot);
      }
    });
  }
  uint64_t freed = 0;
  constexpr uint64_t kRounds = 20'000;
  const auto free_some = [&] {
    RetiredList items;
    domain.Collect(8, items);
    while (Retired* const item = items.Take()) {
      auto* const gone = static_cast<Published*>(item);
      gone->state = 0;
      delete gone;
      ++freed;
    }
  };
  for (uint64_t number = 1; number <= kRounds; ++number) {
    RetiredList items;
    items.Append(published.exchange(new Published(number), std::memory_order_seq_cst));
    domain.Retire(items);
    free_some();
  }
  is_over = true;
  for (std::thread& reader : readers) reader.join();
  while (domain.Stats().retired > 0) free_some();
  EXPECT_EQ(freed, kRounds);
  delete published.load();
}

}  // namespace
}  // namespace shardwatch
