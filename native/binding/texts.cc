// Reading strings; see texts.h. Thread rule: belongs to one call.

#include "native/binding/texts.h"

#include <algorithm>
#include <new>
#include <utility>

namespace shardwatch::binding {

bool Texts::Read(napi_env env, napi_value value, std::string_view* text) {
  // What fits leaves room for the longest character and the terminator; a full buffer may hold a
  // string cut short.
  constexpr size_t kCharacterBytesMax = 4;
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, at_, left_, &length) != napi_ok) return false;
  if (length + kCharacterBytesMax >= left_) {
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
    if (!Open(length + kCharacterBytesMax + 1)) return false;
    if (napi_get_value_string_utf8(env, value, at_, left_, &length) != napi_ok) return false;
  }
  *text = {at_, length};
  at_ += length;
  left_ -= length;
  return true;
}

// The rest of the block before is left empty.
bool Texts::Open(size_t bytes) {
  const size_t size = std::max(bytes, next_block_bytes_);
  std::unique_ptr<char[]> block(new (std::nothrow) char[size]);
  if (block == nullptr) return false;
  next_block_bytes_ = std::min(2 * next_block_bytes_, kBlockBytesMax);
  at_ = block.get();
  left_ = size;
  blocks_.push_back(std::move(block));
  return true;
}

}  // namespace shardwatch::binding
