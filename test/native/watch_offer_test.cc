// What watches do between a root's publication and its being offered to them: it is held back here,
// as if its publisher were slow.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "native/core/shard/publisher.h"
#include "native/core/shard/writer.h"
#include "native/core/watch/watches.h"
#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

// Does something in the middle of a drain.
class MeanwhileSink final : public DrainSink {
 public:
  explicit MeanwhileSink(std::function<void()> meanwhile) : meanwhile_(std::move(meanwhile)) {}
  bool AddObject(const Version&, const Rendering&) override { return true; }
  bool AddEvent(uint64_t, uint64_t, WatchEventType, const Version&, const Rendering&) override {
    if (++events == 1) meanwhile_();
    return true;
  }
  size_t events = 0;

 private:
  const std::function<void()> meanwhile_;
};

class WatchOffer : public testing::Test, public RootObserver {
 protected:
  WatchOffer()
      : writer_slot_(store_.epochs().OpenSlot()),
        held_back_slot_(store_.epochs().OpenSlot()),
        slot_(store_.epochs().OpenSlot()) {
    writer_ = std::make_unique<Writer>(store_, publisher_, *writer_slot_, *this);
  }

  ~WatchOffer() override {
    for (Watch* const watch : open_) watches_.Close(watch);
    writer_->Close();
    writer_.reset();
    store_.epochs().CloseSlot(writer_slot_);
    store_.epochs().CloseSlot(held_back_slot_);
    store_.epochs().CloseSlot(slot_);
    ready_.Close();
  }

  void Put(const std::vector<uint64_t>& revisions, std::string_view name = "web") {
    const std::string text = WidgetText({.name = std::string(name)}, 1);
    std::vector<Change> changes;
    for (const uint64_t revision : revisions) {
      changes.push_back(
          {.key = {.namespace_name = "a", .name = name}, .revision = revision, .object = text});
    }
    ASSERT_EQ(writer_->Apply(changes, 0).fault, WriteFault::kNone);
  }

  WatchOpened TryOpen(Begin begin, std::optional<std::string_view> name = {}) {
    WatchRequest request;
    request.group_key = name.value_or("-");
    request.scope.name = name;
    request.from_state = !begin.after;
    request.after = begin.after.value_or(0);
    request.ready = &ready_;
    return watches_.Open(request, *slot_);
  }

  Watch& Open(Begin begin, std::optional<std::string_view> name = {}) {
    const WatchOpened opened = TryOpen(begin, name);
    EXPECT_EQ(opened.fault, WatchFault::kNone);
    open_.push_back(opened.watch);
    return *opened.watch;
  }

  void Close(Watch& watch) {
    std::erase(open_, &watch);
    watches_.Close(&watch);
  }

  Drained Drain(Watch& watch) {
    TextSink sink(1000);
    return {watches_.Drain(watch, *slot_, sink), std::move(sink.items)};
  }

  size_t Signalled() {
    std::vector<uint64_t> consumers(100);
    return ready_.Take(consumers.data(), consumers.size());
  }

  // What was published since is brought to the watches.
  void Offer() {
    is_held_back_ = false;
    if (end_ != WatchEnd::kNone) watches_.EndAll(end_, &ready_);
    if (!records_.empty()) watches_.Offer(*root_, records_, first_sequence_, &ready_);
    end_ = WatchEnd::kNone;
    records_.clear();
    held_back_.reset();
  }

  // The end is published, and held back, while a drain is under way.
  void EndDuringADrain(std::function<void()> end, WatchEnd expected) {
    // The pin is renewed once the sink has taken a quarter of a MiB.
    const std::string object = R"({"metadata":{"name":"web","namespace":"a"},"data":")" +
                               std::string(300'000, 'x') + R"("})";
    const KeyView key{.namespace_name = "a", .name = "web"};
    Watch& watch = Open(After(0));
    for (const uint64_t revision : {1, 2}) {
      const Change change{.key = key, .revision = revision, .object = object};
      ASSERT_EQ(writer_->Apply({&change, 1}, 0).fault, WriteFault::kNone);
    }
    is_held_back_ = true;
    MeanwhileSink sink(std::move(end));
    const DrainResult result = watches_.Drain(watch, *slot_, sink);
    EXPECT_EQ(sink.events, 1U);
    EXPECT_TRUE(result.end == WatchEnd::kNone && !result.more && result.position == 1);
    Offer();
    EXPECT_EQ(Signalled(), 1U);
    EXPECT_EQ(Drain(watch).end, expected);
  }

  void RootPublished(Root& root, std::span<const EventRecord> records,
                     uint64_t first_sequence) override {
    if (!is_held_back_) return watches_.Offer(root, records, first_sequence, &ready_);
    // As a publisher has all that it offers: what has left the log is retired behind the offer.
    held_back_.emplace(store_.epochs(), *held_back_slot_);
    root_ = &root;
    records_.assign(records.begin(), records.end());
    first_sequence_ = first_sequence;
  }

  void RootReplaced(Root&, bool is_closed) override {
    end_ = is_closed ? WatchEnd::kClosed : WatchEnd::kReplaced;
    if (!is_held_back_) Offer();
  }

  Store store_{{.fields = {}, .history = {.entries_min = 0, .entries_max = 8}}};
  Publisher publisher_;
  Watches watches_{store_};
  ReadyList ready_{[](void*) {}, nullptr};
  EpochSlot* const writer_slot_;
  EpochSlot* const held_back_slot_;
  EpochSlot* const slot_;
  std::unique_ptr<Writer> writer_;
  std::vector<Watch*> open_;
  bool is_held_back_ = false;
  std::optional<EpochPin> held_back_;
  // Of all watches, held back.
  WatchEnd end_ = WatchEnd::kNone;
  const Root* root_ = nullptr;
  std::vector<EventRecord> records_;
  uint64_t first_sequence_ = 0;
};

TEST_F(WatchOffer, AWatchThatHasSeenARecordIsNotToldOfItAgain) {
  Put({1});
  Watch& behind = Open(After(1));
  is_held_back_ = true;
  Put({2, 3});
  Watch& ahead = Open(After(3));
  Watch& state = Open(kState);
  Watch& replay = Open(After(2));
  Watch& alone = Open(After(3), "web");
  Watch& gone = Open(After(3));
  EXPECT_EQ(Signalled(), 2U) << "the state, and the replay";
  EXPECT_EQ(Drain(behind).position, 1U) << "it has not been offered what there is";
  EXPECT_EQ(Drain(ahead).position, 3U);
  EXPECT_EQ(Drain(state).items, Texts{"ADDED a/web 3"});
  EXPECT_EQ(Drain(replay).items, Texts{"MODIFIED a/web 3"});
  Offer();
  EXPECT_EQ(Signalled(), 1U) << "the one that is behind";
  Close(gone);
  const Drained drained = Drain(behind);
  EXPECT_EQ(drained.items, (Texts{"MODIFIED a/web 2", "MODIFIED a/web 3"}));
  EXPECT_EQ(drained.position, 3U);
  EXPECT_EQ(watches_.pending_count(), 0U);
  for (Watch* const watch : {&ahead, &state, &replay, &alone}) {
    EXPECT_EQ(Drain(*watch).items, Texts{});
  }
  Put({4});
  EXPECT_EQ(Signalled(), 5U);
  for (Watch* const watch : {&behind, &ahead, &state, &replay, &alone}) {
    EXPECT_EQ(Drain(*watch).items, Texts{"MODIFIED a/web 4"});
  }
  EXPECT_EQ(watches_.pending_count(), 0U);
}

TEST_F(WatchOffer, WhatLeftTheLogBeforeItWasOfferedIsLost) {
  Put({1});
  Watch& watch = Open(After(1));
  Watch& other = Open(After(1), "other");
  is_held_back_ = true;
  Put({2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const Drained early = Drain(watch);
  EXPECT_TRUE(early.items.empty() && early.end == WatchEnd::kNone && early.position == 1);
  Offer();
  EXPECT_EQ(Signalled(), 1U);
  EXPECT_EQ(Drain(watch).end, WatchEnd::kExpired);
  EXPECT_EQ(Drain(other).position, 12U);
}

TEST_F(WatchOffer, AWatchOfTheGenerationBeforeWaitsToBeToldOfTheNewOne) {
  Put({1});
  Watch& joined = Open(After(1));
  Watch& replay = Open(After(0));
  Watch& state = Open(kState);
  Put({2});
  is_held_back_ = true;
  ASSERT_EQ(writer_->Replace({}, 9).fault, WriteFault::kNone);
  for (Watch* const watch : {&joined, &replay, &state}) {
    const Drained drained = Drain(*watch);
    EXPECT_TRUE(drained.items.empty() && !drained.more && drained.end == WatchEnd::kNone);
  }
  Watch& newer = Open(After(9));
  Watch& newer_state = Open(kState);
  EXPECT_GE(Signalled(), 1U);
  Offer();
  EXPECT_EQ(Signalled(), 3U);
  for (Watch* const watch : {&joined, &replay, &state}) {
    EXPECT_EQ(Drain(*watch).end, WatchEnd::kReplaced);
  }
  EXPECT_EQ(watches_.count(), 2U);
  EXPECT_EQ(Drain(newer_state).phase, WatchPhase::kInitial);
  Put({10});
  EXPECT_EQ(Drain(newer).items, Texts{"ADDED a/web 10"});
  EXPECT_EQ(Drain(newer_state).items, Texts{"ADDED a/web 10"});
}

TEST_F(WatchOffer, AWatchOfACacheThatWasClosedWaitsToBeToldOfIt) {
  Put({1});
  Watch& joined = Open(After(1));
  Watch& replay = Open(After(0));
  Watch& future = Open(After(5));
  Watch& state = Open(kState);
  Put({2});
  is_held_back_ = true;
  ASSERT_EQ(writer_->Close().fault, WriteFault::kNone);
  for (Watch* const watch : {&joined, &replay, &future, &state}) {
    const Drained drained = Drain(*watch);
    EXPECT_TRUE(drained.items.empty() && !drained.more && drained.end == WatchEnd::kNone);
  }
  for (const Begin begin : {After(0), After(2), After(9), kState}) {
    EXPECT_EQ(TryOpen(begin).fault, WatchFault::kClosed) << "there is nothing left to watch";
  }
  Signalled();
  Offer();
  EXPECT_EQ(Signalled(), 4U);
  for (Watch* const watch : {&joined, &replay, &future, &state}) {
    EXPECT_EQ(Drain(*watch).end, WatchEnd::kClosed);
  }
}

TEST_F(WatchOffer, ADrainThatMeetsANewGenerationOnItsWayJudgesNothing) {
  EndDuringADrain([this] { writer_->Replace({}, 9); }, WatchEnd::kReplaced);
}

TEST_F(WatchOffer, ADrainThatMeetsTheCloseOnItsWayJudgesNothing) {
  EndDuringADrain([this] { writer_->Close(); }, WatchEnd::kClosed);
}

TEST_F(WatchOffer, AnInitialStateIsNotMovedBeyondWhatWasOffered) {
  Put({1}, "api");
  Put({2}, "web");
  Watch& watch = Open(kState);
  is_held_back_ = true;
  Put({3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, "web");
  StateHold newer;
  {
    EpochPin pin(store_.epochs(), *slot_);
    newer = store_.Hold(*store_.LoadRoot());
  }
  watches_.MoveInitial(newer);
  EXPECT_LT(watches_.OldestInitialTick(), newer.tick());
  EXPECT_EQ(Drain(watch).items, (Texts{"ADDED a/api 1", "ADDED a/web 2"}));
  Offer();
  EXPECT_EQ(Drain(watch).end, WatchEnd::kExpired);
}

TEST_F(WatchOffer, AnInitialStateThatHasLostAnEventIsLetGoRatherThanMoved) {
  Put({1}, "web");
  Watch& watch = Open(kState);
  Put({3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, "web");
  StateHold newer;
  {
    EpochPin pin(store_.epochs(), *slot_);
    newer = store_.Hold(*store_.LoadRoot());
  }
  watches_.MoveInitial(newer);
  EXPECT_EQ(watches_.OldestInitialTick(), UINT64_MAX);
  const Drained drained = Drain(watch);
  EXPECT_EQ(drained.phase, WatchPhase::kInitial);
  EXPECT_EQ(drained.end, WatchEnd::kExpired);
}

}  // namespace
}  // namespace shardwatch
