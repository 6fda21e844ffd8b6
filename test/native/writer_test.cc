// Writers: what they refuse, what a batch publishes, new generations, numbered writes, and many
// threads at once, each state of which is that of exactly one revision.

#include "native/core/shard/writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "test/native/store_fixture.h"

namespace shardwatch {
namespace {

StoreOptions Options(uint64_t entries_max = 102'400) {
  StoreOptions options;
  options.shard_count = 4;
  options.fields = {"spec.value"};
  options.history.entries_max = entries_max;
  options.history.entries_min = std::min<uint64_t>(entries_max, 100);
  options.seed = 7;
  return options;
}

// Changes with the memory that they view.
class Batch {
 public:
  Batch& Put(std::string space, std::string name, uint64_t value, uint64_t revision) {
    return Raw(space, name, ObjectJson(space, name, value), revision);
  }
  Batch& Raw(std::string space, std::string name, std::string json, uint64_t revision) {
    items_.push_back({std::move(space), std::move(name), std::move(json), revision, true});
    return *this;
  }
  Batch& Delete(std::string space, std::string name, uint64_t revision) {
    items_.push_back({std::move(space), std::move(name), {}, revision, false});
    return *this;
  }

  std::vector<Change> changes() const {
    std::vector<Change> changes;
    for (const Item& item : items_) {
      Change change{.key = {item.space, item.name}, .revision = item.revision, .object = {}};
      if (item.is_put) change.object = item.json;
      changes.push_back(change);
    }
    return changes;
  }

 private:
  struct Item {
    std::string space;
    std::string name;
    std::string json;
    uint64_t revision;
    bool is_put;
  };
  std::vector<Item> items_;
};

TEST(WriterTest, APublishedBatchIsSeenWhole) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const Batch batch = Batch().Put("b", "x", 1, 5).Put("a", "y", 2, 6).Put("b", "w", 3, 9);
  EXPECT_EQ(client.writer.Apply(batch.changes(), 0).fault, WriteFault::kNone);
  const StateHold state = client.Now();
  EXPECT_EQ(state.revision(), 9U);
  const Model expected = {{"a/y", StoredJson("a", "y", 2, 6)},
                          {"b/w", StoredJson("b", "w", 3, 9)},
                          {"b/x", StoredJson("b", "x", 1, 5)}};
  EXPECT_EQ(ReadModel(state.directory()), expected);
  ASSERT_EQ(client.published.size(), 3U);
  EXPECT_EQ(client.published[1].second.revision, 6U);
}

TEST(WriterTest, ABatchWritesOneObjectMoreThanOnce) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const Batch batch =
      Batch().Put("a", "x", 1, 1).Put("a", "x", 2, 2).Delete("a", "x", 3).Put("a", "x", 4, 4);
  EXPECT_EQ(client.writer.Apply(batch.changes(), 0).fault, WriteFault::kNone);
  EXPECT_EQ(client.NowModel(), (Model{{"a/x", StoredJson("a", "x", 4, 4)}}));
  for (uint64_t revision = 1; revision <= 4; ++revision) {
    const PastState past = fixture.history.At(revision, client.slot);
    ASSERT_EQ(past.fault, HistoryFault::kNone);
    const Model model = ReadModel(past.state.directory());
    if (revision == 3) {
      EXPECT_TRUE(model.empty());
    } else {
      EXPECT_EQ(model, (Model{{"a/x", StoredJson("a", "x", revision, revision)}}));
    }
  }
}

TEST(WriterTest, ADeletionOfWhatIsNotThereOnlyRaisesTheRevision) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const Batch batch = Batch().Delete("a", "x", 3);
  EXPECT_EQ(client.writer.Apply(batch.changes(), 0).fault, WriteFault::kNone);
  EXPECT_EQ(client.Now().revision(), 3U);
  EXPECT_TRUE(client.published.empty());
}

TEST(WriterTest, WhatIsRefusedChangesNothing) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const Batch first = Batch().Put("a", "x", 1, 5);
  ASSERT_EQ(client.writer.Apply(first.changes(), 0).fault, WriteFault::kNone);
  const Model before = client.NowModel();
  const uint64_t bytes = fixture.store.version_bytes();
  const size_t strings = fixture.store.strings().size();
  const struct {
    Batch batch;
    WriteFault fault;
    size_t index;
  } cases[] = {
      {Batch().Put("a", "y", 1, 5), WriteFault::kNotRising, 0},
      {Batch().Put("a", "y", 1, 7).Put("a", "z", 1, 7), WriteFault::kNotRising, 1},
      {Batch().Put("a", "y", 1, 6).Raw("a", "z", "{", 7), WriteFault::kInvalidObject, 1},
      {Batch().Put("a", "y", 1, 6).Raw("a", "z", ObjectJson("a", "q", 1), 7),
       WriteFault::kKeyMismatch, 1},
      {Batch().Raw("b", "z", ObjectJson("a", "z", 1), 7), WriteFault::kKeyMismatch, 0},
      {Batch().Raw("", "", "{}", 7), WriteFault::kKeyMismatch, 0},
  };
  for (const auto& [batch, fault, index] : cases) {
    const WriteOutcome outcome = client.writer.Apply(batch.changes(), 0);
    EXPECT_EQ(outcome.fault, fault);
    EXPECT_EQ(outcome.index, index);
    EXPECT_EQ(client.NowModel(), before);
    EXPECT_EQ(client.Now().revision(), 5U);
    EXPECT_EQ(fixture.store.version_bytes(), bytes);
    EXPECT_EQ(fixture.store.strings().size(), strings);
  }
}

TEST(WriterTest, AReplacementIsANewGeneration) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const Batch first = Batch().Put("a", "x", 1, 5).Put("b", "y", 1, 6);
  ASSERT_EQ(client.writer.Apply(first.changes(), 0).fault, WriteFault::kNone);
  const StateHold held = client.Now();
  const Model before = ReadModel(held.directory());
  const Batch state = Batch().Put("c", "z", 2, 3).Put("a", "x", 3, 8);
  EXPECT_EQ(client.writer.Replace(state.changes(), 5).fault, WriteFault::kNotRising);
  EXPECT_EQ(client.writer.Replace(state.changes(), 10).fault, WriteFault::kNone);
  const StateHold now = client.Now();
  EXPECT_EQ(now.revision(), 10U);
  EXPECT_EQ(now.generation(), 1U);
  EXPECT_EQ(ReadModel(now.directory()),
            (Model{{"a/x", StoredJson("a", "x", 3, 8)}, {"c/z", StoredJson("c", "z", 2, 3)}}));
  EXPECT_EQ(ReadModel(held.directory()), before);
  EXPECT_EQ(fixture.history.At(9, client.slot).fault, HistoryFault::kExpired);
}

TEST(WriterTest, OfAKeyThatComesTwiceInAReplacementTheLastOneStays) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const Batch state = Batch().Put("a", "x", 1, 1).Put("a", "y", 2, 2).Put("a", "x", 3, 3);
  EXPECT_EQ(client.writer.Replace(state.changes(), 5).fault, WriteFault::kNone);
  EXPECT_EQ(client.NowModel(),
            (Model{{"a/x", StoredJson("a", "x", 3, 3)}, {"a/y", StoredJson("a", "y", 2, 2)}}));
}

TEST(WriterTest, ANumberedWriteTakesTheNextRevision) {
  StoreFixture fixture(Options());
  Client client(fixture);
  for (uint64_t value = 1; value <= 120; ++value) {
    const Batch batch = Batch().Put("a", "x", value, 0);
    const WriteOutcome outcome = client.writer.Write(batch.changes()[0], nullptr, 0);
    ASSERT_EQ(outcome.fault, WriteFault::kNone);
    // Across 9, 10 and 99, 100: the digits become more.
    ASSERT_EQ(outcome.revision, value);
    ASSERT_EQ(client.NowModel(), (Model{{"a/x", StoredJson("a", "x", value, value)}}));
  }
}

TEST(WriterTest, ANumberedWriteMeetsItsExpectationOrWritesNothing) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const Batch put = Batch().Put("a", "x", 1, 0);
  const Batch gone = Batch().Delete("a", "x", 0);
  const uint64_t none = 0;
  const uint64_t one = 1;
  const uint64_t other = 99;
  EXPECT_EQ(client.writer.Write(put.changes()[0], &other, 0).fault, WriteFault::kConflict);
  EXPECT_TRUE(client.NowModel().empty());
  const WriteOutcome made = client.writer.Write(put.changes()[0], &none, 0);
  EXPECT_EQ(made.fault, WriteFault::kNone);
  const WriteOutcome again = client.writer.Write(put.changes()[0], &none, 0);
  EXPECT_EQ(again.fault, WriteFault::kConflict);
  EXPECT_EQ(again.revision, made.revision);
  EXPECT_EQ(client.writer.Write(gone.changes()[0], &one, 0).fault, WriteFault::kConflict);
  EXPECT_EQ(client.writer.Write(gone.changes()[0], &made.revision, 0).fault, WriteFault::kNone);
  EXPECT_TRUE(client.NowModel().empty());
  const WriteOutcome nothing = client.writer.Write(gone.changes()[0], nullptr, 0);
  EXPECT_EQ(nothing.fault, WriteFault::kNone);
  EXPECT_EQ(nothing.revision, 0U);
}

// Asks while another writer has revision 5 and has not published it yet; tells the revision that is
// seen after the answer.
uint64_t SeenAfterAsking(const std::function<void(Writer&)>& ask) {
  StoreFixture fixture(Options());
  ShardTurns& turns = fixture.store.turns();
  const uint32_t shard = turns.ShardOf("a");
  {
    // Holds the writer between its ticket and its publication.
    Publisher::Order order(fixture.publisher);
    turns.TakePlace(shard);
  }
  std::thread writer([&] {
    Client client(fixture);
    const Batch batch = Batch().Put("a", "x", 1, 5);
    EXPECT_EQ(client.writer.Apply(batch.changes(), 0).fault, WriteFault::kNone);
  });
  while (Publisher::Order(fixture.publisher).revision() < 5) std::this_thread::yield();
  std::atomic<bool> is_asked = false;
  uint64_t seen = 0;
  std::thread asker([&] {
    Client client(fixture);
    is_asked.store(true);
    ask(client.writer);
    seen = client.Now().revision();
  });
  while (!is_asked.load()) std::this_thread::yield();
  for (int count = 0; count < 1000; ++count) std::this_thread::yield();
  turns.Pass(shard);
  writer.join();
  asker.join();
  return seen;
}

TEST(WriterTest, ARevisionThatAnotherWriterHasTakenIsWaitedFor) {
  EXPECT_EQ(SeenAfterAsking([](Writer& writer) { EXPECT_EQ(writer.Progress(4).revision, 5U); }),
            5U);
}

TEST(WriterTest, WhatRefusesAWriteIsSeenThereafter) {
  EXPECT_EQ(SeenAfterAsking([](Writer& writer) {
              const Batch late = Batch().Put("b", "x", 1, 5);
              EXPECT_EQ(writer.Apply(late.changes(), 0).fault, WriteFault::kNotRising);
            }),
            5U);
  EXPECT_EQ(SeenAfterAsking([](Writer& writer) {
              EXPECT_EQ(writer.Replace({}, 4).fault, WriteFault::kNotRising);
            }),
            5U);
}

TEST(WriterTest, LargeBatchesLeaveNothingBehind) {
  constexpr uint64_t kObjects = 3000;
  StoreFixture fixture(Options(0));
  Client client(fixture);
  const auto bytes = [&] { return fixture.store.arena().Stats().bytes_live; };
  client.writer.Trim(0);
  const uint64_t before = bytes();
  uint64_t revision = 0;
  uint64_t early = 0;
  for (int round = 0; round < 30; ++round) {
    Batch puts;
    Batch deletions;
    for (uint64_t index = 0; index < kObjects; ++index) {
      puts.Put("a", "x" + std::to_string(index), index, ++revision);
    }
    for (uint64_t index = 0; index < kObjects; ++index) {
      deletions.Delete("a", "x" + std::to_string(index), ++revision);
    }
    ASSERT_EQ(client.writer.Apply(puts.changes(), 0).fault, WriteFault::kNone);
    ASSERT_EQ(client.writer.Apply(deletions.changes(), 0).fault, WriteFault::kNone);
    if (round == 5) early = bytes();
  }
  EXPECT_LT(bytes(), early + early / 2);
  client.writer.Trim(0);
  while (fixture.store.Reclaim(SIZE_MAX)) {
  }
  // A few KiB are left for the log's next segment and its table.
  EXPECT_LT(bytes(), before + 64 * 1024);
}

TEST(WriterTest, AWriterKeepsLittleOfWhatItsLargestBatchTook) {
  constexpr uint64_t kChanges = 20'000;
  constexpr size_t kSpareBytesMax = 1024 * 1024;
  StoreFixture fixture(Options(100));
  Client client(fixture);
  uint64_t revision = 0;
  Batch objects;
  Batch namespaces;
  Batch updates;
  Batch nothing;
  for (uint64_t index = 0; index < kChanges; ++index) {
    const std::string name = "x" + std::to_string(index);
    objects.Put("a", name, index, ++revision);
    namespaces.Put(name, "a", index, revision + kChanges);
    updates.Put("a", name, index, revision + 2 * kChanges);
    nothing.Delete("b", name, revision + 3 * kChanges);
  }
  for (const Batch* const batch : {&objects, &namespaces, &updates, &nothing}) {
    ASSERT_EQ(client.writer.Apply(batch->changes(), 0).fault, WriteFault::kNone);
    EXPECT_LT(client.writer.spare_bytes(), kSpareBytesMax);
  }
  EXPECT_EQ(client.writer.Apply(objects.changes(), 0).fault, WriteFault::kNotRising);
  EXPECT_LT(client.writer.spare_bytes(), kSpareBytesMax) << "of a batch that was refused";
  ASSERT_EQ(client.writer.Replace(updates.changes(), revision * 4).fault, WriteFault::kNone);
  EXPECT_LT(client.writer.spare_bytes(), kSpareBytesMax) << "of a whole state";
  EXPECT_GT(client.writer.spare_bytes(), 0U) << "a small batch finds what it needs";
}

TEST(WriterTest, WhatAWriterKeepsIsMemoryOfTheCache) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const uint64_t before = fixture.store.arena().Stats().bytes_live;
  Batch batch;
  for (uint64_t index = 1; index <= 2000; ++index) batch.Delete("a", std::to_string(index), index);
  ASSERT_EQ(client.writer.Apply(batch.changes(), 0).fault, WriteFault::kNone);
  while (fixture.store.Reclaim(SIZE_MAX)) {
  }
  // Nothing was written, so all that is there more is spare.
  EXPECT_NEAR(static_cast<double>(fixture.store.arena().Stats().bytes_live - before),
              static_cast<double>(client.writer.spare_bytes()), 64 * 1024);
}

TEST(WriterTest, BehindTheHighestRevisionThereIsNoNextOne) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const Batch put = Batch().Put("a", "x", 1, 0);
  ASSERT_EQ(client.writer.Progress(UINT64_MAX - 1).fault, WriteFault::kNone);
  ASSERT_EQ(client.writer.Write(put.changes()[0], nullptr, 0).revision, UINT64_MAX);
  EXPECT_EQ(client.writer.Write(put.changes()[0], nullptr, 0).fault, WriteFault::kNotRising);
  EXPECT_EQ(client.Now().revision(), UINT64_MAX);
}

TEST(WriterTest, AClosedCacheRefusesWriters) {
  StoreFixture fixture(Options());
  Client client(fixture);
  const Batch batch = Batch().Put("a", "x", 1, 5);
  ASSERT_EQ(client.writer.Apply(batch.changes(), 0).fault, WriteFault::kNone);
  EXPECT_EQ(client.writer.Close().fault, WriteFault::kNone);
  EXPECT_TRUE(client.NowModel().empty());
  const Batch next = Batch().Put("a", "x", 1, 6);
  EXPECT_EQ(client.writer.Apply(next.changes(), 0).fault, WriteFault::kClosed);
  EXPECT_EQ(client.writer.Write(next.changes()[0], nullptr, 0).fault, WriteFault::kClosed);
  EXPECT_EQ(client.writer.Replace(next.changes(), 9).fault, WriteFault::kClosed);
  EXPECT_EQ(client.writer.Progress(9).fault, WriteFault::kClosed);
  EXPECT_EQ(client.writer.Trim(9).fault, WriteFault::kClosed);
  EXPECT_EQ(client.writer.Close().fault, WriteFault::kClosed);
}

// The states of a history: one in so many is kept, the others are made from it.
class ModelHistory {
 public:
  // `bytes` is empty for a deletion.
  void Record(uint64_t revision, const std::string& key, const std::string& bytes) {
    Change(newest_, key, bytes);
    changes_[revision] = {key, bytes};
    if (changes_.size() % kKeptEvery == 0) kept_[revision] = newest_;
  }

  const Model& newest() const { return newest_; }

  Model At(uint64_t revision) const {
    const auto base = --kept_.upper_bound(revision);
    Model model = base->second;
    auto change = changes_.upper_bound(base->first);
    for (; change != changes_.end() && change->first <= revision; ++change) {
      Change(model, change->second.first, change->second.second);
    }
    return model;
  }

 private:
  static constexpr size_t kKeptEvery = 100;

  static void Change(Model& model, const std::string& key, const std::string& bytes) {
    if (bytes.empty()) {
      model.erase(key);
    } else {
      model[key] = bytes;
    }
  }

  Model newest_;
  std::map<uint64_t, std::pair<std::string, std::string>> changes_;
  std::map<uint64_t, Model> kept_ = {{0, {}}};
};

// One random history, of which a part is kept: less than roots are retained for, or more.
void RunRandomHistory(uint64_t seed, uint64_t entries_max, int rounds) {
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  StoreFixture fixture(Options(entries_max));
  Client client(fixture);
  ModelHistory model;
  std::vector<std::pair<StateHold, Model>> held;
  const auto expect_held = [&held] {
    for (const auto& [state, expected] : held) ASSERT_EQ(ReadModel(state.directory()), expected);
  };
  uint64_t revision = 0;
  for (int round = 0; round < rounds; ++round) {
    Batch batch;
    for (uint64_t count = 1 + random() % 7; count > 0; --count) {
      revision += 1 + random() % 3;
      const std::string space(1, static_cast<char>('a' + random() % 5));
      const std::string name = std::to_string(random() % 60);
      const bool is_put = random() % 4 > 0;
      if (is_put) batch.Put(space, name, revision, revision);
      if (!is_put) batch.Delete(space, name, revision);
      const std::string bytes = is_put ? StoredJson(space, name, revision, revision) : "";
      model.Record(revision, space + "/" + name, bytes);
    }
    ASSERT_EQ(client.writer.Apply(batch.changes(), round).fault, WriteFault::kNone);
    if (random() % 10 == 0) held.emplace_back(client.Now(), model.newest());
    if (random() % 9 == 0 && !held.empty()) held.erase(held.begin());
    const uint64_t wanted = random() % (revision + 2);
    PastState past = fixture.history.At(wanted, client.slot);
    ASSERT_EQ(past.fault == HistoryFault::kFuture, wanted > revision);
    if (past.fault == HistoryFault::kNone) {
      Model expected = model.At(wanted);
      ASSERT_EQ(ReadModel(past.state.directory()), expected);
      ASSERT_EQ(past.state.revision(), wanted);
      if (random() % 20 == 0) held.emplace_back(std::move(past.state), std::move(expected));
    }
    if (round % 50 == 0) expect_held();
  }
  expect_held();
}

TEST(WriterTest, EveryRevisionOfARandomHistoryIsReadAsItWas) {
  RunRandomHistory(1, 400, 700);
  RunRandomHistory(2, 400, 700);
  RunRandomHistory(3, 3 * kRetainedEvery, 4000);
}

// Threads that number their own writes; what readers see has to be the state at its revision.
TEST(WriterTest, WhatThreadsSeeIsTheStateAtExactlyOneRevision) {
  constexpr int kWriters = 3;
  constexpr int kReaders = 2;
  constexpr uint64_t kWrites = 300;
  StoreFixture fixture(Options(300));
  struct Written {
    uint64_t revision;
    std::string key;
    std::string bytes;
  };
  struct Seen {
    uint64_t revision;
    Model model;
  };
  std::vector<std::vector<Written>> written(kWriters);
  std::vector<std::vector<Seen>> seen(kReaders);
  std::atomic<int> writing = kWriters;
  std::vector<std::thread> threads;
  for (int index = 0; index < kWriters; ++index) {
    threads.emplace_back([&, index] {
      std::mt19937_64 random(static_cast<uint64_t>(index) + 1);
      Client client(fixture);
      for (uint64_t count = 0; count < kWrites; ++count) {
        const std::string space = std::string(1, static_cast<char>('a' + random() % 3));
        const std::string name = std::to_string(random() % 20);
        const bool is_put = random() % 4 != 0;
        const std::string json = ObjectJson(space, name, count);
        Change change{.key = {space, name}, .revision = 0, .object = {}};
        if (is_put) change.object = json;
        const WriteOutcome outcome = client.writer.Write(change, nullptr, 0);
        ASSERT_EQ(outcome.fault, WriteFault::kNone);
        if (outcome.revision == 0) continue;
        written[static_cast<size_t>(index)].push_back(
            {outcome.revision, space + "/" + name,
             is_put ? StoredJson(space, name, count, outcome.revision) : std::string()});
      }
      --writing;
    });
  }
  for (int index = 0; index < kReaders; ++index) {
    threads.emplace_back([&, index] {
      std::mt19937_64 random(static_cast<uint64_t>(index) + 100);
      Client client(fixture);
      auto& mine = seen[static_cast<size_t>(index)];
      uint64_t last = 0;
      while (writing > 0) {
        const StateHold now = client.Now();
        ASSERT_GE(now.revision(), last);
        last = now.revision();
        mine.push_back({now.revision(), ReadModel(now.directory())});
        const uint64_t wanted = last - std::min<uint64_t>(last, random() % 200);
        const PastState past = fixture.history.At(wanted, client.slot);
        if (past.fault != HistoryFault::kNone) continue;
        mine.push_back({wanted, ReadModel(past.state.directory())});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<uint64_t, Written> order;
  for (const auto& list : written) {
    for (const Written& write : list) ASSERT_TRUE(order.emplace(write.revision, write).second);
  }
  std::map<uint64_t, Model> states;
  Model model;
  states[0] = model;
  for (const auto& [revision, write] : order) {
    if (write.bytes.empty()) {
      model.erase(write.key);
    } else {
      model[write.key] = write.bytes;
    }
    states[revision] = model;
  }
  for (const auto& list : seen) {
    for (const Seen& sight : list) {
      ASSERT_EQ(sight.model, (--states.upper_bound(sight.revision))->second) << sight.revision;
    }
  }
}

}  // namespace
}  // namespace shardwatch
