// Mapping and unmapping; see key_memory.h. Thread rule: any thread.

#include "native/core/heap/key_memory.h"

#include <bit>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace shardwatch {

namespace {

constexpr size_t kLineBytes = 64;

// A small queue takes a page's quarter.
constexpr size_t kBytesMin = 1024;

// A large page of the system; what is smaller has no use for one.
constexpr size_t kLargePageBytes = size_t{2} << 20;

std::align_val_t AlignmentOf(size_t bytes) {
  return std::align_val_t{bytes < kLargePageBytes ? kLineBytes : kLargePageBytes};
}

}  // namespace

void* MapKeys(size_t needed, size_t* bytes) {
  *bytes = std::bit_ceil(needed < kBytesMin ? kBytesMin : needed);
  void* const memory = ::operator new(*bytes, AlignmentOf(*bytes), std::nothrow);
#if defined(__linux__)
  // Where the system has none to give, small pages serve.
  if (memory != nullptr && *bytes >= kLargePageBytes) madvise(memory, *bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void UnmapKeys(void* memory, size_t bytes) { ::operator delete(memory, AlignmentOf(bytes)); }

}  // namespace shardwatch
