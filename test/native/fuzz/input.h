// Bytes read as decisions, and what a target does where one turned out wrong.
//
// Every byte sequence is a valid input: beyond its end all decisions are 0, so that a shorter input
// is a simpler one. Thread rule: an input belongs to one thread.

#ifndef TEST_NATIVE_FUZZ_INPUT_H_
#define TEST_NATIVE_FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

#include "test/native/fuzz/targets.h"

namespace shardwatch::fuzz {

// Ends the process with the sentence where `holds` is false: what must hold in every build.
inline void Require(bool holds, const char* sentence) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", sentence);
  std::abort();
}

class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}

  bool is_at_end() const { return rest_.empty(); }

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = rest_.front();
    rest_ = rest_.subspan(1);
    return byte;
  }

  // 0 to limit - 1. REQUIRES: limit from 1 to 256.
  size_t Below(size_t limit) { return Byte() % limit; }

  bool Flag() { return (Byte() & 1) != 0; }

  // Little-endian.
  uint16_t Short() {
    const uint8_t low = Byte();
    return static_cast<uint16_t>(low | Byte() << 8);
  }

  // That many bytes, or what is left.
  std::string Text(size_t size) {
    size = std::min(size, rest_.size());
    const std::string text(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return text;
  }

  // One of the choices.
  template <typename Choices>
  const auto& Pick(const Choices& choices) {
    return choices[Below(std::size(choices))];
  }

 private:
  Bytes rest_;
};

}  // namespace shardwatch::fuzz

#endif  // TEST_NATIVE_FUZZ_INPUT_H_
