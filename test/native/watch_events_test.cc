// What watches deliver: events and initial states, positions, and the reasons why they end.

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

const Widget kWeb{.name = "web", .labels = {{"app", "x"}}};
const Widget kApi{.name = "api", .labels = {{"app", "y"}}};

Widget Labelled(Widget widget, std::string app, int value = 0) {
  widget.labels = {{"app", std::move(app)}};
  widget.value = value;
  return widget;
}

HistoryLimits Entries(uint64_t max) { return {.entries_min = 0, .entries_max = max}; }

std::string Told(std::string_view type, const Widget& widget, uint64_t revision,
                 std::string_view api_version = "example.com/v1") {
  return std::string(type) + ' ' + WidgetText(widget, revision, api_version);
}

TEST(WatchEvents, ObjectsThatEnterStayInAndLeaveASelectorAreAddedModifiedAndDeleted) {
  World world;
  const Widget p{.name = "p"};
  world.Progress(10);
  Watch& watch = world.Open(Selection::App({"x"}), After(10));
  world.Put(Labelled(p, "y"), 11);
  world.Put(Labelled(p, "x"), 12);
  world.Put(Labelled(p, "x", 2), 13);
  world.Put(Labelled(p, "z"), 14);
  world.Delete(p, 15);
  world.Put(Labelled(p, "x"), 16);
  world.Delete(p, 17);
  EXPECT_EQ(world.DrainAll(watch, true), (Texts{
                                             Told("ADDED", Labelled(p, "x"), 12),
                                             Told("MODIFIED", Labelled(p, "x", 2), 13),
                                             Told("DELETED", Labelled(p, "x", 2), 14),
                                             Told("ADDED", Labelled(p, "x"), 16),
                                             Told("DELETED", Labelled(p, "x"), 17),
                                         }));
}

TEST(WatchEvents, ADeletionWhoseRevisionHasMoreDigitsIsSplicedWhole) {
  World world;
  world.Put(kWeb, 9);
  Watch& watch = world.Open({.api_version = "example.com/v1alpha12345"}, After(9));
  world.Delete(kWeb, 10'000'000'000);
  EXPECT_EQ(world.DrainAll(watch, true),
            Texts{Told("DELETED", kWeb, 10'000'000'000, "example.com/v1alpha12345")});
}

TEST(WatchEvents, AnIndexValueThatChangesReachesTheWatchesOfTheOldValueAndOfTheNew) {
  World world;
  Watch& first = world.Open(Selection::Node("n1"), After(0));
  Watch& second = world.Open(Selection::Node("n2"), After(0));
  Watch& none = world.Open(Selection::Node(""), After(0));
  Widget web = kWeb;
  world.Put(web, 1);
  web.node = "n1";
  world.Put(web, 2);
  web.node = "n2";
  world.Put(web, 3);
  world.Delete(web, 4);
  EXPECT_EQ(world.DrainAll(none), (Texts{"ADDED a/web 1", "DELETED a/web 2"}));
  EXPECT_EQ(world.DrainAll(first), (Texts{"ADDED a/web 2", "DELETED a/web 3"}));
  EXPECT_EQ(world.DrainAll(second), (Texts{"ADDED a/web 3", "DELETED a/web 4"}));
}

TEST(WatchEvents, ALabelThatMovesWithinAndOutOfASetOfValues) {
  World world;
  Watch& watch = world.Open(Selection::App({"x", "y"}), After(0));
  world.Put(Labelled(kWeb, "x"), 1);
  world.Put(Labelled(kWeb, "y"), 2);
  world.Put(Labelled(kWeb, "y"), 3);
  world.Put(Labelled(kWeb, "z"), 4);
  world.Put(Labelled(kWeb, "y"), 5);
  world.Delete(kWeb, 6);
  EXPECT_EQ(world.DrainAll(watch), (Texts{"ADDED a/web 1", "MODIFIED a/web 2", "MODIFIED a/web 3",
                                          "DELETED a/web 4", "ADDED a/web 5", "DELETED a/web 6"}));
}

TEST(WatchEvents, AWatchOfTheStateBeginsWithAllObjectsInKeyOrderThenTellsWhatFollows) {
  World world;
  Widget elsewhere = kWeb;
  elsewhere.namespace_name = "a-b";
  world.Apply({{kWeb, 1}, {kApi, 2}, {elsewhere, 3}});
  Watch& watch = world.Open({}, kState);
  EXPECT_EQ(Watches::RevisionOf(watch), 3U);
  world.Delete(kApi, 4);
  const Drained first = world.Drain(watch, 2);
  EXPECT_EQ(first.items, (Texts{"ADDED a-b/web 3", "ADDED a/api 2"}));
  EXPECT_TRUE(first.phase == WatchPhase::kInitial && first.more && first.position == 0);
  const Drained second = world.Drain(watch, 2);
  EXPECT_EQ(second.items, (Texts{"ADDED a/web 1"}));
  EXPECT_TRUE(second.phase == WatchPhase::kInitial && second.more && second.position == 3);
  const Drained live = world.Drain(watch, 2);
  EXPECT_EQ(live.items, (Texts{"DELETED a/api 4"}));
  EXPECT_TRUE(live.phase == WatchPhase::kLive && !live.more && live.position == 4);
}

TEST(WatchEvents, TheInitialStateOfNothingIsOneEmptyDrain) {
  World world;
  world.Progress(5);
  Watch& watch = world.Open({}, kState);
  const Drained initial = world.Drain(watch, 9);
  EXPECT_TRUE(initial.phase == WatchPhase::kInitial && !initial.more && initial.position == 5);
  const Drained live = world.Drain(watch, 9);
  EXPECT_TRUE(live.phase == WatchPhase::kLive && !live.more && live.position == 5);
}

TEST(WatchEvents, TheInitialStateIsThatOfItsBeginningAndHeldUntilItWasDrained) {
  World world({.entries_min = 0, .bytes_max = 0});
  world.Apply({{kWeb, 1}, {kApi, 2}});
  const uint64_t idle = world.Stats().roots;
  Watch& watch = world.Open(Selection::App({"x"}), kState);
  EXPECT_EQ(world.Stats().roots, idle + 1);
  world.Put(Labelled(kApi, "y", 7), 3);
  world.Trim();
  EXPECT_EQ(world.DrainAll(watch, true), Texts{Told("ADDED", kWeb, 1)});
  world.Trim();
  EXPECT_EQ(world.Stats().bytes_retained, 0U);
}

TEST(WatchEvents, AWatchOfTheStateThatIsClosedEarlyLetsItsRootGo) {
  World world;
  world.Apply({{kWeb, 1}, {kApi, 2}});
  const uint64_t idle = world.Stats().roots;
  Watch& watch = world.Open({}, kState);
  world.Drain(watch, 1);
  world.Close(watch);
  const CacheStats stats = world.Stats();
  EXPECT_TRUE(stats.roots == idle && stats.watches == 0 && stats.watch_groups == 0);
}

TEST(WatchEvents, AWatchResumesAfterAnyRevisionThatHistoryHas) {
  World world(Entries(3));
  for (uint64_t revision = 10; revision <= 60; revision += 10) world.Put(kWeb, revision);
  const Texts expected{"MODIFIED a/web 40", "MODIFIED a/web 50", "MODIFIED a/web 60"};
  EXPECT_EQ(world.DrainAll(world.Open({}, After(30))), expected);
  EXPECT_EQ(world.DrainAll(world.Open({}, After(39))), expected);
  EXPECT_EQ(world.DrainAll(world.Open({}, After(40))), Texts(expected.begin() + 1, expected.end()));
  EXPECT_EQ(world.DrainAll(world.Open({}, After(60))), Texts{});
  const WatchOpened expired = world.TryOpen({}, After(29));
  EXPECT_EQ(expired.fault, WatchFault::kRevisionExpired);
  EXPECT_EQ(expired.oldest_revision, 30U);
  EXPECT_EQ(expired.watch, nullptr);
  EXPECT_EQ(world.watches().count(), 4U);
}

TEST(WatchEvents, AFieldThatIsNotDeclaredIsRefusedAndLeavesNothing) {
  World world;
  const Selection selection{.fields = {{"spec.color", "red"}}};
  const WatchOpened refused = world.TryOpen(selection, kState);
  EXPECT_EQ(refused.fault, WatchFault::kUndeclaredField);
  EXPECT_EQ(refused.path, "spec.color");
  EXPECT_EQ(world.watches().count(), 0U);
  EXPECT_EQ(world.watches().group_count(), 0U);
}

TEST(WatchEvents, AWatchFromTheFutureDropsEventsUntilThenAndDoesNotExpireForThem) {
  World world(Entries(1));
  Watch& watch = world.Open({}, After(5), 1);
  for (uint64_t revision = 1; revision <= 5; ++revision) world.Put(kWeb, revision);
  EXPECT_TRUE(world.Woken().empty());
  const Drained drained = world.Drain(watch, 9);
  EXPECT_TRUE(drained.items.empty() && drained.position == 5 && drained.end == WatchEnd::kNone);
  world.Put(kWeb, 6);
  EXPECT_EQ(world.Woken(), std::vector<uint64_t>{1});
  EXPECT_EQ(world.DrainAll(watch), Texts{"MODIFIED a/web 6"});
}

TEST(WatchEvents, AWatchFromTheFutureBeginsWithinABatchThatPassesItsRevision) {
  World world;
  Watch& watch = world.Open({}, After(2));
  Widget gone = kApi;
  gone.value = -1;
  world.Apply({{kWeb, 1}, {kApi, 2}, {kWeb, 3}, {gone, 4}});
  EXPECT_EQ(world.DrainAll(watch), (Texts{"MODIFIED a/web 3", "DELETED a/api 4"}));
}

TEST(WatchEvents, AWatchFromTheFutureThatABatchLeavesBehindExpires) {
  World world(Entries(1));
  Watch& lost = world.Open({}, After(2));
  Watch& other = world.Open(Selection::App({"x"}), After(2));
  world.Apply({{kWeb, 1}, {kApi, 2}, {kApi, 3}, {kWeb, 4}});
  EXPECT_EQ(world.DrainAll(lost), Texts{"expired"});
  EXPECT_EQ(world.DrainAll(other), Texts{"MODIFIED a/web 4"});
}

TEST(WatchEvents, WatchesFromTheFutureBeginEachAfterItsOwnRevision) {
  World world;
  world.Put(kApi, 1);
  const std::vector<uint64_t> starts{30, 10, 20, 10, 40};
  std::vector<Watch*> watches;
  for (const uint64_t start : starts) watches.push_back(&world.Open({}, After(start)));
  world.Close(*watches[3]);
  for (uint64_t revision = 5; revision <= 45; revision += 5) {
    world.Put(kWeb, revision);
    for (size_t index = 0; index < starts.size(); ++index) {
      if (index == 3) continue;
      const std::string text = (revision == 5 ? "ADDED a/web " : "MODIFIED a/web ");
      const Texts due{text + std::to_string(revision)};
      EXPECT_EQ(world.DrainAll(*watches[index]), revision > starts[index] ? due : Texts{});
    }
  }
}

TEST(WatchEvents, OnlyAWatchWithAnUnreadMatchingEventBehindTheLogExpires) {
  World world(Entries(4));
  world.Put(kApi, 1);
  Watch& idle = world.Open(Selection::App({"y"}), After(1));
  Watch& slow = world.Open(Selection::App({"x"}), After(1));
  Watch& replay = world.Open(Selection::App({"y"}), After(0));
  Watch& at_edge = world.Open(Selection::App({"x"}), After(1));
  for (uint64_t revision = 2; revision <= 5; ++revision) world.Put(kWeb, revision);
  EXPECT_EQ(world.Drain(at_edge, 1).items, Texts{"ADDED a/web 2"});
  world.Put(kWeb, 6);
  const Drained drained = world.Drain(idle, 9);
  EXPECT_TRUE(drained.items.empty() && drained.end == WatchEnd::kNone && drained.position == 6);
  EXPECT_EQ(world.DrainAll(slow), Texts{"expired"});
  EXPECT_EQ(world.DrainAll(replay), Texts{"expired"});
  EXPECT_EQ(world.DrainAll(at_edge), (Texts{"MODIFIED a/web 3", "MODIFIED a/web 4",
                                            "MODIFIED a/web 5", "MODIFIED a/web 6"}));
  EXPECT_EQ(world.watches().count(), 2U) << "what has expired is gone";
  EXPECT_EQ(world.DrainAll(slow), Texts{"expired"}) << "and stays so";
}

TEST(WatchEvents, AReplayPassesWhatDoesNotMatchAtOnceSoThatLosingItCostsNothing) {
  World world(Entries(2));
  world.Put(kWeb, 1);
  world.Put(kWeb, 2);
  Watch& watch = world.Open(Selection::App({"y"}), After(0));
  for (uint64_t revision = 3; revision <= 9; ++revision) world.Put(kWeb, revision);
  world.Put(kApi, 10);
  EXPECT_EQ(world.DrainAll(watch), Texts{"ADDED a/api 10"});
}

TEST(WatchEvents, AStateThatWasStillBeingDrainedWhenALiveEventWasLostEndsAsExpired) {
  World world(Entries(1));
  world.Apply({{kWeb, 1}, {kApi, 2}});
  Watch& watch = world.Open({}, kState);
  EXPECT_EQ(world.Drain(watch, 1).items.size(), 1U);
  world.Put(kWeb, 3);
  EXPECT_EQ(world.Drain(watch, 1).items.size(), 1U) << "nothing is lost yet";
  Watch& other = world.Open({}, kState);
  world.Put(kWeb, 4);
  EXPECT_EQ(world.DrainAll(watch), Texts{"expired"});
  world.Put(kWeb, 5);
  const Drained drained = world.Drain(other, 1);
  EXPECT_TRUE(drained.items.empty() && drained.end == WatchEnd::kExpired);
  EXPECT_EQ(drained.phase, WatchPhase::kInitial);
  world.Trim();
  EXPECT_EQ(world.Stats().bytes_retained, WidgetText(kWeb, 4).size()) << "its root is let go";
}

TEST(WatchEvents, ThePositionIsBelowWhatIsStillToCome) {
  World world;
  Watch& joined = world.Open({}, After(0));
  for (uint64_t revision = 10; revision <= 30; revision += 10) world.Put(kWeb, revision);
  Watch& replay = world.Open({}, After(0));
  for (Watch* const watch : {&joined, &replay}) {
    const Drained first = world.Drain(*watch, 1);
    EXPECT_TRUE(first.more && first.position == 19);
    const Drained rest = world.Drain(*watch, 9);
    EXPECT_TRUE(!rest.more && rest.position == 30);
  }
  world.Progress(50);
  EXPECT_EQ(world.Drain(joined, 9).position, 50U);
  EXPECT_EQ(world.Drain(replay, 9).position, 50U);
}

TEST(WatchEvents, ASinkThatTakesNothingLosesNothing) {
  World world;
  world.Put(kWeb, 1);
  Watch& initial = world.Open({}, kState);
  Watch& replay = world.Open({}, After(0));
  Watch& joined = world.Open({}, After(1));
  world.Put(kWeb, 2);
  for (Watch* const watch : {&initial, &replay, &joined}) {
    const Drained drained = world.Drain(*watch, 0);
    EXPECT_TRUE(drained.items.empty() && drained.more && drained.end == WatchEnd::kNone);
  }
  EXPECT_EQ(world.DrainAll(initial), (Texts{"ADDED a/web 1", "MODIFIED a/web 2"}));
  EXPECT_EQ(world.DrainAll(replay), (Texts{"ADDED a/web 1", "MODIFIED a/web 2"}));
  EXPECT_EQ(world.DrainAll(joined), (Texts{"MODIFIED a/web 2"}));
}

TEST(WatchEvents, NothingRemainsOfWatchesThatComeAndGo) {
  World world;
  world.Apply({{kWeb, 1}, {kApi, 2}});
  const CacheStats before = world.Stats();
  const size_t strings = world.cache().store().strings().size();
  for (uint64_t round = 0; round < 300; ++round) {
    Selection selection;
    if (round % 3 == 0) selection = Selection::App({"x"});
    if (round % 3 == 1) selection = Selection::App({"y", "z", "y"});
    (round % 2 == 0 ? selection.namespace_name : selection.name) = std::to_string(round);
    const uint64_t revision = round % 7 == 0 ? 99 : 0;
    Watch& watch = world.Open(selection, round % 5 == 0 ? kState : After(revision));
    if (round % 4 == 0) world.Drain(watch, 1);
    world.Close(watch);
  }
  const CacheStats after = world.Stats();
  EXPECT_EQ(after.watches, 0U);
  EXPECT_EQ(after.watch_groups, 0U);
  EXPECT_EQ(after.roots, before.roots);
  EXPECT_EQ(world.cache().store().strings().size(), strings);
}

TEST(WatchEvents, AStalledWatchOfTheStateKeepsNoVersionsThatHistoryHasLeft) {
  World world(Entries(4));
  const Widget busy{.namespace_name = "b", .name = "busy"};
  world.Apply({{kApi, 1}, {kWeb, 2}, {busy, 3}});
  Watch& in_quiet_namespace = world.Open({.namespace_name = "a"}, kState);
  Watch& of_selector = world.Open(Selection::App({"x"}), kState);
  Watch& of_everything = world.Open({}, kState);
  world.Drain(in_quiet_namespace, 1);
  world.Drain(of_everything, 1);
  for (uint64_t revision = 4; revision <= 50; ++revision) world.Put(busy, revision);
  world.Trim();
  EXPECT_EQ(world.Stats().bytes_retained, 4 * WidgetText(busy, 50).size());
  EXPECT_EQ(world.watches().count(), 3U);
  EXPECT_EQ(world.DrainAll(in_quiet_namespace), Texts{"ADDED a/web 2"});
  EXPECT_EQ(world.DrainAll(of_selector), Texts{"ADDED a/web 2"});
  const Drained lost = world.Drain(of_everything, 1);
  EXPECT_TRUE(lost.items.empty() && lost.end == WatchEnd::kExpired);
  EXPECT_EQ(lost.phase, WatchPhase::kInitial);
  world.Put(Labelled(kWeb, "y"), 51);
  EXPECT_EQ(world.DrainAll(in_quiet_namespace), Texts{"MODIFIED a/web 51"});
  EXPECT_EQ(world.DrainAll(of_selector), Texts{"DELETED a/web 51"});
}

TEST(WatchEvents, AStalledWatchOfTheStateIsToldOfWhatIsStillInTheHistory) {
  World world(Entries(4));
  const Widget busy{.namespace_name = "b", .name = "busy"};
  world.Apply({{kApi, 1}, {kWeb, 2}, {busy, 3}});
  Watch& watch = world.Open({.namespace_name = "a"}, kState);
  for (uint64_t revision = 4; revision <= 20; ++revision) world.Put(busy, revision);
  world.Put({.name = "new"}, 21);
  world.Delete(kWeb, 22);
  world.Trim();
  world.Trim();
  EXPECT_EQ(world.watches().OldestInitialTick() > 0, true);
  EXPECT_EQ(world.DrainAll(watch),
            (Texts{"ADDED a/api 1", "ADDED a/web 2", "ADDED a/new 21", "DELETED a/web 22"}));
  EXPECT_EQ(world.watches().OldestInitialTick(), UINT64_MAX);
}

TEST(WatchEvents, AStalledInitialStateThatIsMovedTwiceGoesOnBehindTheLastObject) {
  World world(Entries(2));
  const Widget busy{.namespace_name = "b", .name = "busy"};
  std::vector<std::pair<Widget, uint64_t>> widgets;
  for (uint64_t index = 0; index < 9; ++index) {
    widgets.push_back({{.name = "w" + std::to_string(index)}, index + 1});
  }
  world.Apply(widgets);
  Watch& watch = world.Open({.namespace_name = "a"}, kState);
  EXPECT_EQ(world.Drain(watch, 3).items.back(), "ADDED a/w2 3");
  for (uint64_t revision = 20; revision <= 60; ++revision) {
    world.Put(busy, revision);
    if (revision % 10 == 0) world.Trim();
    if (revision != 40) continue;
    EXPECT_EQ(world.Drain(watch, 1).items, Texts{"ADDED a/w3 4"});
  }
  EXPECT_EQ(world.DrainAll(watch), (Texts{"ADDED a/w4 5", "ADDED a/w5 6", "ADDED a/w6 7",
                                          "ADDED a/w7 8", "ADDED a/w8 9"}));
}

TEST(WatchEvents, ALongReplayGoesThroughManySlices) {
  World world;
  uint64_t revision = 0;
  for (int batch = 0; batch < 30; ++batch) {
    std::vector<std::pair<Widget, uint64_t>> widgets;
    for (int index = 0; index < 200; ++index) {
      widgets.push_back({index == 0 ? kWeb : kApi, ++revision});
    }
    world.Apply(widgets);
  }
  Watch& watch = world.Open(Selection::App({"x"}), After(0));
  EXPECT_EQ(world.DrainAll(watch).size(), 30U);
  Watch& all = world.Open({}, After(0));
  EXPECT_EQ(world.Drain(all, 10'000).items.size(), revision);
  Watch& none = world.Open({.namespace_name = "b"}, After(0));
  EXPECT_EQ(world.DrainAll(none), Texts{});
}

}  // namespace
}  // namespace shardwatch
