// Numbers by their grammar and their range; see number.h.
//
// The range is judged on the decimal digits: a double rounds to infinity from 2^1024 - 2^970 on
// (the middle between the largest double and the one that would follow it; the tie goes up). That
// is exact, and neither depends on the locale, as strtod does, nor needs a library that has
// from_chars for doubles. Thread rule: any thread.

#include "native/core/object/number.h"

#include <algorithm>
#include <cstdint>

namespace shardwatch {

namespace {

// Integers with no more digits than this are below the largest double, 1.8e308.
constexpr size_t kDigitsAlwaysFinite = 308;

// 2^1024 - 2^970.
constexpr std::string_view kInfinityFrom =
    "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977"
    "587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845"
    "817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559"
    "699508093042880177904174497792";

static_assert(kInfinityFrom.size() == kDigitsAlwaysFinite + 1);

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

char ByteAt(std::string_view bytes, size_t at) { return at < bytes.size() ? bytes[at] : '\0'; }

size_t SkipDigits(std::string_view bytes, size_t at) {
  while (IsDigit(ByteAt(bytes, at))) ++at;
  return at;
}

// Beyond any document's length, so that a larger exponent decides alone.
constexpr int64_t kExponentMax = int64_t{1} << 40;

int64_t ReadExponent(std::string_view text) {
  const bool negative = ByteAt(text, 0) == '-';
  int64_t value = 0;
  for (const char byte : text) {
    if (IsDigit(byte)) value = std::min(value * 10 + (byte - '0'), kExponentMax);
  }
  return negative ? -value : value;
}

// The digits of a mantissa from the first that is not zero, without its point.
class Mantissa {
 public:
  explicit Mantissa(std::string_view text) : text_(text) {
    const size_t point = std::min(text.find('.'), text.size());
    first_ = text.find_first_of("123456789");
    if (first_ == std::string_view::npos) return;
    // 0.00123 has -2 of them, 123.4 has 3.
    const auto distance = static_cast<int64_t>(point) - static_cast<int64_t>(first_);
    integer_digits_ = first_ < point ? distance : distance + 1;
  }

  bool is_zero() const { return first_ == std::string_view::npos; }
  int64_t integer_digits() const { return integer_digits_; }

  // Whether the digits, read as a fraction, are below those of `limit`.
  bool IsBelow(std::string_view limit) const {
    size_t at = first_;
    for (const char wanted : limit) {
      if (ByteAt(text_, at) == '.') ++at;
      const char digit = at < text_.size() ? text_[at++] : '0';
      if (digit != wanted) return digit < wanted;
    }
    return false;
  }

 private:
  std::string_view text_;
  size_t first_ = 0;
  int64_t integer_digits_ = 0;
};

}  // namespace

bool IsFiniteNumber(std::string_view lexeme) {
  if (lexeme.front() == '-') lexeme.remove_prefix(1);
  const size_t exponent_at = std::min(lexeme.find_first_of("eE"), lexeme.size());
  const Mantissa mantissa(lexeme.substr(0, exponent_at));
  if (mantissa.is_zero()) return true;
  const bool has_exponent = exponent_at < lexeme.size();
  const int64_t exponent = has_exponent ? ReadExponent(lexeme.substr(exponent_at + 1)) : 0;
  const int64_t digits = mantissa.integer_digits() + exponent;
  constexpr auto kLimitDigits = static_cast<int64_t>(kInfinityFrom.size());
  if (digits != kLimitDigits) return digits < kLimitDigits;
  return mantissa.IsBelow(kInfinityFrom);
}

NumberScan ScanNumber(std::string_view bytes, size_t start) {
  size_t at = start;
  if (ByteAt(bytes, at) == '-') ++at;
  const size_t integer = at;
  at = ByteAt(bytes, at) == '0' ? at + 1 : SkipDigits(bytes, at);
  if (at == integer) return {NumberVerdict::kNotANumber, at};
  bool suspicious = at - integer > kDigitsAlwaysFinite;
  if (ByteAt(bytes, at) == '.') {
    const size_t fraction = at + 1;
    at = SkipDigits(bytes, fraction);
    if (at == fraction) return {NumberVerdict::kNotANumber, at};
  }
  if (ByteAt(bytes, at) == 'e' || ByteAt(bytes, at) == 'E') {
    ++at;
    if (ByteAt(bytes, at) == '+' || ByteAt(bytes, at) == '-') ++at;
    const size_t exponent = at;
    at = SkipDigits(bytes, exponent);
    if (at == exponent) return {NumberVerdict::kNotANumber, at};
    suspicious = true;
  }
  if (suspicious && !IsFiniteNumber(bytes.substr(start, at - start))) {
    return {NumberVerdict::kOutOfRange, start};
  }
  return {NumberVerdict::kGood, at};
}

}  // namespace shardwatch
