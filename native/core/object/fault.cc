// Names of faults and what messages say about bytes; see fault.h. Only refused documents come here,
// so that nothing of it need be fast. Thread rule: any thread.

#include "native/core/object/fault.h"

namespace shardwatch {

std::string_view FaultName(FaultCode code) {
  switch (code) {
    case FaultCode::kInvalidUtf8:
      return "invalid-utf8";
    case FaultCode::kInvalidJson:
      return "invalid-json";
    case FaultCode::kLoneSurrogate:
      return "lone-surrogate";
    case FaultCode::kNumberOutOfRange:
      return "number-out-of-range";
    case FaultCode::kTooDeep:
      return "too-deep";
    case FaultCode::kTooLarge:
      return "too-large";
    case FaultCode::kDuplicateKey:
      return "duplicate-key";
    case FaultCode::kNotAnObject:
      return "not-an-object";
    case FaultCode::kInvalidField:
      return "invalid-field";
    case FaultCode::kOutOfMemory:
      return "out-of-memory";
  }
  return "";
}

std::string DescribeByte(std::string_view bytes, size_t at) {
  if (at >= bytes.size()) return "end";
  const auto byte = static_cast<unsigned char>(bytes[at]);
  if (byte > 0x20 && byte < 0x7f) return {'\'', static_cast<char>(byte), '\''};
  constexpr std::string_view kDigits = "0123456789abcdef";
  return std::string("byte 0x") + kDigits[byte >> 4] + kDigits[byte & 0xf];
}

Fault UnexpectedByte(std::string_view bytes, size_t at, std::string_view where) {
  std::string message = "unexpected " + DescribeByte(bytes, at) + " ";
  message += where;
  return {FaultCode::kInvalidJson, at, std::move(message), std::nullopt};
}

}  // namespace shardwatch
