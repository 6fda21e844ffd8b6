// Scopes and field selectors: a table of scopes against a table of objects, what a watch is told of
// every change from one object to another, narrowing, refusals, and what is given back.

#include "native/core/object/scope.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace shardwatch {
namespace {

using enum FieldOperator;
using enum LabelOperator;
using enum WatchEventType;

// More than an interned string may have, so that it is refused before any of it is read.
const std::string_view kTooLarge("x", size_t{1} << 33);

const std::vector<std::string> kDeclared = {"spec.nodeName", "spec.size"};

// Objects by their index.
constexpr std::string_view kObjects[] = {
    R"({"metadata":{"labels":{"app":"web"},"name":"a","namespace":"red"},"spec":{"nodeName":"n1"}})",
    R"({"metadata":{"labels":{"app":"api"},"name":"a","namespace":"red"},"spec":{"nodeName":"n2"}})",
    R"({"metadata":{"name":"a","namespace":"red"},"spec":{"nodeName":"","size":2}})",
    R"({"metadata":{"labels":{"app":"web","size":"7"},"name":"b","namespace":"blue"}})",
    R"({"metadata":{"labels":{"app":"web"},"name":"a"},"spec":{"size":"2"}})",
};

class ScopeTest : public testing::Test {
 protected:
  ScopeTest() {
    FieldPaths paths;
    for (const std::string& path : kDeclared) paths.emplace_back(path);
    ObjectScanner scanner;
    for (const std::string_view json : kObjects) {
      ScannedObject object;
      EXPECT_TRUE(scanner.Scan(json, paths, object));
      versions_.push_back(Version::Make(object, versions_.size() + 1, arena_, strings_));
    }
    strings_of_objects_ = strings_.size();
  }

  ~ScopeTest() override {
    EXPECT_EQ(strings_.size(), strings_of_objects_);
    for (Version* const version : versions_) Version::Free(version, arena_, strings_);
    EXPECT_EQ(strings_.size(), 0U);
  }

  Arena arena_;
  InternTable strings_{arena_, 1};
  std::vector<Version*> versions_;
  size_t strings_of_objects_ = 0;
};

struct Label {
  std::string_view key;
  LabelOperator op;
  std::vector<std::string_view> values = {};
};

struct Row {
  std::string_view says;
  std::optional<std::string_view> namespace_name;
  std::optional<std::string_view> name;
  std::vector<Label> labels;
  std::vector<FieldRequirement> fields;
  // Indexes of the objects that belong to the scope, and of those that its selector selects.
  std::set<size_t> matches;
  std::set<size_t> selects;
};

const std::vector<Row>& Rows() {
  static const auto* const rows = new std::vector<Row>{
      {"everything", {}, {}, {}, {}, {0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}},
      {"a namespace", "red", {}, {}, {}, {0, 1, 2}, {0, 1, 2, 3, 4}},
      {"no namespace", "", {}, {}, {}, {4}, {0, 1, 2, 3, 4}},
      {"a name", {}, "a", {}, {}, {0, 1, 2, 4}, {0, 1, 2, 3, 4}},
      {"one object", "blue", "b", {}, {}, {3}, {0, 1, 2, 3, 4}},
      {"an unknown name", {}, "z", {}, {}, {}, {0, 1, 2, 3, 4}},
      {"a label", {}, {}, {{"app", kIn, {"web"}}}, {}, {0, 3, 4}, {0, 3, 4}},
      {"a label in a namespace", "red", {}, {{"app", kIn, {"web"}}}, {}, {0}, {0, 3, 4}},
      {"not a label", {}, {}, {{"app", kNotIn, {"web"}}}, {}, {1, 2}, {1, 2}},
      {"two labels", {}, {}, {{"app", kExists}, {"size", kGreaterThan, {"6"}}}, {}, {3}, {3}},
      {"a field", {}, {}, {}, {{"spec.nodeName", kEquals, "n1"}}, {0}, {0}},
      {"not a field",
       {},
       {},
       {},
       {{"spec.nodeName", kNotEquals, "n1"}},
       {1, 2, 3, 4},
       {1, 2, 3, 4}},
      {"an empty or absent field",
       {},
       {},
       {},
       {{"spec.nodeName", kEquals, ""}},
       {2, 3, 4},
       {2, 3, 4}},
      {"a field with a value", {}, {}, {}, {{"spec.nodeName", kNotEquals, ""}}, {0, 1}, {0, 1}},
      {"a number and its text", {}, {}, {}, {{"spec.size", kEquals, "2"}}, {2, 4}, {2, 4}},
      {"a label and a field",
       {},
       {},
       {{"app", kExists}},
       {{"spec.size", kNotEquals, "2"}},
       {0, 1, 3},
       {0, 1, 3}},
      {"a name as a field", {}, {}, {}, {{"metadata.name", kEquals, "b"}}, {3}, {3}},
      {"not a name", {}, {}, {}, {{"metadata.name", kNotEquals, "a"}}, {3}, {3}},
      {"a namespace as a field",
       {},
       {},
       {},
       {{"metadata.namespace", kEquals, "red"}},
       {0, 1, 2},
       {0, 1, 2}},
      {"the empty namespace as a field",
       {},
       {},
       {},
       {{"metadata.namespace", kEquals, ""}},
       {4},
       {4}},
      {"not a namespace", {}, {}, {}, {{"metadata.namespace", kNotEquals, "red"}}, {3, 4}, {3, 4}},
      {"a contradiction of name and field",
       {},
       "a",
       {},
       {{"metadata.name", kEquals, "b"}},
       {},
       {3}},
      {"a contradiction of namespaces",
       "red",
       {},
       {},
       {{"metadata.namespace", kEquals, "blue"}},
       {},
       {3}},
      {"two names",
       {},
       {},
       {},
       {{"metadata.name", kEquals, "a"}, {"metadata.name", kEquals, "b"}},
       {},
       {}},
  };
  return *rows;
}

ScopeOutcome Compile(Scope& scope, const Row& row) {
  std::vector<LabelRequirement> labels;
  for (const Label& label : row.labels) labels.push_back({label.key, label.op, label.values});
  return scope.Compile({row.namespace_name, row.name, labels, row.fields}, kDeclared);
}

TEST_F(ScopeTest, MatchesWhatBelongsToIt) {
  for (const Row& row : Rows()) {
    Scope scope(strings_);
    ASSERT_EQ(Compile(scope, row).fault, ScopeFault::kNone) << row.says;
    EXPECT_EQ(scope.has_selector(), row.labels.size() + row.fields.size() > 0) << row.says;
    for (size_t index = 0; index < versions_.size(); ++index) {
      EXPECT_EQ(scope.Matches(*versions_[index]), row.matches.contains(index))
          << row.says << ": " << index;
      EXPECT_EQ(scope.Selects(*versions_[index]), row.selects.contains(index))
          << row.says << ": " << index;
      const bool passes =
          scope.filter() == nullptr || scope.filter()->Passes(versions_[index]->signature());
      EXPECT_TRUE(passes || !row.selects.contains(index)) << row.says << ": " << index;
    }
  }
}

TEST_F(ScopeTest, AWatchIsToldWhatEntersStaysAndLeaves) {
  // Index -1 is no object.
  const int count = static_cast<int>(versions_.size());
  for (const Row& row : Rows()) {
    Scope scope(strings_);
    ASSERT_EQ(Compile(scope, row).fault, ScopeFault::kNone);
    for (int before = -1; before < count; ++before) {
      for (int after = -1; after < count; ++after) {
        const bool had = before >= 0 && row.matches.contains(static_cast<size_t>(before));
        const bool has = after >= 0 && row.matches.contains(static_cast<size_t>(after));
        std::optional<WatchEventType> told;
        if (!had && has) told = kAdded;
        if (had && has) told = kModified;
        if (had && !has) told = kDeleted;
        const auto at = [this](int index) {
          return index < 0 ? nullptr : versions_[static_cast<size_t>(index)];
        };
        EXPECT_EQ(scope.Transition(at(before), at(after)), told)
            << row.says << ": " << before << " to " << after;
      }
    }
  }
}

TEST_F(ScopeTest, IsNarrowedByWhatIsAskedForAndElseByItsSelector) {
  struct Narrowing {
    std::optional<std::string_view> asked;
    std::vector<FieldRequirement> fields;
    std::optional<std::string_view> name;
    std::optional<std::string_view> namespace_name;
  };
  const Narrowing rows[] = {
      {{}, {}, {}, {}},
      {"a", {}, "a", "a"},
      {"a", {{"metadata.name", kEquals, "b"}, {"metadata.namespace", kEquals, "c"}}, "a", "a"},
      {{}, {{"metadata.name", kEquals, "b"}}, "b", {}},
      {{}, {{"metadata.namespace", kEquals, ""}}, {}, ""},
      {{}, {{"metadata.name", kNotEquals, "b"}, {"metadata.namespace", kNotEquals, "c"}}, {}, {}},
      {{}, {{"metadata.name", kEquals, "b"}, {"metadata.name", kEquals, "c"}}, "b", {}},
  };
  const auto text = [](const InternedString* string) -> std::optional<std::string_view> {
    if (string == nullptr) return std::nullopt;
    return string->text();
  };
  for (const Narrowing& row : rows) {
    Scope scope(strings_);
    ASSERT_EQ(scope.Compile({row.asked, row.asked, {}, row.fields}, kDeclared).fault,
              ScopeFault::kNone);
    EXPECT_EQ(text(scope.name()), row.name);
    EXPECT_EQ(text(scope.namespace_name()), row.namespace_name);
  }
}

TEST_F(ScopeTest, FiltersBySignatureWhatItsLabelsAndFieldsDemand) {
  struct Filtering {
    std::string_view says;
    std::vector<Label> labels;
    std::vector<FieldRequirement> fields;
    // Indexes of the objects that pass; none of a filter: all do.
    std::optional<std::set<size_t>> passing;
  };
  const Filtering rows[] = {
      {"a label", {{"app", kIn, {"web"}}}, {}, {{0, 3, 4}}},
      {"one of two labels", {{"app", kIn, {"web", "api"}}}, {}, {{0, 1, 3, 4}}},
      {"two labels", {{"app", kIn, {"web", "api"}}, {"size", kIn, {"7"}}}, {}, {{3}}},
      {"a label that no object has", {{"app", kIn, {"db"}}}, {}, {std::set<size_t>()}},
      {"a field", {}, {{"spec.nodeName", kEquals, "n1"}}, {{0}}},
      {"a label and a field", {{"app", kIn, {"web"}}}, {{"spec.size", kEquals, "2"}}, {{4}}},
      {"an empty field", {}, {{"spec.nodeName", kEquals, ""}}, {}},
      {"what must not be there", {{"app", kNotIn, {"web"}}, {"size", kDoesNotExist}}, {}, {}},
      {"any value", {{"app", kExists}, {"size", kGreaterThan, {"6"}}}, {}, {}},
      {"five labels", {{"app", kIn, {"a", "b", "c", "d", "e"}}}, {}, {}},
  };
  for (const Filtering& row : rows) {
    Scope scope(strings_);
    ASSERT_EQ(Compile(scope, {row.says, {}, {}, row.labels, row.fields, {}, {}}).fault,
              ScopeFault::kNone);
    ASSERT_EQ(scope.filter() != nullptr, row.passing.has_value()) << row.says;
    for (size_t index = 0; row.passing && index < versions_.size(); ++index) {
      EXPECT_EQ(scope.filter()->Passes(versions_[index]->signature()), row.passing->contains(index))
          << row.says << ": " << index;
    }
  }
}

TEST_F(ScopeTest, TellsWhichValuesAnIndexCanLookFor) {
  const Row row = {"",
                   {},
                   {},
                   {{"tier", kExists}, {"app", kIn, {"web", "api"}}, {"size", kIn, {"7"}}},
                   {{"metadata.name", kEquals, "a"},
                    {"spec.nodeName", kNotEquals, "n1"},
                    {"spec.size", kEquals, "2"}},
                   {},
                   {}};
  Scope scope(strings_);
  ASSERT_EQ(Compile(scope, row).fault, ScopeFault::kNone);
  ASSERT_TRUE(scope.RequiredField().has_value());
  EXPECT_EQ(scope.RequiredField()->index, 1U);
  EXPECT_EQ(scope.RequiredField()->value->text(), "2");
  ASSERT_TRUE(scope.RequiredLabels().has_value());
  ASSERT_EQ(scope.RequiredLabels()->size(), 2U);
  EXPECT_EQ(scope.RequiredLabels()->front(), versions_[0]->labels()[0]);
  EXPECT_EQ(scope.RequiredLabels()->back(), versions_[1]->labels()[0]);

  Scope open(strings_);
  const Row negative = {"",
                        {},
                        {},
                        {{"app", kNotIn, {"web"}}},
                        {{"spec.size", kNotEquals, "2"}, {"metadata.name", kEquals, "a"}},
                        {},
                        {}};
  ASSERT_EQ(Compile(open, negative).fault, ScopeFault::kNone);
  EXPECT_FALSE(open.RequiredField().has_value());
  EXPECT_FALSE(open.RequiredLabels().has_value());
}

TEST_F(ScopeTest, RefusesTheFirstFieldThatIsNotDeclared) {
  for (const std::string_view path : {"spec.other", "", "metadata", "metadata.uid", "spec"}) {
    Scope scope(strings_);
    const FieldRequirement fields[] = {
        {"spec.size", kEquals, "2"}, {path, kNotEquals, "x"}, {"spec.later", kEquals, "x"}};
    const ScopeOutcome outcome = scope.Compile({{}, {}, {}, fields}, kDeclared);
    EXPECT_EQ(outcome.fault, ScopeFault::kUndeclaredField);
    EXPECT_EQ(outcome.path, path);
  }
}

// What is left is counted when the test ends.
TEST_F(ScopeTest, OutOfMemoryIsToldAndLeavesNothingBehind) {
  const FieldRequirement field[] = {{"spec.size", kEquals, "2"}};
  const FieldRequirement large_field[] = {{"spec.size", kEquals, "9"},
                                          {"spec.size", kEquals, kTooLarge}};
  const std::string_view values[] = {"one", kTooLarge, "two"};
  const LabelRequirement large_label[] = {{"app", kIn, values}};
  const ScopeRequest requests[] = {
      {"n", "m", {}, large_field},
      {"n", "m", large_label, field},
      {kTooLarge, "m", {}, field},
      {"n", kTooLarge, {}, field},
  };
  for (const ScopeRequest& request : requests) {
    Scope scope(strings_);
    EXPECT_EQ(scope.Compile(request, kDeclared).fault, ScopeFault::kOutOfMemory);
  }
}

TEST_F(ScopeTest, AValueThatNoObjectHasYetIsTheOneThatWasMeant) {
  Scope scope(strings_);
  const FieldRequirement fields[] = {{"spec.nodeName", kEquals, "n9"}};
  ASSERT_EQ(scope.Compile({"green", {}, {}, fields}, kDeclared).fault, ScopeFault::kNone);
  FieldPaths paths;
  for (const std::string& path : kDeclared) paths.emplace_back(path);
  ObjectScanner scanner;
  ScannedObject object;
  ASSERT_TRUE(scanner.Scan(
      R"({"metadata":{"name":"a","namespace":"green"},"spec":{"nodeName":"n9"}})", paths, object));
  Version* const version = Version::Make(object, 9, arena_, strings_);
  EXPECT_TRUE(scope.Matches(*version));
  Version::Free(version, arena_, strings_);
}

}  // namespace
}  // namespace shardwatch
