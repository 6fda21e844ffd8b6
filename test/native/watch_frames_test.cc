// Frames: which are kept, and how drains write frames and events into a page.

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "native/core/watch/frames.h"
#include "native/core/watch/sinks.h"
#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

const Widget kWeb{.name = "web", .labels = {{"app", "x"}}};

TEST(FrameIndex, FindsFramesByRecordTypeAndApiVersion) {
  FrameIndex index;
  const std::string other = "example.com/v2";
  EXPECT_EQ(index.Find({.sequence = 1}), 0U);
  const uint64_t added = index.Add({.sequence = 1, .type = WatchEventType::kAdded}, 10);
  const uint64_t deleted = index.Add({.sequence = 1, .type = WatchEventType::kDeleted}, 10);
  const uint64_t replaced = index.Add(
      {.sequence = 1, .type = WatchEventType::kAdded, .api_version = "example.com/v2"}, 10);
  EXPECT_LT(added, deleted);
  EXPECT_LT(deleted, replaced);
  EXPECT_EQ(index.Find({.sequence = 1, .type = WatchEventType::kAdded}), added);
  EXPECT_EQ(index.Find({.sequence = 1, .type = WatchEventType::kDeleted}), deleted);
  EXPECT_EQ(index.Find({.sequence = 1, .type = WatchEventType::kAdded, .api_version = other}),
            replaced);
  EXPECT_EQ(index.Find({.sequence = 1, .type = WatchEventType::kDeleted, .api_version = other}),
            0U);
  EXPECT_EQ(index.Find({.sequence = 2, .type = WatchEventType::kAdded}), 0U);
  EXPECT_EQ(index.bytes(), 30U);
}

TEST(FrameIndex, GivesUpTheOldestOverItsBytes) {
  FrameIndex index(100);
  for (uint64_t sequence = 1; sequence <= 50; ++sequence) {
    index.Add({.sequence = sequence}, 30);
    EXPECT_LE(index.bytes(), 100U);
  }
  EXPECT_EQ(index.first_kept(), 48U);
  EXPECT_EQ(index.Find({.sequence = 47}), 0U);
  EXPECT_EQ(index.Find({.sequence = 48}), 48U);
  EXPECT_EQ(index.Add({.sequence = 51}, 101), 0U) << "too large to be kept";
  EXPECT_EQ(index.first_kept(), 48U);
}

TEST(FrameIndex, ForgetsFramesOfRecordsThatHaveLeftTheLog) {
  FrameIndex index;
  for (const uint64_t sequence : {5, 6, 3, 7}) index.Add({.sequence = sequence}, 10);
  index.Forget(4);
  EXPECT_EQ(index.first_kept(), 1U);
  EXPECT_EQ(index.Find({.sequence = 3}), 0U) << "though an older frame is kept";
  EXPECT_EQ(index.Find({.sequence = 5}), 1U);
  index.Forget(7);
  EXPECT_EQ(index.first_kept(), 4U);
  EXPECT_EQ(index.bytes(), 10U);
  EXPECT_EQ(index.Add({.sequence = 6}, 10), 0U);
  index.Forget(100);
  EXPECT_EQ(index.bytes(), 0U);
}

TEST(FrameIndex, BeginsAnewRatherThanGrowWithWhatIsAskedFor) {
  FrameIndex index;
  for (int version = 0; version < 1000; ++version) {
    const std::string text = std::string("v").append(std::to_string(version));
    const FrameKey key{.sequence = 1, .type = WatchEventType::kAdded, .api_version = text};
    const uint64_t number = index.Add(key, 1);
    EXPECT_EQ(index.Find(key), number);
    EXPECT_LE(index.bytes(), 64U);
  }
}

TEST(FrameIndex, AgreesWithAPlainModel) {
  std::mt19937 random(7);
  FrameIndex index(2'000);
  using Key = std::tuple<uint64_t, WatchEventType, std::string>;
  std::map<Key, uint64_t> numbers;
  std::deque<std::pair<Key, size_t>> frames;
  uint64_t first = 1;
  size_t bytes = 0;
  uint64_t log_first = 0;
  uint64_t newest = 0;
  const auto drop = [&] {
    numbers.erase(frames.front().first);
    bytes -= frames.front().second;
    frames.pop_front();
    ++first;
  };
  for (int step = 0; step < 20'000; ++step) {
    newest += random() % 3 == 0 ? 1 : 0;
    const uint64_t sequence = newest - std::min<uint64_t>(newest, random() % 40);
    const std::string version = random() % 2 == 0 ? "" : "v" + std::to_string(random() % 3);
    const auto type = static_cast<WatchEventType>(random() % 3);
    FrameKey key{.sequence = sequence, .type = type};
    if (!version.empty()) key.api_version = version;
    const Key model_key{sequence, type, version};
    const auto known = numbers.find(model_key);
    const uint64_t expected = known == numbers.end() || sequence < log_first ? 0 : known->second;
    ASSERT_EQ(index.Find(key), expected);
    if (expected == 0 && sequence >= log_first) {
      const size_t length = random() % 100 + 1;
      numbers[model_key] = index.Add(key, length);
      frames.emplace_back(model_key, length);
      bytes += length;
      while (bytes > 2'000) drop();
    }
    if (random() % 50 == 0) {
      log_first = newest - std::min<uint64_t>(newest, 20);
      index.Forget(log_first);
      while (!frames.empty() && std::get<0>(frames.front().first) < log_first) drop();
    }
    ASSERT_EQ(index.bytes(), bytes);
    ASSERT_EQ(index.first_kept(), first);
  }
}

std::string Frame(std::string_view type, const Widget& widget, uint64_t revision,
                  std::string_view api_version = "example.com/v1") {
  return R"({"type":")" + std::string(type) + R"(","object":)" +
         WidgetText(widget, revision, api_version) + "}\n";
}

// Frames as an environment reads them: those it has by their numbers, new ones from the page.
class Frames {
 public:
  Frames(World& world, size_t page_size, size_t records_max)
      : world_(world), page_(page_size, '?'), records_(records_max) {}

  Texts Drain(Watch& watch, size_t bytes_max) {
    FrameSink sink(page_, 0, records_, bytes_max, index);
    result = world_.watches().Drain(watch, world_.slot(), sink);
    needed = sink.needed();
    made = 0;
    Texts frames;
    size_t bytes = 0;
    for (size_t at = 0; at < sink.count(); ++at) {
      const FrameRecord& record = records_[at];
      if (record.is_new == 0) {
        frames.push_back(known_.at(record.number));
      } else {
        frames.emplace_back(page_.data() + record.offset, record.length);
        if (record.number != 0) known_[record.number] = frames.back();
        ++made;
      }
      EXPECT_EQ(frames.back().size(), record.length);
      bytes += record.length;
    }
    EXPECT_EQ(bytes, sink.bytes());
    std::erase_if(known_, [this](const auto& known) { return known.first < index.first_kept(); });
    return frames;
  }

  FrameIndex index;
  DrainResult result;
  size_t needed = 0;
  size_t made = 0;

 private:
  World& world_;
  std::vector<char> page_;
  std::vector<FrameRecord> records_;
  std::map<uint64_t, std::string> known_;
};

TEST(FrameSink, WatchesWithEqualTermsShareFramesOtherVersionsHaveTheirOwn) {
  World world;
  Frames frames(world, 10'000, 100);
  Watch& one = world.Open(Selection::App({"x", "y"}), After(0));
  Watch& same = world.Open(Selection::App({"x", "y"}), After(0));
  Watch& other = world.Open(Selection::App({"x"}), After(0));
  Watch& version = world.Open({.api_version = "example.com/v2"}, After(0));
  Watch& stored = world.Open({.api_version = "example.com/v1"}, After(0));
  world.Put(kWeb, 1);
  const Texts expected{Frame("ADDED", kWeb, 1)};
  EXPECT_EQ(frames.Drain(one, 1000), expected);
  EXPECT_EQ(frames.made, 1U);
  for (Watch* const watch : {&same, &other, &stored}) {
    EXPECT_EQ(frames.Drain(*watch, 1000), expected);
    EXPECT_EQ(frames.made, 0U);
  }
  EXPECT_EQ(frames.Drain(version, 1000), Texts{Frame("ADDED", kWeb, 1, "example.com/v2")});
  EXPECT_EQ(frames.made, 1U);
}

TEST(FrameSink, AnObjectThatLeavesASelectorIsToldAtTheEventsRevision) {
  World world;
  Frames frames(world, 10'000, 100);
  Watch& selecting = world.Open(Selection::App({"x"}), After(0));
  Watch& all = world.Open({}, After(0));
  world.Put(kWeb, 1);
  Widget left = kWeb;
  left.labels[0].second = "y";
  world.Put(left, 12);
  EXPECT_EQ(frames.Drain(selecting, 1000),
            (Texts{Frame("ADDED", kWeb, 1), Frame("DELETED", kWeb, 12)}));
  EXPECT_EQ(frames.Drain(all, 1000), (Texts{Frame("ADDED", kWeb, 1), Frame("MODIFIED", left, 12)}));
  EXPECT_EQ(frames.made, 1U);
}

TEST(FrameSink, ADrainIsAtMostAsLargeAsAskedButNeverEmptyForThat) {
  const size_t length = Frame("ADDED", kWeb, 1).size();
  for (const Begin begin : {kState, After(0)}) {
    World world;
    std::vector<std::pair<Widget, uint64_t>> widgets;
    for (const std::string name : {"aeb", "beb", "ceb", "deb", "eeb"}) {
      Widget widget = kWeb;
      widget.name = name;
      widgets.emplace_back(widget, widgets.size() + 1);
    }
    world.Apply(widgets);
    Watch& watch = world.Open({}, begin);
    Frames frames(world, 10 * length, 3);
    EXPECT_EQ(frames.Drain(watch, 1).size(), 1U);
    EXPECT_EQ(frames.Drain(watch, 2 * length).size(), 2U);
    EXPECT_TRUE(frames.result.more);
    EXPECT_EQ(frames.Drain(watch, 10 * length).size(), 2U);
    EXPECT_FALSE(frames.result.more);
    Watch& again = world.Open({}, begin);
    EXPECT_EQ(frames.Drain(again, 10 * length).size(), 3U) << "there are no more records";
  }
}

TEST(FrameSink, TellsHowLargeAPageHasToBeForTheFirstFrame) {
  const size_t length = Frame("ADDED", kWeb, 1).size();
  World world;
  world.Put(kWeb, 1);
  for (const Begin begin : {kState, After(0)}) {
    Watch& watch = world.Open({}, begin);
    Frames small(world, length - 1, 10);
    EXPECT_EQ(small.Drain(watch, 1000), Texts{});
    EXPECT_EQ(small.needed, length);
    EXPECT_TRUE(small.result.more);
    Frames enough(world, length, 10);
    EXPECT_EQ(enough.Drain(watch, 1000), Texts{Frame("ADDED", kWeb, 1)});
    EXPECT_EQ(enough.needed, 0U);
  }
}

TEST(FrameSink, FramesThatWereGivenUpAreMadeAgain) {
  World world({.entries_min = 0, .entries_max = 10});
  Frames frames(world, 100'000, 100);
  Watch& first = world.Open({}, After(0));
  Watch& second = world.Open({}, After(0));
  for (uint64_t revision = 1; revision <= 5; ++revision) world.Put(kWeb, revision);
  EXPECT_EQ(frames.Drain(first, 10'000).size(), 5U);
  frames.index.Forget(2);
  const Texts read = frames.Drain(second, 10'000);
  EXPECT_EQ(read.size(), 5U);
  EXPECT_EQ(read.front(), Frame("ADDED", kWeb, 1));
  EXPECT_EQ(frames.made, 2U) << "those of the records that have gone";
}

TEST(EventSink, WritesObjectsWithTheirKeys) {
  World world;
  world.Put(kWeb, 1);
  Watch& watch = world.Open({.api_version = "example.com/v2"}, kState);
  world.Delete(kWeb, 20);
  std::vector<char> page(1000);
  std::vector<EventRecordOut> records(10);
  const auto read = [&page, &records](const EventSink& sink) {
    Texts texts;
    for (size_t at = 0; at < sink.count(); ++at) {
      const EventRecordOut& record = records[at];
      const char* from = page.data() + record.offset;
      const std::string object(from, record.object_length);
      from += record.object_length;
      const std::string place(from, record.namespace_length);
      const std::string name(from + record.namespace_length, record.name_length);
      texts.push_back(std::string(TypeText(static_cast<WatchEventType>(record.type))) + ' ' +
                      place + '/' + name + ' ' + std::to_string(record.revision) + ' ' + object);
    }
    return texts;
  };
  EventSink small({page.data(), 20}, records);
  EXPECT_TRUE(world.watches().Drain(watch, world.slot(), small).more);
  EXPECT_EQ(small.count(), 0U);
  const std::string object = WidgetText(kWeb, 1, "example.com/v2");
  EXPECT_EQ(small.needed(), object.size() + 4);
  EventSink initial(page, records);
  world.watches().Drain(watch, world.slot(), initial);
  EXPECT_EQ(read(initial), Texts{"ADDED a/web 1 " + object});
  EXPECT_EQ(initial.bytes(), object.size());
  EventSink live(page, records);
  EXPECT_FALSE(world.watches().Drain(watch, world.slot(), live).more);
  EXPECT_EQ(read(live), Texts{"DELETED a/web 20 " + WidgetText(kWeb, 20, "example.com/v2")});
}

}  // namespace
}  // namespace shardwatch
