// The plain part of a JSON string: up to its quote, a backslash or a control character.
//
// This is where a scanner spends its time. Sixteen bytes at once where the processor surely can
// (every x64 has SSE2), else eight by arithmetic on a word: most strings end within the first step,
// and so cost no branch that is hard to foretell. Pure functions of their arguments. Thread rule:
// any thread.

#ifndef NATIVE_CORE_OBJECT_PLAIN_TEXT_H_
#define NATIVE_CORE_OBJECT_PLAIN_TEXT_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace shardwatch {

inline bool EndsPlainText(char byte) {
  return static_cast<unsigned char>(byte) < 0x20 || byte == '"' || byte == '\\';
}

// The high bit of each byte of a word that ends plain text; exact for the lowest of them.
inline constexpr uint64_t PlainTextEnds(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101U;
  constexpr uint64_t kHighBits = 0x8080808080808080U;
  const auto zero_bytes = [](uint64_t bytes) { return (bytes - kOnes) & ~bytes & kHighBits; };
  const uint64_t controls = (word - kOnes * 0x20) & ~word & kHighBits;
  return controls | zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\'));
}

// The first byte that ends plain text, or `end`. By words alone: for processors without SSE2, and
// for the last bytes of a document.
inline const char* FindPlainTextEndByWords(const char* at, const char* end) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; end - at >= 8; at += 8) {
      uint64_t word;
      std::memcpy(&word, at, sizeof word);
      const uint64_t found = PlainTextEnds(word);
      if (found != 0) return at + std::countr_zero(found) / 8;
    }
  }
  while (at < end && !EndsPlainText(*at)) ++at;
  return at;
}

// The first byte that ends plain text, or `end`.
inline const char* FindPlainTextEnd(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i last_control = _mm_set1_epi8(0x1f);
    const __m128i controls = _mm_cmpeq_epi8(_mm_max_epu8(bytes, last_control), last_control);
    const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i ends = _mm_or_si128(controls, _mm_or_si128(quotes, backslashes));
    const auto found = static_cast<uint32_t>(_mm_movemask_epi8(ends));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  return FindPlainTextEndByWords(at, end);
}

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_PLAIN_TEXT_H_
