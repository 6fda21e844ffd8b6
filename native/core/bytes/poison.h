// Tells AddressSanitizer which memory of an arena nobody may touch, so that it sees a use after
// free although the memory stays ours. In other builds all of this is nothing. Thread rule: whoever
// owns the memory at that moment.

#ifndef NATIVE_CORE_BYTES_POISON_H_
#define NATIVE_CORE_BYTES_POISON_H_

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define SHARDWATCH_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHARDWATCH_ADDRESS_SANITIZER 1
#endif
#endif

#if defined(SHARDWATCH_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#endif

namespace shardwatch {

inline void Poison([[maybe_unused]] const void* memory, [[maybe_unused]] size_t bytes) {
#if defined(SHARDWATCH_ADDRESS_SANITIZER)
  __asan_poison_memory_region(memory, bytes);
#endif
}

inline void Unpoison([[maybe_unused]] const void* memory, [[maybe_unused]] size_t bytes) {
#if defined(SHARDWATCH_ADDRESS_SANITIZER)
  __asan_unpoison_memory_region(memory, bytes);
#endif
}

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_POISON_H_
