// Trees whose keys are texts: heads are right in every node, and whatever keys have in common,
// searches find what a map does.

#include <gtest/gtest.h>

#include <deque>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/bytes/arena.h"
#include "native/core/epoch/retired.h"
#include "native/core/tree/head.h"
#include "native/core/tree/tree.h"
#include "native/core/tree/tree_edit.h"

namespace shardwatch {
namespace {

using std::string_literals::operator""s;

struct Entry {
  std::string key;
};

struct TextShape {
  using Item = const Entry*;
  using Key = std::string_view;
  static Key KeyOf(Item entry) { return entry->key; }
  static std::strong_ordering Compare(Key left, Key right) { return left <=> right; }
  static constexpr std::string_view kKeyEnd = "";
  static uint64_t WeightOf(Item) { return 1; }
};

using Snapshot = TreeSnapshot<TextShape>;
using Edit = TreeEdit<TextShape>;
using Cursor = TreeCursor<TextShape>;
using Node = TreeNode<const Entry*>;
using Model = std::map<std::string, const Entry*, std::less<>>;

class TestTree {
 public:
  ~TestTree() {
    while (!model_.empty()) Delete(std::string(model_.begin()->first));
    EXPECT_EQ(arena_.Stats().slots_live, 0U);
  }

  void Put(const std::string& key) {
    Change([&](Edit& edit) {
      const Entry* const entry = &entries_.emplace_back(Entry{key});
      EXPECT_EQ(edit.Put(entry), model_.contains(key) ? model_[key] : nullptr);
      model_[key] = entry;
    });
  }

  void Delete(const std::string& key) {
    Change([&](Edit& edit) {
      EXPECT_EQ(edit.Delete(key), model_.contains(key) ? model_[key] : nullptr);
      model_.erase(key);
    });
  }

  const Snapshot& tree() const { return tree_; }
  const Model& model() const { return model_; }

 private:
  template <typename Work>
  void Change(Work work) {
    NodeSupply<const Entry*> supply(arena_);
    ASSERT_TRUE(Edit::ReserveFor(supply, 100'000, 1));
    RetiredList replaced;
    Edit edit(tree_, ++ticket_, supply, replaced);
    work(edit);
    tree_ = edit.Finish();
    while (Retired* const item = replaced.Take()) {
      NodeSupply<const Entry*>::Free(arena_, static_cast<Node*>(item));
    }
  }

  Arena arena_;
  std::deque<Entry> entries_;
  Snapshot tree_;
  Model model_;
  uint64_t ticket_ = 0;
};

void CheckHeads(const Node& node) {
  const std::string_view first = TextShape::KeyOf(node.items[0]);
  ASSERT_LE(node.skipped, first.size());
  ASSERT_TRUE(Snapshot::SharesBeginning(node, TextShape::KeyOf(Snapshot::Highest(node))));
  for (uint32_t at = 0; at < node.count; ++at) {
    const std::string_view key = TextShape::KeyOf(node.items[at]);
    ASSERT_EQ(key.substr(0, node.skipped), first.substr(0, node.skipped));
    ASSERT_EQ(node.heads[at], HeadOf(key, node.skipped, ""));
    if (at > 0) {
      ASSERT_LE(node.heads[at - 1], node.heads[at]);
    }
    if (!node.is_leaf()) CheckHeads(*Snapshot::ChildrenOf(node)[at]);
  }
}

void CheckSearches(const TestTree& test, const std::string& key) {
  const Snapshot& tree = test.tree();
  const Model& model = test.model();
  const auto found = model.find(key);
  ASSERT_EQ(tree.Find(key), found == model.end() ? nullptr : found->second) << key;
  auto next = model.lower_bound(key);
  const auto rank = static_cast<uint64_t>(std::distance(model.begin(), next));
  ASSERT_EQ(tree.Rank(key), rank) << key;
  Cursor cursor(tree, key);
  for (int step = 0; step < 3 && next != model.end(); ++step, ++next) {
    ASSERT_EQ(cursor.Next(), next->second) << key;
  }
}

// Texts that have much in common, little, or nothing; that begin with each other; that end in the
// byte that heads are filled up with.
std::vector<std::string> Texts() {
  std::vector<std::string> texts = {"", "\0"s, "\0\0"s, "\xff", "\xff\xff\xff\xff\xff"};
  for (int number = 0; number < 400; ++number) {
    const std::string digits = std::to_string(number * 7919 % 10'007);
    texts.push_back("web-" + digits);
    texts.push_back("a-name-that-is-rather-long-7c9f8d7b6d-" + digits);
    texts.push_back("a-name-that-is-rather-long-5d5b4f6c8-" + digits);
    texts.push_back(std::string(static_cast<size_t>(number % 60), 'a'));
    texts.push_back(std::string(static_cast<size_t>(number % 7), 'b') + '\0');
    texts.push_back("web" + std::string(1, static_cast<char>(number)) + digits);
  }
  return texts;
}

TEST(TreeHeads, AreOrderedAsTheKeysThatTheyAreOf) {
  const std::vector<std::string> texts = {"", "a", "ab", "abc", "abcd", "abcde", "abce", "b\xff"};
  for (const std::string& left : texts) {
    for (const std::string& right : texts) {
      if (HeadOf(left, 0, "") < HeadOf(right, 0, "")) {
        EXPECT_LT(left, right);
      }
    }
  }
  EXPECT_EQ(HeadOf("xabcdef", 1, ""), 0x61626364U);
  EXPECT_EQ(HeadOf("xab", 1, ""), 0x61620000U);
  EXPECT_EQ(HeadOf("xab", 1, "/"), 0x61622F00U);
  EXPECT_EQ(HeadOf("xabc", 1, "/"), 0x6162632FU);
  EXPECT_EQ(HeadOf("xab", 3, "/"), 0x2F000000U);
  EXPECT_EQ(HeadOf("xab", 4, "/"), 0U);
}

TEST(TreeHeads, SearchesFindWhatAMapDoes) {
  const std::vector<std::string> texts = Texts();
  for (unsigned seed = 1; seed <= 4; ++seed) {
    std::mt19937 random(seed);
    TestTree test;
    for (int round = 0; round < 8'000; ++round) {
      const bool is_growing = round / 2'000 % 2 == 0;
      const std::string& key = texts[random() % texts.size()];
      if (random() % 10 < (is_growing ? 8U : 2U)) {
        test.Put(key);
      } else {
        test.Delete(key);
      }
      ASSERT_NO_FATAL_FAILURE(CheckSearches(test, texts[random() % texts.size()]));
      if (round % 400 != 0 || test.model().empty()) continue;
      ASSERT_NO_FATAL_FAILURE(CheckHeads(*test.tree().root()));
      for (const std::string& text : texts) {
        ASSERT_NO_FATAL_FAILURE(CheckSearches(test, text));
        ASSERT_NO_FATAL_FAILURE(CheckSearches(test, text + "0"));
      }
    }
  }
}

TEST(TreeHeads, AKeyThatBeginsOtherwiseIsFoundWhereverNodesAreFull) {
  for (int count = 1; count < 1'200; count += count < 100 ? 1 : 7) {
    TestTree test;
    for (int number = 0; number < count; ++number) {
      test.Put("web-" + std::to_string(10'000 + number));
    }
    for (const std::string key : {"x", "web-2", "a", "w"}) {
      test.Put(key);
      ASSERT_NO_FATAL_FAILURE(CheckHeads(*test.tree().root())) << count;
      ASSERT_NO_FATAL_FAILURE(CheckSearches(test, key)) << count;
    }
  }
}

TEST(TreeHeads, TheItemThatASearchWillReadIsToldBefore) {
  TestTree test;
  for (int number = 0; number < 1'000; ++number) {
    test.Put("web-" + std::to_string(10'000 + number));
  }
  for (const auto& [key, entry] : test.model()) {
    std::vector<const Entry*> told;
    const auto fetch = [&told](const Entry* item) { told.push_back(item); };
    EXPECT_EQ(test.tree().Find(key, fetch), entry);
    EXPECT_EQ(told, std::vector<const Entry*>{entry});
  }
  std::vector<const Entry*> told;
  EXPECT_EQ(test.tree().Find("web-9", [&](const Entry* item) { told.push_back(item); }), nullptr);
  EXPECT_EQ(Snapshot().Find("web-9", [&](const Entry* item) { told.push_back(item); }), nullptr);
  EXPECT_TRUE(told.empty());
}

TEST(TreeHeads, NodesSkipWhatTheirKeysHaveInCommon) {
  TestTree test;
  for (int number = 0; number < 1'000; ++number) {
    test.Put("frontend-7c9f8d7b6d-" + std::to_string(1'000 + number));
  }
  const Node* node = test.tree().root();
  while (!node->is_leaf()) {
    EXPECT_GE(node->skipped, 20U);
    node = Snapshot::ChildrenOf(*node)[node->count - 1];
  }
  EXPECT_GE(node->skipped, 21U);
}

}  // namespace
}  // namespace shardwatch
