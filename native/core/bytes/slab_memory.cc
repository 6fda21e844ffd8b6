// Mapping and unmapping; see slab_memory.h. Thread rule: any thread.

#include "native/core/bytes/slab_memory.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>

#include <cstdint>
#else
#include <new>
#endif

namespace shardwatch {

#if defined(__unix__) || defined(__APPLE__)

namespace {

void* Map(size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

size_t MisalignmentOf(const void* memory, size_t bytes) {
  return reinterpret_cast<uintptr_t>(memory) & (bytes - 1);
}

}  // namespace

void* MapSlab(size_t bytes) {
  // Mostly next to the one before, and then aligned as that is.
  void* const memory = Map(bytes);
  if (memory == nullptr || MisalignmentOf(memory, bytes) == 0) return memory;
  munmap(memory, bytes);
  auto* const wide = static_cast<std::byte*>(Map(2 * bytes));
  if (wide == nullptr) return nullptr;
  const size_t before = (bytes - MisalignmentOf(wide, bytes)) % bytes;
  if (before > 0) munmap(wide, before);
  munmap(wide + before + bytes, bytes - before);
  return wide + before;
}

bool UnmapSlab(void* memory, size_t bytes) {
  if (munmap(memory, bytes) == 0) return true;
  madvise(memory, bytes, MADV_DONTNEED);
  return false;
}

#else

void* MapSlab(size_t bytes) { return ::operator new(bytes, std::align_val_t{bytes}, std::nothrow); }

bool UnmapSlab(void* memory, size_t bytes) {
  ::operator delete(memory, std::align_val_t{bytes});
  return true;
}

#endif

}  // namespace shardwatch
