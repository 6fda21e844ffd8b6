// JSON numbers (RFC 8259 §6) by their grammar.
//
// They are kept as they are written: `1` and `1.0`, or a 64-bit integer, are not the same to an API
// server, and a double forgets the difference. Only what no double can hold at all is refused,
// because other JSON readers would turn it into infinity.
// Pure functions of their arguments. Thread rule: any thread.

#ifndef NATIVE_CORE_OBJECT_NUMBER_H_
#define NATIVE_CORE_OBJECT_NUMBER_H_

#include <cstddef>
#include <string_view>

namespace shardwatch {

enum class NumberVerdict { kGood, kNotANumber, kOutOfRange };

struct NumberScan {
  NumberVerdict verdict;
  // Behind the number; of what is none, the byte that should not be there.
  size_t end;
};

// The number that begins at `start`, which may be the end of the bytes.
NumberScan ScanNumber(std::string_view bytes, size_t start);

// Whether a double can hold it: it rounds to something below infinity.
// REQUIRES: a number by the grammar.
bool IsFiniteNumber(std::string_view lexeme);

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_NUMBER_H_
