// When consumers are to be called: whenever there is something to drain, and never twice for it.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

using Consumers = std::vector<uint64_t>;

const Widget kWeb{.name = "web", .labels = {{"app", "x"}}};

TEST(WatchWake, OnceUntilTheWatchWasDrained) {
  World world;
  Watch& watch = world.Open({}, After(0), 1);
  EXPECT_TRUE(world.ready().empty()) << "there is nothing to drain";
  world.Put(kWeb, 1);
  world.Put(kWeb, 2);
  EXPECT_FALSE(world.ready().empty());
  EXPECT_EQ(world.Woken(), Consumers{1});
  EXPECT_TRUE(world.ready().empty());
  world.Put(kWeb, 3);
  EXPECT_EQ(world.Woken(), Consumers{});
  world.DrainAll(watch);
  EXPECT_EQ(world.Woken(), Consumers{});
  world.Put(kWeb, 4);
  world.DrainAll(watch);
  EXPECT_EQ(world.Woken(), Consumers{}) << "what was drained before its turn needs no call";
  world.Put(kWeb, 5);
  EXPECT_EQ(world.Woken(), Consumers{1});
  world.DrainAll(watch);
  world.Put(kWeb, 6);
  world.DrainAll(watch);
  world.Put(kWeb, 7);
  EXPECT_EQ(world.Woken(), Consumers{1}) << "once, though it was put in twice";
  world.Close(watch);
  world.Put(kWeb, 8);
  EXPECT_EQ(world.Woken(), Consumers{});
}

TEST(WatchWake, AWatchWithSomethingToSayFromTheStartIsReadyOneWithoutIsNot) {
  World world;
  world.Put(kWeb, 1);
  world.Open({}, kState, 1);
  world.Open({}, After(0), 2);
  world.Open(Selection::App({"y"}), After(0), 3);
  world.Open({}, After(1), 4);
  EXPECT_EQ(world.Woken(), (Consumers{1, 2}));
  EXPECT_EQ(world.wakes(), 0U) << "its own thread looks at the list";
}

TEST(WatchWake, AWatchThatWasCalledAndNotDrainedIsNotCalledAgainNotEvenForItsEnd) {
  World world;
  world.Open({}, After(0), 1);
  world.Put(kWeb, 1);
  EXPECT_EQ(world.Woken(), Consumers{1});
  world.Replace(2);
  EXPECT_EQ(world.Woken(), Consumers{});
}

TEST(WatchWake, AWatchThatLeftMoreThanItDrainedIsCalledForTheNextEvent) {
  World world;
  Watch& watch = world.Open({}, After(0), 1);
  world.Put(kWeb, 1);
  world.Put(kWeb, 2);
  EXPECT_EQ(world.Woken(), Consumers{1});
  EXPECT_TRUE(world.Drain(watch, 1).more);
  EXPECT_EQ(world.Woken(), Consumers{});
  world.Put(kWeb, 3);
  EXPECT_EQ(world.Woken(), Consumers{1});
}

TEST(WatchWake, AClosedWatchIsNotCalledForAnEventOfItsGroup) {
  World world;
  Watch& closed = world.Open({}, After(0), 1);
  Watch& signalled = world.Open({}, After(0), 2);
  world.Open({}, After(0), 3);
  world.Close(closed);
  world.Put(kWeb, 1);
  world.Close(signalled);
  EXPECT_EQ(world.Woken(), Consumers{3});
}

TEST(WatchWake, ReplaceAndCloseCallEveryWatchToTellItTheEnd) {
  for (const bool is_close : {false, true}) {
    World world;
    world.Put(kWeb, 1);
    const std::vector<Watch*> watches{&world.Open({}, kState, 1), &world.Open({}, After(0), 2),
                                      &world.Open({}, After(1), 3), &world.Open({}, After(70), 4)};
    world.Woken();
    for (Watch* const watch : watches) world.Drain(*watch, 1);
    if (is_close) {
      world.CloseCache();
    } else {
      world.Replace(9);
    }
    EXPECT_EQ(world.watches().count(), 0U);
    EXPECT_EQ(world.watches().group_count(), 0U);
    EXPECT_EQ(world.Woken().size(), watches.size());
    const Texts end{is_close ? "closed" : "replaced"};
    for (Watch* const watch : watches) EXPECT_EQ(world.DrainAll(*watch), end);
    for (Watch* const watch : watches) EXPECT_EQ(world.DrainAll(*watch), end);
    const WatchOpened opened = world.TryOpen({}, kState);
    EXPECT_EQ(opened.fault, is_close ? WatchFault::kClosed : WatchFault::kNone);
  }
}

TEST(WatchWake, AnEndDropsWhatIsPendingAndTheStateThatIsStillToCome) {
  World world;
  world.Apply({{kWeb, 1}, {{.name = "api"}, 2}});
  Watch& initial = world.Open({}, kState);
  Watch& live = world.Open({}, After(2));
  world.Put(kWeb, 3);
  EXPECT_EQ(world.Drain(initial, 1).items.size(), 1U);
  world.Replace(9);
  EXPECT_EQ(world.watches().OldestInitialTick(), UINT64_MAX);
  const Drained drained = world.Drain(initial, 9);
  EXPECT_TRUE(drained.items.empty() && !drained.more && drained.position == 0);
  EXPECT_EQ(drained.phase, WatchPhase::kInitial);
  EXPECT_EQ(world.DrainAll(live), Texts{"replaced"});
  EXPECT_EQ(world.Stats().bytes_retained, 0U);
}

TEST(WatchWake, AForeignPublisherWakesAListThatWasEmptyOnceUntilItIsEmptiedAgain) {
  World world;
  World other(world.cache());
  Watch& first = other.Open({}, After(0), 1);
  Watch& second = other.Open({}, After(0), 2);
  world.Put(kWeb, 1);
  EXPECT_EQ(other.wakes(), 1U);
  EXPECT_EQ(world.wakes(), 0U);
  EXPECT_TRUE(world.ready().empty());
  other.DrainAll(first);
  world.Put(kWeb, 2);
  EXPECT_EQ(other.wakes(), 1U) << "it has not been emptied";
  EXPECT_EQ(other.Woken(), (Consumers{1, 2}));
  other.DrainAll(second);
  other.DrainAll(first);
  other.Put(kWeb, 3);
  EXPECT_EQ(other.wakes(), 1U) << "its own thread looks at the list";
  EXPECT_EQ(other.Woken(), (Consumers{2, 1}));
  other.DrainAll(first);
  world.Put(kWeb, 4);
  EXPECT_EQ(other.wakes(), 2U);
}

TEST(WatchWake, ManyEnvironmentsAreWokenEach) {
  World world;
  std::vector<std::unique_ptr<World>> others;
  for (uint64_t consumer = 1; consumer <= 40; ++consumer) {
    others.push_back(std::make_unique<World>(world.cache()));
    others.back()->Open({}, After(0), consumer);
  }
  world.Put(kWeb, 1);
  for (const auto& other : others) EXPECT_EQ(other->wakes(), 1U);
}

TEST(ReadyList, TakesAsManyAsAskedAndTellsWhetherMoreAreLeft) {
  World world;
  for (uint64_t consumer = 1; consumer <= 200; ++consumer) {
    world.Open({.name = "web"}, After(0), consumer);
  }
  world.Put(kWeb, 1);
  Consumers taken(150);
  EXPECT_EQ(world.ready().Take(taken.data(), taken.size()), 150U);
  EXPECT_EQ(taken.back(), 150U);
  EXPECT_FALSE(world.ready().empty());
  EXPECT_EQ(world.ready().Take(taken.data(), taken.size()), 50U);
  EXPECT_TRUE(world.ready().empty());
}

TEST(ReadyList, IsNotWokenOnceItIsClosed) {
  for (int round = 0; round < 50; ++round) {
    World world;
    std::atomic<int> wakes = 0;
    std::atomic<bool> is_closed = false;
    std::atomic<bool> is_woken_after = false;
    struct Calls {
      std::atomic<int>& wakes;
      std::atomic<bool>& is_closed;
      std::atomic<bool>& is_woken_after;
    } calls{wakes, is_closed, is_woken_after};
    ReadyList list(
        [](void* data) {
          auto* const told = static_cast<Calls*>(data);
          told->wakes.fetch_add(1);
          if (told->is_closed.load()) told->is_woken_after.store(true);
        },
        &calls);
    ReadyEntry entry;
    entry.wake_state.store(WakeState::kSignalled);
    std::thread publisher([&list, &entry] {
      ReadyEntry* const entries[] = {&entry};
      if (list.Add(entries, true)) list.Wake();
    });
    if (round % 2 == 0) std::this_thread::yield();
    list.Close();
    is_closed.store(true);
    publisher.join();
    EXPECT_FALSE(is_woken_after.load());
    list.Remove(entry);
    EXPECT_TRUE(list.empty());
  }
}

}  // namespace
}  // namespace shardwatch
