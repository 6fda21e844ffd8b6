// The strings of one call as UTF-8, one behind the other: on the stack, and beyond that in blocks
// that never move.
// Thread rule: belongs to one call.

#ifndef NATIVE_BINDING_TEXTS_H_
#define NATIVE_BINDING_TEXTS_H_

#include <node_api.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace shardwatch::binding {

class Texts {
 public:
  Texts() = default;
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;

  // The string's bytes, kept as long as this is; false for what is no string, and where memory is
  // out. A lone surrogate becomes U+FFFD.
  bool Read(napi_env env, napi_value value, std::string_view* text);

 private:
  // Room for the longest key (a namespace has at most 63 bytes, a name 253) and an apiVersion.
  static constexpr size_t kNearBytes = 1024;
  static constexpr size_t kBlockBytesMin = 4096;
  static constexpr size_t kBlockBytesMax = size_t{256} * 1024;

  bool Open(size_t bytes);

  std::array<char, kNearBytes> near_;
  char* at_ = near_.data();
  size_t left_ = kNearBytes;
  size_t next_block_bytes_ = kBlockBytesMin;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_TEXTS_H_
