// Object versions: what they tell of an object, how they are copied out, and what they give back.

#include "native/core/object/version.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "native/core/object/fetch_guess.h"

// Sanitizers would rather end the process than report that there is no memory.
extern "C" [[gnu::visibility("default")]] const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
extern "C" [[gnu::visibility("default")]] const char* __tsan_default_options() {
  return "allocator_may_return_null=1";
}

namespace shardwatch {
namespace {

using namespace std::string_view_literals;

// More than an interned string may have, so that it is refused before any of it is read.
constexpr size_t kTooLarge = size_t{1} << 33;

class VersionTest : public testing::Test {
 protected:
  ~VersionTest() override {
    for (Version* const version : versions_) Version::Free(version, arena_, strings_);
    EXPECT_EQ(strings_.size(), 0U);
    EXPECT_EQ(arena_.Stats().slots_live, 0U);
  }

  ScannedObject Scan(std::string_view json) {
    ScannedObject object;
    EXPECT_TRUE(scanner_.Scan(json, fields_, object)) << scanner_.fault().message;
    return object;
  }

  const Version& Make(std::string_view json, uint64_t revision) {
    Version* const version = Version::Make(Scan(json), revision, arena_, strings_);
    versions_.push_back(version);
    return *version;
  }

  static std::string Copy(const Version& version, const Rendering& rendering) {
    std::string text(RenderedLength(version, rendering), '?');
    EXPECT_EQ(CopyVersion(version, rendering, text.data()), text.data() + text.size());
    return text;
  }

  Arena arena_;
  InternTable strings_{arena_, 1};
  FieldPaths fields_ = {FieldPath("spec.nodeName"), FieldPath("spec.size"), FieldPath("absent")};
  ObjectScanner scanner_;
  std::vector<Version*> versions_;
};

constexpr std::string_view kPod =
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"app":"web","tier":"front"},)"
    R"("name":"a","namespace":"team","resourceVersion":"7","uid":"u"},)"
    R"("spec":{"nodeName":"n1","size":2}})";

TEST_F(VersionTest, AReaderAsksForAsMuchAsTheLastOneHad) {
  const Version& small = Make(R"({"metadata":{"name":"a"}})", 1);
  const std::string padding(2 * FetchGuess::kBytesMax, 'x');
  const Version& large = Make(R"({"metadata":{"name":"a"},"spec":")" + padding + R"("})", 2);
  FetchGuess guess;
  EXPECT_EQ(guess.bytes(), 0U);
  guess.Learn(small);
  EXPECT_EQ(guess.bytes(), small.size());
  guess.Fetch(&small);
  guess.Learn(large);
  EXPECT_EQ(guess.bytes(), FetchGuess::kBytesMax);
  guess.Fetch(&small);
  EXPECT_EQ(small.name(), "a");
}

TEST_F(VersionTest, TellsWhatWasReadOutOfTheObject) {
  const Version& version = Make(kPod, 1042);
  EXPECT_EQ(version.revision(), 1042U);
  EXPECT_EQ(version.name(), "a");
  EXPECT_EQ(version.namespace_name()->text(), "team");
  EXPECT_EQ(version.api_version()->text(), "v1");
  EXPECT_TRUE(CompareKeys(version.key(), {"team", "a"}) == 0);
  ASSERT_EQ(version.labels().size(), 2U);
  EXPECT_EQ(version.labels()[0]->key()->text(), "app");
  EXPECT_EQ(version.labels()[0]->text(), "web");
  EXPECT_EQ(version.labels()[1]->key()->text(), "tier");
  ASSERT_EQ(version.fields().size(), 3U);
  EXPECT_EQ(version.fields()[0]->text(), "n1");
  EXPECT_EQ(version.fields()[1]->text(), "2");
  EXPECT_EQ(version.fields()[2], nullptr);
}

TEST_F(VersionTest, ItsBytesCarryItsOwnRevision) {
  const Version& version = Make(kPod, 1042);
  EXPECT_EQ(version.bytes(),
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"app":"web","tier":"front"},)"
            R"("name":"a","namespace":"team","resourceVersion":"1042","uid":"u"},)"
            R"("spec":{"nodeName":"n1","size":2}})");
  EXPECT_EQ(version.bytes().substr(version.digits_offset(), version.digits_length()), "1042");
  EXPECT_EQ(version.bytes().substr(version.api_version_offset(), version.api_version_length()),
            R"("v1")");
  EXPECT_EQ(Copy(version, {}), version.bytes());
}

TEST_F(VersionTest, ANameWithEscapesIsToldWithoutThem) {
  const Version& version = Make(R"({"metadata":{"name":"a\"b","namespace":"x"}})", 3);
  EXPECT_EQ(version.name(), "a\"b");
  EXPECT_EQ(version.bytes(),
            R"({"metadata":{"name":"a\"b","namespace":"x","resourceVersion":"3"}})");
}

TEST_F(VersionTest, AnObjectThatHasNothing) {
  const Version& version = Make("{}", 0);
  EXPECT_EQ(version.name(), "");
  EXPECT_EQ(version.namespace_name()->text(), "");
  EXPECT_EQ(version.api_version()->text(), "");
  EXPECT_TRUE(version.labels().empty());
  EXPECT_EQ(version.bytes(), R"({"metadata":{"resourceVersion":"0"}})");
}

TEST_F(VersionTest, SharesItsStringsWithOtherVersions) {
  const Version& first = Make(kPod, 1);
  const size_t strings = strings_.size();
  const Version& second = Make(kPod, 2);
  EXPECT_EQ(strings_.size(), strings);
  EXPECT_EQ(first.namespace_name(), second.namespace_name());
  EXPECT_EQ(first.labels()[1], second.labels()[1]);
  EXPECT_EQ(first.fields()[0], second.fields()[0]);
}

struct RenderingRow {
  std::string_view source;
  std::string_view api_version;
  std::optional<uint64_t> digits;
  std::string_view rendered;
};

TEST_F(VersionTest, IsCopiedOutAsItIsToBeServed) {
  constexpr std::string_view kNamed = R"({"apiVersion":"g/v1","metadata":{"name":"a"}})";
  const RenderingRow rows[] = {
      {kNamed,
       "g/v1",
       {},
       R"({"apiVersion":"g/v1","metadata":{"name":"a","resourceVersion":"9"}})"},
      {kNamed,
       "g/v10",
       {},
       R"({"apiVersion":"g/v10","metadata":{"name":"a","resourceVersion":"9"}})"},
      {kNamed, "v1", 1000,
       R"({"apiVersion":"v1","metadata":{"name":"a","resourceVersion":"1000"}})"},
      {kNamed, "g/v1", 10,
       R"({"apiVersion":"g/v1","metadata":{"name":"a","resourceVersion":"10"}})"},
      {kNamed, "g/v2", UINT64_MAX,
       R"({"apiVersion":"g/v2","metadata":{"name":"a","resourceVersion":"18446744073709551615"}})"},
      {"{}", "v1", 12, R"({"apiVersion":"v1","metadata":{"resourceVersion":"12"}})"},
      {R"({"a":1})", "v1", {}, R"({"a":1,"apiVersion":"v1","metadata":{"resourceVersion":"9"}})"},
      {R"({"a":1,"b":2})",
       "v1",
       {},
       R"({"a":1,"apiVersion":"v1","b":2,"metadata":{"resourceVersion":"9"}})"},
      {R"({"spec":{}})",
       "v1",
       {},
       R"({"apiVersion":"v1","metadata":{"resourceVersion":"9"},"spec":{}})"},
      {"{}", "", 8, R"({"metadata":{"resourceVersion":"8"}})"},
      {kNamed, "", {}, R"({"apiVersion":"","metadata":{"name":"a","resourceVersion":"9"}})"},
      {kNamed,
       "a\"b",
       {},
       R"({"apiVersion":"a\"b","metadata":{"name":"a","resourceVersion":"9"}})"},
  };
  for (const RenderingRow& row : rows) {
    const Version& version = Make(row.source, 9);
    const ApiVersionText api_version(row.api_version);
    const RevisionDigits digits(row.digits.value_or(0));
    const Rendering rendering = {&api_version, row.digits ? &digits : nullptr};
    EXPECT_EQ(Copy(version, rendering), row.rendered) << row.source << " as " << row.api_version;
  }
}

TEST_F(VersionTest, OtherDigitsAloneLeaveAllElse) {
  const Version& version = Make(kPod, 99);
  const RevisionDigits digits(100);
  std::string expected(version.bytes());
  expected.replace(version.digits_offset(), 2, "100");
  EXPECT_EQ(Copy(version, {nullptr, &digits}), expected);
}

// Wherever memory runs out, the version is not made and nothing is left (see the destructor).
TEST_F(VersionTest, OutOfMemoryLeavesNothingBehind) {
  const ScannedObject whole = Scan(kPod);
  const std::string_view too_large(whole.head.data(), kTooLarge);
  std::vector<ScannedObject> objects(5, whole);
  objects[0].namespace_name = too_large;
  objects[1].api_version = too_large;
  const LabelView labels[] = {{"app", "web"}, {"big", too_large}, {"tier", "front"}};
  objects[2].labels = labels;
  const std::optional<std::string_view> fields[] = {"n1"sv, too_large, "2"sv};
  objects[3].fields = fields;
  // No address space is this large.
  objects[4].tail = std::string_view(whole.tail.data(), SIZE_MAX / 4);
  for (const ScannedObject& object : objects) {
    EXPECT_EQ(Version::Make(object, 1, arena_, strings_), nullptr);
    EXPECT_EQ(strings_.size(), 0U);
    EXPECT_EQ(arena_.Stats().slots_live, 0U);
  }
  Make(kPod, 1);
}

TEST_F(VersionTest, ThreadsMakeAndFreeVersionsOfTheSameStrings) {
  std::vector<std::thread> threads;
  for (uint64_t thread = 1; thread <= 4; ++thread) {
    threads.emplace_back([this, thread] {
      ObjectScanner scanner;
      for (uint64_t round = 0; round < 300; ++round) {
        ScannedObject object;
        ASSERT_TRUE(scanner.Scan(kPod, fields_, object));
        Version* const version = Version::Make(object, thread * 1000 + round, arena_, strings_);
        ASSERT_NE(version, nullptr);
        EXPECT_EQ(version->name(), "a");
        EXPECT_EQ(version->labels()[0]->text(), "web");
        Version::Free(version, arena_, strings_);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace shardwatch
