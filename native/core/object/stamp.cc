// Splicing the resourceVersion and the apiVersion in; see stamp.h. Thread rule: any thread.

#include "native/core/object/stamp.h"

#include <cstring>

#include "native/core/object/escape.h"

namespace shardwatch {

namespace {

// What stands before and behind the digits, by where the place is: with a comma before them, with a
// comma behind them, neither; and whether there is a metadata to put them into.
struct Surroundings {
  std::string_view before;
  std::string_view after;
};

constexpr Surroundings kInMetadata[] = {
    {"\"resourceVersion\":\"", "\""},
    {",\"resourceVersion\":\"", "\""},
    {"\"resourceVersion\":\"", "\","},
};

constexpr Surroundings kWithMetadata[] = {
    {"\"metadata\":{\"resourceVersion\":\"", "\"}"},
    {",\"metadata\":{\"resourceVersion\":\"", "\"}"},
    {"\"metadata\":{\"resourceVersion\":\"", "\"},"},
};

const Surroundings& SurroundingsOf(const ScannedObject& object) {
  const bool is_last = object.tail.front() == '}';
  const bool is_first = object.head.back() == '{';
  const size_t commas = !is_last ? 2 : is_first ? 0 : 1;
  return object.has_metadata ? kInMetadata[commas] : kWithMetadata[commas];
}

constexpr std::string_view kApiVersionKey = "\"apiVersion\":";

char* Append(char* target, std::string_view text) {
  std::memcpy(target, text.data(), text.size());
  return target + text.size();
}

}  // namespace

RevisionDigits::RevisionDigits(uint64_t revision) {
  do {
    ++size_;
    digits_[kDigitsMax - size_] = static_cast<char>('0' + revision % 10);
    revision /= 10;
  } while (revision != 0);
}

RevisionStamp::RevisionStamp(const ScannedObject& object, uint64_t revision)
    : object_(object), digits_(revision) {
  const Surroundings& surroundings = SurroundingsOf(object);
  before_ = surroundings.before;
  after_ = surroundings.after;
  digits_offset_ = object.head.size() + before_.size();
  size_ = object.size() + before_.size() + digits_length() + after_.size();
}

char* RevisionStamp::Write(char* target) const {
  target = Append(target, object_.head);
  target = Append(target, before_);
  target = Append(target, digits_.text());
  target = Append(target, after_);
  return Append(target, object_.tail);
}

ApiVersionText::ApiVersionText(std::string_view api_version) : api_version_(api_version) {
  member_ = ',';
  member_ += kApiVersionKey;
  member_ += QuoteCanonical(api_version);
  member_ += ',';
}

std::string_view ApiVersionText::value() const {
  const size_t start = 1 + kApiVersionKey.size();
  return std::string_view(member_).substr(start, member_.size() - start - 1);
}

std::string_view ApiVersionText::MemberAt(std::string_view bytes, size_t offset) const {
  const std::string_view member = member_;
  const std::string_view bare = member.substr(1, member.size() - 2);
  if (bytes[offset] == '"') return member.substr(1);
  return bytes[offset - 1] == '{' ? bare : member.substr(0, member.size() - 1);
}

}  // namespace shardwatch
