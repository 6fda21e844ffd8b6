// Drains that are overtaken: what others write, trim or end while a drain is under way, step by
// step, by way of a sink that lets them.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

const Widget kWeb{.name = "web", .labels = {{"app", "x"}}};
const Widget kOther{.name = "other", .labels = {{"app", "y"}}};

// Calls `meanwhile` once, before it takes the item of that index.
class OvertakenSink final : public DrainSink {
 public:
  OvertakenSink(size_t index, size_t items_max, std::function<void()> meanwhile)
      : index_(index), sink_(items_max), meanwhile_(std::move(meanwhile)) {}

  bool AddObject(const Version& version, const Rendering& rendering) override {
    Interrupt();
    return sink_.AddObject(version, rendering);
  }
  bool AddEvent(uint64_t sequence, uint64_t revision, WatchEventType type, const Version& version,
                const Rendering& rendering) override {
    Interrupt();
    return sink_.AddEvent(sequence, revision, type, version, rendering);
  }

  const Texts& items() const { return sink_.items; }

 private:
  void Interrupt() {
    if (sink_.items.size() == index_ && meanwhile_) std::exchange(meanwhile_, nullptr)();
  }

  const size_t index_;
  TextSink sink_;
  std::function<void()> meanwhile_;
};

class WatchOvertaken : public testing::Test {
 protected:
  explicit WatchOvertaken(const HistoryLimits& history = {.entries_min = 0, .entries_max = 100'000})
      : world_(history), others_(world_.cache()) {}

  Drained Drain(Watch& watch, size_t index, std::function<void()> meanwhile,
                size_t items_max = SIZE_MAX) {
    OvertakenSink sink(index, items_max, std::move(meanwhile));
    const DrainResult result = world_.watches().Drain(watch, world_.slot(), sink);
    return {result, sink.items()};
  }

  void PutByOthers(const Widget& widget, uint64_t count) {
    for (; count > 0; --count) others_.Put(widget, ++revision_);
  }

  static Texts Modified(uint64_t first, uint64_t last) {
    Texts texts;
    for (; first <= last; ++first) texts.push_back("MODIFIED a/web " + std::to_string(first));
    return texts;
  }

  World world_;
  World others_;
  uint64_t revision_ = 0;
};

class WatchOvertakenInAShortLog : public WatchOvertaken {
 protected:
  WatchOvertakenInAShortLog() : WatchOvertaken({.entries_min = 0, .entries_max = 4}) {}
};

TEST_F(WatchOvertaken, WhatIsWrittenMeanwhileIsDrainedToo) {
  PutByOthers(kWeb, 1);
  Watch& joined = world_.Open({}, After(1), 1);
  Watch& replay = world_.Open({}, After(0), 2);
  PutByOthers(kWeb, 2);
  world_.Woken();
  for (Watch* const watch : {&joined, &replay}) {
    const uint64_t last = revision_ + 3;
    const Drained drained = Drain(*watch, 1, [this] { PutByOthers(kWeb, 3); });
    EXPECT_EQ(drained.items.back(), "MODIFIED a/web " + std::to_string(last));
    EXPECT_FALSE(drained.more);
    EXPECT_EQ(drained.position, last);
  }
  EXPECT_EQ(world_.DrainAll(joined), Modified(7, 9));
  EXPECT_EQ(world_.DrainAll(replay), Texts{});
  world_.Woken();
  PutByOthers(kWeb, 1);
  EXPECT_EQ(world_.Woken().size(), 2U);
}

TEST_F(WatchOvertaken, AWatchIsCalledForWhatCameWhenItsSinkWasFull) {
  PutByOthers(kWeb, 1);
  Watch& watch = world_.Open({}, After(1), 1);
  PutByOthers(kWeb, 2);
  world_.Woken();
  const Drained drained = Drain(
      watch, 1, [this] { PutByOthers(kWeb, 1); }, 2);
  EXPECT_EQ(drained.items, Modified(2, 3));
  EXPECT_TRUE(drained.more);
  EXPECT_EQ(drained.position, 3U);
  EXPECT_EQ(world_.DrainAll(watch), Modified(4, 4));
}

TEST_F(WatchOvertaken, AWatchThatIsSentBackToTheLogWhileItReadsItsGroupGoesOnBehindWhatItRead) {
  for (const size_t items_max : {size_t{1}, size_t{2}, size_t{63}, size_t{64}, SIZE_MAX}) {
    World world({.entries_min = 0, .entries_max = 100'000});
    World others(world.cache());
    uint64_t revision = 0;
    Texts expected;
    // Comes and goes.
    const auto put_web = [&](uint64_t count) {
      for (; count > 0; --count) {
        Widget widget = kWeb;
        const bool is_there = expected.size() % 2 == 1;
        if (is_there) widget.value = -1;
        others.Put(widget, ++revision);
        expected.push_back((is_there ? "DELETED a/web " : "ADDED a/web ") +
                           std::to_string(revision));
      }
    };
    others.Put(kOther, ++revision);
    Watch& watch = world.Open(Selection::App({"x"}), After(1), 1);
    put_web(WatchGroup::kPendingMax);
    OvertakenSink sink(std::min<size_t>(1, items_max - 1), items_max, [&] {
      for (int count = 0; count < 3; ++count) others.Put(kOther, ++revision);
      put_web(WatchGroup::kPendingMax);
    });
    const DrainResult result = world.watches().Drain(watch, world.slot(), sink);
    Texts all = sink.items();
    EXPECT_EQ(all.size(), std::min<size_t>(items_max, 2 * WatchGroup::kPendingMax));
    if (items_max != SIZE_MAX) {
      EXPECT_TRUE(result.more);
      EXPECT_EQ(result.position, items_max + 1);
    }
    for (std::string& item : world.DrainAll(watch)) all.push_back(std::move(item));
    EXPECT_EQ(all, expected);
    EXPECT_EQ(world.DrainAll(watch), Texts{});
  }
}

TEST_F(WatchOvertakenInAShortLog, WhatIsPinnedIsStillReadAndWhatIsLostThenEndsTheWatch) {
  PutByOthers(kWeb, 1);
  Watch& joined = world_.Open({}, After(1), 1);
  Watch& replay = world_.Open({}, After(0), 2);
  PutByOthers(kWeb, 2);
  const Drained first = Drain(joined, 1, [this] { PutByOthers(kWeb, 9); });
  EXPECT_EQ(first.items, Modified(2, 3));
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.position, 3U);
  EXPECT_EQ(world_.DrainAll(joined), Texts{"expired"});
  EXPECT_EQ(world_.DrainAll(replay), Texts{"expired"});
  Watch& again = world_.Open({}, After(revision_ - 2), 3);
  const uint64_t begun = revision_;
  const Drained second = Drain(again, 1, [this] { PutByOthers(kWeb, 9); });
  EXPECT_EQ(second.items, Modified(begun - 1, begun));
  EXPECT_TRUE(second.more);
  EXPECT_EQ(second.position, begun);
  EXPECT_EQ(world_.DrainAll(again), Texts{"expired"});
}

TEST_F(WatchOvertakenInAShortLog, WhatIsLostWithoutAMatchEndsNothing) {
  PutByOthers(kWeb, 1);
  Watch& watch = world_.Open(Selection::App({"x"}), After(1), 1);
  PutByOthers(kWeb, 2);
  const Drained drained = Drain(watch, 1, [this] { PutByOthers(kOther, 9); });
  EXPECT_EQ(drained.items, Modified(2, 3));
  EXPECT_FALSE(drained.more);
  EXPECT_EQ(drained.position, revision_);
  PutByOthers(kWeb, 1);
  EXPECT_EQ(world_.DrainAll(watch), Modified(revision_, revision_));
}

TEST_F(WatchOvertaken, AnEndIsToldByTheNextDrain) {
  for (const bool is_close : {false, true}) {
    World world;
    World others(world.cache());
    others.Put(kWeb, 1);
    others.Put(kOther, 2);
    Watch& initial = world.Open({}, kState, 1);
    Watch& replay = world.Open({}, After(0), 2);
    Watch& joined = world.Open({}, After(2), 3);
    others.Put(kWeb, 3);
    others.Put(kWeb, 4);
    const std::vector<Watch*> watches{&initial, &replay, &joined};
    world.Woken();
    const auto end = [&others, is_close] {
      if (is_close) {
        others.CloseCache();
      } else {
        others.Replace(9);
      }
    };
    for (Watch* const watch : watches) {
      OvertakenSink sink(1, SIZE_MAX, watch == &initial ? std::function<void()>(end) : nullptr);
      const DrainResult result = world.watches().Drain(*watch, world.slot(), sink);
      if (watch != &initial) {
        EXPECT_TRUE(sink.items().empty());
        EXPECT_EQ(result.end, is_close ? WatchEnd::kClosed : WatchEnd::kReplaced);
        continue;
      }
      EXPECT_EQ(sink.items().size(), 2U);
      EXPECT_TRUE(result.end == WatchEnd::kNone && result.more && result.position == 0);
      EXPECT_EQ(world.Woken(), std::vector<uint64_t>{1}) << "the others are called already";
      EXPECT_EQ(world.watches().count(), 0U);
    }
    EXPECT_EQ(world.watches().group_count(), 0U);
    EXPECT_EQ(world.DrainAll(initial), Texts{is_close ? "closed" : "replaced"});
    while (world.cache().store().Reclaim(1000)) {
    }
    EXPECT_EQ(world.cache().store().version_bytes(), 0U) << "its state is let go";
  }
}

TEST_F(WatchOvertaken, LiveEventsThatArePinnedAreStillReadWhenANewGenerationBegins) {
  PutByOthers(kWeb, 1);
  for (const bool is_replay : {false, true}) {
    Watch& watch = world_.Open({}, After(is_replay ? revision_ - 1 : revision_), 1);
    const uint64_t first = is_replay ? revision_ : revision_ + 1;
    PutByOthers(kWeb, 3);
    const uint64_t last = revision_;
    const Drained drained = Drain(watch, 1, [this] { others_.Replace(++revision_); });
    EXPECT_EQ(drained.items.size(), last - first + 1);
    EXPECT_TRUE(drained.end == WatchEnd::kNone && drained.position == last);
    EXPECT_EQ(world_.DrainAll(watch), Texts{"replaced"});
    EXPECT_EQ(world_.watches().group_count(), 0U);
    PutByOthers(kWeb, 1);
  }
}

TEST_F(WatchOvertakenInAShortLog, AnInitialStateThatIsBeingDrainedIsNotMoved) {
  const Widget busy{.namespace_name = "b", .name = "busy"};
  PutByOthers(kWeb, 1);
  PutByOthers(kOther, 1);
  PutByOthers({.name = "zoo"}, 1);
  PutByOthers(busy, 1);
  Watch& watch = world_.Open({.namespace_name = "a"}, kState, 1);
  const Drained drained = Drain(watch, 1, [this, &busy] {
    PutByOthers(busy, 9);
    others_.Trim();
  });
  EXPECT_EQ(drained.items, (Texts{"ADDED a/other 2", "ADDED a/web 1", "ADDED a/zoo 3"}));
  EXPECT_EQ(drained.position, 4U);
  EXPECT_FALSE(drained.more);
  PutByOthers(kWeb, 1);
  EXPECT_EQ(world_.DrainAll(watch), Modified(revision_, revision_));
}

TEST_F(WatchOvertakenInAShortLog, ALongSearchThatTheLogPassesIsTakenForALoss) {
  // More than is looked at for one pin, none of it matching: what comes after that is not known.
  World world({.entries_min = 0, .entries_max = 3000});
  World others(world.cache());
  uint64_t revision = 0;
  const auto put = [&others, &revision](const Widget& widget, uint64_t count) {
    for (; count > 0; --count) others.Put(widget, ++revision);
  };
  put(kWeb, 1);
  put(kOther, 2999);
  Watch& watch = world.Open(Selection::App({"x"}), After(0), 1);
  OvertakenSink sink(0, SIZE_MAX, [&put] { put(kOther, 2500); });
  const DrainResult result = world.watches().Drain(watch, world.slot(), sink);
  EXPECT_EQ(sink.items(), Texts{"ADDED a/web 1"});
  EXPECT_EQ(result.position, 1U);
  EXPECT_TRUE(result.more);
  EXPECT_EQ(world.DrainAll(watch), Texts{"expired"});
}

}  // namespace
}  // namespace shardwatch
