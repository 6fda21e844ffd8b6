// Limits of the JSON that is read, and why they are what they are. The same as
// lib/object/limits.ts: both engines refuse the same bytes. Thread rule: constants; any thread.

#ifndef NATIVE_CORE_OBJECT_LIMITS_H_
#define NATIVE_CORE_OBJECT_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace shardwatch {

// Arrays and objects within each other. Far above what Kubernetes types need, and low enough that
// consumers which read recursively never run out of stack.
inline constexpr uint32_t kNestingMax = 1000;

// Bytes of one document: offsets are 32-bit integers, and a request is a thousandth of this.
inline constexpr size_t kJsonBytesMax = size_t{1} << 30;

static_assert(kJsonBytesMax < UINT32_MAX, "offsets fit 32 bits, and one value is left for 'none'");

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_LIMITS_H_
