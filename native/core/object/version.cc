// Laying out, copying out and freeing object versions; see version.h. Thread rule: any thread.

#include "native/core/object/version.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>
#include <new>

namespace shardwatch {

namespace {

// Whether `part` is a view of bytes of `whole`.
bool IsPartOf(std::string_view part, std::string_view whole) {
  // A total order of pointers, whatever they point into.
  const std::less_equal<> is_before;
  return is_before(whole.data(), part.data()) &&
         is_before(part.data() + part.size(), whole.data() + whole.size());
}

// The name comes before the resourceVersion, hence in the head; where it does not stand there as
// it is (it has escapes, or there is none) it has to be copied.
bool IsNameInBytes(const ScannedObject& object) { return IsPartOf(object.name, object.head); }

char* Append(char* target, std::string_view text) {
  if (!text.empty()) std::memcpy(target, text.data(), text.size());
  return target + text.size();
}

// What is written in the place of the apiVersion; no data where it stays as it is.
std::string_view ReplacementFor(const Version& version, const Rendering& rendering) {
  const ApiVersionText* const wanted = rendering.api_version;
  if (wanted == nullptr || wanted->api_version() == version.api_version()->text()) return {};
  if (version.api_version_length() > 0) return wanted->value();
  return wanted->MemberAt(version.bytes(), version.api_version_offset());
}

}  // namespace

Version* Version::Make(const ScannedObject& object, uint64_t revision, Arena& arena,
                       InternTable& strings) {
  const RevisionStamp stamp(object, revision);
  const size_t copied_name_length = IsNameInBytes(object) ? 0 : object.name.size();
  const size_t string_count = object.labels.size() + object.fields.size();
  const size_t size =
      sizeof(Version) + string_count * sizeof(InternedString*) + stamp.size() + copied_name_length;
  void* const memory = arena.Allocate(size);
  if (memory == nullptr) return nullptr;
  auto* const version = new (memory) Version(object, stamp, revision);
  if (version->AcquireStrings(object, strings)) {
    char* const bytes = static_cast<char*>(memory) + version->bytes_offset();
    char* const end = stamp.Write(bytes);
    if (copied_name_length > 0) Append(end, object.name);
    return version;
  }
  Free(version, arena, strings);
  return nullptr;
}

bool Version::Restamp(uint64_t revision) {
  const RevisionDigits digits(revision);
  if (digits.text().size() != digits_length_) return false;
  char* const bytes = reinterpret_cast<char*>(this) + bytes_offset();
  Append(bytes + digits_offset_, digits.text());
  revision_ = revision;
  return true;
}

void Version::Free(Version* version, Arena& arena, InternTable& strings) {
  version->ReleaseStrings(strings);
  const size_t size = version->size();
  version->~Version();
  arena.Free(version, size);
}

Version::Version(const ScannedObject& object, const RevisionStamp& stamp, uint64_t revision)
    : digits_length_(static_cast<uint8_t>(stamp.digits_length())),
      field_count_(static_cast<uint16_t>(object.fields.size())),
      label_count_(static_cast<uint32_t>(object.labels.size())),
      revision_(revision),
      bytes_length_(static_cast<uint32_t>(stamp.size())),
      digits_offset_(static_cast<uint32_t>(stamp.digits_offset())),
      api_version_offset_(object.api_version_offset),
      api_version_length_(object.api_version_length),
      name_offset_(IsNameInBytes(object)
                       ? static_cast<uint32_t>(object.name.data() - object.head.data())
                       : bytes_length_),
      name_length_(static_cast<uint32_t>(object.name.size())) {
  assert(object.fields.size() <= kDeclaredFieldsMax);
}

// False when memory is out; what is not acquired by then is null.
bool Version::AcquireStrings(const ScannedObject& object, InternTable& table) {
  auto** const slots = reinterpret_cast<const InternedString**>(this + 1);
  const InternedString** end = slots;
  for (const LabelView& label : object.labels) *end++ = table.AcquireLabel(label.key, label.value);
  bool is_complete = std::find(slots, end, nullptr) == end;
  for (const std::optional<std::string_view>& field : object.fields) {
    *end = field ? table.Acquire(*field) : nullptr;
    is_complete = is_complete && (!field || *end != nullptr);
    ++end;
  }
  namespace_name_ = table.Acquire(object.namespace_name);
  api_version_ = table.Acquire(object.api_version);
  return is_complete && namespace_name_ != nullptr && api_version_ != nullptr;
}

Signature Version::signature() const {
  Signature signature = 0;
  for (const InternedString* const label : labels()) signature |= LabelSignature(*label);
  const std::span<const InternedString* const> values = fields();
  for (size_t index = 0; index < values.size(); ++index) {
    if (values[index] != nullptr) signature |= FieldSignature(index, *values[index]);
  }
  return signature;
}

void Version::ReleaseStrings(InternTable& table) {
  for (const InternedString* const label : labels()) table.Release(label);
  for (const InternedString* const field : fields()) table.Release(field);
  table.Release(namespace_name_);
  table.Release(api_version_);
}

size_t RenderedLength(const Version& version, const Rendering& rendering) {
  size_t length = version.bytes().size();
  const std::string_view text = ReplacementFor(version, rendering);
  if (text.data() != nullptr) length += text.size() - version.api_version_length();
  if (rendering.digits != nullptr) {
    length += rendering.digits->text().size() - version.digits_length();
  }
  return length;
}

char* CopyVersion(const Version& version, const Rendering& rendering, char* target) {
  const std::string_view bytes = version.bytes();
  size_t from = 0;
  const std::string_view text = ReplacementFor(version, rendering);
  if (text.data() != nullptr) {
    const size_t cut = version.api_version_offset();
    target = Append(target, bytes.substr(0, cut));
    target = Append(target, text);
    from = cut + version.api_version_length();
  }
  if (rendering.digits != nullptr) {
    const size_t cut = version.digits_offset();
    target = Append(target, bytes.substr(from, cut - from));
    target = Append(target, rendering.digits->text());
    from = cut + version.digits_length();
  }
  return Append(target, bytes.substr(from));
}

}  // namespace shardwatch
