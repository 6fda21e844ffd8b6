// What drains do not show of watches: who is asked, what is kept, and who is sent back to the log.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

const Widget kWeb{.name = "web", .labels = {{"app", "x"}}, .node = "n1"};

std::vector<Selection> OthersOf(int index) {
  const std::string other = "other-" + std::to_string(index);
  return {
      {.name = other},
      {.namespace_name = "a", .name = other},
      {.namespace_name = other},
      Selection::Node(other),
      Selection::App({other, "none"}),
      {.namespace_name = "a", .labels = {{other, {"x"}}}},
      {.fields = {{"metadata.name", other}}},
      {.fields = {{"metadata.namespace", other}}},
      {.labels = {{"app", {}}}, .fields = {}},
  };
}

TEST(WatchInterest, AnEventDoesNotAskTheGroupsOfOthers) {
  World world;
  for (int index = 0; index < 100; ++index) {
    for (const Selection& selection : OthersOf(index)) world.Open(selection, After(0));
  }
  std::vector<Watch*> interested;
  const std::vector<Selection> selections{
      {},
      {.name = "web"},
      {.namespace_name = "a", .name = "web"},
      {.namespace_name = "a"},
      Selection::Node("n1"),
      Selection::App({"x", "y"}),
      {.namespace_name = "a", .labels = {{"app", {"y", "x", "y"}}}},
      {.fields = {{"metadata.name", "web"}, {"spec.node", "n1"}}},
      {.namespace_name = "a", .fields = {{"metadata.namespace", "a"}}},
      {.fields = {{"spec.node", "!n9"}}},
  };
  for (const Selection& selection : selections) {
    interested.push_back(&world.Open(selection, After(0)));
  }
  world.Put(kWeb, 1);
  EXPECT_EQ(world.watches().asked(), interested.size());
  for (Watch* const watch : interested) EXPECT_EQ(world.DrainAll(*watch), Texts{"ADDED a/web 1"});
  // Both labels lead to groups that were asked already.
  Widget moved = kWeb;
  moved.labels[0].second = "y";
  world.Put(moved, 2);
  world.Delete(moved, 3);
  EXPECT_EQ(world.watches().asked(), 3 * interested.size());
  for (Watch* const watch : interested) {
    EXPECT_EQ(world.DrainAll(*watch), (Texts{"MODIFIED a/web 2", "DELETED a/web 3"}));
  }
}

TEST(WatchInterest, WhatTheIndexDoesNotProveIsAskedOfTheSelector) {
  World world;
  const Selection none{.fields = {{"metadata.name", "web"}, {"metadata.name", "api"}}};
  const Selection elsewhere{.namespace_name = "b", .fields = {{"metadata.namespace", "a"}}};
  const Selection both{.labels = {{"app", {"x"}}, {"tier", {"front"}}}};
  const Selection node_and_label{.labels = {{"app", {"x"}}}, .fields = {{"spec.node", "n1"}}};
  const Selection two_nodes{.fields = {{"spec.node", "n1"}, {"spec.node", "n2"}}};
  std::vector<Watch*> watches;
  for (const Selection& selection : {none, elsewhere, both, node_and_label, two_nodes}) {
    watches.push_back(&world.Open(selection, After(0)));
  }
  world.Put(kWeb, 1);
  Widget in_front = kWeb;
  in_front.namespace_name = "b";
  in_front.labels.emplace_back("tier", "front");
  world.Put(in_front, 2);
  in_front.labels[0].second = "y";
  world.Put(in_front, 3);
  EXPECT_EQ(world.DrainAll(*watches[0]), Texts{});
  EXPECT_EQ(world.DrainAll(*watches[1]), Texts{});
  EXPECT_EQ(world.DrainAll(*watches[2]), (Texts{"ADDED b/web 2", "DELETED b/web 3"}));
  EXPECT_EQ(world.DrainAll(*watches[3]),
            (Texts{"ADDED a/web 1", "ADDED b/web 2", "DELETED b/web 3"}));
  EXPECT_EQ(world.DrainAll(*watches[4]), Texts{});
}

TEST(WatchGroups, WatchesWithEqualScopesShareAGroup) {
  World world;
  world.Open(Selection::App({"x"}), After(0));
  world.Open(Selection::App({"x"}), kState);
  world.Open({.labels = {{"app", {"x"}}}, .api_version = "example.com/v2"}, After(0));
  EXPECT_EQ(world.watches().count(), 3U);
  EXPECT_EQ(world.watches().group_count(), 2U);
}

TEST(WatchGroups, EventsAreForgottenWhenEveryWatchOfTheGroupHasPassedThem) {
  World world;
  Watch& fast = world.Open({}, After(0));
  Watch& slow = world.Open({}, After(0));
  for (uint64_t revision = 1; revision <= 100; ++revision) world.Put(kWeb, revision);
  EXPECT_EQ(world.watches().pending_count(), 100U);
  EXPECT_EQ(world.DrainAll(fast).size(), 100U);
  EXPECT_EQ(world.watches().pending_count(), 100U);
  Watch& late = world.Open({}, After(100));
  EXPECT_EQ(world.DrainAll(slow).size(), 100U);
  EXPECT_EQ(world.watches().pending_count(), 0U);
  world.Put(kWeb, 101);
  EXPECT_EQ(world.watches().pending_count(), 1U);
  world.DrainAll(fast);
  world.DrainAll(slow);
  world.Close(late);
  EXPECT_EQ(world.watches().pending_count(), 0U) << "one that is gone is not waited for";
  world.Put(kWeb, 102);
  EXPECT_EQ(world.DrainAll(fast), Texts{"MODIFIED a/web 102"});
  world.Close(slow);
  EXPECT_EQ(world.watches().pending_count(), 0U);
}

TEST(WatchGroups, AWatchThatNeverDrainsCostsNoMoreThanTheLogHasEntries) {
  World world({.entries_min = 0, .entries_max = 20});
  world.Open({}, After(0));
  for (uint64_t revision = 1; revision <= 500; ++revision) world.Put(kWeb, revision);
  EXPECT_LE(world.watches().pending_count(), 32U);
}

TEST(WatchGroups, AWatchThatIsFarBehindGoesBackToTheLogAndLosesNothing) {
  World world({.entries_min = 0, .entries_max = 100'000});
  Watch& fast = world.Open(Selection::App({"x"}), After(0), 1);
  Watch& slow = world.Open(Selection::App({"x"}), After(0), 2);
  Texts expected;
  const uint64_t count = 3 * WatchGroup::kPendingMax;
  for (uint64_t revision = 1; revision <= count; ++revision) {
    Widget widget = kWeb;
    if (revision % 3 == 0) widget.labels[0].second = "y";
    widget.name = revision % 3 == 0 ? "api" : "web";
    world.Put(widget, revision);
    if (revision % 3 == 0) continue;
    expected.push_back((revision == 1 ? "ADDED a/web " : "MODIFIED a/web ") +
                       std::to_string(revision));
    // Never far behind, and never where the other one is.
    if (revision % 50 == 1) world.DrainAll(fast);
    EXPECT_LE(world.watches().pending_count(), WatchGroup::kPendingMax);
  }
  EXPECT_EQ(world.DrainAll(slow), expected);
  world.DrainAll(fast);
  world.Put(kWeb, count + 1);
  const std::string next = std::to_string(count + 1);
  EXPECT_EQ(world.DrainAll(slow), Texts{"MODIFIED a/web " + next});
  EXPECT_EQ(world.DrainAll(fast), Texts{"MODIFIED a/web " + next});
}

TEST(WatchGroups, AWatchThatWasSentBackExpiresWithExactlyTheEventThatItStoodAt) {
  const uint64_t kept = 2 * WatchGroup::kPendingMax;
  World world({.entries_min = 0, .entries_max = kept});
  Watch& slow = world.Open(Selection::App({"x"}), After(0), 1);
  Widget other = kWeb;
  other.name = "other";
  other.labels[0].second = "y";
  uint64_t revision = 0;
  world.Put(other, ++revision);
  while (revision <= WatchGroup::kPendingMax) world.Put(kWeb, ++revision);
  EXPECT_EQ(world.watches().pending_count(), WatchGroup::kPendingMax);
  world.Put(kWeb, ++revision);
  EXPECT_EQ(world.watches().pending_count(), 0U) << "it was the only one";
  EXPECT_EQ(world.Drain(slow, 1).items, Texts{"ADDED a/web 2"});
  // It stands at revision 3 now: the log drops 1 and 2 without a loss.
  while (revision < kept + 2) world.Put(other, ++revision);
  EXPECT_EQ(world.Drain(slow, 1).items, Texts{"MODIFIED a/web 3"});
  while (revision < kept + 4) world.Put(other, ++revision);
  EXPECT_EQ(world.DrainAll(slow), Texts{"expired"});
}

TEST(WatchGroups, AWatchThatWaitsWhenItIsSentBackIsCalled) {
  World world({.entries_min = 0, .entries_max = 100'000});
  Watch& watch = world.Open({}, After(0), 1);
  uint64_t revision = 0;
  while (revision < WatchGroup::kPendingMax) world.Put(kWeb, ++revision);
  EXPECT_EQ(world.Woken(), std::vector<uint64_t>{1});
  EXPECT_TRUE(world.Drain(watch, 0).more);
  world.Put(kWeb, ++revision);
  EXPECT_EQ(world.Woken(), std::vector<uint64_t>{1});
  EXPECT_EQ(world.DrainAll(watch).size(), revision);
}

TEST(WatchGroups, WatchesOfAGroupThatStandApartReadTheSameEvents) {
  World world;
  std::vector<Watch*> watches;
  for (int index = 0; index < 5; ++index) watches.push_back(&world.Open({}, After(0)));
  std::vector<Texts> read(watches.size());
  for (uint64_t revision = 1; revision <= 400; ++revision) {
    world.Put(kWeb, revision);
    for (size_t index = 0; index < watches.size(); ++index) {
      if (revision % (index * 7 + 1) != 0) continue;
      for (std::string& item : world.Drain(*watches[index], 1 + index * 8).items) {
        read[index].push_back(std::move(item));
      }
    }
  }
  for (size_t index = 0; index < watches.size(); ++index) {
    for (std::string& item : world.DrainAll(*watches[index])) read[index].push_back(item);
    EXPECT_EQ(read[index], read[0]);
    EXPECT_EQ(read[index].size(), 400U);
  }
  EXPECT_EQ(world.watches().pending_count(), 0U);
}

}  // namespace
}  // namespace shardwatch
