// Reading and writing escapes; see escape.h. Thread rule: any thread.

#include "native/core/object/escape.h"

#include <cassert>

#include "native/core/object/utf8.h"

namespace shardwatch {

namespace {

// `\u001f`
constexpr size_t kEscapeBytesMax = 6;

// -1 beyond the end, which is no byte.
int ByteAt(std::string_view bytes, size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : -1;
}

int HexDigit(int byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

// Four hexadecimal digits, or Escape::kNone.
int32_t HexUnit(std::string_view bytes, size_t at) {
  int32_t unit = 0;
  for (size_t index = at; index < at + 4; ++index) {
    const int digit = HexDigit(ByteAt(bytes, index));
    if (digit < 0) return Escape::kNone;
    unit = unit << 4 | digit;
  }
  return unit;
}

int32_t ShortEscape(int letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return Escape::kNone;
  }
}

// The letter of a character's short form, 0 where it has none.
char ShortForm(int32_t code_point) {
  switch (code_point) {
    case '\b':
      return 'b';
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\f':
      return 'f';
    case '\r':
      return 'r';
    case '"':
    case '\\':
      return static_cast<char>(code_point);
    default:
      return 0;
  }
}

char* WriteCharacter(char* target, int32_t code_point) {
  if (const char letter = ShortForm(code_point); letter != 0) {
    *target++ = '\\';
    *target++ = letter;
    return target;
  }
  if (code_point >= 0x20) return WriteUtf8(target, static_cast<uint32_t>(code_point));
  for (const char byte : std::string_view("\\u00")) *target++ = byte;
  *target++ = code_point < 0x10 ? '0' : '1';
  *target++ = "0123456789abcdef"[code_point & 0xf];
  return target;
}

template <typename WriteOne>
char* Rewrite(std::string_view text, char* target, WriteOne write) {
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      *target++ = text[at++];
      continue;
    }
    const Escape escape = ReadEscape(text, at);
    assert(escape.code_point >= 0);
    at += escape.length;
    target = write(target, escape.code_point);
  }
  return target;
}

}  // namespace

Escape ReadEscape(std::string_view bytes, size_t at) {
  if (ByteAt(bytes, at + 1) != 'u') return {ShortEscape(ByteAt(bytes, at + 1)), 2};
  const int32_t unit = HexUnit(bytes, at + 2);
  if (unit < 0xd800 || unit > 0xdfff) return {unit, 6};
  const bool another = ByteAt(bytes, at + 6) == '\\' && ByteAt(bytes, at + 7) == 'u';
  const int32_t low = another ? HexUnit(bytes, at + 8) : Escape::kNone;
  if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) return {Escape::kHalfPair, 6};
  return {0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 12};
}

bool IsCanonicalEscape(std::string_view bytes, size_t at, int32_t code_point) {
  if (bytes[at + 1] != 'u') return code_point != '/';
  if (code_point >= 0x20 || ShortForm(code_point) != 0) return false;
  // Four digits that name a control character: of these only the last has two cases.
  const char last = bytes[at + 5];
  return last < 'A' || last > 'F';
}

char* WriteUnescaped(std::string_view text, char* target) {
  return Rewrite(text, target, [](char* to, int32_t code_point) {
    return WriteUtf8(to, static_cast<uint32_t>(code_point));
  });
}

char* WriteCanonical(std::string_view text, char* target) {
  return Rewrite(text, target, WriteCharacter);
}

std::string QuoteCanonical(std::string_view text) {
  std::string quoted = "\"";
  for (const char byte : text) {
    const auto code_point = static_cast<unsigned char>(byte);
    char written[kEscapeBytesMax] = {byte};
    // Bytes above ASCII are parts of characters that need no escape.
    const char* const end = code_point < 0x80 ? WriteCharacter(written, code_point) : written + 1;
    quoted.append(written, static_cast<size_t>(end - written));
  }
  return quoted + '"';
}

}  // namespace shardwatch
