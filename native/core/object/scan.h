// Reads an object's JSON once and tells all that the cache needs: its canonical bytes without the
// resourceVersion, its metadata, labels and declared fields, and where a resourceVersion goes.
//
//   {"metadata":{"name":"n","resourceVersion":"5","uid":"u"}}
//   |<------- head ------->|                     |<- tail ->|     (the key between them is cut)
//
//  1. Two documents that say the same have the same canonical bytes (numbers: written alike).
//  2. `metadata.resourceVersion` is not part of an object's content: it is taken out and told. A
//     `metadata` that holds nothing (else) is left out with it, since stamping makes it anew.
//  3. Scanning what was stamped gives the canonical bytes that were stamped.
//  4. A field that is null counts as absent, as upstream's decoder reads it; of any other wrong
//     type it is refused.
//  5. Everything in a ScannedObject is a view of the caller's bytes or of the scanner's memory, and
//     valid until either goes or the next Scan.
// The same as lib/object/scan.ts, byte for byte and fault for fault.
// Thread rule: a scanner is used by one thread at a time; each thread has its own.

#ifndef NATIVE_CORE_OBJECT_SCAN_H_
#define NATIVE_CORE_OBJECT_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/object/canonical.h"
#include "native/core/object/fault.h"
#include "native/core/object/field_path.h"
#include "native/core/object/scanner.h"

namespace shardwatch {

struct LabelView {
  std::string_view key;
  std::string_view value;
};

// Strings are empty where the object has no such field.
struct ScannedObject {
  // The canonical bytes, before and behind the place where the resourceVersion goes.
  std::string_view head;
  std::string_view tail;
  std::string_view name;
  std::string_view namespace_name;
  std::string_view uid;
  // The one that was taken out of the bytes.
  std::string_view resource_version;
  std::string_view api_version;
  std::string_view kind;
  // Ordered by the keys' UTF-8 bytes.
  std::span<const LabelView> labels;
  // Values of the declared fields, in the order of their declaration. Strings, numbers (as written)
  // and booleans have one.
  std::span<const std::optional<std::string_view>> fields;
  // Whether the bytes have a `metadata`, into which the resourceVersion goes.
  bool has_metadata = false;
  // Where the value of `apiVersion` stands in the bytes, quotes included, or else where the key
  // would.
  uint32_t api_version_offset = 0;
  // Of that value with its quotes; 0 for an object without `apiVersion`.
  uint32_t api_version_length = 0;

  size_t size() const { return head.size() + tail.size(); }
};

class ObjectScanner {
 public:
  // Scans an object and makes it canonical. False for bytes that are no strict JSON, have a
  // duplicate key, or are no object: see fault(), whose offset is one of the caller's bytes.
  bool Scan(std::string_view bytes, const FieldPaths& fields, ScannedObject& object);

  const Fault& fault() const { return fault_; }

  // Lets go of the caller's bytes and of memory that a large object has made too large to keep.
  void Release();

 private:
  struct RevisionPlace {
    size_t cut_start;
    size_t cut_end;
    bool has_metadata;
  };

  bool Describe(const FieldPaths& fields, ScannedObject& object);
  bool ReadMetadata(ScannedObject& object);
  bool ReadString(EntryIndex container, std::string_view key, std::string_view path,
                  std::string_view& text);
  bool ReadLabels(EntryIndex metadata);
  void ReadField(const FieldPath& path);
  void LocateApiVersion(const RevisionPlace& place, ScannedObject& object) const;
  RevisionPlace PlanRevision() const;
  RevisionPlace CutMember(EntryIndex container, EntryIndex key, bool has_metadata) const;
  std::string_view TextOf(EntryIndex text);
  bool Refuse(EntryIndex value, std::string_view path, std::string_view expected);

  JsonScanner scanner_;
  CanonicalWriter writer_;
  std::vector<LabelView> labels_;
  std::vector<std::optional<std::string_view>> fields_;
  // Text that had escapes. A deque does not move what it holds.
  std::deque<std::string> unescaped_;
  Fault fault_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_SCAN_H_
