// Conversions at the border; see values.h. Thread rule: the environment's own thread only.

#include "native/binding/values.h"

#include <algorithm>
#include <cmath>

#include "native/binding/texts.h"

namespace shardwatch::binding {

namespace {

constexpr double kSafeIntegerMax = 9007199254740991.0;

// 2^64, the least double that no uint64_t reaches.
constexpr double kCountEnd = 18446744073709551616.0;

// What views of nothing point at.
alignas(8) char nothing[8];

bool ReadTypedArray(napi_env env, napi_value value, napi_typedarray_type wanted, void** data,
                    size_t* length) {
  napi_typedarray_type type = napi_int8_array;
  const napi_status status =
      napi_get_typedarray_info(env, value, &type, length, data, nullptr, nullptr);
  if (status != napi_ok || type != wanted) return false;
  if (*data == nullptr) {
    *data = nothing;
    *length = 0;
  }
  return true;
}

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
  if (!(number >= 0 && number <= kSafeIntegerMax)) return false;
  *handle = static_cast<int64_t>(number);
  // Whether it is whole; std::floor is a call where the processor is not known to have it.
  return static_cast<double>(*handle) == number;
}

bool ReadFlag(napi_env env, napi_value value, bool* flag) {
  return napi_get_value_bool(env, value, flag) == napi_ok;
}

bool ReadNumber(napi_env env, napi_value value, double* number) {
  return napi_get_value_double(env, value, number) == napi_ok && !std::isnan(*number);
}

bool ReadCount(napi_env env, napi_value value, uint64_t* count) {
  double number = 0;
  return ReadNumber(env, value, &number) && CountOf(number, count);
}

bool ReadLooks(napi_env env, napi_value value, uint64_t* looks) {
  uint64_t count = 0;
  if (!ReadCount(env, value, &count)) return false;
  if (count > 0) *looks = count;
  return true;
}

bool CountOf(double number, uint64_t* count) {
  // Written so that NaN fails it.
  if (!(number >= 0)) return false;
  *count = number < kCountEnd ? static_cast<uint64_t>(number) : UINT64_MAX;
  return true;
}

bool IsUndefined(napi_env env, napi_value value) {
  napi_valuetype type = napi_null;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_undefined;
}

bool ReadBytes(napi_env env, napi_value value, std::span<char>* bytes) {
  void* data = nullptr;
  size_t length = 0;
  if (!ReadTypedArray(env, value, napi_uint8_array, &data, &length)) return false;
  *bytes = {static_cast<char*>(data), length};
  return true;
}

bool ReadLanes(napi_env env, napi_value value, std::span<double>* lanes) {
  void* data = nullptr;
  size_t length = 0;
  if (!ReadTypedArray(env, value, napi_float64_array, &data, &length)) return false;
  *lanes = {static_cast<double*>(data), length};
  return true;
}

bool ReadRevisions(napi_env env, napi_value value, std::span<const uint64_t>* revisions) {
  void* data = nullptr;
  size_t length = 0;
  if (!ReadTypedArray(env, value, napi_biguint64_array, &data, &length)) return false;
  *revisions = {static_cast<const uint64_t*>(data), length};
  return true;
}

bool ReadSlots(napi_env env, napi_value value, std::span<uint32_t>* slots) {
  void* data = nullptr;
  size_t length = 0;
  if (!ReadTypedArray(env, value, napi_uint32_array, &data, &length)) return false;
  *slots = {static_cast<uint32_t*>(data), length};
  return true;
}

bool ReadPage(napi_env env, napi_value page, napi_value offset, std::span<char>* rest,
              size_t* begin) {
  std::span<char> bytes;
  int64_t at = 0;
  if (!ReadBytes(env, page, &bytes) || !ReadHandle(env, offset, &at)) return false;
  *begin = static_cast<size_t>(at);
  if (*begin > bytes.size()) return false;
  *rest = bytes.subspan(*begin, std::min<size_t>(bytes.size() - *begin, UINT32_MAX));
  return true;
}

bool ReadKey(napi_env env, napi_value namespace_name, napi_value name, Texts& texts, KeyView* key) {
  return texts.Read(env, namespace_name, &key->namespace_name) && texts.Read(env, name, &key->name);
}

bool ReadOptionalText(napi_env env, napi_value value, Texts& texts,
                      std::optional<std::string_view>* text) {
  if (IsUndefined(env, value)) {
    text->reset();
    return true;
  }
  std::string_view view;
  if (!texts.Read(env, value, &view)) return false;
  *text = view;
  return true;
}

bool ReadLength(napi_env env, napi_value array, uint32_t* length) {
  return napi_get_array_length(env, array, length) == napi_ok;
}

bool ReadElement(napi_env env, napi_value array, uint32_t index, napi_value* element) {
  return napi_get_element(env, array, index, element) == napi_ok;
}

napi_value MakeNumber(napi_env env, int64_t number) {
  napi_value value = nullptr;
  return napi_create_int64(env, number, &value) == napi_ok ? value : nullptr;
}

napi_value MakeStatus(napi_env env, wire::Status status) {
  return MakeNumber(env, static_cast<int32_t>(status));
}

napi_value MakeText(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  const napi_status status = napi_create_string_utf8(env, text.data(), text.size(), &value);
  return status == napi_ok ? value : nullptr;
}

}  // namespace shardwatch::binding
