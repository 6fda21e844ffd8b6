// Puts what is not part of an object's content into its canonical bytes: the resourceVersion, and
// the `apiVersion` in which it is served. Both are spliced in, never encoded anew, and at their
// sorted place, so that the result is canonical too.
// Values without a life of their own. Thread rule: any thread.

#ifndef NATIVE_CORE_OBJECT_STAMP_H_
#define NATIVE_CORE_OBJECT_STAMP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "native/core/object/scan.h"

namespace shardwatch {

// A revision as it stands in JSON, without the quotes.
class RevisionDigits {
 public:
  static constexpr size_t kDigitsMax = 20;

  explicit RevisionDigits(uint64_t revision);

  std::string_view text() const { return {digits_ + kDigitsMax - size_, size_}; }

 private:
  char digits_[kDigitsMax];
  size_t size_ = 0;
};

// How a resourceVersion is put between an object's head and tail.
class RevisionStamp {
 public:
  RevisionStamp(const ScannedObject& object, uint64_t revision);

  // Bytes of the object with its resourceVersion.
  size_t size() const { return size_; }

  // Where the digits stand in these bytes, and how many there are.
  size_t digits_offset() const { return digits_offset_; }
  size_t digits_length() const { return digits_.text().size(); }

  // Writes size() bytes; tells where they end.
  char* Write(char* target) const;

 private:
  const ScannedObject& object_;
  RevisionDigits digits_;
  std::string_view before_;
  std::string_view after_;
  size_t size_;
  size_t digits_offset_;
};

// The apiVersion in which objects are served, quoted once for many of them.
class ApiVersionText {
 public:
  // REQUIRES: UTF-8.
  explicit ApiVersionText(std::string_view api_version);

  const std::string& api_version() const { return api_version_; }

  // `"example.com/v1"`
  std::string_view value() const;

  // What to insert into an object without apiVersion, at `offset` of its bytes:
  // `"apiVersion":"example.com/v1",` with its comma where one is due.
  std::string_view MemberAt(std::string_view bytes, size_t offset) const;

 private:
  std::string api_version_;
  // `,"apiVersion":"example.com/v1",`
  std::string member_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_STAMP_H_
