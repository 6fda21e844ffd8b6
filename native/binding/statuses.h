// The core's faults and choices as the border knows them. Pure functions. Thread rule: any thread.

#ifndef NATIVE_BINDING_STATUSES_H_
#define NATIVE_BINDING_STATUSES_H_

#include "native/core/cache/history.h"
#include "native/core/heap/heap_end.h"
#include "native/core/object/field_selector.h"
#include "native/core/object/label_selector.h"
#include "native/core/object/scope.h"
#include "native/core/shard/writer.h"
#include "native/core/watch/watch.h"
#include "native/wire/wire.h"

namespace shardwatch::binding {

constexpr wire::Status StatusOf(WriteFault fault) {
  switch (fault) {
    case WriteFault::kNone:
      return wire::Status::kOk;
    case WriteFault::kClosed:
      return wire::Status::kClosed;
    case WriteFault::kNotRising:
      return wire::Status::kRevisionNotRising;
    case WriteFault::kInvalidObject:
      return wire::Status::kInvalidObject;
    case WriteFault::kKeyMismatch:
      return wire::Status::kKeyMismatch;
    case WriteFault::kConflict:
      return wire::Status::kConflict;
    case WriteFault::kOutOfMemory:
      break;
  }
  return wire::Status::kOutOfMemory;
}

constexpr wire::Status StatusOf(HistoryFault fault) {
  switch (fault) {
    case HistoryFault::kNone:
      return wire::Status::kOk;
    case HistoryFault::kExpired:
      return wire::Status::kRevisionExpired;
    case HistoryFault::kFuture:
      return wire::Status::kRevisionFuture;
    case HistoryFault::kClosed:
      return wire::Status::kClosed;
    case HistoryFault::kOutOfMemory:
      break;
  }
  return wire::Status::kOutOfMemory;
}

constexpr wire::Status StatusOf(ScopeFault fault) {
  switch (fault) {
    case ScopeFault::kNone:
      return wire::Status::kOk;
    case ScopeFault::kUndeclaredField:
      return wire::Status::kUndeclaredField;
    case ScopeFault::kOutOfMemory:
      break;
  }
  return wire::Status::kOutOfMemory;
}

constexpr wire::Status StatusOf(WatchFault fault) {
  switch (fault) {
    case WatchFault::kNone:
      return wire::Status::kOk;
    case WatchFault::kUndeclaredField:
      return wire::Status::kUndeclaredField;
    case WatchFault::kRevisionExpired:
      return wire::Status::kRevisionExpired;
    case WatchFault::kClosed:
      return wire::Status::kClosed;
    case WatchFault::kOutOfMemory:
      break;
  }
  return wire::Status::kOutOfMemory;
}

constexpr wire::Status StatusOf(HeapFault fault) {
  switch (fault) {
    case HeapFault::kNone:
      return wire::Status::kOk;
    case HeapFault::kFull:
      return wire::Status::kFull;
    case HeapFault::kUnknownHandle:
      return wire::Status::kNotFound;
    case HeapFault::kForeignHandle:
      return wire::Status::kForeignHandle;
    case HeapFault::kOutOfMemory:
      break;
  }
  return wire::Status::kOutOfMemory;
}

// Choices have the same numbers on both sides.
template <typename Core, typename Wire>
constexpr bool IsSame(Core core, Wire wire) {
  return static_cast<int32_t>(core) == static_cast<int32_t>(wire);
}

static_assert(IsSame(LabelOperator::kIn, wire::LabelOperator::kIn) &&
              IsSame(LabelOperator::kNotIn, wire::LabelOperator::kNotIn) &&
              IsSame(LabelOperator::kExists, wire::LabelOperator::kExists) &&
              IsSame(LabelOperator::kDoesNotExist, wire::LabelOperator::kDoesNotExist) &&
              IsSame(LabelOperator::kGreaterThan, wire::LabelOperator::kGreaterThan) &&
              IsSame(LabelOperator::kLessThan, wire::LabelOperator::kLessThan));
static_assert(IsSame(ShardKey::kUid, wire::ShardKey::kUid) &&
              IsSame(ShardKey::kNamespace, wire::ShardKey::kNamespace));
static_assert(IsSame(FieldOperator::kEquals, wire::FieldOperator::kEquals) &&
              IsSame(FieldOperator::kNotEquals, wire::FieldOperator::kNotEquals));
static_assert(IsSame(WatchEventType::kAdded, wire::EventType::kAdded) &&
              IsSame(WatchEventType::kModified, wire::EventType::kModified) &&
              IsSame(WatchEventType::kDeleted, wire::EventType::kDeleted));
static_assert(IsSame(WatchPhase::kInitial, wire::WatchPhase::kInitial) &&
              IsSame(WatchPhase::kLive, wire::WatchPhase::kLive));
static_assert(IsSame(WatchEnd::kNone, wire::WatchEnd::kNone) &&
              IsSame(WatchEnd::kExpired, wire::WatchEnd::kExpired) &&
              IsSame(WatchEnd::kReplaced, wire::WatchEnd::kReplaced) &&
              IsSame(WatchEnd::kClosed, wire::WatchEnd::kClosed));

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_STATUSES_H_
