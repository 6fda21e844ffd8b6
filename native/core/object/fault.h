// What can be wrong with bytes that should be a Kubernetes object: a code, a place, a sentence.
//
//  1. Codes, offsets, paths and messages are those of lib/object/error.ts; a table that both
//     engines run holds them together. (Out of memory is known only here.)
//  2. Where bytes have several faults, UTF-8 is judged first, then the first fault in reading order
//     (a duplicate key is met at the closing brace of its object), then what an object demands.
//  3. Messages show one byte of the document and the names of its keys, nothing else of it.
// Thread rule: values; a Fault belongs to whoever holds it.

#ifndef NATIVE_CORE_OBJECT_FAULT_H_
#define NATIVE_CORE_OBJECT_FAULT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shardwatch {

enum class FaultCode : uint8_t {
  kInvalidUtf8,
  kInvalidJson,
  kLoneSurrogate,
  kNumberOutOfRange,
  kTooDeep,
  kTooLarge,
  kDuplicateKey,
  kNotAnObject,
  kInvalidField,
  kOutOfMemory,
};

struct Fault {
  FaultCode code = FaultCode::kInvalidJson;
  // In the caller's bytes.
  size_t offset = 0;
  std::string message;
  // The field it is about, such as `spec.containers[0].name`, where one can be named.
  std::optional<std::string> path;
};

// The code as TypeScript knows it: `invalid-utf8`.
std::string_view FaultName(FaultCode code);

// The byte at an offset as a message names it: `'x'`, `byte 0x0a`, `end`.
std::string DescribeByte(std::string_view bytes, size_t at);

Fault UnexpectedByte(std::string_view bytes, size_t at, std::string_view where);

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_FAULT_H_
