// Conversions at the border; see values.h. Thread rule: the environment's own thread only.

#include "native/binding/values.h"

#include <cmath>
#include <new>

namespace shardwatch::binding {

namespace {

constexpr double kSafeIntegerMax = 9007199254740991.0;

}  // namespace

bool ReadArguments(napi_env env, napi_callback_info info, std::span<napi_value> arguments) {
  size_t count = arguments.size();
  const napi_status status =
      napi_get_cb_info(env, info, &count, arguments.data(), nullptr, nullptr);
  return status == napi_ok && count >= arguments.size();
}

bool ReadHandle(napi_env env, napi_value value, int64_t* handle) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) return false;
  // Written so that NaN fails it.
  if (!(number >= 0 && number <= kSafeIntegerMax) || number != std::floor(number)) return false;
  *handle = static_cast<int64_t>(number);
  return true;
}

bool ReadBytes(napi_env env, napi_value value, std::span<const std::byte>* bytes) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) return false;
  *bytes = {static_cast<const std::byte*>(data), length};
  return true;
}

bool ReadLanes(napi_env env, napi_value value, std::span<double>* lanes) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_float64_array) return false;
  *lanes = {static_cast<double*>(data), length};
  return true;
}

bool Text::Read(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, near_.data(), near_.size(), &length) != napi_ok) {
    return false;
  }
  data_ = near_.data();
  length_ = length;
  // What fits leaves room for the longest character and the terminator; a full buffer may be a
  // string cut short.
  constexpr size_t kCharacterBytesMax = 4;
  if (length + kCharacterBytesMax < near_.size()) return true;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  far_.reset(new (std::nothrow) char[length + 1]);
  if (far_ == nullptr) return false;
  if (napi_get_value_string_utf8(env, value, far_.get(), length + 1, &length) != napi_ok) {
    return false;
  }
  data_ = far_.get();
  length_ = length;
  return true;
}

napi_value MakeNumber(napi_env env, int64_t number) {
  napi_value value = nullptr;
  return napi_create_int64(env, number, &value) == napi_ok ? value : nullptr;
}

napi_value MakeStatus(napi_env env, wire::Status status) {
  return MakeNumber(env, static_cast<int32_t>(status));
}

napi_value MakeBytes(napi_env env, std::span<const std::byte> bytes) {
  napi_value value = nullptr;
  const napi_status status =
      napi_create_buffer_copy(env, bytes.size(), bytes.data(), nullptr, &value);
  return status == napi_ok ? value : nullptr;
}

}  // namespace shardwatch::binding
