// Sorting a few keys, without a branch that a processor would have to guess.
// Pure functions of their arguments. Thread rule: any thread.

#ifndef NATIVE_CORE_HEAP_KEY_SORT_H_
#define NATIVE_CORE_HEAP_KEY_SORT_H_

#include <span>

#include "native/core/heap/heap_key.h"

namespace shardwatch {

// Puts keys in order. REQUIRES: `scratch` has room for as many.
void SortKeys(std::span<HeapKey> keys, std::span<HeapKey> scratch);

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_KEY_SORT_H_
