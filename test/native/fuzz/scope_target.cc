// Two objects and a scope, compiled from decisions of the input, against a plain restatement of
// what belongs to a scope: strings and maps, no interned addresses.

#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/bytes/arena.h"
#include "native/core/object/intern_table.h"
#include "native/core/object/scan.h"
#include "native/core/object/scope.h"
#include "native/core/object/version.h"
#include "test/native/fuzz/input.h"
#include "test/native/fuzz/targets.h"

namespace shardwatch::fuzz {

namespace {

const std::vector<std::string> kDeclared = {"spec.nodeName", "status.phase"};
constexpr std::string_view kPaths[] = {"metadata.name", "metadata.namespace", "spec.nodeName",
                                       "status.phase", "spec.other"};
// Few, so that what is asked for is often there.
constexpr std::string_view kKeys[] = {"app", "tier", "", "spec.nodeName"};
constexpr std::string_view kPlaces[] = {"", "a", "a-b", "b"};
constexpr std::string_view kValues[] = {"",
                                        "web",
                                        "a",
                                        "7",
                                        "-7",
                                        "+7",
                                        "007",
                                        "-0",
                                        "7.0",
                                        " 7",
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "-9223372036854775808",
                                        "-9223372036854775809",
                                        "+",
                                        "-"};

// One of the values above, or any bytes.
std::string ReadValue(Input& input) {
  const size_t choice = input.Below(std::size(kValues) + 4);
  if (choice < std::size(kValues)) return std::string(kValues[choice]);
  return input.Text(input.Below(24));
}

struct Object {
  std::string namespace_name;
  std::string name;
  std::map<std::string, std::string> labels;
  std::vector<std::optional<std::string>> fields;

  const std::string* FindLabel(const std::string& key) const {
    const auto found = labels.find(key);
    return found == labels.end() ? nullptr : &found->second;
  }
};

Object ReadObject(Input& input) {
  Object object{.namespace_name = std::string(input.Pick(kPlaces)),
                .name = std::string(input.Pick(kPlaces)),
                .labels = {},
                .fields = {}};
  for (size_t count = input.Below(6); count > 0; --count) {
    const std::string key(input.Pick(kKeys));
    object.labels[key] = ReadValue(input);
  }
  for (size_t index = 0; index < kDeclared.size(); ++index) {
    object.fields.push_back(input.Flag() ? std::optional(ReadValue(input)) : std::nullopt);
  }
  return object;
}

struct LabelTerm {
  std::string key;
  LabelOperator op;
  std::vector<std::string> values;
};

struct FieldTerm {
  std::string path;
  FieldOperator op;
  std::string value;
};

struct Terms {
  std::optional<std::string> namespace_name;
  std::optional<std::string> name;
  std::vector<LabelTerm> labels;
  std::vector<FieldTerm> fields;
};

Terms ReadTerms(Input& input) {
  Terms terms;
  if (input.Flag()) terms.namespace_name = input.Pick(kPlaces);
  if (input.Flag()) terms.name = input.Pick(kPlaces);
  for (size_t count = input.Below(4); count > 0; --count) {
    LabelTerm& term = terms.labels.emplace_back();
    term.key = input.Pick(kKeys);
    term.op = static_cast<LabelOperator>(input.Below(6));
    const bool has_values =
        term.op != LabelOperator::kExists && term.op != LabelOperator::kDoesNotExist;
    for (size_t values = has_values ? input.Below(4) : 0; values > 0; --values) {
      term.values.push_back(ReadValue(input));
    }
  }
  for (size_t count = input.Below(4); count > 0; --count) {
    FieldTerm& term = terms.fields.emplace_back();
    term.path = input.Pick(kPaths);
    term.op = input.Flag() ? FieldOperator::kEquals : FieldOperator::kNotEquals;
    term.value = input.Flag() ? std::string(input.Pick(kPlaces)) : ReadValue(input);
  }
  return terms;
}

// --- what the scope is to answer ---

std::optional<int64_t> ModelInteger(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || read != end) return std::nullopt;
  return number;
}

bool Holds(const LabelTerm& term, const Object& object) {
  const std::string* const value = object.FindLabel(term.key);
  bool is_one_of = false;
  for (const std::string& wanted : term.values) {
    is_one_of = is_one_of || (value != nullptr && *value == wanted);
  }
  switch (term.op) {
    case LabelOperator::kIn:
      return is_one_of;
    case LabelOperator::kNotIn:
      return !is_one_of;
    case LabelOperator::kExists:
      return value != nullptr;
    case LabelOperator::kDoesNotExist:
      return value == nullptr;
    case LabelOperator::kGreaterThan:
    case LabelOperator::kLessThan:
      break;
  }
  if (value == nullptr || term.values.size() != 1) return false;
  const std::optional<int64_t> number = ModelInteger(*value);
  const std::optional<int64_t> bound = ModelInteger(term.values[0]);
  if (!number || !bound) return false;
  return term.op == LabelOperator::kGreaterThan ? *number > *bound : *number < *bound;
}

std::string FieldOf(const Object& object, const std::string& path) {
  if (path == "metadata.name") return object.name;
  if (path == "metadata.namespace") return object.namespace_name;
  return object.fields[path == kDeclared[0] ? 0 : 1].value_or("");
}

bool Selects(const Terms& terms, const Object& object) {
  for (const LabelTerm& term : terms.labels) {
    if (!Holds(term, object)) return false;
  }
  for (const FieldTerm& term : terms.fields) {
    const bool is_equal = FieldOf(object, term.path) == term.value;
    if (is_equal != (term.op == FieldOperator::kEquals)) return false;
  }
  return true;
}

bool Matches(const Terms& terms, const Object& object) {
  return (!terms.namespace_name || *terms.namespace_name == object.namespace_name) &&
         (!terms.name || *terms.name == object.name) && Selects(terms, object);
}

std::optional<WatchEventType> Told(bool before, bool after) {
  if (!before && !after) return std::nullopt;
  if (!before) return WatchEventType::kAdded;
  return after ? WatchEventType::kModified : WatchEventType::kDeleted;
}

// --- the core's side ---

// Owns what a ScopeRequest has views of.
class RequestOf {
 public:
  explicit RequestOf(const Terms& terms) {
    for (const LabelTerm& term : terms.labels) {
      auto& values = values_.emplace_back(
          std::make_unique<std::vector<std::string_view>>(term.values.begin(), term.values.end()));
      labels_.push_back({term.key, term.op, *values});
    }
    for (const FieldTerm& term : terms.fields) fields_.push_back({term.path, term.op, term.value});
    request_ = {terms.namespace_name, terms.name, labels_, fields_};
  }

  const ScopeRequest& get() const { return request_; }

 private:
  std::vector<std::unique_ptr<std::vector<std::string_view>>> values_;
  std::vector<LabelRequirement> labels_;
  std::vector<FieldRequirement> fields_;
  ScopeRequest request_;
};

Version* MakeVersion(const Object& object, uint64_t revision, Arena& arena, InternTable& strings) {
  ScannedObject scanned;
  scanned.head = "{";
  scanned.tail = "}";
  scanned.namespace_name = object.namespace_name;
  scanned.name = object.name;
  std::vector<LabelView> labels;
  for (const auto& [key, value] : object.labels) labels.push_back({key, value});
  std::vector<std::optional<std::string_view>> fields(object.fields.begin(), object.fields.end());
  scanned.labels = labels;
  scanned.fields = fields;
  Version* const version = Version::Make(scanned, revision, arena, strings);
  Require(version != nullptr, "a version can be made");
  return version;
}

// What a cache relies on to look only where something can be: whatever matches is there.
void RequireNarrow(const Scope& scope, const Version& version) {
  if (!scope.Matches(version)) return;
  Require(scope.namespace_name() == nullptr || scope.namespace_name() == version.namespace_name(),
          "what matches is in the scope's namespace");
  Require(scope.name() == nullptr || scope.name()->text() == version.name(),
          "what matches has the scope's name");
  if (const std::optional<FieldEquality> field = scope.RequiredField()) {
    const InternedString* const value = version.fields()[field->index];
    Require((value == nullptr ? "" : value->text()) == field->value->text(),
            "what matches has the required field");
  }
  if (const std::optional<LabelSpan> required = scope.RequiredLabels()) {
    bool has_one = false;
    for (const InternedString* const label : version.labels()) {
      for (const InternedString* const wanted : *required) has_one = has_one || label == wanted;
    }
    Require(has_one, "what matches has one of the required labels");
  }
}

void RequireAnswers(const Scope& scope, const Terms& terms, const Object (&objects)[2],
                    const Version* const (&versions)[2]) {
  bool matches[2];
  for (size_t index = 0; index < 2; ++index) {
    matches[index] = Matches(terms, objects[index]);
    Require(scope.Matches(*versions[index]) == matches[index], "who belongs to the scope");
    Require(scope.Selects(*versions[index]) == Selects(terms, objects[index]), "who is selected");
    RequireNarrow(scope, *versions[index]);
  }
  Require(scope.Transition(versions[0], versions[1]) == Told(matches[0], matches[1]),
          "what is told of a change");
  Require(scope.Transition(nullptr, versions[0]) == Told(false, matches[0]), "of a creation");
  Require(scope.Transition(versions[1], nullptr) == Told(matches[1], false), "of a deletion");
  Require(!scope.Transition(nullptr, nullptr), "of nothing");
  Require(scope.has_selector() == (!terms.labels.empty() || !terms.fields.empty()),
          "whether there is a selector");
}

// The outcome of compiling is as it has to be; tells whether there is a scope.
bool RequireOutcome(const ScopeOutcome& outcome, const Terms& terms) {
  for (const FieldTerm& term : terms.fields) {
    if (term.path != "spec.other") continue;
    Require(outcome.fault == ScopeFault::kUndeclaredField && outcome.path == term.path,
            "a field that is not declared is refused");
    return false;
  }
  Require(outcome.fault == ScopeFault::kNone, "a scope compiles");
  return true;
}

}  // namespace

void FuzzScope(Bytes bytes) {
  Input input(bytes);
  Arena arena;
  InternTable strings(arena, input.Byte());
  // Strings may come into the table with the scope or with the objects.
  const bool is_scope_first = input.Flag();
  const bool does_scope_end_first = input.Flag();
  const Terms terms = ReadTerms(input);
  const Object objects[] = {ReadObject(input), ReadObject(input)};
  const RequestOf request(terms);
  auto scope = std::make_unique<Scope>(strings);
  ScopeOutcome outcome;
  if (is_scope_first) outcome = scope->Compile(request.get(), kDeclared);
  Version* const made[] = {MakeVersion(objects[0], 1, arena, strings),
                           MakeVersion(objects[1], 2, arena, strings)};
  if (!is_scope_first) outcome = scope->Compile(request.get(), kDeclared);
  if (RequireOutcome(outcome, terms)) {
    RequireAnswers(*scope, terms, objects, {made[0], made[1]});
  }
  if (does_scope_end_first) scope.reset();
  for (Version* const version : made) Version::Free(version, arena, strings);
  scope.reset();
  Require(strings.size() == 0, "no string is left");
  Require(arena.Stats().slots_live == 0, "no memory is left");
}

}  // namespace shardwatch::fuzz
