// Numbers, text and bytes between JavaScript and C++.
//
// Every call here may fail without having written its result, because a worker that is being
// terminated can run no JavaScript any more: so every function answers whether it succeeded, and a
// napi_value is null until a call has made it. TypeScript has checked the arguments' meaning
// before; a wrong type is answered with a status, never with an exception. Thread rule: the
// environment's own thread only.

#ifndef NATIVE_BINDING_VALUES_H_
#define NATIVE_BINDING_VALUES_H_

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "native/wire/wire.h"

namespace shardwatch::binding {

// False where there are fewer; what is passed beyond `arguments` is ignored.
bool ReadArguments(napi_env env, napi_callback_info info, std::span<napi_value> arguments);

bool ReadHandle(napi_env env, napi_value value, int64_t* handle);

// The view is JavaScript's memory: valid until the native call returns.
bool ReadBytes(napi_env env, napi_value value, std::span<const std::byte>* bytes);

bool ReadLanes(napi_env env, napi_value value, std::span<double>* lanes);

// A string argument as UTF-8. Short ones, such as names, need no allocation.
class Text {
 public:
  bool Read(napi_env env, napi_value value);
  std::string_view view() const { return {data_, length_}; }

 private:
  // Names in Kubernetes are at most 253 bytes long; a namespace 63.
  std::array<char, 512> near_;
  std::unique_ptr<char[]> far_;
  const char* data_ = nullptr;
  size_t length_ = 0;
};

// Null where the environment refuses.
napi_value MakeNumber(napi_env env, int64_t number);
napi_value MakeStatus(napi_env env, wire::Status status);
// A copy that belongs to JavaScript.
napi_value MakeBytes(napi_env env, std::span<const std::byte> bytes);

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_VALUES_H_
