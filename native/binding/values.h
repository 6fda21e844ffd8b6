// Numbers, text and bytes between JavaScript and C++.
//
//  1. Every call here may fail without having written its result, because a worker that is being
//     terminated can run no JavaScript any more: so every function answers whether it succeeded,
//     and a napi_value is null until a call has made it.
//  2. TypeScript has checked the arguments' meaning before; a wrong type is answered with a status,
//     never with an exception.
//  3. Elements of arrays are got first: only that can run JavaScript (an accessor), which might
//     detach bytes that were looked up before.
// Thread rule: the environment's own thread only.

#ifndef NATIVE_BINDING_VALUES_H_
#define NATIVE_BINDING_VALUES_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "native/core/object/key.h"
#include "native/wire/wire.h"

namespace shardwatch::binding {

class Texts;

// False where there are fewer; what is passed beyond `arguments` is ignored.
bool ReadArguments(napi_env env, napi_callback_info info, std::span<napi_value> arguments);

bool ReadHandle(napi_env env, napi_value value, int64_t* handle);

bool ReadFlag(napi_env env, napi_value value, bool* flag);

// Any number but NaN.
bool ReadNumber(napi_env env, napi_value value, double* number);

// A number that is not below 0; fractions are cut off, infinity is the greatest.
bool ReadCount(napi_env env, napi_value value, uint64_t* count);

// How many objects a call may look at, of which 0 says nothing: the count stays as it is.
bool ReadLooks(napi_env env, napi_value value, uint64_t* looks);

// The same of a number that was read before.
bool CountOf(double number, uint64_t* count);

bool IsUndefined(napi_env env, napi_value value);

// The views are JavaScript's memory: valid until the native call returns. They are never null, even
// where the array is empty or detached.
bool ReadBytes(napi_env env, napi_value value, std::span<char>* bytes);
bool ReadLanes(napi_env env, napi_value value, std::span<double>* lanes);
bool ReadRevisions(napi_env env, napi_value value, std::span<const uint64_t>* revisions);
bool ReadSlots(napi_env env, napi_value value, std::span<uint32_t>* slots);

// What is left of a Uint8Array from an offset within it on, as much as offsets of 32 bits reach.
bool ReadPage(napi_env env, napi_value page, napi_value offset, std::span<char>* rest,
              size_t* begin);

// Two strings.
bool ReadKey(napi_env env, napi_value namespace_name, napi_value name, Texts& texts, KeyView* key);

// Undefined is nothing.
bool ReadOptionalText(napi_env env, napi_value value, Texts& texts,
                      std::optional<std::string_view>* text);

// An array, of `length` elements.
bool ReadLength(napi_env env, napi_value array, uint32_t* length);
bool ReadElement(napi_env env, napi_value array, uint32_t index, napi_value* element);

// Null where the environment refuses.
napi_value MakeNumber(napi_env env, int64_t number);
napi_value MakeStatus(napi_env env, wire::Status status);
napi_value MakeText(napi_env env, std::string_view text);

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_VALUES_H_
