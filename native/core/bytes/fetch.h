// Asking memory for what will be read, so that it comes while something else is done.
//
// Before a line is asked for its address is translated, and a processor goes on past that only for
// a while: where pages are many, whoever asks for several things first asks for one line of each.
// The translations happen together then, and the rest of the lines need none.
// Changes nothing but time. Thread rule: any thread.

#ifndef NATIVE_CORE_BYTES_FETCH_H_
#define NATIVE_CORE_BYTES_FETCH_H_

#include <cstddef>

namespace shardwatch {

inline constexpr size_t kLineBytes = 64;

// The line of one byte.
inline void FetchLine(const void* memory) {
#if defined(__GNUC__)
  __builtin_prefetch(memory);
#else
  static_cast<void>(memory);
#endif
}

// The lines of so many bytes. REQUIRES: not 0.
inline void FetchLines(const void* memory, size_t bytes) {
  const char* const begin = static_cast<const char*>(memory);
  for (size_t at = 0; at < bytes; at += kLineBytes) FetchLine(begin + at);
  FetchLine(begin + bytes - 1);
}

// The same, into the second level of the cache, which waits for more lines at once than the first.
inline void FetchManyLines(const void* memory, size_t bytes) {
#if defined(__GNUC__)
  const char* const begin = static_cast<const char*>(memory);
  for (size_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(begin + at, 0, 2);
#else
  static_cast<void>(memory);
  static_cast<void>(bytes);
#endif
}

}  // namespace shardwatch

#endif  // NATIVE_CORE_BYTES_FETCH_H_
