// Memory for keys: on a cache line's border, and where it is much, in the large pages of the
// system, since a heap jumps through all of it.
// Pure functions of their arguments. Thread rule: any thread.

#ifndef NATIVE_CORE_HEAP_KEY_MEMORY_H_
#define NATIVE_CORE_HEAP_KEY_MEMORY_H_

#include <cstddef>

namespace shardwatch {

// At least `needed` bytes, rounded up to a power of two, which is told; null when memory is out.
void* MapKeys(size_t needed, size_t* bytes);

// Gives memory of MapKeys back.
void UnmapKeys(void* memory, size_t bytes);

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_KEY_MEMORY_H_
