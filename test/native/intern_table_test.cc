// Interned strings: one address for one text, gone with the last user, whoever that is.

#include "native/core/object/intern_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace shardwatch {
namespace {

constexpr uint64_t kSeed = 0x5eed;

TEST(InternTable, OneTextHasOneAddress) {
  Arena arena;
  InternTable table(arena, kSeed);
  const std::string text = "team-a";
  const InternedString* const first = table.Acquire(text);
  const InternedString* const second = table.Acquire("team-a");
  const InternedString* const other = table.Acquire("team-b");
  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
  EXPECT_EQ(first->text(), "team-a");
  EXPECT_EQ(first->key(), nullptr);
  EXPECT_EQ(table.size(), 2U);
  for (const InternedString* const string : {first, second, other}) table.Release(string);
  EXPECT_EQ(table.size(), 0U);
}

TEST(InternTable, APairIsItsKeyAndItsValue) {
  Arena arena;
  InternTable table(arena, kSeed);
  const InternedString* const web = table.AcquireLabel("app", "web");
  const InternedString* const api = table.AcquireLabel("app", "api");
  const InternedString* const tier = table.AcquireLabel("tier", "web");
  const InternedString* const plain = table.Acquire("web");
  EXPECT_EQ(table.AcquireLabel("app", "web"), web);
  EXPECT_EQ(web->key(), api->key());
  EXPECT_NE(web->key(), tier->key());
  EXPECT_EQ(web->key()->text(), "app");
  EXPECT_EQ(web->text(), "web");
  EXPECT_NE(web, tier);
  EXPECT_NE(web, plain);
  const InternedString* const key = table.Acquire("app");
  EXPECT_EQ(key, web->key());
  for (const InternedString* const string : {web, web, api, tier, plain, key})
    table.Release(string);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(arena.Stats().slots_live, 0U);
}

TEST(InternTable, WhereAKeyEndsMakesADifference) {
  Arena arena;
  InternTable table(arena, kSeed);
  const InternedString* const first = table.AcquireLabel("ab", "c");
  const InternedString* const second = table.AcquireLabel("a", "bc");
  const InternedString* const empty = table.AcquireLabel("abc", "");
  EXPECT_NE(first, second);
  EXPECT_EQ(empty->text(), "");
  for (const InternedString* const string : {first, second, empty}) table.Release(string);
  EXPECT_EQ(table.size(), 0U);
}

TEST(InternTable, AnySharedCountKeepsTheString) {
  Arena arena;
  InternTable table(arena, kSeed);
  const InternedString* const first = table.Acquire("kept");
  const InternedString* const shared = InternTable::Share(first);
  table.Release(first);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.Acquire("kept"), shared);
  table.Release(shared);
  table.Release(shared);
  table.Release(nullptr);
  EXPECT_EQ(table.size(), 0U);
}

TEST(InternTable, GivesMemoryBackAfterAMillionDistinctValues) {
  Arena arena;
  InternTable table(arena, kSeed);
  std::vector<const InternedString*> labels;
  for (int value = 0; value < 1'000'000; ++value) {
    labels.push_back(table.AcquireLabel("build", std::to_string(value)));
  }
  EXPECT_EQ(table.size(), 1'000'001U);
  for (const InternedString* const label : labels) table.Release(label);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_LE(arena.Stats().bytes_reserved, Arena::kSpareBytesMax + 500'000U);
}

TEST(InternTable, AgreesWithAMapUnderRandomUse) {
  Arena arena;
  InternTable table(arena, kSeed);
  std::map<std::pair<std::string, std::string>, std::pair<const InternedString*, int>> model;
  std::mt19937 random(5);
  for (int round = 0; round < 50'000; ++round) {
    const std::pair<std::string, std::string> label = {std::to_string(random() % 20),
                                                       std::to_string(random() % 100)};
    auto& [string, users] = model[label];
    if (random() % 2 == 0) {
      const InternedString* const acquired = table.AcquireLabel(label.first, label.second);
      if (users++ > 0) {
        ASSERT_EQ(acquired, string);
      }
      string = acquired;
      EXPECT_EQ(string->text(), label.second);
      EXPECT_EQ(string->key()->text(), label.first);
    } else if (users > 0) {
      table.Release(string);
      --users;
    }
  }
  for (const auto& [label, entry] : model) {
    for (int user = 0; user < entry.second; ++user) table.Release(entry.first);
  }
  EXPECT_EQ(table.size(), 0U);
}

TEST(InternTable, ServesThreadsThatAcquireAndReleaseTheSameLabels) {
  Arena arena;
  InternTable table(arena, kSeed);
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&table, seed] {
      std::mt19937 random(seed);
      std::vector<const InternedString*> held;
      for (int round = 0; round < 20'000; ++round) {
        const std::string value = std::to_string(random() % 8);
        const InternedString* const label = table.AcquireLabel("key", value);
        ASSERT_EQ(label->text(), value);
        ASSERT_EQ(label->key()->text(), "key");
        held.push_back(label);
        if (held.size() < 1 + random() % 4) continue;
        for (const InternedString* const string : held) table.Release(string);
        held.clear();
      }
      for (const InternedString* const string : held) table.Release(string);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(arena.Stats().slots_live, 0U);
}

}  // namespace
}  // namespace shardwatch
