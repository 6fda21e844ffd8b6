// Walks by an index: which index is taken, and that they find what a filter of everything finds.

#include "native/core/shard/index_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "native/core/shard/scope_walk.h"
#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

constexpr size_t kObjects = 3000;
constexpr size_t kRareValues = 150;

// Objects with a label and a field that twenty share, and a label that half of them have.
class IndexWalkTest : public testing::Test {
 protected:
  IndexWalkTest() {
    std::mt19937 random(5);
    std::vector<std::pair<Widget, uint64_t>> widgets;
    for (size_t number = 0; number < kObjects; ++number) {
      Widget widget{.namespace_name = Places()[random() % Places().size()],
                    .name = "w-" + std::to_string(number)};
      widget.labels = {{"app", std::to_string(random() % kRareValues)},
                       {"half", number % 2 == 0 ? "even" : "odd"}};
      if (random() % 8 != 0) widget.node = "n" + std::to_string(random() % kRareValues);
      widgets.emplace_back(std::move(widget), number + 1);
    }
    world_.Apply(widgets);
  }

  static const std::vector<std::string>& Places() {
    static const std::vector<std::string> places = {"", "-x", "a", "a-b", "a.b", "b"};
    return places;
  }

  struct Walked {
    Texts found;
    bool is_indexed;
  };

  // In the state at a revision; 0: the present one.
  Walked Walk(const ScopeRequest& request, const std::optional<KeyView>& start,
              uint64_t revision = 0) {
    Store& store = world_.cache().store();
    Scope scope(store.strings());
    EXPECT_EQ(scope.Compile(request, store.fields()).fault, ScopeFault::kNone);
    const StateHold state = revision == 0
                                ? world_.attachment().Now()
                                : world_.cache().history().At(revision, world_.slot()).state;
    ScopeWalk walk(state.state(), scope, start, true);
    Walked walked{.found = {}, .is_indexed = walk.is_indexed()};
    while (const Version* const version = walk.Next()) walked.found.push_back(TextOf(*version));
    EXPECT_EQ(walk.Next(), nullptr);
    EXPECT_EQ(walked.found, Filter(state.directory(), scope, start));
    return walked;
  }

  static Texts Filter(const ObjectDirectory& directory, const Scope& scope,
                      const std::optional<KeyView>& start) {
    Texts texts;
    for (uint64_t rank = 0; rank < directory.size(); ++rank) {
      const Version& version = *directory.Select(rank);
      if (start && CompareKeys(version.key(), *start) < 0) continue;
      if (scope.Matches(version)) texts.push_back(TextOf(version));
    }
    return texts;
  }

  static std::string TextOf(const Version& version) {
    return std::string(version.namespace_name()->text()) + '/' + std::string(version.name());
  }

  World world_{Cache::Make({.shard_count = 2,
                            .fields = {"spec.value", "spec.node"},
                            .index_fields = {1},
                            .index_labels = {"app", "half"},
                            .history = {},
                            .seed = 3})};
};

LabelRequirement In(std::string_view key, std::span<const std::string_view> values) {
  return {.key = key, .op = LabelOperator::kIn, .values = values};
}

TEST_F(IndexWalkTest, FindsWhatAFilterOfEverythingFinds) {
  const std::vector<std::optional<std::string_view>> places{std::nullopt, "", "a", "a-b", "none"};
  const std::vector<std::optional<KeyView>> starts{
      std::nullopt,         KeyView{"", ""},    KeyView{"a", ""},        KeyView{"a", "w-2"},
      KeyView{"a", "w-99"}, KeyView{"a\0", ""}, KeyView{"a-b", "w-150"}, KeyView{"zz", "a"}};
  const std::vector<std::vector<std::string_view>> alternatives{
      {"7"}, {"7", "8"}, {"8", "7", "7", "none"}, {"none"}, {}};
  size_t walked = 0;
  size_t indexed = 0;
  for (const auto& place : places) {
    for (const auto& start : starts) {
      for (const auto& values : alternatives) {
        for (const std::string_view node : {"", "n7", "none"}) {
          const LabelRequirement labels[] = {In("app", values)};
          const FieldRequirement fields[] = {{"spec.node", FieldOperator::kEquals, node}};
          const Walked found = Walk({place, {}, labels, {}}, start);
          const Walked both = Walk({place, {}, labels, fields}, start);
          walked += found.found.size() + both.found.size();
          indexed += found.is_indexed + both.is_indexed;
        }
      }
    }
  }
  EXPECT_GT(walked, 1000U);
  EXPECT_GT(indexed, 500U);
}

TEST_F(IndexWalkTest, TakesTheSmallestSetOfCandidates) {
  const std::string_view odd = "odd";
  const std::string_view rare = "7";
  const LabelRequirement common[] = {In("half", {&odd, 1})};
  const LabelRequirement both[] = {In("half", {&odd, 1}), In("app", {&rare, 1})};
  EXPECT_FALSE(Walk({{}, {}, common, {}}, {}).is_indexed);
  EXPECT_TRUE(Walk({{}, {}, both, {}}, {}).is_indexed);
}

TEST_F(IndexWalkTest, FieldsThatAreNotIndexedOrMayBeAbsentAreNotLookedFor) {
  const auto is_indexed = [this](std::string_view path, FieldOperator op, std::string_view value) {
    const FieldRequirement fields[] = {{path, op, value}};
    return Walk({{}, {}, {}, fields}, {}).is_indexed;
  };
  EXPECT_TRUE(is_indexed("spec.node", FieldOperator::kEquals, "n7"));
  EXPECT_FALSE(is_indexed("spec.node", FieldOperator::kEquals, ""));
  EXPECT_FALSE(is_indexed("spec.node", FieldOperator::kNotEquals, "n7"));
  EXPECT_FALSE(is_indexed("spec.value", FieldOperator::kEquals, "n7"));
  EXPECT_FALSE(is_indexed("metadata.name", FieldOperator::kEquals, "w-7"));
}

TEST_F(IndexWalkTest, StatesOfThePastAreWalkedByTheirOwnIndex) {
  const std::string_view rare = "7";
  const LabelRequirement labels[] = {In("app", {&rare, 1})};
  const Texts before = Walk({{}, {}, labels, {}}, {}).found;
  uint64_t revision = kObjects;
  for (size_t round = 0; round < 20; ++round) {
    const Widget widget{.namespace_name = "a",
                        .name = "w-" + std::to_string(round * 9),
                        .labels = {{"app", round % 2 == 0 ? "7" : "8"}}};
    world_.Put(widget, ++revision);
    const Walked walked = Walk({{}, {}, labels, {}}, {}, kObjects + round / 2);
    EXPECT_TRUE(walked.is_indexed);
  }
  EXPECT_EQ(Walk({{}, {}, labels, {}}, {}, kObjects).found, before);
  EXPECT_NE(Walk({{}, {}, labels, {}}, {}).found, before);
}

}  // namespace
}  // namespace shardwatch
