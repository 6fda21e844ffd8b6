// Any bytes into the scanner: what it accepts, how it describes and canonicalises that, and what
// becomes of it when it is stamped, laid out as a version and served; against json_model.h.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/bytes/arena.h"
#include "native/core/object/intern_table.h"
#include "native/core/object/scan.h"
#include "native/core/object/stamp.h"
#include "native/core/object/version.h"
#include "test/native/fuzz/input.h"
#include "test/native/fuzz/json_model.h"
#include "test/native/fuzz/targets.h"

namespace shardwatch::fuzz {

namespace {

const FieldPaths& Fields() {
  static const auto* const fields = new FieldPaths{FieldPath("kind"), FieldPath("spec.nodeName"),
                                                   FieldPath("metadata.name"), FieldPath("a.b.")};
  return *fields;
}

// Bytes in memory of exactly their size, so that a sanitizer sees a read beyond them.
class ExactBytes {
 public:
  explicit ExactBytes(std::string_view bytes)
      : bytes_(new char[bytes.size()]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), bytes_.get());
  }

  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

std::string Stamped(const ScannedObject& object, uint64_t revision) {
  const RevisionStamp stamp(object, revision);
  const std::unique_ptr<char[]> bytes(new char[stamp.size()]);
  Require(stamp.Write(bytes.get()) == bytes.get() + stamp.size(), "a stamp writes its size");
  const std::string_view text(bytes.get(), stamp.size());
  Require(text.substr(stamp.digits_offset(), stamp.digits_length()) == std::to_string(revision),
          "a stamp tells where its digits are");
  return std::string(text);
}

// What a field of a string says; none where the object would be refused.
std::optional<std::string> StringOf(const JsonValue* container, const std::string& key) {
  const JsonValue* const value = container == nullptr ? nullptr : container->Find(key);
  if (value == nullptr || value->kind == JsonKind::kNull) return "";
  if (value->kind != JsonKind::kString) return std::nullopt;
  return value->text;
}

// What the scan is to say of an object.
struct Description {
  std::string canonical;
  std::string name;
  std::string namespace_name;
  std::string uid;
  std::string resource_version;
  std::string api_version;
  std::string kind;
  std::map<std::string, std::string> labels;
  std::vector<std::optional<std::string>> fields;
  bool has_metadata = false;
};

bool DescribeLabels(const JsonValue* metadata, std::map<std::string, std::string>& labels) {
  const JsonValue* const value = metadata == nullptr ? nullptr : metadata->Find("labels");
  if (value == nullptr || value->kind == JsonKind::kNull) return true;
  if (value->kind != JsonKind::kObject) return false;
  for (const auto& [key, label] : value->members) {
    if (label.kind != JsonKind::kString) return false;
    labels.emplace(key, label.text);
  }
  return true;
}

std::optional<std::string> DescribeField(const JsonValue& object, const FieldPath& path) {
  const JsonValue* value = &object;
  for (const std::string& key : path.keys()) {
    value = value->Find(key);
    if (value == nullptr) return std::nullopt;
  }
  switch (value->kind) {
    case JsonKind::kString:
    case JsonKind::kNumber:
      return value->text;
    case JsonKind::kTrue:
    case JsonKind::kFalse:
      return PrintJson(*value);
    default:
      return std::nullopt;
  }
}

// The canonical object without its resourceVersion, and without a metadata that has nothing else.
void DescribeBytes(JsonValue object, Description& description) {
  const auto metadata = object.members.find("metadata");
  if (metadata != object.members.end()) {
    metadata->second.members.erase("resourceVersion");
    description.has_metadata = !metadata->second.members.empty();
    if (!description.has_metadata) object.members.erase(metadata);
  }
  description.canonical = PrintJson(object);
}

std::optional<Description> Describe(const std::optional<JsonValue>& object) {
  if (!object || object->kind != JsonKind::kObject) return std::nullopt;
  const JsonValue* const metadata = object->Find("metadata");
  if (metadata != nullptr && metadata->kind != JsonKind::kObject) return std::nullopt;
  Description description;
  const auto read = [](const JsonValue* container, const char* key, std::string& text) {
    const std::optional<std::string> found = StringOf(container, key);
    text = found.value_or("");
    return found.has_value();
  };
  const bool is_good = read(&*object, "apiVersion", description.api_version) &&
                       read(&*object, "kind", description.kind) &&
                       read(metadata, "name", description.name) &&
                       read(metadata, "namespace", description.namespace_name) &&
                       read(metadata, "uid", description.uid) &&
                       read(metadata, "resourceVersion", description.resource_version) &&
                       DescribeLabels(metadata, description.labels);
  if (!is_good) return std::nullopt;
  for (const FieldPath& path : Fields()) description.fields.push_back(DescribeField(*object, path));
  DescribeBytes(*object, description);
  return description;
}

void RequireSame(const ScannedObject& object, const Description& expected) {
  Require(std::string(object.head).append(object.tail) == expected.canonical,
          "the canonical bytes are those of the model");
  Require(object.name == expected.name, "the name");
  Require(object.namespace_name == expected.namespace_name, "the namespace");
  Require(object.uid == expected.uid, "the uid");
  Require(object.resource_version == expected.resource_version, "the resourceVersion");
  Require(object.api_version == expected.api_version, "the apiVersion");
  Require(object.kind == expected.kind, "the kind");
  Require(object.has_metadata == expected.has_metadata, "whether there is a metadata");
  Require(object.labels.size() == expected.labels.size(), "how many labels there are");
  auto label = expected.labels.begin();
  for (const LabelView& view : object.labels) {
    Require(view.key == label->first && view.value == label->second, "labels, in their order");
    ++label;
  }
  Require(object.fields.size() == expected.fields.size(), "a value for each declared field");
  for (size_t index = 0; index < expected.fields.size(); ++index) {
    const std::optional<std::string_view>& field = object.fields[index];
    Require(field.has_value() == expected.fields[index].has_value() &&
                (!field || *field == *expected.fields[index]),
            "the value of a declared field");
  }
}

// Served in another apiVersion and at another revision, it is the object that the model makes.
void RequireServed(const ScannedObject& object, const JsonValue& model, uint64_t revision) {
  Arena arena;
  InternTable strings(arena, revision);
  Version* const version = Version::Make(object, revision, arena, strings);
  Require(version != nullptr, "a version can be made");
  Require(version->bytes() == Stamped(object, revision), "a version's bytes are stamped");
  Require(version->name() == object.name, "a version keeps its name");
  const ApiVersionText api_version("example.com/v1\"");
  const RevisionDigits digits(revision * 1000 + 7);
  const Rendering rendering{.api_version = &api_version, .digits = &digits};
  std::string served(RenderedLength(*version, rendering), '?');
  Require(CopyVersion(*version, rendering, served.data()) == served.data() + served.size(),
          "a rendering has the length that was told");
  JsonValue expected = model;
  expected.members["apiVersion"] = {.kind = JsonKind::kString, .text = "example.com/v1\""};
  expected.members["metadata"].kind = JsonKind::kObject;
  expected.members["metadata"].members["resourceVersion"] = {.kind = JsonKind::kString,
                                                             .text = std::string(digits.text())};
  Require(served == PrintJson(expected), "it is served as the model is");
  Version::Free(version, arena, strings);
  Require(strings.size() == 0, "no string is left");
  Require(arena.Stats().slots_live == 0, "no memory is left");
}

// After Release a scanner has nothing of the bytes before, and reads the next ones as a new one.
void RequireReleased(ObjectScanner& scanner) {
  scanner.Release();
  ScannedObject object;
  Require(
      scanner.Scan(R"({"metadata":{"labels":{"\u0062":"c"},"name":"\u0061"}})", Fields(), object),
      "a released scanner scans");
  Require(object.name == "a" && object.labels.size() == 1 && object.labels[0].key == "b",
          "a released scanner reads what it is given");
  scanner.Release();
}

}  // namespace

void FuzzScan(Bytes bytes) {
  const std::string_view source(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const uint64_t revision = 1 + bytes.size() * 37;
  const std::optional<JsonValue> model = ParseJson(source);
  const std::optional<Description> expected = Describe(model);
  std::string stamped;
  ObjectScanner scanner;
  {
    const ExactBytes document(source);
    ScannedObject object;
    const bool is_good = scanner.Scan(document.view(), Fields(), object);
    Require(is_good == expected.has_value(), "the scan accepts what the model accepts");
    if (!is_good) {
      Require(scanner.fault().offset <= source.size(), "a fault's offset is in the bytes");
      Require(!scanner.fault().message.empty(), "a fault has a message");
    } else {
      RequireSame(object, *expected);
      RequireServed(object, *model, revision);
      stamped = Stamped(object, revision);
    }
    RequireReleased(scanner);
  }
  if (!expected) return;
  const ExactBytes document(stamped);
  ScannedObject again;
  Require(scanner.Scan(document.view(), Fields(), again), "what was stamped scans");
  Require(again.resource_version == std::to_string(revision), "with the revision of its stamp");
  Description same = *expected;
  same.resource_version = std::to_string(revision);
  // The stamp makes a metadata where none was, and that one alone is left out again.
  RequireSame(again, same);
  Require(Stamped(again, revision) == stamped, "stamping again changes nothing");
  RequireReleased(scanner);
}

}  // namespace shardwatch::fuzz
