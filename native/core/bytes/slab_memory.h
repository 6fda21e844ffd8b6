// Memory for slabs, straight from the system: each lies at a multiple of its size.
//
// An allocator that aligns by asking for more leaves a piece before every slab, and keeps what is
// given back. Pages that are mapped by the slab
// lie side by side, and are gone when they are unmapped.
// Pure functions of their arguments. Thread rule: any thread.

#ifndef NATIVE_CORE_BYTES_SLAB_MEMORY_H_
#define NATIVE_CORE_BYTES_SLAB_MEMORY_H_

#include <cstddef>

namespace shardwatch {

// Memory aligned to its own size, or null. REQUIRES: a power of two, and a multiple of the page.
void* MapSlab(size_t bytes);

// Gives memory of MapSlab(bytes) back. False where the system could not take it (it counts how many
// pieces a process has): its pages are given back then, its addresses stay the caller's.
bool UnmapSlab(void* memory, size_t bytes);

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_SLAB_MEMORY_H_
