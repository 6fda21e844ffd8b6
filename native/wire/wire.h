// What crosses between TypeScript and C++. Generated from wire.json by generate.mjs; do not edit.
// Constants only. Thread rule: any thread.

#ifndef NATIVE_WIRE_WIRE_H_
#define NATIVE_WIRE_WIRE_H_

#include <cstdint>

namespace shardwatch::wire {

// Both sides compare this before anything else crosses.
inline constexpr int32_t kAbiVersion = 9;

enum class Status : int32_t {
  kOk = 0,
  kInvalidArgument = -1,
  kInvalidHandle = -2,
  kOutOfMemory = -3,
  kTooLarge = -4,
  kClosed = -5,
  kNotFound = -6,
  kTooSmall = -7,
  kRevisionNotRising = -8,
  kRevisionExpired = -9,
  kRevisionFuture = -10,
  kInvalidObject = -11,
  kKeyMismatch = -12,
  kUndeclaredField = -13,
  kConflict = -14,
  kFull = -15,
  kForeignHandle = -16,
};

inline constexpr uint32_t kExchangeBytes = 65536;
inline constexpr uint32_t kHeadLanes = 32;
inline constexpr uint32_t kRecordLanes = 8;
inline constexpr uint32_t kRecordsMax = 1020;
inline constexpr uint32_t kReadyMax = 8160;
inline constexpr uint32_t kHeapAheadMax = 32;
inline constexpr uint32_t kHeapBatchMax = 512;
inline constexpr uint32_t kDeclaredFieldsMax = 65535;
inline constexpr uint32_t kIndexesMax = 65535;

enum class KeyOrder : int32_t {
  kBefore = 0,
  kSame = 1,
  kAfter = 2,
};

enum class Expectation : int32_t {
  kAny = 0,
  kRevision = 1,
};

enum class LabelOperator : int32_t {
  kIn = 0,
  kNotIn = 1,
  kExists = 2,
  kDoesNotExist = 3,
  kGreaterThan = 4,
  kLessThan = 5,
};

enum class FieldOperator : int32_t {
  kEquals = 0,
  kNotEquals = 1,
};

enum class ShardKey : int32_t {
  kUid = 0,
  kNamespace = 1,
};

enum class EventType : int32_t {
  kAdded = 0,
  kModified = 1,
  kDeleted = 2,
};

enum class WatchPhase : int32_t {
  kInitial = 0,
  kLive = 1,
};

enum class WatchEnd : int32_t {
  kNone = 0,
  kExpired = 1,
  kReplaced = 2,
  kClosed = 3,
};

enum class ProcessLane : int32_t {
  kCachesLive = 0,
  kAttachmentsLive = 1,
  kRootsLive = 2,
  kListsLive = 3,
  kWatchesLive = 4,
  kHeapsLive = 5,
  kEnvironmentsLive = 6,
  kEnvironmentsOpened = 7,
};
inline constexpr uint32_t kProcessLaneCount = 8;

enum class HeadLane : int32_t {
  kRevision = 0,
  kOldestRevision = 1,
  kAfterRevision = 2,
  kExpectedRevision = 3,
  kPosition = 4,
  kSeed = 5,
  kNonce = 6,
  kGeneration = 7,
  kCount = 8,
  kFaultIndex = 9,
  kOwnReady = 10,
  kNeeded = 11,
  kPageEnd = 12,
  kAtEnd = 13,
  kPaused = 14,
  kHasMore = 15,
  kHasRemaining = 16,
  kRemaining = 17,
  kFetched = 18,
  kIndex = 19,
  kPhase = 20,
  kMore = 21,
  kEnd = 22,
  kBytes = 23,
  kFirstKeptFrame = 24,
  kShardCount = 25,
  kWindowMs = 26,
  kEntriesMin = 27,
  kEntriesMax = 28,
  kBytesMax = 29,
  kPriority = 30,
  kDeadline = 31,
};
inline constexpr uint32_t kHeadLaneCount = 32;

enum class StatsLane : int32_t {
  kObjects = 0,
  kShards = 1,
  kNamespaces = 2,
  kBytesLive = 3,
  kBytesRetained = 4,
  kBytesFree = 5,
  kBytesReserved = 6,
  kGeneration = 7,
  kRevision = 8,
  kOldestRevision = 9,
  kOldestAgeMs = 10,
  kLogStart = 11,
  kLogEnd = 12,
  kRoots = 13,
  kEpochsBehind = 14,
  kWatches = 15,
  kWatchGroups = 16,
  kAttachments = 17,
  kIndexEntries = 18,
};
inline constexpr uint32_t kStatsLaneCount = 19;

enum class ObjectLane : int32_t {
  kObjectOffset = 0,
  kObjectLength = 1,
  kNamespaceLength = 2,
  kNameLength = 3,
  kRevision = 4,
};
inline constexpr uint32_t kObjectLaneCount = 5;

enum class EventLane : int32_t {
  kObjectOffset = 0,
  kObjectLength = 1,
  kNamespaceLength = 2,
  kNameLength = 3,
  kRevision = 4,
  kType = 5,
};
inline constexpr uint32_t kEventLaneCount = 6;

enum class FrameLane : int32_t {
  kFrameId = 0,
  kIsNew = 1,
  kOffset = 2,
  kLength = 3,
};
inline constexpr uint32_t kFrameLaneCount = 4;

}  // namespace shardwatch::wire

#endif  // NATIVE_WIRE_WIRE_H_
