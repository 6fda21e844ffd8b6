// Walks of a scope: every kind of place, from every kind of start, against a filter of everything.

#include "native/core/shard/scope_walk.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

class ScopeWalkTest : public testing::Test {
 protected:
  ScopeWalkTest() {
    std::vector<std::pair<Widget, uint64_t>> widgets;
    for (const std::string place : {"", "-x", "a", "a-b", "b"}) {
      for (const std::string name : {"api", "db", "web"}) {
        const uint64_t revision = widgets.size() + 1;
        const std::string app = revision % 2 == 0 ? "even" : "odd";
        widgets.push_back(
            {{.namespace_name = place, .name = name, .labels = {{"app", app}}}, revision});
      }
    }
    world_.Apply(widgets);
  }

  Texts Walk(const Scope& scope, const std::optional<KeyView>& start, bool is_selecting) {
    EpochPin pin(world_.cache().store().epochs(), world_.slot());
    ScopeWalk walk(world_.cache().store().LoadRoot()->state, scope, start, is_selecting);
    Texts texts;
    while (const Version* const version = walk.Peek()) {
      EXPECT_EQ(walk.Peek(), version);
      texts.push_back(TextOf(*version));
      walk.Advance();
    }
    walk.Advance();
    EXPECT_EQ(walk.Next(), nullptr);
    return texts;
  }

  // The same by so many looks at a time. Where it pauses, what was shown and what is to come lie
  // before and behind what it has passed.
  Texts WalkPaused(const Scope& scope, const std::optional<KeyView>& start, bool is_selecting,
                   uint64_t looks) {
    EpochPin pin(world_.cache().store().epochs(), world_.slot());
    const State& state = world_.cache().store().LoadRoot()->state;
    ScopeWalk walk(state, scope, start, is_selecting);
    Texts texts;
    std::optional<KeyView> passed;
    do {
      walk.Resume(looks);
      while (const Version* const version = walk.Next()) {
        EXPECT_TRUE(!passed || CompareKeys(*passed, version->key()) < 0);
        texts.push_back(TextOf(*version));
      }
      if (!walk.is_paused()) break;
      ++pauses_;
      EXPECT_TRUE(!passed || CompareKeys(*passed, *walk.passed()) <= 0);
      passed = walk.passed();
    } while (true);
    EXPECT_EQ(walk.Next(), nullptr);
    EXPECT_FALSE(walk.is_paused());
    return texts;
  }

  // All objects in key order, filtered.
  Texts Filter(const Scope& scope, const std::optional<KeyView>& start, bool is_selecting) {
    EpochPin pin(world_.cache().store().epochs(), world_.slot());
    const ObjectDirectory& directory = world_.cache().store().LoadRoot()->state.directory;
    Texts texts;
    for (uint64_t rank = 0; rank < directory.size(); ++rank) {
      const Version& version = *directory.Select(rank);
      if (start && CompareKeys(version.key(), *start) < 0) continue;
      const bool is_in_place = (scope.namespace_name() == nullptr ||
                                scope.namespace_name() == version.namespace_name()) &&
                               (scope.name() == nullptr || scope.name()->text() == version.name());
      if (!is_in_place || (is_selecting && !scope.Selects(version))) continue;
      texts.push_back(TextOf(version));
    }
    return texts;
  }

  static std::string TextOf(const Version& version) {
    return std::string(version.namespace_name()->text()) + '/' + std::string(version.name());
  }

  World world_;
  size_t pauses_ = 0;
};

TEST_F(ScopeWalkTest, FindsWhatAFilterOfEverythingFinds) {
  const std::vector<std::optional<std::string_view>> places{std::nullopt, "", "-x", "a", "none"};
  const std::vector<std::optional<std::string_view>> names{std::nullopt, "db", "none"};
  const std::vector<std::optional<KeyView>> starts{
      std::nullopt,      KeyView{"", ""},     KeyView{"a", ""},      KeyView{"a", "db"},
      KeyView{"a", "e"}, KeyView{"a", "zzz"}, KeyView{"a-b", "api"}, KeyView{"zz", "a"}};
  const std::string_view even = "even";
  const LabelRequirement label{.key = "app", .op = LabelOperator::kIn, .values = {&even, 1}};
  Store& store = world_.cache().store();
  size_t walked = 0;
  for (const auto& place : places) {
    for (const auto& name : names) {
      for (const bool has_selector : {false, true}) {
        Scope scope(store.strings());
        ScopeRequest request{.namespace_name = place, .name = name, .labels = {}, .fields = {}};
        if (has_selector) request.labels = {&label, 1};
        ASSERT_EQ(scope.Compile(request, store.fields()).fault, ScopeFault::kNone);
        for (const auto& start : starts) {
          for (const bool is_selecting : {false, true}) {
            const Texts found = Walk(scope, start, is_selecting);
            EXPECT_EQ(found, Filter(scope, start, is_selecting));
            for (const uint64_t looks : {1, 2, 5}) {
              EXPECT_EQ(found, WalkPaused(scope, start, is_selecting, looks));
            }
            walked += found.size();
          }
        }
      }
    }
  }
  EXPECT_GT(walked, 300U);
  EXPECT_GT(pauses_, 200U);
}

}  // namespace
}  // namespace shardwatch
