// The index of a state: exactly the entries that its objects have values for, now and in every
// state of the past, and what becomes of it without memory.

#include "native/core/shard/object_index.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "test/native/store_fixture.h"

namespace shardwatch {
namespace {

using Entries = std::multiset<std::string>;

// Fields spec.node and spec.zone, of which the second is indexed; the labels app and tier.
StoreOptions Options(uint64_t entries_max = 102'400) {
  StoreOptions options;
  options.shard_count = 3;
  options.fields = {"spec.node", "spec.zone"};
  options.index_fields = {1};
  options.index_labels = {"app", "tier"};
  options.history.entries_max = entries_max;
  options.history.entries_min = std::min<uint64_t>(entries_max, 100);
  options.seed = 7;
  return options;
}

// An empty text is no label, and no field.
std::string ThingJson(const std::string& space, const std::string& name, const std::string& app,
                      const std::string& tier, const std::string& zone) {
  std::string labels;
  if (!app.empty()) labels += R"("app":")" + app + '"';
  if (!tier.empty()) labels += std::string(labels.empty() ? "" : ",") + R"("tier":")" + tier + '"';
  std::string text = R"({"metadata":{"labels":{)" + labels + R"(},"name":")" + name + '"';
  if (!space.empty()) text += R"(,"namespace":")" + space + '"';
  text += R"(},"spec":{"node":"n1")";
  if (!zone.empty()) text += R"(,"zone":")" + zone + '"';
  return text + "}}";
}

Entries EntriesOf(const State& state) {
  Entries entries;
  TreeCursor<IndexShape> cursor(state.index.entries);
  std::string before;
  while (const IndexEntry* const entry = cursor.Next()) {
    EXPECT_LT(before, entry->text());
    before = entry->text();
    entries.emplace(entry->text());
  }
  EXPECT_EQ(entries.size(), state.index.entries.size());
  return entries;
}

// What the objects themselves say.
Entries ExpectedOf(const State& state) {
  Entries entries;
  ObjectCursor cursor(state.directory);
  while (const Version* const version = cursor.Next()) {
    for (uint16_t number = 0; number < state.index.declaration->count(); ++number) {
      const InternedString* const value = state.index.declaration->ValueOf(*version, number);
      if (value == nullptr) continue;
      std::string text;
      AppendIndexPrefix(number, *value, text);
      text.append(version->key().namespace_name).append("/").append(version->key().name);
      EXPECT_EQ(CompareKeys(IndexedKey(text), version->key()), std::strong_ordering::equal);
      entries.insert(std::move(text));
    }
  }
  return entries;
}

class ObjectIndexTest : public testing::Test {
 protected:
  void Open(uint64_t entries_max = 102'400) {
    fixture_.emplace(Options(entries_max));
    client_.emplace(*fixture_);
  }

  // What a test leaves behind is counted by the fixture.
  ~ObjectIndexTest() override {
    client_.reset();
    fixture_.reset();
  }

  void Apply(size_t count) {
    std::vector<std::string> texts;
    std::vector<std::pair<std::string, std::string>> keys;
    for (size_t index = 0; index < count; ++index) {
      keys.emplace_back(Pick({"", "a", "a-b", "b"}), std::to_string(random_() % 40));
      const bool is_deletion = random_() % 4 == 0;
      texts.push_back(is_deletion ? std::string()
                                  : ThingJson(keys.back().first, keys.back().second,
                                              Pick({"", "web", "api", "db"}), Pick({"", "x"}),
                                              Pick({"", "z1", "z2"})));
    }
    std::vector<Change> changes;
    for (size_t index = 0; index < count; ++index) {
      Change change{
          .key = {keys[index].first, keys[index].second}, .revision = ++revision_, .object = {}};
      if (!texts[index].empty()) change.object = texts[index];
      changes.push_back(change);
    }
    ASSERT_EQ(client_->writer.Apply(changes, 0).fault, WriteFault::kNone);
  }

  std::string Pick(std::vector<std::string> texts) { return texts[random_() % texts.size()]; }

  std::mt19937 random_{11};
  uint64_t revision_ = 0;
  std::optional<StoreFixture> fixture_;
  std::optional<Client> client_;
};

TEST_F(ObjectIndexTest, HasAnEntryForEachValueOfEachObject) {
  Open();
  for (int round = 0; round < 400; ++round) {
    Apply(1 + random_() % 7);
    const StateHold state = client_->Now();
    ASSERT_EQ(EntriesOf(state.state()), ExpectedOf(state.state()));
  }
  EXPECT_GT(client_->Now().state().index.entries.size(), 100U);
}

TEST_F(ObjectIndexTest, StatesOfThePastHaveTheirOwn) {
  Open(3 * kRetainedEvery);
  while (revision_ < 5 * kRetainedEvery) Apply(16);
  size_t rebuilt = 0;
  for (uint64_t revision = revision_; revision + 2 * kRetainedEvery > revision_; revision -= 611) {
    const PastState past = fixture_->history.At(revision, client_->slot);
    ASSERT_EQ(past.fault, HistoryFault::kNone);
    ASSERT_EQ(EntriesOf(past.state.state()), ExpectedOf(past.state.state()));
    ++rebuilt;
  }
  EXPECT_GT(rebuilt, 10U);
}

TEST_F(ObjectIndexTest, WhatChangesNoValueChangesNoEntry) {
  Open();
  const auto apply = [this](const std::string& app, const std::string& json_tail) {
    std::string json = ThingJson("a", "x", app, "", "z1");
    json.insert(json.size() - 2, json_tail);
    const Change change{.key = {"a", "x"}, .revision = ++revision_, .object = json};
    ASSERT_EQ(client_->writer.Apply({&change, 1}, 0).fault, WriteFault::kNone);
  };
  apply("web", "");
  const auto* const root = client_->Now().state().index.entries.root();
  apply("web", R"(,"more":1)");
  EXPECT_EQ(client_->Now().state().index.entries.root(), root);
  apply("api", R"(,"more":1)");
  EXPECT_NE(client_->Now().state().index.entries.root(), root);
}

TEST_F(ObjectIndexTest, ANewStateHasANewIndex) {
  Open();
  for (int round = 0; round < 20; ++round) Apply(5);
  const StateHold before = client_->Now();
  const Entries entries = EntriesOf(before.state());
  const std::string first = ThingJson("a", "x", "web", "", "");
  const std::string last = ThingJson("a", "x", "api", "x", "z1");
  const std::vector<Change> puts = {{.key = {"a", "x"}, .revision = 0, .object = first},
                                    {.key = {"a", "x"}, .revision = 0, .object = last}};
  ASSERT_EQ(client_->writer.Replace(puts, revision_ + 1).fault, WriteFault::kNone);
  const StateHold after = client_->Now();
  EXPECT_EQ(EntriesOf(after.state()), ExpectedOf(after.state()));
  EXPECT_EQ(after.state().index.entries.size(), 3U);
  EXPECT_EQ(EntriesOf(before.state()), entries);
}

// An index by hand, in an arena that is used up.
TEST(IndexEditTest, WithoutMemoryThereIsNoIndexAndNothingIsLeftBehind) {
  Arena object_arena;
  InternTable strings(object_arena, 3);
  Arena arena(/*bytes_max=*/256 * 1024);
  IndexDeclaration declaration(strings);
  ASSERT_TRUE(declaration.Declare({}, {"app"}));
  ObjectScanner scanner;
  std::vector<Version*> versions;
  for (uint64_t number = 0; number < 4000; ++number) {
    const std::string json =
        ThingJson("a", std::to_string(number), std::to_string(number % 300), "", "");
    ScannedObject object;
    ASSERT_TRUE(scanner.Scan(json, {}, object));
    versions.push_back(Version::Make(object, 1, object_arena, strings));
    scanner.Release();
  }
  RetiredList replaced;
  IndexSupply supply(arena, static_cast<uint8_t>(RetiredKind::kIndexNode));
  constexpr auto kKind = static_cast<uint8_t>(RetiredKind::kIndexEntry);
  ObjectIndex index{.declaration = &declaration, .entries = {}};
  uint64_t ticket = 0;
  size_t indexed = 0;
  ObjectIndex before;
  while (index.declaration != nullptr) {
    ASSERT_LT(indexed, versions.size());
    before = index;
    IndexEdit edit(index, ++ticket, kKind, arena, supply, &replaced);
    edit.Change(nullptr, versions[indexed]);
    if (indexed + 1 < versions.size()) edit.Change(nullptr, versions[indexed + 1]);
    indexed += 2;
    index = edit.Finish();
  }
  EXPECT_EQ(index.entries.root(), nullptr);
  EXPECT_GT(before.entries.size(), 100U);
  RetireIndex(before.entries.root(), ticket, replaced);
  while (Retired* const item = replaced.Take()) {
    if (item->kind == kKind) {
      FreeIndexEntry(arena, static_cast<IndexEntry*>(item));
    } else {
      IndexSupply::Free(arena, static_cast<TreeNode<IndexEntry*>*>(item));
    }
  }
  supply.KeepAtMost(0);
  EXPECT_EQ(arena.Stats().slots_live, 0U);
  for (Version* const version : versions) Version::Free(version, object_arena, strings);
}

}  // namespace
}  // namespace shardwatch
