// Describing a scanned object; see scan.h. Thread rule: one thread at a time.

#include "native/core/object/scan.h"

#include <algorithm>

#include "native/core/object/escape.h"
#include "native/core/object/lookup.h"

namespace shardwatch {

namespace {

constexpr EntryIndex kRoot = JsonScanner::kRoot;
constexpr std::string_view kApiVersion = "apiVersion";
constexpr std::string_view kMetadata = "metadata";
constexpr std::string_view kResourceVersion = "resourceVersion";

}  // namespace

bool ObjectScanner::Scan(std::string_view bytes, const FieldPaths& fields, ScannedObject& object) {
  labels_.clear();
  fields_.clear();
  unescaped_.clear();
  if (!scanner_.Scan(bytes)) {
    fault_ = scanner_.fault();
    return false;
  }
  return Describe(fields, object);
}

void ObjectScanner::Release() {
  scanner_.Release();
  writer_.Release();
  ClearAndShrink(labels_);
  unescaped_.clear();
}

// Reads before it makes canonical, so that faults name offsets of the caller's bytes.
bool ObjectScanner::Describe(const FieldPaths& fields, ScannedObject& object) {
  if (scanner_.tape()[kRoot].kind != TapeKind::kObject) {
    fault_ = {FaultCode::kNotAnObject, ValueStart(scanner_, kRoot), "JSON, but not an object",
              std::nullopt};
    return false;
  }
  if (!ReadMetadata(object)) return false;
  for (const FieldPath& path : fields) ReadField(path);
  if (!writer_.Write(scanner_)) {
    fault_ = {FaultCode::kOutOfMemory, 0, "no memory for a document of this size", std::nullopt};
    return false;
  }
  const RevisionPlace place = PlanRevision();
  object.head = scanner_.bytes().substr(0, place.cut_start);
  object.tail = scanner_.bytes().substr(place.cut_end);
  object.has_metadata = place.has_metadata;
  object.labels = labels_;
  object.fields = fields_;
  LocateApiVersion(place, object);
  return true;
}

bool ObjectScanner::ReadMetadata(ScannedObject& object) {
  EntryIndex metadata = FindKey(scanner_, kRoot, kMetadata);
  if (metadata != kNoEntry) {
    ++metadata;
    if (scanner_.tape()[metadata].kind != TapeKind::kObject) {
      return Refuse(metadata, kMetadata, "an object");
    }
  }
  return ReadString(kRoot, kApiVersion, kApiVersion, object.api_version) &&
         ReadString(kRoot, "kind", "kind", object.kind) &&
         ReadString(metadata, "name", "metadata.name", object.name) &&
         ReadString(metadata, "namespace", "metadata.namespace", object.namespace_name) &&
         ReadString(metadata, "uid", "metadata.uid", object.uid) &&
         ReadString(metadata, kResourceVersion, "metadata.resourceVersion",
                    object.resource_version) &&
         ReadLabels(metadata);
}

bool ObjectScanner::ReadString(EntryIndex container, std::string_view key, std::string_view path,
                               std::string_view& text) {
  text = {};
  const EntryIndex found = FindKey(scanner_, container, key);
  if (found == kNoEntry) return true;
  const EntryIndex value = found + 1;
  switch (scanner_.tape()[value].kind) {
    case TapeKind::kString:
      text = TextOf(value);
      return true;
    case TapeKind::kNull:
      return true;
    default:
      return Refuse(value, path, "a string");
  }
}

bool ObjectScanner::ReadLabels(EntryIndex metadata) {
  const EntryIndex found = FindKey(scanner_, metadata, "labels");
  if (found == kNoEntry) return true;
  const Tape& tape = scanner_.tape();
  const EntryIndex labels = found + 1;
  if (tape[labels].kind == TapeKind::kNull) return true;
  if (tape[labels].kind != TapeKind::kObject) return Refuse(labels, "metadata.labels", "an object");
  for (EntryIndex key = tape[labels].first; key != kNoEntry; key = tape[key].next) {
    const std::string_view text = scanner_.KeyText(key);
    const EntryIndex value = key + 1;
    if (tape[value].kind != TapeKind::kString) {
      std::string path = "metadata.labels.";
      path += text;
      return Refuse(value, path, "a string");
    }
    labels_.push_back({text, TextOf(value)});
  }
  return true;
}

void ObjectScanner::ReadField(const FieldPath& path) {
  const Tape& tape = scanner_.tape();
  EntryIndex value = kRoot;
  for (const std::string& wanted : path.keys()) {
    const bool is_object = tape[value].kind == TapeKind::kObject;
    const EntryIndex key = is_object ? FindKey(scanner_, value, wanted) : kNoEntry;
    if (key == kNoEntry) {
      fields_.push_back(std::nullopt);
      return;
    }
    value = key + 1;
  }
  switch (tape[value].kind) {
    case TapeKind::kString:
      fields_.push_back(TextOf(value));
      break;
    case TapeKind::kNumber:
    case TapeKind::kTrue:
    case TapeKind::kFalse:
      fields_.push_back(LexemeOf(scanner_, value));
      break;
    default:
      fields_.push_back(std::nullopt);
  }
}

void ObjectScanner::LocateApiVersion(const RevisionPlace& place, ScannedObject& object) const {
  const EntryIndex key = FindKey(scanner_, kRoot, kApiVersion);
  if (key == kNoEntry) {
    // It would stand before metadata, and so not behind what is cut there.
    const size_t offset = std::min(PlaceOf(scanner_, kRoot, kApiVersion), place.cut_start);
    object.api_version_offset = static_cast<uint32_t>(offset);
    object.api_version_length = 0;
    return;
  }
  const size_t start = ValueStart(scanner_, key + 1);
  object.api_version_offset = static_cast<uint32_t>(start);
  object.api_version_length = static_cast<uint32_t>(ValueEnd(scanner_, key + 1) - start);
}

// What to cut of the canonical bytes so that the resourceVersion is gone; it goes to the same
// place.
ObjectScanner::RevisionPlace ObjectScanner::PlanRevision() const {
  const EntryIndex metadata = FindKey(scanner_, kRoot, kMetadata);
  if (metadata == kNoEntry) {
    const size_t place = PlaceOf(scanner_, kRoot, kMetadata);
    return {place, place, false};
  }
  const EntryIndex container = metadata + 1;
  const EntryIndex first = scanner_.tape()[container].first;
  const EntryIndex key = FindKey(scanner_, container, kResourceVersion);
  const bool is_only_key =
      first == kNoEntry || (first == key && scanner_.tape()[key].next == kNoEntry);
  if (is_only_key) return CutMember(kRoot, metadata, false);
  if (key != kNoEntry) return CutMember(container, key, true);
  const size_t place = PlaceOf(scanner_, container, kResourceVersion);
  return {place, place, true};
}

// A key and its value, with the comma that is too much without them.
ObjectScanner::RevisionPlace ObjectScanner::CutMember(EntryIndex container, EntryIndex key,
                                                      bool has_metadata) const {
  const EntryIndex next = scanner_.tape()[key].next;
  size_t cut_start = MemberStart(scanner_, key);
  size_t cut_end = ValueEnd(scanner_, key + 1);
  if (next != kNoEntry) {
    cut_end = MemberStart(scanner_, next);
  } else if (key != scanner_.tape()[container].first) {
    --cut_start;
  }
  return {cut_start, cut_end, has_metadata};
}

// What a string says.
std::string_view ObjectScanner::TextOf(EntryIndex text) {
  const std::string_view lexeme = LexemeOf(scanner_, text);
  if (!scanner_.tape()[text].is_escaped) return lexeme;
  std::string& unescaped = unescaped_.emplace_back(lexeme.size(), '\0');
  const char* const end = WriteUnescaped(lexeme, unescaped.data());
  unescaped.resize(static_cast<size_t>(end - unescaped.data()));
  return unescaped;
}

bool ObjectScanner::Refuse(EntryIndex value, std::string_view path, std::string_view expected) {
  fault_ = InvalidField(scanner_, value, path, expected);
  return false;
}

}  // namespace shardwatch
