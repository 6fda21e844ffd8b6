// Label requirements put together: they mean what they mean one by one, and an object is compared
// with no more of ten thousand than a search among them takes.

#include "native/core/object/label_rules.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/object/label_selector.h"

namespace shardwatch {
namespace {

using enum LabelOperator;

struct Demand {
  std::string key;
  LabelOperator op;
  std::vector<std::string> values = {};

  std::vector<std::string_view> views() const { return {values.begin(), values.end()}; }
};

class LabelRulesTest : public testing::Test {
 protected:
  ~LabelRulesTest() override {
    for (const InternedString* const label : labels_) table_.Release(label);
    EXPECT_EQ(table_.size(), 0U);
  }

  void Label(std::string_view key, std::string_view value) {
    labels_.push_back(table_.AcquireLabel(key, value));
  }

  // Each by a selector of its own, which is too small to put anything together.
  bool MeetsEach(const std::vector<Demand>& demands) {
    for (const Demand& demand : demands) {
      LabelSelector selector(table_);
      const std::vector<std::string_view> values = demand.views();
      EXPECT_TRUE(selector.Add({demand.key, demand.op, values}));
      selector.Finish();
      if (!selector.Matches(labels_)) return false;
    }
    return true;
  }

  bool MeetsAll(const std::vector<Demand>& demands) {
    LabelSelector selector(table_);
    for (const Demand& demand : demands) {
      const std::vector<std::string_view> values = demand.views();
      EXPECT_TRUE(selector.Add({demand.key, demand.op, values}));
    }
    selector.Finish();
    return selector.Matches(labels_);
  }

  Arena arena_;
  InternTable table_{arena_, 1};
  std::vector<const InternedString*> labels_;
};

TEST_F(LabelRulesTest, ManyRequirementsMeanWhatTheyMeanOneByOne) {
  const std::vector<std::string> keys = {"a", "b", "c"};
  const std::vector<std::string> values = {"",  "x", "y",  "-1",
                                           "0", "7", "+7", "9223372036854775808"};
  const std::vector<LabelOperator> ops = {kIn,    kNotIn,       kExists, kDoesNotExist,
                                          kNotIn, kGreaterThan, kNotIn,  kLessThan};
  std::mt19937 random(1);
  const auto pick = [&random](const auto& from) { return from[random() % from.size()]; };
  size_t matched = 0;
  for (size_t round = 0; round < 5'000; ++round) {
    for (const InternedString* const label : labels_) table_.Release(label);
    labels_.clear();
    for (const std::string& key : keys) {
      if (random() % 4 != 0) Label(key, pick(values));
    }
    // Enough that all objects meet to make them many.
    std::vector<Demand> demands;
    for (size_t index = 0; index < LabelSelector::kScannedMax; ++index) {
      demands.push_back({"idle" + std::to_string(index), kDoesNotExist});
    }
    const size_t count = 1 + random() % 4;
    for (size_t index = 0; index < count; ++index) {
      Demand demand = {pick(keys), pick(ops)};
      const size_t wanted = random() % 5;
      for (size_t value = 0; value < wanted; ++value) demand.values.push_back(pick(values));
      demands.push_back(demand);
    }
    const bool expected = MeetsEach(demands);
    EXPECT_EQ(MeetsAll(demands), expected) << round;
    if (expected) ++matched;
  }
  EXPECT_GT(matched, 300U);
}

TEST_F(LabelRulesTest, AnObjectIsNotComparedWithEachOfThem) {
  Label("app", "a");
  Label("num", "1000000");
  Label("tier", "x");
  const std::vector<size_t> counts = {100, 10'000};
  std::vector<size_t> keys;
  std::vector<size_t> values;
  for (const size_t count : counts) {
    LabelRules many_keys;
    LabelRules many_values;
    std::vector<const InternedString*> acquired;
    std::vector<const InternedString*> refused;
    for (size_t index = 0; index < count; ++index) {
      const std::string text = "v" + std::to_string(index);
      acquired.push_back(table_.Acquire(text));
      many_keys.RefuseKey(acquired.back());
      refused.push_back(table_.AcquireLabel("app", text));
      many_values.Refuse({&refused.back(), 1});
    }
    many_keys.Seal();
    many_values.Seal();
    EXPECT_TRUE(many_keys.Matches(labels_));
    EXPECT_TRUE(many_values.Matches(labels_));
    keys.push_back(many_keys.TEST_Comparisons(labels_));
    values.push_back(many_values.TEST_Comparisons(labels_));
    for (const InternedString* const string : acquired) table_.Release(string);
    for (const InternedString* const string : refused) table_.Release(string);
  }
  // A hundred times as many are seven steps more of a search by halves, for each label.
  EXPECT_GT(keys[0], 0U);
  EXPECT_LE(keys[1], keys[0] + 3 * 8);
  EXPECT_GT(values[0], 0U);
  EXPECT_LE(values[1], values[0] + 8);
}

TEST_F(LabelRulesTest, AnObjectThatHasTooFewLabelsIsComparedWithNothing) {
  Label("app", "a");
  LabelRules rules;
  std::vector<const InternedString*> keys;
  for (size_t index = 0; index < 1'000; ++index) {
    keys.push_back(table_.Acquire("k" + std::to_string(index)));
    rules.RequireKey(keys.back());
  }
  rules.Seal();
  EXPECT_FALSE(rules.Matches(labels_));
  EXPECT_EQ(rules.TEST_Comparisons(labels_), 0U);
  for (const InternedString* const key : keys) table_.Release(key);
}

}  // namespace
}  // namespace shardwatch
