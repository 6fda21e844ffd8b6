// Watches: opening, draining, closing; see exports.h.
// Thread rule: each export on its environment's own thread; many environments at once.

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "native/binding/exports.h"
#include "native/binding/scope_argument.h"
#include "native/binding/statuses.h"
#include "native/binding/texts.h"
#include "native/core/watch/sinks.h"

namespace shardwatch::binding {

namespace {

using wire::EventLane;
using wire::FrameLane;
using wire::HeadLane;

int64_t OpenWatchExport(napi_env env, Environment& environment, Arguments<5> arguments) {
  int64_t failure = 0;
  Texts texts;
  ScopeArgument scope;
  WatchRequest request;
  if (!scope.Read(env, arguments[2]) || !texts.Read(env, arguments[1], &request.group_key) ||
      !ReadFlag(env, arguments[3], &request.from_state) ||
      !ReadLooks(env, arguments[4], &request.looks)) {
    return kInvalidArgument;
  }
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  Attachment& attachment = (*use)->attachment();
  Exchange& exchange = (*use)->exchange();
  request.scope = scope.request();
  request.api_version = scope.api_version();
  request.after = exchange.Revision(HeadLane::kAfterRevision);
  request.ready = &attachment.ready();
  const WatchOpened opened = attachment.cache().watches().Open(request, attachment.slot());
  if (opened.fault != WatchFault::kNone) {
    exchange.SetRevision(HeadLane::kOldestRevision, opened.oldest_revision);
    return Fail(StatusOf(opened.fault));
  }
  const DrainResult begin{
      .phase = request.from_state ? WatchPhase::kInitial : WatchPhase::kLive,
  };
  const uint64_t revision = Watches::RevisionOf(*opened.watch);
  const std::optional<int64_t> handle =
      environment.watches.Open(std::make_unique<OpenedWatch>(*use, opened.watch, begin));
  if (!handle) return kOutOfMemory;
  Watches::SetConsumer(*opened.watch, static_cast<uint64_t>(*handle));
  exchange.SetRevision(HeadLane::kRevision, revision);
  (*use)->TellReady();
  return *handle;
}

// The part of both drains that is about the watch.
void Drain(OpenedWatch& watch, DrainSink& sink) {
  if (watch.watch() == nullptr) return;
  Attachment& attachment = watch.use()->attachment();
  watch.SetLast(attachment.cache().watches().Drain(*watch.watch(), attachment.slot(), sink));
}

void TellDrain(const OpenedWatch& watch, size_t bytes, size_t page_end, size_t needed) {
  Exchange& exchange = watch.use()->exchange();
  const DrainResult& result = watch.last();
  exchange.SetNumber(HeadLane::kPhase, static_cast<double>(result.phase));
  exchange.SetRevision(HeadLane::kPosition, result.position);
  exchange.SetFlag(HeadLane::kMore, result.more);
  exchange.SetFlag(HeadLane::kPaused, result.is_paused);
  exchange.SetNumber(HeadLane::kEnd, static_cast<double>(result.end));
  exchange.SetNumber(HeadLane::kBytes, uint64_t{bytes});
  exchange.SetNumber(HeadLane::kPageEnd, uint64_t{page_end});
  exchange.SetNumber(HeadLane::kNeeded, uint64_t{needed});
}

// The state that a watch began with was let go: with the last object of it, or as the watch ended.
void ReclaimAfter(OpenedWatch& watch, WatchPhase phase_before) {
  if (phase_before == WatchPhase::kInitial) watch.use()->Reclaim();
}

int64_t DrainEvents(napi_env env, Environment& environment, Arguments<4> arguments) {
  int64_t failure = 0;
  std::span<char> rest;
  size_t begin = 0;
  uint64_t events_max = 0;
  std::unique_ptr<OpenedWatch>* const found = Find(env, environment.watches, arguments[0], failure);
  if (found == nullptr) return failure;
  if (!ReadPage(env, arguments[1], arguments[2], &rest, &begin) ||
      !ReadCount(env, arguments[3], &events_max)) {
    return kInvalidArgument;
  }
  OpenedWatch& watch = **found;
  const WatchPhase phase = watch.last().phase;
  std::array<EventRecordOut, wire::kRecordsMax> records;
  EventSink sink(rest, std::span(records).first(std::min<uint64_t>(events_max, records.size())));
  Drain(watch, sink);
  Exchange& exchange = watch.use()->exchange();
  for (size_t index = 0; index < sink.count(); ++index) {
    const EventRecordOut& record = records[index];
    const auto number = [&](EventLane lane, size_t value) {
      exchange.SetRecordNumber(index, lane, static_cast<double>(value));
    };
    number(EventLane::kObjectOffset, begin + record.offset);
    number(EventLane::kObjectLength, record.object_length);
    number(EventLane::kNamespaceLength, record.namespace_length);
    number(EventLane::kNameLength, record.name_length);
    number(EventLane::kType, record.type);
    exchange.SetRecordRevision(index, EventLane::kRevision, record.revision);
  }
  TellDrain(watch, sink.bytes(), begin + sink.used(), sink.needed());
  ReclaimAfter(watch, phase);
  return static_cast<int64_t>(sink.count());
}

// Frames of records that have left the log are not asked for any more.
void ForgetFrames(CacheUse& use) {
  Attachment& attachment = use.attachment();
  EpochPin pin(attachment.store().epochs(), attachment.slot());
  use.frames().Forget(attachment.store().LoadRoot()->log.first);
}

int64_t DrainFrames(napi_env env, Environment& environment, Arguments<5> arguments) {
  int64_t failure = 0;
  std::span<char> rest;
  size_t begin = 0;
  uint64_t bytes_max = 0;
  bool is_continued = false;
  std::unique_ptr<OpenedWatch>* const found = Find(env, environment.watches, arguments[0], failure);
  if (found == nullptr) return failure;
  if (!ReadPage(env, arguments[1], arguments[2], &rest, &begin) ||
      !ReadCount(env, arguments[3], &bytes_max) || !ReadFlag(env, arguments[4], &is_continued)) {
    return kInvalidArgument;
  }
  OpenedWatch& watch = **found;
  const WatchPhase phase = watch.last().phase;
  FrameIndex& frames = watch.use()->frames();
  ForgetFrames(*watch.use());
  std::array<FrameRecord, wire::kRecordsMax> records;
  FrameSink sink(rest, 0, records, bytes_max, frames, is_continued);
  Drain(watch, sink);
  Exchange& exchange = watch.use()->exchange();
  for (size_t index = 0; index < sink.count(); ++index) {
    const FrameRecord& record = records[index];
    const double id = record.number == 0 ? -1 : static_cast<double>(record.number);
    exchange.SetRecordNumber(index, FrameLane::kFrameId, id);
    exchange.SetRecordNumber(index, FrameLane::kIsNew, record.is_new);
    exchange.SetRecordNumber(index, FrameLane::kOffset, static_cast<double>(begin + record.offset));
    exchange.SetRecordNumber(index, FrameLane::kLength, record.length);
  }
  exchange.SetNumber(HeadLane::kFirstKeptFrame, frames.first_kept());
  TellDrain(watch, sink.bytes(), begin + sink.used(), sink.needed());
  ReclaimAfter(watch, phase);
  return static_cast<int64_t>(sink.count());
}

int64_t CloseWatch(napi_env env, Environment& environment, Arguments<1> arguments) {
  return Close(env, environment.watches, arguments[0]);
}

constexpr std::array kExports = {
    Method("openWatch", Answer<5, OpenWatchExport>),
    Method("drainEvents", Answer<4, DrainEvents>),
    Method("drainFrames", Answer<5, DrainFrames>),
    Method("closeWatch", Answer<1, CloseWatch>),
};

}  // namespace

Exports WatchExports() { return kExports; }

}  // namespace shardwatch::binding
