// What libFuzzer calls: the one target that this program is built for (SHARDWATCH_FUZZ_TARGET).

#include <cstddef>
#include <cstdint>

#include "test/native/fuzz/targets.h"

extern "C" [[gnu::visibility("default")]] int LLVMFuzzerTestOneInput(const uint8_t* data,
                                                                     size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  shardwatch::fuzz::SHARDWATCH_FUZZ_TARGET({data, size});
  return 0;
}
