// Watches under threads: some write, others open, drain and close, and none misses an event or is
// told one twice.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

// What a consumer knows of the objects: checks that events rise and fit what it knows.
class Fold final : public DrainSink {
 public:
  explicit Fold(size_t items_max) : items_max_(items_max) {}

  bool AddObject(const Version& version, const Rendering&) override {
    if (++items_ > items_max_) return false;
    EXPECT_TRUE(state.emplace(KeyOf(version), version.revision()).second);
    return true;
  }

  bool AddEvent(uint64_t sequence, uint64_t revision, WatchEventType type, const Version& version,
                const Rendering&) override {
    if (++items_ > items_max_) return false;
    EXPECT_GT(revision, last_revision);
    EXPECT_GE(sequence, next_sequence_);
    last_revision = revision;
    next_sequence_ = sequence + 1;
    const std::string key = KeyOf(version);
    const bool is_known = state.contains(key);
    EXPECT_EQ(is_known, type != WatchEventType::kAdded) << key << ' ' << revision;
    if (type == WatchEventType::kDeleted) {
      state.erase(key);
    } else {
      EXPECT_EQ(version.revision(), revision);
      state[key] = revision;
    }
    return true;
  }

  // Takes so many items more.
  void Refill() { items_ = 0; }

  std::map<std::string, uint64_t> state;
  uint64_t last_revision = 0;

 private:
  static std::string KeyOf(const Version& version) {
    return std::string(version.namespace_name()->text()) + '/' + std::string(version.name());
  }

  const size_t items_max_;
  size_t items_ = 0;
  uint64_t next_sequence_ = 0;
};

Widget RandomWidget(std::mt19937& random) {
  const auto pick = [&random](const std::string& prefix, uint32_t count) {
    return prefix + std::to_string(random() % count);
  };
  Widget widget{.namespace_name = pick("ns", 3), .name = pick("w", 12)};
  widget.labels = {{"app", pick("", 3)}};
  widget.node = pick("n", 3);
  widget.value = static_cast<int>(random() % 4) - 1;
  return widget;
}

Selection RandomSelection(std::mt19937& random) {
  switch (random() % 7) {
    case 0:
      return Selection::App({"0"});
    case 1:
      return Selection::App({"0", "2"});
    case 2:
      return Selection::Node("n1");
    case 3:
      return {.namespace_name = "ns1"};
    case 4:
      return {.name = "w3"};
    case 5:
      return {.fields = {{"spec.node", "!n2"}}};
    default:
      return {};
  }
}

// Objects and their revisions that a watch of the selection finds now.
std::map<std::string, uint64_t> StateOf(World& world, const Selection& selection) {
  Fold fold(SIZE_MAX);
  Watch& watch = world.Open(selection, kState);
  world.watches().Drain(watch, world.slot(), fold);
  world.Close(watch);
  return fold.state;
}

class WatchHistories : public testing::TestWithParam<HistoryLimits> {};

TEST_P(WatchHistories, EveryWatchFoldsToTheFinalState) {
  constexpr uint64_t kBatches = 1000;
  constexpr int kConsumers = 3;
  World world(GetParam());
  world.Progress(1);
  std::atomic<bool> is_done = false;
  std::vector<std::thread> threads;
  for (uint32_t seed = 1; seed <= kConsumers; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      World own(world.cache());
      for (bool is_finished = false; !is_finished;) {
        const Selection selection = RandomSelection(random);
        Fold fold(random() % 20 + 1);
        Watch* watch = &own.Open(selection, kState);
        const uint64_t start = Watches::RevisionOf(*watch);
        fold.last_revision = start;
        bool is_last = false;
        uint64_t position = 0;
        for (uint64_t drains = random() % 200;;) {
          const DrainResult result = own.watches().Drain(*watch, own.slot(), fold);
          fold.Refill();
          if (result.end == WatchEnd::kNone && result.position > 0) {
            EXPECT_GE(result.position, position);
            EXPECT_GE(result.position, fold.last_revision);
            position = result.position;
          }
          if (result.end != WatchEnd::kNone) {
            EXPECT_EQ(result.end, WatchEnd::kExpired);
            break;
          }
          if (result.more) continue;
          if (is_last) {
            EXPECT_EQ(fold.state, StateOf(own, selection));
            is_finished = true;
            break;
          }
          // A resumed watch goes on where this one ends.
          if (random() % 8 == 0) {
            own.Close(*watch);
            const WatchOpened opened = own.TryOpen(selection, After(position));
            watch = opened.watch;
            if (watch == nullptr) {
              EXPECT_EQ(opened.fault, WatchFault::kRevisionExpired);
              break;
            }
          }
          is_last = is_done.load();
          if (!is_last && --drains == 0) break;
          if (random() % 16 == 0) std::this_thread::yield();
        }
        if (watch != nullptr) own.Close(*watch);
        own.Woken();
      }
    });
  }
  std::mt19937 random(99);
  uint64_t revision = 1;
  for (uint64_t batch = 0; batch < kBatches; ++batch) {
    std::vector<std::pair<Widget, uint64_t>> widgets;
    for (uint64_t count = random() % 12 + 1; count > 0; --count) {
      widgets.emplace_back(RandomWidget(random), ++revision);
    }
    world.Apply(widgets);
    if (batch % 16 == 0) world.Trim();
  }
  is_done.store(true);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(world.watches().count(), 0U);
  EXPECT_EQ(world.watches().group_count(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Limits, WatchHistories,
                         testing::Values(HistoryLimits{},
                                         HistoryLimits{.entries_min = 0, .entries_max = 40},
                                         HistoryLimits{.entries_min = 0, .entries_max = 3}));

TEST(WatchThreads, WakesAreNotLost) {
  constexpr uint64_t kRevisions = 2000;
  World world;
  std::atomic<bool> is_open = false;
  std::thread consumer([&world, &is_open] {
    World own(world.cache());
    std::vector<Fold> folds;
    folds.reserve(20);
    std::vector<Watch*> watches;
    for (uint64_t index = 0; index < 20; ++index) {
      folds.emplace_back(5);
      watches.push_back(&own.Open({}, After(0), index));
    }
    is_open.store(true);
    size_t finished = 0;
    // Drains only what it is told to, and waits for a wake-up where there is nothing.
    for (size_t wakes = 0; finished < watches.size();) {
      if (own.ready().empty()) {
        while (own.wakes() == wakes) std::this_thread::yield();
        wakes = own.wakes();
      }
      for (const uint64_t index : own.Woken()) {
        Fold& fold = folds[index];
        bool has_more = true;
        while (has_more) {
          has_more = own.watches().Drain(*watches[index], own.slot(), fold).more;
          fold.Refill();
        }
        if (fold.last_revision == kRevisions) ++finished;
      }
    }
  });
  while (!is_open.load()) std::this_thread::yield();
  for (uint64_t revision = 1; revision <= kRevisions; ++revision) {
    world.Put({.name = "w" + std::to_string(revision % 9)}, revision);
  }
  consumer.join();
}

TEST(WatchThreads, WatchesFromTheFutureBeginWithTheVeryNextEvent) {
  constexpr uint64_t kRevisions = 4000;
  World world;
  std::atomic<bool> is_open = false;
  std::thread consumer([&world, &is_open] {
    std::mt19937 random(3);
    World own(world.cache());
    for (uint64_t after = 0; after < kRevisions;) {
      Watch& watch = own.Open({}, After(after));
      is_open.store(true);
      Drained drained;
      while (drained.items.empty()) {
        drained = own.Drain(watch, 1);
        ASSERT_EQ(drained.end, WatchEnd::kNone);
      }
      EXPECT_TRUE(drained.items[0].ends_with(' ' + std::to_string(after + 1))) << after;
      own.Close(watch);
      own.Woken();
      // Around what is being written now.
      const uint64_t revision = own.Stats().revision + random() % 3;
      after = revision < kRevisions ? revision : kRevisions;
    }
  });
  while (!is_open.load()) std::this_thread::yield();
  for (uint64_t revision = 1; revision <= kRevisions; ++revision) {
    world.Put({.name = "w" + std::to_string(revision % 9)}, revision);
  }
  consumer.join();
}

TEST(WatchThreads, NewGenerationsEndWatchesAndNothingElse) {
  World world;
  world.Progress(1);
  std::atomic<bool> is_done = false;
  std::vector<std::thread> threads;
  for (uint32_t seed = 1; seed <= 2; ++seed) {
    threads.emplace_back([&world, &is_done, seed] {
      std::mt19937 random(seed);
      World own(world.cache());
      while (!is_done.load()) {
        Watch& watch = own.Open(RandomSelection(random), kState);
        Fold fold(3);
        fold.last_revision = Watches::RevisionOf(watch);
        for (uint64_t drains = random() % 100; drains > 0; --drains) {
          const DrainResult result = own.watches().Drain(watch, own.slot(), fold);
          fold.Refill();
          if (result.end == WatchEnd::kNone) continue;
          EXPECT_EQ(result.end, WatchEnd::kReplaced);
          break;
        }
        own.Close(watch);
      }
    });
  }
  std::mt19937 random(5);
  uint64_t revision = 1;
  for (int round = 0; round < 1500; ++round) {
    if (random() % 10 == 0) {
      world.Replace(++revision);
    } else {
      world.Put(RandomWidget(random), ++revision);
    }
    if (round % 16 == 0) world.Trim();
  }
  is_done.store(true);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(world.watches().count(), 0U);
}

}  // namespace
}  // namespace shardwatch
