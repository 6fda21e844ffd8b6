// The sizes in which blocks are pooled.
//
// A request is rounded up to its class, so that a slot that one block leaves fits the next one.
//  1. Classes rise; every size up to kPooledBytesMax has the smallest class that holds it.
//  2. Above 512 bytes a class is at most a thirty-second larger than the one below it, so that
//     rounding wastes less than that of a slot: objects of one type are often of one size, and a
//     coarse class would be the wrong one for all of them.
//  3. Every class is a multiple of kSlotAlignment.
// Pure functions of their arguments. Thread rule: any thread.

#ifndef NATIVE_CORE_BYTES_SIZE_CLASS_H_
#define NATIVE_CORE_BYTES_SIZE_CLASS_H_

#include <cstddef>
#include <cstdint>

namespace shardwatch {

inline constexpr size_t kSlotAlignment = 16;

// Larger blocks come from the allocator one by one: objects of this size are rare, and a slab would
// hold too few of them.
inline constexpr size_t kPooledBytesMax = 32 * 1024;

// 16, 32, ... 512, then thirty-two steps to each doubling: 528, ... 1 024, 1 056, ... 32 768.
inline constexpr uint32_t kSizeClassCount = 224;

// The class of blocks that are not pooled.
inline constexpr uint32_t kUnpooledClass = kSizeClassCount;

// REQUIRES: size_class < kSizeClassCount.
size_t SizeClassBytes(uint32_t size_class);

// The smallest class that holds `bytes`, or kUnpooledClass.
uint32_t SizeClassFor(size_t bytes);

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_SIZE_CLASS_H_
