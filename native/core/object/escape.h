// Escape sequences within JSON strings.
//
// The canonical form escapes what RFC 8259 §7 demands and nothing else: the quote, the backslash,
// and the control characters below U+0020, of which five have a short form (`\b \t \n \f \r`) and
// the others are written `\u00xx` in lower-case hexadecimal. No escape is shorter than what it
// names, so that unescaped and canonical text fit in the place of the text they come from.
// Pure functions of their arguments. Thread rule: any thread.

#ifndef NATIVE_CORE_OBJECT_ESCAPE_H_
#define NATIVE_CORE_OBJECT_ESCAPE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace shardwatch {

// What stands at a backslash.
struct Escape {
  static constexpr int32_t kNone = -1;
  static constexpr int32_t kHalfPair = -2;

  // The code point it names, or one of the two above.
  int32_t code_point;
  // Bytes of the sequence, backslash included.
  uint32_t length;
};

// REQUIRES: bytes[at] is a backslash.
Escape ReadEscape(std::string_view bytes, size_t at);

// Whether the escape at `at`, which names `code_point`, is the one that the canonical form uses.
bool IsCanonicalEscape(std::string_view bytes, size_t at, int32_t code_point);

// Both write text whose escapes are known to be good, without or with canonical escapes, and tell
// where they end. `target` has room for as many bytes as `text` has.
char* WriteUnescaped(std::string_view text, char* target);
char* WriteCanonical(std::string_view text, char* target);

// The text as a JSON string in canonical form, with its quotes. REQUIRES: UTF-8.
std::string QuoteCanonical(std::string_view text);

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_ESCAPE_H_
