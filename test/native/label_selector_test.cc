// Compiled label requirements: each operator with, without and beside its label; 64-bit integers.

#include "native/core/object/label_selector.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace shardwatch {
namespace {

using enum LabelOperator;

class LabelSelectorTest : public testing::Test {
 protected:
  ~LabelSelectorTest() override {
    for (const InternedString* const label : labels_) table_.Release(label);
    EXPECT_EQ(table_.size(), 0U);
  }

  void Label(std::string_view key, std::string_view value) {
    labels_.push_back(table_.AcquireLabel(key, value));
  }

  bool Meets(std::string_view key, LabelOperator op, std::vector<std::string_view> values = {}) {
    LabelSelector selector(table_);
    EXPECT_TRUE(selector.Add({key, op, values}));
    return selector.Matches(labels_);
  }

  Arena arena_;
  InternTable table_{arena_, 1};
  std::vector<const InternedString*> labels_;
};

TEST_F(LabelSelectorTest, WithoutRequirementsEverythingMatches) {
  EXPECT_TRUE(LabelSelector(table_).Matches({}));
  Label("app", "web");
  EXPECT_TRUE(LabelSelector(table_).Matches(labels_));
}

TEST_F(LabelSelectorTest, AnObjectThatHasTheLabel) {
  Label("app", "web");
  Label("tier", "front");
  EXPECT_TRUE(Meets("app", kIn, {"web"}));
  EXPECT_TRUE(Meets("app", kIn, {"api", "web"}));
  EXPECT_FALSE(Meets("app", kIn, {"api"}));
  EXPECT_FALSE(Meets("app", kIn, {"front"}));
  EXPECT_FALSE(Meets("app", kIn));
  EXPECT_FALSE(Meets("app", kNotIn, {"web", "api"}));
  EXPECT_TRUE(Meets("app", kNotIn, {"api"}));
  EXPECT_TRUE(Meets("app", kNotIn));
  EXPECT_TRUE(Meets("tier", kExists));
  EXPECT_FALSE(Meets("tier", kDoesNotExist));
}

TEST_F(LabelSelectorTest, AnObjectThatLacksTheLabel) {
  Label("app", "web");
  EXPECT_FALSE(Meets("tier", kIn, {"web"}));
  EXPECT_TRUE(Meets("tier", kNotIn, {"web"}));
  EXPECT_FALSE(Meets("tier", kExists));
  EXPECT_FALSE(Meets("web", kExists));
  EXPECT_TRUE(Meets("tier", kDoesNotExist));
  EXPECT_FALSE(Meets("tier", kGreaterThan, {"1"}));
  EXPECT_FALSE(Meets("tier", kLessThan, {"1"}));
}

TEST_F(LabelSelectorTest, IntegersCompareAsIntegers) {
  Label("size", "10");
  Label("word", "ten");
  Label("low", "-9223372036854775808");
  EXPECT_TRUE(Meets("size", kGreaterThan, {"9"}));
  EXPECT_FALSE(Meets("size", kGreaterThan, {"10"}));
  EXPECT_TRUE(Meets("size", kLessThan, {"+0011"}));
  EXPECT_FALSE(Meets("size", kLessThan, {"10"}));
  EXPECT_TRUE(Meets("low", kLessThan, {"-9223372036854775807"}));
  EXPECT_FALSE(Meets("word", kGreaterThan, {"1"}));
  EXPECT_FALSE(Meets("size", kGreaterThan, {"one"}));
  EXPECT_FALSE(Meets("size", kLessThan, {"9223372036854775808"}));
  EXPECT_FALSE(Meets("size", kGreaterThan, {"1", "2"}));
  EXPECT_FALSE(Meets("size", kGreaterThan));
}

TEST_F(LabelSelectorTest, AllRequirementsMustHold) {
  Label("app", "web");
  LabelSelector selector(table_);
  const std::vector<std::string_view> web = {"web"};
  ASSERT_TRUE(selector.Add({"app", kIn, web}));
  EXPECT_TRUE(selector.Matches(labels_));
  ASSERT_TRUE(selector.Add({"tier", kExists, {}}));
  EXPECT_FALSE(selector.Matches(labels_));
}

TEST_F(LabelSelectorTest, EveryOneOfManyRequirementsCounts) {
  const std::vector<std::string_view> values = {"v", "w"};
  const std::vector<std::string_view> keys = {"a", "b", "c", "d", "e"};
  LabelSelector selector(table_);
  for (const std::string_view key : keys) {
    EXPECT_FALSE(!selector.empty() && selector.Matches({}));
    ASSERT_TRUE(selector.Add({key, kIn, values}));
    Label(key, "w");
    EXPECT_TRUE(selector.Matches(labels_)) << key;
  }
  for (size_t without = 0; without < keys.size(); ++without) {
    std::vector<const InternedString*> labels = labels_;
    labels.erase(labels.begin() + static_cast<ptrdiff_t>(without));
    EXPECT_FALSE(selector.Matches(labels)) << keys[without];
  }
}

TEST_F(LabelSelectorTest, TellsWhichRequirementIsAboutOneLabelAlone) {
  const std::vector<std::string_view> one = {"web"};
  const std::vector<std::string_view> two = {"web", "api"};
  LabelSelector selector(table_);
  ASSERT_TRUE(selector.Add({"app", kIn, two}));
  ASSERT_TRUE(selector.Add({"app", kNotIn, one}));
  ASSERT_TRUE(selector.Add({"app", kExists, {}}));
  ASSERT_TRUE(selector.Add({"app", kGreaterThan, one}));
  ASSERT_TRUE(selector.Add({"app", kNotIn, {}}));
  ASSERT_TRUE(selector.Add({"app", kIn, one}));
  Label("app", "web");
  Label("app", "api");
  for (const size_t index : {0U, 2U, 3U, 4U}) EXPECT_FALSE(selector.PresenceAt(index)) << index;
  for (const size_t index : {1U, 5U}) {
    const std::optional<LabelPresence> presence = selector.PresenceAt(index);
    ASSERT_TRUE(presence) << index;
    EXPECT_EQ(presence->label, labels_[0]);
    EXPECT_EQ(presence->Holds(LabelSpan(labels_).first(1)), index == 5);
    EXPECT_EQ(presence->Holds(LabelSpan(labels_).last(1)), index == 1);
    EXPECT_EQ(presence->Holds({}), index == 1);
  }
}

TEST_F(LabelSelectorTest, ALabelThatComesLaterIsTheOneThatWasMeant) {
  const std::vector<std::string_view> web = {"web"};
  LabelSelector selector(table_);
  ASSERT_TRUE(selector.Add({"app", kIn, web}));
  ASSERT_TRUE(selector.Add({"tier", kExists, {}}));
  Label("app", "web");
  Label("tier", "");
  EXPECT_TRUE(selector.Matches(labels_));
}

TEST(ParseInt64, TakesSignsAndLeadingZerosAndNothingElse) {
  EXPECT_EQ(ParseInt64("0"), 0);
  EXPECT_EQ(ParseInt64("-0"), 0);
  EXPECT_EQ(ParseInt64("+7"), 7);
  EXPECT_EQ(ParseInt64("000000000000000000000000000012"), 12);
  EXPECT_EQ(ParseInt64("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(ParseInt64("-9223372036854775808"), INT64_MIN);
  for (const std::string_view text :
       {"", "-", "+", "1.0", " 1", "1 ", "0x1", "--1", "9223372036854775808",
        "-9223372036854775809", "99999999999999999999", "18446744073709551617"}) {
    EXPECT_EQ(ParseInt64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace shardwatch
