// The scanner against the table of documents, whose outcomes are those of the JavaScript scanner:
// canonical bytes, places, metadata, labels, fields, stamping; codes, offsets, messages, paths.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "native/core/object/scan.h"
#include "native/core/object/stamp.h"

namespace shardwatch {
namespace {

using namespace std::string_view_literals;

struct Piece {
  std::string_view text;
  size_t times;
};

struct Row {
  std::string_view name;
  std::vector<Piece> source;
  std::vector<Piece> outcome;
};

const std::vector<Row>& Rows() {
  static const auto* const rows = new std::vector<Row>{
#include "test/native/scan_table.generated.inc"
  };
  return *rows;
}

// As in test/native/scan-table.ts.
constexpr uint64_t kStampedRevision = 18446744073709551615U;
constexpr std::string_view kServedVersion = "g/v2\"\001\303\251";

FieldPaths Fields() {
  FieldPaths paths;
  for (const std::string_view path :
       {"spec.nodeName", "spec.object", "spec.object.below", "spec.list.0", "metadata.name",
        "metadata.resourceVersion", "a", "absent..below", ""}) {
    paths.emplace_back(path);
  }
  return paths;
}

std::string Join(const std::vector<Piece>& pieces) {
  std::string text;
  for (const Piece& piece : pieces) {
    for (size_t time = 0; time < piece.times; ++time) text += piece.text;
  }
  return text;
}

std::string DescribeFault(const Fault& fault) {
  std::string text = "refused: ";
  text += FaultName(fault.code);
  text += ": " + fault.message + " at byte " + std::to_string(fault.offset);
  if (fault.path) text += " (" + *fault.path + ")";
  return text;
}

std::string Serve(const ScannedObject& object, const std::string& bytes) {
  const ApiVersionText served(kServedVersion);
  const size_t at = object.api_version_offset;
  const std::string_view text =
      object.api_version_length > 0 ? served.value() : served.MemberAt(bytes, at);
  return std::string(bytes).replace(at, object.api_version_length, text);
}

std::string Describe(const ScannedObject& object) {
  const std::string bytes = std::string(object.head) + std::string(object.tail);
  const RevisionStamp stamp(object, kStampedRevision);
  std::string stamped(stamp.size(), '\0');
  EXPECT_EQ(stamp.Write(stamped.data()), stamped.data() + stamped.size());
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    if (!text.empty()) text += '\n';
    text.append(name).append(value);
  };
  const auto pair = [](size_t first, size_t second) {
    return std::to_string(first) + ", " + std::to_string(second) + ": ";
  };
  line("canonical: ", bytes);
  line("stamped at ", pair(stamp.digits_offset(), stamp.digits_length()) + stamped);
  line("served: ", Serve(object, bytes));
  line("place: ", std::to_string(object.head.size()) + (object.has_metadata ? " true" : " false"));
  line("apiVersion at ", pair(object.api_version_offset, object.api_version_length) +
                             std::string(object.api_version));
  line("kind: ", object.kind);
  line("key: ", std::string(object.namespace_name) + "/" + std::string(object.name));
  line("uid: ", object.uid);
  line("resourceVersion: ", object.resource_version);
  for (const LabelView& label : object.labels) {
    line("label: ", std::string(label.key) + "=" + std::string(label.value));
  }
  for (const auto& field : object.fields) line(field ? "field: " : "no field", field.value_or(""));
  return text;
}

TEST(ScanTable, EveryDocumentHasTheSameOutcomeAsInTheOtherEngine) {
  const FieldPaths fields = Fields();
  // One scanner for all: what one document leaves behind must not reach the next.
  ObjectScanner scanner;
  for (const Row& row : Rows()) {
    const std::string source = Join(row.source);
    ScannedObject object;
    const bool accepted = scanner.Scan(source, fields, object);
    EXPECT_EQ(accepted ? Describe(object) : DescribeFault(scanner.fault()), Join(row.outcome))
        << row.name;
    scanner.Release();
  }
  EXPECT_GT(Rows().size(), 100U);
}

TEST(ScanTable, WhatWasStampedIsCanonicalAndScansToTheSameBytes) {
  ObjectScanner scanner;
  for (const Row& row : Rows()) {
    ScannedObject object;
    const std::string source = Join(row.source);
    if (!scanner.Scan(source, {}, object)) continue;
    const std::string bytes = std::string(object.head) + std::string(object.tail);
    const RevisionStamp stamp(object, 9);
    std::string stamped(stamp.size(), '\0');
    stamp.Write(stamped.data());
    ObjectScanner second;
    ScannedObject again;
    ASSERT_TRUE(second.Scan(stamped, {}, again)) << row.name;
    EXPECT_EQ(std::string(again.head) + std::string(again.tail), bytes) << row.name;
    EXPECT_EQ(again.resource_version, "9");
    // Already canonical, so not even copied.
    EXPECT_EQ(again.head.data(), stamped.data());
  }
}

// A buffer of exactly the right size, so that AddressSanitizer sees every read beyond the end.
TEST(ScanTable, EveryDocumentCutShortIsReadWithinItsBounds) {
  ObjectScanner scanner;
  for (const Row& row : Rows()) {
    const std::string source = Join(row.source);
    if (source.size() > 1000) continue;
    for (size_t size = 0; size < source.size(); ++size) {
      const std::vector<char> cut(source.begin(), source.begin() + static_cast<ptrdiff_t>(size));
      ScannedObject object;
      if (scanner.Scan({cut.data(), cut.size()}, {}, object)) continue;
      EXPECT_LE(scanner.fault().offset, size) << row.name;
    }
  }
}

}  // namespace
}  // namespace shardwatch
