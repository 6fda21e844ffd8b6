// Checking and writing UTF-8; see utf8.h. Objects are mostly ASCII, which is passed 32 bytes at a
// time. Thread rule: any thread.

#include "native/core/object/utf8.h"

#include <cstring>

namespace shardwatch {

namespace {

constexpr uint64_t kHighBits = 0x8080808080808080U;
constexpr size_t kStride = 4 * sizeof(uint64_t);

bool IsAsciiStride(const char* bytes) {
  uint64_t words[4];
  std::memcpy(words, bytes, kStride);
  return ((words[0] | words[1] | words[2] | words[3]) & kHighBits) == 0;
}

struct ByteRange {
  unsigned char low;
  unsigned char high;
};

// What may follow a lead byte; the bytes behind that one are any continuation.
ByteRange SecondByte(unsigned char lead) {
  switch (lead) {
    case 0xe0:
      return {0xa0, 0xbf};
    case 0xed:
      return {0x80, 0x9f};
    case 0xf0:
      return {0x90, 0xbf};
    case 0xf4:
      return {0x80, 0x8f};
    default:
      return {0x80, 0xbf};
  }
}

// The length of the well-formed sequence at `at`, 0 where there is none.
size_t SequenceLength(std::string_view bytes, size_t at) {
  const auto lead = static_cast<unsigned char>(bytes[at]);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (bytes.size() - at < length) return 0;
  const ByteRange second = SecondByte(lead);
  const auto next = static_cast<unsigned char>(bytes[at + 1]);
  if (next < second.low || next > second.high) return 0;
  for (size_t index = 2; index < length; ++index) {
    if ((static_cast<unsigned char>(bytes[at + index]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

size_t FirstInvalidUtf8(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    if (bytes.size() - at >= kStride && IsAsciiStride(bytes.data() + at)) {
      at += kStride;
      continue;
    }
    const size_t length = SequenceLength(bytes, at);
    if (length == 0) return at;
    at += length;
  }
  return bytes.size();
}

char* WriteUtf8(char* target, uint32_t code_point) {
  const auto put = [&target](uint32_t byte) { *target++ = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3f));
    put(0x80 | ((code_point >> 6) & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
  return target;
}

}  // namespace shardwatch
