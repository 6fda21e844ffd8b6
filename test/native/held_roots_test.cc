// Held roots: what any held root has is kept, all else is free; against a model, and under threads.

#include "native/core/epoch/held_roots.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "native/core/epoch/epoch.h"

namespace shardwatch {
namespace {

std::set<const Retired*> TakeAllFree(HeldRoots& roots) {
  RetiredList items;
  roots.TakeFree(SIZE_MAX, items);
  std::set<const Retired*> free;
  while (const Retired* const item = items.Take()) free.insert(item);
  return free;
}

void SettleOne(HeldRoots& roots, Retired& item, uint64_t birth, uint64_t death) {
  item.birth = birth;
  item.death = death;
  RetiredList items;
  items.Append(&item);
  roots.Settle(items);
}

TEST(HeldRoots, WithoutHoldersAllIsFree) {
  HeldRoots roots;
  Retired item;
  SettleOne(roots, item, 1, 2);
  EXPECT_EQ(TakeAllFree(roots).count(&item), 1U);
}

TEST(HeldRoots, AHeldRootKeepsWhatItHasAndNothingThatWasBornLater) {
  HeldRoots roots;
  HoldableRoot root(9);
  roots.Hold(&root);
  Retired older;
  Retired own;
  Retired later;
  Retired gone;
  SettleOne(roots, older, 2, 11);
  SettleOne(roots, own, 9, 10);
  SettleOne(roots, later, 10, 12);
  SettleOne(roots, gone, 1, 9);
  EXPECT_EQ(TakeAllFree(roots), (std::set<const Retired*>{&later, &gone}));
  EXPECT_EQ(roots.Stats(20).waiting, 2U);
  EXPECT_EQ(roots.Stats(20).tickets_behind, 11U);
  roots.Release(&root);
  EXPECT_EQ(TakeAllFree(roots), (std::set<const Retired*>{&older, &own}));
  EXPECT_EQ(roots.Stats(20).waiting, 0U);
}

TEST(HeldRoots, WhatAnOlderRootHasTooGoesOnToIt) {
  HeldRoots roots;
  HoldableRoot older(4);
  HoldableRoot newer(9);
  roots.Hold(&newer);
  roots.Hold(&older);
  Retired both;
  Retired newer_only;
  SettleOne(roots, both, 2, 11);
  SettleOne(roots, newer_only, 7, 10);
  roots.Release(&newer);
  EXPECT_EQ(TakeAllFree(roots), (std::set<const Retired*>{&newer_only}));
  roots.Release(&older);
  EXPECT_EQ(TakeAllFree(roots), (std::set<const Retired*>{&both}));
}

TEST(HeldRoots, TheLastOfSeveralHoldsLetsGo) {
  HeldRoots roots;
  HoldableRoot root(3);
  roots.Hold(&root);
  roots.Hold(&root);
  Retired item;
  SettleOne(roots, item, 1, 4);
  roots.Release(&root);
  EXPECT_TRUE(TakeAllFree(roots).empty());
  EXPECT_EQ(roots.Stats(3).holds, 1U);
  roots.Release(&root);
  EXPECT_EQ(TakeAllFree(roots).count(&item), 1U);
}

TEST(HeldRoots, FreesInSlices) {
  HeldRoots roots;
  Retired items[5];
  for (Retired& item : items) SettleOne(roots, item, 1, 2);
  RetiredList first;
  EXPECT_TRUE(roots.TakeFree(3, first));
  EXPECT_EQ(first.size(), 3U);
  EXPECT_FALSE(roots.TakeFree(3, first));
  EXPECT_EQ(first.size(), 5U);
}

TEST(HeldRoots, PassesOnInSlices) {
  HeldRoots roots;
  HoldableRoot older(4);
  HoldableRoot newer(9);
  roots.Hold(&older);
  roots.Hold(&newer);
  Retired both;
  Retired newer_only[2];
  SettleOne(roots, both, 2, 11);
  for (Retired& item : newer_only) SettleOne(roots, item, 7, 10);
  roots.Release(&newer);
  EXPECT_EQ(roots.Stats(20).waiting, 3U);
  RetiredList free;
  EXPECT_TRUE(roots.TakeFree(1, free));
  EXPECT_TRUE(free.empty());
  EXPECT_TRUE(roots.TakeFree(1, free));
  EXPECT_EQ(free.size(), 1U);
  EXPECT_FALSE(roots.TakeFree(1, free));
  EXPECT_EQ(free.size(), 2U);
  EXPECT_EQ(roots.Stats(20).waiting, 1U);
  roots.Release(&older);
  EXPECT_EQ(TakeAllFree(roots).count(&both), 1U);
}

TEST(HeldRoots, AgreesWithAModelThatLooksAtEveryRoot) {
  std::mt19937 random(17);
  for (int game = 0; game < 50; ++game) {
    // In some games several roots are let go before anybody takes what is free.
    const int checked_each = 1 + game % 3;
    HeldRoots roots;
    std::deque<HoldableRoot> all;
    std::deque<Retired> items;
    std::map<uint64_t, int> held;
    std::set<const Retired*> kept;
    const auto is_needed = [&held](const Retired* item) {
      const auto holder = held.lower_bound(item->birth);
      return holder != held.end() && holder->first < item->death;
    };
    const auto check = [&] {
      std::set<const Retired*> expected;
      for (const Retired* const item : kept) {
        if (!is_needed(item)) expected.insert(item);
      }
      ASSERT_EQ(TakeAllFree(roots), expected);
      for (const Retired* const item : expected) kept.erase(item);
    };
    for (uint64_t ticket = 1; ticket < 150; ++ticket) {
      HoldableRoot& newest = all.emplace_back(ticket);
      if (random() % 3 == 0) {
        roots.Hold(&newest);
        ++held[ticket];
      }
      for (auto count = random() % 4; count > 0; --count) {
        Retired& item = items.emplace_back();
        SettleOne(roots, item, 1 + random() % ticket, ticket + 1);
        kept.insert(&item);
      }
      if (!held.empty() && random() % 3 != 0) {
        const auto holder = std::next(held.begin(), static_cast<ptrdiff_t>(random() % held.size()));
        HoldableRoot& root = all[holder->first - 1];
        roots.Release(&root);
        if (--holder->second == 0) held.erase(holder);
      }
      if (ticket % checked_each == 0) check();
    }
    while (!held.empty()) {
      roots.Release(&all[held.begin()->first - 1]);
      if (--held.begin()->second == 0) held.erase(held.begin());
      check();
    }
    check();
    EXPECT_TRUE(kept.empty());
  }
}

constexpr size_t kCells = 8;

struct Cell : Retired {
  uint64_t value = 0;
};

// A state of a few cells, of which each write replaces one: a tree without the tree.
struct State : Retired {
  explicit State(uint64_t ticket) : holdable(ticket) { birth = ticket; }

  HoldableRoot holdable;
  std::array<Cell*, kCells> cells{};
};

uint64_t SumOf(const State& state) {
  uint64_t sum = 0;
  for (const Cell* const cell : state.cells) sum += cell->value;
  return sum;
}

class Store {
 public:
  Store() {
    auto* const first = new State(0);
    for (Cell*& cell : first->cells) cell = new Cell;
    published_ = first;
  }
  ~Store() {
    Free();
    State* const last = published_.load();
    for (Cell* const cell : last->cells) delete cell;
    delete last;
  }

  // Every write adds its ticket to one cell, so that a state's sum tells its ticket.
  void Write(uint64_t ticket) {
    State* const previous = published_.load(std::memory_order_relaxed);
    auto* const next = new State(ticket);
    next->cells = previous->cells;
    Cell*& cell = next->cells[ticket % kCells];
    Cell* const replaced = cell;
    cell = new Cell;
    cell->birth = ticket;
    cell->value = replaced->value + ticket;
    published_.exchange(next, std::memory_order_seq_cst);
    previous->death = replaced->death = ticket;
    RetiredList items;
    items.Append(previous);
    items.Append(replaced);
    epochs.Retire(items);
    Free();
  }

  State* Load() const { return published_.load(std::memory_order_seq_cst); }

  void Free() {
    RetiredList items;
    epochs.Collect(SIZE_MAX, items);
    held.Settle(items);
    held.TakeFree(SIZE_MAX, items);
    while (Retired* const item = items.Take()) {
      // A state was born and died in one step, a cell lives longer but for the last of a round.
      if (states_.erase(item) > 0) {
        delete static_cast<State*>(item);
      } else {
        delete static_cast<Cell*>(item);
      }
    }
  }

  void Remember(const Retired* state) { states_.insert(state); }

  EpochDomain epochs;
  HeldRoots held;

 private:
  std::atomic<State*> published_;
  // The writer's.
  std::set<const Retired*> states_;
};

TEST(HeldRoots, AHeldStateStaysWhatItWasWhileAWriterGoesOn) {
  Store store;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> readers;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    readers.emplace_back([&, seed] {
      std::mt19937 random(seed);
      EpochSlot* const slot = store.epochs.OpenSlot();
      std::vector<State*> mine;
      while (!is_over.load() || !mine.empty()) {
        if (!is_over.load() && mine.size() < 5) {
          const EpochPin pin(store.epochs, *slot);
          State* const state = store.Load();
          store.held.Hold(&state->holdable);
          mine.push_back(state);
        }
        const size_t index = random() % mine.size();
        State* const state = mine[index];
        const uint64_t ticket = state->holdable.ticket();
        ASSERT_EQ(SumOf(*state), ticket * (ticket + 1) / 2);
        if (random() % 2 == 0) continue;
        mine.erase(mine.begin() + static_cast<ptrdiff_t>(index));
        store.held.Release(&state->holdable);
      }
      store.epochs.CloseSlot(slot);
    });
  }
  for (uint64_t ticket = 1; ticket <= 5'000; ++ticket) {
    store.Remember(store.Load());
    store.Write(ticket);
  }
  is_over = true;
  for (std::thread& reader : readers) reader.join();
  store.Free();
  EXPECT_EQ(store.epochs.Stats().retired, 0U);
  EXPECT_EQ(store.held.Stats(5'000).waiting, 0U);
  EXPECT_EQ(store.held.Stats(5'000).holds, 0U);
}

}  // namespace
}  // namespace shardwatch
