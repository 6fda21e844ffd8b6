// Has memory bring a version before it is known how long it is.
//
// Who reads a version waits for its header, which tells where the name and the bytes lie, and then
// waits for these. Versions of one type are mostly of about one size: so as many bytes as the last
// one had are asked for all at once. A wrong guess costs time and changes nothing.
// Thread rule: belongs to one thread.

#ifndef NATIVE_CORE_OBJECT_FETCH_GUESS_H_
#define NATIVE_CORE_OBJECT_FETCH_GUESS_H_

#include <algorithm>
#include <cstddef>

#include "native/core/bytes/fetch.h"
#include "native/core/object/version.h"

namespace shardwatch {

class FetchGuess {
 public:
  // Of what lies further on the processor has seen by itself that it is read in order.
  static constexpr size_t kBytesMax = 4096;

  size_t bytes() const { return bytes_; }

  void Fetch(const Version* version) const { FetchManyLines(version, bytes_); }

  // The version that was read last.
  void Learn(const Version& version) { bytes_ = std::min(version.size(), kBytesMax); }

 private:
  size_t bytes_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_FETCH_GUESS_H_
