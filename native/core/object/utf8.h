// UTF-8: where it is not, and writing it (Unicode 15, table 3-7: no overlong forms, no surrogates,
// nothing above U+10FFFF).
// Pure functions of their arguments. Thread rule: any thread.

#ifndef NATIVE_CORE_OBJECT_UTF8_H_
#define NATIVE_CORE_OBJECT_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shardwatch {

// The offset of the first sequence that is not well-formed; the size where all are.
size_t FirstInvalidUtf8(std::string_view bytes);

inline constexpr size_t kUtf8BytesMax = 4;

// Writes the code point, at most kUtf8BytesMax bytes; tells where it ends.
// REQUIRES: a code point up to U+10FFFF that is no surrogate.
char* WriteUtf8(char* target, uint32_t code_point);

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_UTF8_H_
