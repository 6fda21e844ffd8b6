// One version of one object, in one slot of the arena: what was read out of it when it came in,
// and its canonical bytes with its own resourceVersion in them.
//
//   [ Version | labels | fields | {"apiVersion":"g/v1",...,"resourceVersion":"42",...} | name ]
//                *  *     *  0    |<---- bytes(); the name is mostly a part of them --->|
//
//  1. Everything is made before any lock is taken, and never changes afterwards (the header of
//     what is retired belongs to the lists that it waits in).
//  2. A version holds a count on every interned string that it names, and gives them back when
//     it is freed.
//  3. The name is part of the bytes; a copy of it follows them only where it has escapes there.
//  4. A version that can't be made, because memory is out, leaves nothing behind.
//  5. No version has more than kDeclaredFieldsMax declared fields.
// Thread rule: immutable; any thread that keeps its root (an epoch's pin, or a hold).

#ifndef NATIVE_CORE_OBJECT_VERSION_H_
#define NATIVE_CORE_OBJECT_VERSION_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "native/core/bytes/arena.h"
#include "native/core/bytes/fetch.h"
#include "native/core/epoch/retired.h"
#include "native/core/object/intern_table.h"
#include "native/core/object/key.h"
#include "native/core/object/label_selector.h"
#include "native/core/object/scan.h"
#include "native/core/object/signature.h"
#include "native/core/object/stamp.h"

namespace shardwatch {

// As many fields as a cache may declare.
inline constexpr size_t kDeclaredFieldsMax = UINT16_MAX;

class Version : public Retired {
 public:
  // Lays the scanned object into the arena, stamped with the revision; null when memory is out.
  static Version* Make(const ScannedObject& object, uint64_t revision, Arena& arena,
                       InternTable& strings);

  // Changes the revision; false where its digits are more or fewer than those in the bytes, and
  // then nothing has changed. REQUIRES: nobody else has seen the version yet.
  bool Restamp(uint64_t revision);

  // Gives memory and strings back. REQUIRES: made with these two, and nobody can see it any more.
  static void Free(Version* version, Arena& arena, InternTable& strings);

  Version(const Version&) = delete;
  Version& operator=(const Version&) = delete;

  uint64_t revision() const { return revision_; }
  std::string_view bytes() const { return {begin() + bytes_offset(), bytes_length_}; }
  std::string_view name() const { return {begin() + bytes_offset() + name_offset_, name_length_}; }
  const InternedString* namespace_name() const { return namespace_name_; }
  const InternedString* api_version() const { return api_version_; }

  // Has memory bring the bytes, as much of them as it brings at once.
  void Fetch() const {
    constexpr size_t kFetchedMax = 4096;
    const std::string_view text = bytes();
    FetchManyLines(text.data(), std::min(text.size(), kFetchedMax));
  }

  KeyView key() const { return {namespace_name_->text(), name()}; }

  // In the order of the keys.
  LabelSpan labels() const { return {strings(), label_count_}; }

  // Values of the declared fields, in the order of their declaration; null where there is none.
  std::span<const InternedString* const> fields() const {
    return {strings() + label_count_, field_count_};
  }

  // Of all labels and fields. Made anew each time: trees keep it beside the version, where it is
  // looked at.
  Signature signature() const;

  // Where the value of apiVersion stands in the bytes, quotes included; length 0: where the key
  // would stand.
  uint32_t api_version_offset() const { return api_version_offset_; }
  uint32_t api_version_length() const { return api_version_length_; }

  // Where the digits of the resourceVersion stand in the bytes.
  uint32_t digits_offset() const { return digits_offset_; }
  uint32_t digits_length() const { return digits_length_; }

  // Of the slot, the arena's rounding left out.
  size_t size() const { return bytes_offset() + bytes_length_ + copied_name_length(); }

 private:
  Version(const ScannedObject& object, const RevisionStamp& stamp, uint64_t revision);
  ~Version() = default;

  bool AcquireStrings(const ScannedObject& object, InternTable& table);
  void ReleaseStrings(InternTable& table);

  const char* begin() const { return reinterpret_cast<const char*>(this); }
  const InternedString* const* strings() const {
    return reinterpret_cast<const InternedString* const*>(this + 1);
  }
  size_t bytes_offset() const {
    return sizeof(Version) + (size_t{label_count_} + field_count_) * sizeof(InternedString*);
  }

  // What follows the bytes where the name is not one of their parts.
  size_t copied_name_length() const { return name_offset_ == bytes_length_ ? name_length_ : 0; }

  // The first three fill the gap that Retired leaves at its end: there are as many of these headers
  // as there are versions.
  const uint8_t digits_length_;
  const uint16_t field_count_;
  const uint32_t label_count_;
  uint64_t revision_;
  const InternedString* namespace_name_ = nullptr;
  const InternedString* api_version_ = nullptr;
  const uint32_t bytes_length_;
  const uint32_t digits_offset_;
  const uint32_t api_version_offset_;
  const uint32_t api_version_length_;
  // From the beginning of the bytes.
  const uint32_t name_offset_;
  const uint32_t name_length_;
};

#if !defined(_MSC_VER)
static_assert(sizeof(void*) != 8 || sizeof(Version) == 88);
#endif

// What is written instead of a part of a version's bytes while they are copied out.
struct Rendering {
  // The apiVersion to serve instead of the stored one; null leaves it.
  const ApiVersionText* api_version = nullptr;
  // Digits for the place of the version's own resourceVersion: an object that leaves a selector
  // is told at the revision of its leaving. Null leaves them.
  const RevisionDigits* digits = nullptr;
};

// How many bytes CopyVersion writes.
size_t RenderedLength(const Version& version, const Rendering& rendering);

// Writes the version's bytes with the rendering's replacements; tells where they end.
char* CopyVersion(const Version& version, const Rendering& rendering, char* target);

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_VERSION_H_
