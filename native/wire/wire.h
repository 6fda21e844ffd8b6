// What crosses between TypeScript and C++. Generated from wire.json by generate.mjs; do not edit.
// Constants only. Thread rule: any thread.

#ifndef NATIVE_WIRE_WIRE_H_
#define NATIVE_WIRE_WIRE_H_

#include <cstdint>

namespace shardwatch::wire {

// Both sides compare this before anything else crosses.
inline constexpr int32_t kAbiVersion = 1;

enum class Status : int32_t {
  kOk = 0,
  kInvalidArgument = -1,
  kInvalidHandle = -2,
  kOutOfMemory = -3,
  kTooLarge = -4,
};

enum class KeyOrder : int32_t {
  kBefore = 0,
  kSame = 1,
  kAfter = 2,
};

enum class ProcessLane : int32_t {
  kBlocksLive = 0,
  kBytesLive = 1,
  kBytesReserved = 2,
  kEnvironmentsLive = 3,
  kEnvironmentsOpened = 4,
};
inline constexpr uint32_t kProcessLaneCount = 5;

}  // namespace shardwatch::wire

#endif  // NATIVE_WIRE_WIRE_H_
