// Signatures: what filters let pass, in leaves as trees change, and in walks of selectors.

#include "native/core/object/signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "native/core/bytes/arena.h"
#include "native/core/epoch/retired.h"
#include "native/core/tree/tree.h"
#include "native/core/tree/tree_edit.h"

namespace shardwatch {
namespace {

struct Entry {
  uint32_t key;
  Signature signature;
};

struct SignedShape {
  using Item = const Entry*;
  using Key = uint32_t;
  static Key KeyOf(Item entry) { return entry->key; }
  static std::strong_ordering Compare(Key left, Key right) { return left <=> right; }
  static uint64_t WeightOf(Item) { return 1; }
  static Signature SignatureOf(Item entry) { return entry->signature; }
};

using Snapshot = TreeSnapshot<SignedShape>;
using Edit = TreeEdit<SignedShape>;
using Cursor = TreeCursor<SignedShape>;
using Node = TreeNode<const Entry*>;

// What a filter is to let pass, said another way.
bool IsWanted(Signature signature, Signature required, const std::vector<Signature>& choices) {
  if ((required & ~signature) != 0) return false;
  return choices.empty() || std::any_of(choices.begin(), choices.end(), [&](Signature choice) {
           return (choice & ~signature) == 0;
         });
}

SignatureFilter FilterOf(Signature required, const std::vector<Signature>& choices) {
  SignatureFilter filter;
  filter.Require(required);
  filter.RequireOneOf(choices.data(), choices.size());
  return filter;
}

TEST(SignatureFilter, LetsPassWhatHasAllThatIsDemanded) {
  std::mt19937_64 random(1);
  const auto sparse = [&] { return random() & random() & random() & random(); };
  for (size_t choice_count = 0; choice_count <= SignatureFilter::kChoicesMax; ++choice_count) {
    for (int round = 0; round < 200; ++round) {
      std::array<Signature, 32> signatures{};
      for (Signature& signature : signatures) signature = random();
      const Signature required = round % 3 == 0 ? 0 : sparse();
      std::vector<Signature> choices(choice_count);
      for (Signature& choice : choices) choice = sparse() | 1;
      const SignatureFilter filter = FilterOf(required, choices);
      EXPECT_EQ(filter.is_empty(), required == 0 && choices.empty());
      const auto count = static_cast<uint32_t>(round % 33);
      const uint32_t selected = filter.Select(signatures.data(), count);
      for (uint32_t index = 0; index < 32; ++index) {
        const bool is_wanted = IsWanted(signatures[index], required, choices);
        ASSERT_EQ(filter.Passes(signatures[index]), is_wanted);
        ASSERT_EQ((selected >> index & 1) != 0, index < count && is_wanted) << index;
      }
    }
  }
}

TEST(SignatureFilter, DemandsNothingOfMoreAlternativesThanItTellsApart) {
  const std::vector<Signature> choices(SignatureFilter::kChoicesMax + 1, 1);
  const SignatureFilter filter = FilterOf(0, choices);
  EXPECT_TRUE(filter.is_empty());
  EXPECT_TRUE(filter.Passes(0));
}

class SignedTree : public testing::Test {
 protected:
  ~SignedTree() override {
    while (!model_.empty()) Delete(model_.begin()->first);
    EXPECT_EQ(arena_.Stats().slots_live, 0U);
  }

  void Put(uint32_t key, Signature signature) {
    const Entry* const entry = &entries_.emplace_back(Entry{key, signature});
    Change([&](Edit& edit) { edit.Put(entry); });
    model_[key] = entry;
  }

  void Delete(uint32_t key) {
    Change([&](Edit& edit) { edit.Delete(key); });
    model_.erase(key);
  }

  void CheckLeaves(const Node& node) const {
    for (uint32_t at = 0; at < node.count; ++at) {
      if (node.is_leaf()) {
        ASSERT_EQ(Snapshot::SignaturesOf(node)[at], node.items[at]->signature);
      } else {
        CheckLeaves(*Snapshot::ChildrenOf(node)[at]);
      }
    }
  }

  // Walks from `start` on; the items that pass, in key order, and no others.
  void CheckWalk(uint32_t start, Signature required) const {
    SignatureFilter filter;
    filter.Require(required);
    Cursor cursor(tree_, start, required == 0 ? nullptr : &filter);
    for (auto next = model_.lower_bound(start); next != model_.end(); ++next) {
      if ((required & ~next->second->signature) != 0) continue;
      ASSERT_EQ(cursor.Next(), next->second);
    }
    ASSERT_EQ(cursor.Next(), nullptr);
    ASSERT_EQ(cursor.Next(), nullptr);
  }

  const Snapshot& tree() const { return tree_; }
  size_t size() const { return model_.size(); }

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
  std::map<uint32_t, const Entry*> model_;
  uint64_t ticket_ = 0;
};

TEST_F(SignedTree, KeepsSignaturesBesideTheirItemsAsItGrowsAndShrinks) {
  std::mt19937_64 random(2);
  for (const uint64_t puts_of_ten : {9, 5, 2}) {
    for (int change = 0; change < 4'000; ++change) {
      const auto key = static_cast<uint32_t>(random() % 6'000);
      if (random() % 10 < puts_of_ten) {
        Put(key, random() & random());
      } else {
        Delete(key);
      }
      if (change % 100 == 0 && tree().root() != nullptr) CheckLeaves(*tree().root());
    }
    for (const Signature required :
         {Signature{0}, Signature{1}, Signature{0b1001}, ~Signature{0}}) {
      for (const uint32_t start : {0U, 1U, 500U, 2'999U, 5'999U, 6'000U}) {
        CheckWalk(start, required);
      }
    }
  }
}

TEST_F(SignedTree, IsWalkedThoughNothingOrOnlyTheLastItemPasses) {
  CheckWalk(0, 1);
  for (uint32_t key = 0; key < 5'000; ++key) Put(key, 2);
  CheckWalk(0, 1);
  Put(5'000, 3);
  CheckWalk(0, 1);
  CheckWalk(5'000, 1);
  CheckWalk(5'001, 1);
}

}  // namespace
}  // namespace shardwatch
