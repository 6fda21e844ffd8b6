// The ordered tree against std::map: contents, order, ranks, weights; snapshots that stay what they
// were; and no node lost or freed too early.

#include "native/core/tree/tree.h"

#include <gtest/gtest.h>

#include <compare>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "native/core/epoch/held_roots.h"
#include "native/core/tree/tree_edit.h"

namespace shardwatch {
namespace {

struct Entry {
  int key;
  uint64_t weight;
};

struct EntryShape {
  using Item = const Entry*;
  using Key = int;
  static int KeyOf(const Entry* entry) { return entry->key; }
  static std::strong_ordering Compare(int left, int right) { return left <=> right; }
  static uint64_t WeightOf(const Entry* entry) { return entry->weight; }
};

using Snapshot = TreeSnapshot<EntryShape>;
using Edit = TreeEdit<EntryShape>;
using Cursor = TreeCursor<EntryShape>;
using Node = TreeNode<const Entry*>;
using Model = std::map<int, const Entry*>;

// A tree with its memory: every edit is published at once, and what it replaced is settled.
class TestTree {
 public:
  ~TestTree() {
    Apply([](Edit& edit) {
      std::vector<int> keys;
      Cursor cursor(edit.Finish());
      while (const Entry* const entry = cursor.Next()) keys.push_back(entry->key);
      for (const int key : keys) edit.Delete(key);
    });
    EXPECT_EQ(nodes(), 0U);
  }

  template <typename Change>
  void Apply(Change change, size_t changes = SIZE_MAX / 64) {
    RetiredList replaced;
    {
      NodeSupply<const Entry*> supply(arena_);
      ASSERT_TRUE(Edit::ReserveFor(supply, tree_.size() + 10'000, changes));
      Edit edit(tree_, ++ticket_, supply, replaced);
      change(edit);
      tree_ = edit.Finish();
    }
    held_.Settle(replaced);
    Free();
  }

  const Entry* Put(int key, uint64_t weight = 1) {
    const Entry* previous = nullptr;
    Apply([&](Edit& edit) { previous = edit.Put(&entries_.emplace_back(Entry{key, weight})); }, 1);
    return previous;
  }

  const Entry* Delete(int key) {
    const Entry* previous = nullptr;
    Apply([&](Edit& edit) { previous = edit.Delete(key); }, 1);
    return previous;
  }

  const Entry* MakeEntry(int key) { return &entries_.emplace_back(Entry{key, 1}); }

  const Snapshot& tree() const { return tree_; }
  uint64_t ticket() const { return ticket_; }
  uint64_t nodes() const { return arena_.Stats().slots_live; }
  HeldRoots& held() { return held_; }

  void Free() {
    RetiredList items;
    held_.TakeFree(SIZE_MAX, items);
    while (Retired* const item = items.Take()) {
      NodeSupply<const Entry*>::Free(arena_, static_cast<Node*>(item));
    }
  }

 private:
  Arena arena_;
  std::deque<Entry> entries_;
  HeldRoots held_;
  Snapshot tree_;
  uint64_t ticket_ = 0;
};

// Checks a node's rules and counts the nodes below it.
uint64_t CheckNode(const Node& node, bool is_root) {
  EXPECT_LE(node.count, kNodeMax);
  EXPECT_GE(node.count, is_root ? (node.is_leaf() ? 1U : 2U) : kNodeMin);
  uint64_t weight = 0;
  uint64_t nodes = 1;
  for (uint32_t index = 0; index < node.count; ++index) {
    if (index > 0) {
      EXPECT_LT(node.items[index - 1]->key, node.items[index]->key);
    }
    if (node.is_leaf()) {
      weight += node.items[index]->weight;
      continue;
    }
    const Node& child = *Snapshot::ChildrenOf(node)[index];
    EXPECT_EQ(child.height + 1, node.height);
    EXPECT_EQ(child.lowest(), node.items[index]);
    EXPECT_EQ(child.weight, Snapshot::WeightsOf(node)[index]);
    nodes += CheckNode(child, false);
    weight += child.weight;
  }
  EXPECT_EQ(weight, node.weight);
  return nodes;
}

void CheckSame(const Snapshot& tree, const Model& model) {
  ASSERT_EQ(tree.size(), model.size());
  Cursor cursor(tree);
  for (const auto& [key, entry] : model) ASSERT_EQ(cursor.Next(), entry) << key;
  ASSERT_EQ(cursor.Next(), nullptr);
  ASSERT_EQ(cursor.Next(), nullptr);
}

TEST(Tree, TheEmptyTreeHasNothing) {
  const Snapshot tree;
  EXPECT_EQ(tree.size(), 0U);
  EXPECT_EQ(tree.weight(), 0U);
  EXPECT_EQ(tree.Find(1), nullptr);
  EXPECT_EQ(tree.Rank(1), 0U);
  EXPECT_EQ(tree.Select(0).item, nullptr);
  EXPECT_EQ(Cursor(tree).Next(), nullptr);
  EXPECT_EQ(Cursor(tree, 5).Next(), nullptr);
}

TEST(Tree, PutTellsWhatItReplacesAndDeleteWhatItRemoves) {
  TestTree tree;
  EXPECT_EQ(tree.Put(1), nullptr);
  const Entry* const first = tree.tree().Find(1);
  EXPECT_EQ(tree.Put(1), first);
  EXPECT_EQ(tree.tree().size(), 1U);
  EXPECT_EQ(tree.Delete(2), nullptr);
  EXPECT_NE(tree.Delete(1), first);
  EXPECT_EQ(tree.tree().size(), 0U);
  EXPECT_EQ(tree.nodes(), 0U);
}

TEST(Tree, AgreesWithAMapInWhateverOrderKeysComeAndGo) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    std::mt19937 random(seed);
    TestTree tree;
    Model model;
    // Odd seeds shrink half of the time to nothing, so that nodes are joined up to the root.
    for (int round = 0; round < 6'000; ++round) {
      const bool is_growing = round / 1500 % 2 == 0;
      const int key = static_cast<int>(random() % 3'000);
      if (random() % 10 < (is_growing ? 8U : 2U)) {
        const Entry* const expected = model.contains(key) ? model[key] : nullptr;
        EXPECT_EQ(tree.Put(key, random() % 4), expected);
        model[key] = tree.tree().Find(key);
      } else {
        const int removed = seed % 2 == 1 && !model.empty() ? model.begin()->first : key;
        const Entry* const expected = model.contains(removed) ? model[removed] : nullptr;
        EXPECT_EQ(tree.Delete(removed), expected);
        model.erase(removed);
      }
      if (round % 250 != 0) continue;
      CheckSame(tree.tree(), model);
      const Node* const root = tree.tree().root();
      EXPECT_EQ(root == nullptr ? 0 : CheckNode(*root, true), tree.nodes());
    }
  }
}

TEST(Tree, KeysThatComeInOrderLeaveFewNodesHalfEmpty) {
  TestTree tree;
  constexpr int kItems = 10'000;
  tree.Apply([&tree](Edit& edit) {
    for (int key = 0; key < kItems; ++key) edit.Put(tree.MakeEntry(key));
  });
  // Three quarters full each, with one branch to as many leaves.
  constexpr uint64_t kEntries = kNodeMax - kNodeMin;
  EXPECT_LE(tree.nodes(), kItems / (kEntries - 1) + kItems / (kEntries * (kEntries - 2)) + 3);
  EXPECT_EQ(CheckNode(*tree.tree().root(), true), tree.nodes());
  for (int key = kItems; key-- > 0;) tree.Delete(key);
  EXPECT_EQ(tree.nodes(), 0U);
}

TEST(Tree, RankAndSelectCountWeights) {
  TestTree tree;
  std::mt19937 random(9);
  for (int key = 0; key < 1'000; ++key) tree.Put(static_cast<int>(random() % 2'000) * 2, key % 5);
  uint64_t before = 0;
  Cursor cursor(tree.tree());
  while (const Entry* const entry = cursor.Next()) {
    EXPECT_EQ(tree.tree().Rank(entry->key), before);
    EXPECT_EQ(tree.tree().Rank(entry->key + 1), before + entry->weight);
    EXPECT_EQ(tree.tree().WeightBetween(-1, entry->key), before);
    EXPECT_EQ(tree.tree().WeightBetween(entry->key, entry->key + 1), entry->weight);
    EXPECT_EQ(tree.tree().WeightBetween(entry->key, entry->key), 0U);
    for (uint64_t offset = 0; offset < entry->weight; ++offset) {
      const TreeSelection<const Entry*> found = tree.tree().Select(before + offset);
      EXPECT_EQ(found.item, entry);
      EXPECT_EQ(found.offset, offset);
    }
    before += entry->weight;
  }
  EXPECT_EQ(tree.tree().weight(), before);
  EXPECT_EQ(tree.tree().Select(before).item, nullptr);
}

TEST(Tree, ACursorBeginsAtTheFirstItemThatIsNotBelow) {
  TestTree tree;
  Model model;
  for (int key = 0; key < 2'000; key += 2) {
    tree.Put(key);
    model[key] = tree.tree().Find(key);
  }
  for (int start = -1; start < 2'001; ++start) {
    Cursor cursor(tree.tree(), start);
    auto expected = model.lower_bound(start);
    for (int step = 0; step < 3 && expected != model.end(); ++step) {
      ASSERT_EQ(cursor.Next(), (expected++)->second);
    }
    if (expected == model.end()) {
      ASSERT_EQ(cursor.Next(), nullptr);
    }
  }
}

TEST(Tree, AHeldSnapshotStaysWhatItWasAndCostsOnlyWhatItsOwnIs) {
  struct Held {
    explicit Held(const TestTree& from, Model contents)
        : root(from.ticket()), tree(from.tree()), model(std::move(contents)) {}
    HoldableRoot root;
    Snapshot tree;
    Model model;
  };
  std::mt19937 random(21);
  TestTree tree;
  Model model;
  std::deque<Held> held;
  for (int round = 0; round < 4'000; ++round) {
    const int key = static_cast<int>(random() % 1'000);
    if (random() % 3 != 0) {
      tree.Put(key);
      model[key] = tree.tree().Find(key);
    } else {
      tree.Delete(key);
      model.erase(key);
    }
    if (round % 100 == 0) {
      Held& added = held.emplace_back(tree, model);
      tree.held().Hold(&added.root);
    }
    if (held.size() < 8) continue;
    // Now the oldest, now the newest.
    Held& checked = random() % 2 == 0 ? held.front() : held.back();
    CheckSame(checked.tree, checked.model);
    if (checked.tree.root() != nullptr) CheckNode(*checked.tree.root(), true);
    tree.held().Release(&checked.root);
    tree.Free();
    if (&checked == &held.front()) {
      held.pop_front();
    } else {
      held.pop_back();
    }
  }
  for (Held& left : held) {
    CheckSame(left.tree, left.model);
    tree.held().Release(&left.root);
  }
  tree.Free();
  EXPECT_EQ(CheckNode(*tree.tree().root(), true), tree.nodes());
}

TEST(Tree, ABatchCopiesEachNodeAtMostOnce) {
  TestTree tree;
  std::vector<const Entry*> entries;
  for (int key = 0; key < 5'000; ++key) entries.push_back(tree.MakeEntry(key));
  tree.Apply([&](Edit& edit) {
    for (const Entry* const entry : entries) edit.Put(entry);
  });
  const uint64_t nodes = CheckNode(*tree.tree().root(), true);
  HoldableRoot root(tree.ticket());
  tree.held().Hold(&root);
  tree.Apply([&](Edit& edit) {
    for (int key = 0; key < 5'000; ++key) edit.Put(tree.MakeEntry(key));
  });
  EXPECT_EQ(tree.nodes(), 2 * nodes);
  tree.held().Release(&root);
  tree.Free();
  EXPECT_EQ(tree.nodes(), nodes);
}

}  // namespace
}  // namespace shardwatch
