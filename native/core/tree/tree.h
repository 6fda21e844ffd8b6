// An ordered copy-on-write tree: `TreeSnapshot` is the immutable state at one moment, `TreeEdit`
// (see tree_edit.h) makes one from another.
//
// A shape tells how items are read: `Item`, a pointer, null for none; `Key`; `KeyOf(item)`;
// `Compare(left, right)`, a three-way order of keys; `WeightOf(item)`. It has signatures if it has
// `SignatureOf(item)`.
//
//  1. A snapshot is a pointer and a size, whatever is in the tree, and never changes.
//  2. Find, Rank and Select take O(log n); a cursor takes O(1) an item.
// Thread rule: any thread that keeps the snapshot's root (an epoch's pin, or a hold).

#ifndef NATIVE_CORE_TREE_TREE_H_
#define NATIVE_CORE_TREE_TREE_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

#include "native/core/bytes/fetch.h"
#include "native/core/object/signature.h"
#include "native/core/tree/head.h"
#include "native/core/tree/node.h"
#include "native/core/tree/walk_budget.h"

namespace shardwatch {

// Where Select found an item: `offset` is the position within the item's own weight.
template <typename Item>
struct TreeSelection {
  Item item = nullptr;
  uint64_t offset = 0;
};

template <typename Shape>
concept HasSignatures = requires(typename Shape::Item item) {
                          { Shape::SignatureOf(item) } -> std::same_as<Signature>;
                        };

template <typename Shape>
class TreeSnapshot {
 public:
  using Item = typename Shape::Item;
  using Key = typename Shape::Key;
  using Node = TreeNode<Item>;

  TreeSnapshot() = default;
  TreeSnapshot(Node* root, uint64_t size) : root_(root), size_(size) {}

  // Number of items.
  uint64_t size() const { return size_; }

  // Sum of the weights of all items.
  uint64_t weight() const { return root_ == nullptr ? 0 : root_->weight; }

  // Null for the empty tree.
  Node* root() const { return root_; }

  // The item of that key, or null.
  Item Find(const Key& key) const {
    return Find(key, [](Item) {});
  }

  // The same. Where heads leave one item that may have the key, `fetch(item)` is told that one
  // before any of its memory is read.
  template <typename Fetch>
  Item Find(const Key& key, Fetch fetch) const {
    if (root_ == nullptr) return nullptr;
    const Node* node = root_;
    while (!node->is_leaf()) {
      const bool is_leaf_next = node->height == 1;
      node = ChildIfThere(*node, key);
      FetchLines(node, SearchedBytes<Item>(is_leaf_next));
    }
    return FindInLeaf(*node, key, fetch);
  }

  // Of a node, what a search reads of it before it knows where to go on.
  static constexpr size_t kHeadsEnd = sizeof(Node) - sizeof(Node::items);

  // A step of a search for a key: the child below which it is, if it is there at all.
  static const Node* ChildIfThere(const Node& branch, const Key& key) {
    return *ChildPlaceIfThere(branch, key);
  }

  // Where that child's address stands: as far as heads tell, that memory is not read.
  static Node* const* ChildPlaceIfThere(const Node& branch, const Key& key) {
    return ChildrenOf(branch) + ChildIndex(branch, NarrowIfThere(branch, 1, key), key);
  }

  // Where the item of a leaf stands that has the key if any has, as far as heads tell: that memory
  // is not read. Null where they don't.
  static const Item* LikelyPlaceInLeaf(const Node& leaf, const Key& key) {
    const Range range = NarrowIfThere(leaf, 0, key);
    return range.high - range.low == 1 ? leaf.items + range.low : nullptr;
  }

  // The last step of a search.
  template <typename Fetch>
  static Item FindInLeaf(const Node& leaf, const Key& key, Fetch fetch) {
    const Range range = NarrowIfThere(leaf, 0, key);
    if (range.high - range.low == 1) {
      const Item item = leaf.items[range.low];
      fetch(item);
      return Shape::Compare(Shape::KeyOf(item), key) == 0 ? item : nullptr;
    }
    const uint32_t at = LowerBound(leaf, range, key);
    if (at == leaf.count || Shape::Compare(Shape::KeyOf(leaf.items[at]), key) != 0) return nullptr;
    return leaf.items[at];
  }

  // A branch, and the child of it that the path goes on to.
  struct Step {
    const Node* branch;
    uint32_t at;
  };

  // From the root to the leaf where a key belongs, and to its place there.
  struct Path {
    std::array<Step, kHeightMax> steps;
    uint32_t depth = 0;
    const Node* leaf = nullptr;
    // Of the first item that is not below the key; the count where there is none in the leaf.
    uint32_t at = 0;
  };

  // The path to a key, whether or not it is there. REQUIRES: items.
  Path PathTo(const Key& key) const {
    if constexpr (HasHeads<Shape>) {
      // Whether a key begins as those of a node do is known only from one of them, a wait for
      // memory at each level. Two items tell at the end that it was so.
      const Path path = Follow<true>(key);
      if (IsPathTo(path, key)) return path;
    }
    return Follow<false>(key);
  }

  // Sum of the weights of the items before `key`, whether or not `key` is there.
  uint64_t Rank(const Key& key) const {
    if (root_ == nullptr) return 0;
    const Path path = PathTo(key);
    uint64_t before = 0;
    for (const Step& step : std::span(path.steps).first(path.depth)) {
      const uint64_t* const weights = WeightsOf(*step.branch);
      for (uint32_t index = 0; index < step.at; ++index) before += weights[index];
    }
    for (uint32_t index = 0; index < path.at; ++index) {
      before += Shape::WeightOf(path.leaf->items[index]);
    }
    return before;
  }

  // Sum of the weights of the items from `low` on and below `high`. REQUIRES: low is not above
  // high.
  uint64_t WeightBetween(const Key& low, const Key& high) const { return Rank(high) - Rank(low); }

  // The item that covers position `rank` when all weights are laid end to end; none beyond the end.
  TreeSelection<Item> Select(uint64_t rank) const {
    if (rank >= weight()) return {};
    const Node* node = root_;
    while (!node->is_leaf()) {
      const uint64_t* const weights = WeightsOf(*node);
      uint32_t at = 0;
      for (; rank >= weights[at]; ++at) rank -= weights[at];
      node = ChildrenOf(*node)[at];
    }
    const Item* item = node->items;
    for (; rank >= Shape::WeightOf(*item); ++item) rank -= Shape::WeightOf(*item);
    return {*item, rank};
  }

  // The last item below a node. REQUIRES: one.
  static Item Highest(const Node& node) {
    const Node* last = &node;
    while (!last->is_leaf()) last = ChildrenOf(*last)[last->count - 1];
    return last->items[last->count - 1];
  }

  // Whether a key begins as all keys below the node do. REQUIRES: a shape with heads, and items.
  static bool SharesBeginning(const Node& node, const Key& key) {
    return key.substr(0, node.skipped) == Shape::KeyOf(node.items[0]).substr(0, node.skipped);
  }

  static Node* const* ChildrenOf(const Node& branch) {
    return static_cast<const TreeBranch<Item>&>(branch).children;
  }

  static const uint64_t* WeightsOf(const Node& branch) {
    return static_cast<const TreeBranch<Item>&>(branch).weights;
  }

  static const Signature* SignaturesOf(const Node& leaf) {
    return static_cast<const TreeLeaf<Item>&>(leaf).signatures;
  }

  // Index of the first item of a leaf whose key is not below `key`; the count where there is none.
  static uint32_t LowerBound(const Node& leaf, const Key& key) {
    return LowerBound(leaf, Narrow(leaf, 0, key), key);
  }

  // Index of the child under which `key` belongs.
  static uint32_t ChildIndex(const Node& branch, const Key& key) {
    return ChildIndex(branch, Narrow(branch, 1, key), key);
  }

 private:
  // Of items: those before it are below a key, those from its end on above it.
  struct Range {
    uint32_t low;
    uint32_t high;
  };

  // Where the items are whose heads don't tell how they compare with the key.
  static Range Narrow(const Node& node, uint32_t first, const Key& key) {
    if constexpr (HasHeads<Shape>) {
      if (node.count > 0 && !SharesBeginning(node, key)) {
        const bool is_below = Shape::Compare(Shape::KeyOf(node.items[0]), key) < 0;
        const uint32_t at = is_below ? node.count : first;
        return {at, at};
      }
    }
    return NarrowIfThere(node, first, key);
  }

  // The same if an item has the key; anything otherwise.
  static Range NarrowIfThere(const Node& node, uint32_t first, const Key& key) {
    if constexpr (HasHeads<Shape>) {
      const NodeHead head = HeadOf(key, node.skipped, Shape::kKeyEnd);
      const NodeHead* const begin = node.heads + first;
      const NodeHead* const end = node.heads + node.count;
      const NodeHead* const low = std::lower_bound(begin, end, head);
      const NodeHead* high = low;
      while (high != end && *high == head) ++high;
      return {static_cast<uint32_t>(low - node.heads), static_cast<uint32_t>(high - node.heads)};
    } else {
      return {first, node.count};
    }
  }

  // With `kIsLikely` the path to a key that begins as those of every node on it do.
  template <bool kIsLikely>
  Path Follow(const Key& key) const {
    const auto narrow = [&](const Node& node, uint32_t first) {
      return kIsLikely ? NarrowIfThere(node, first, key) : Narrow(node, first, key);
    };
    Path path;
    const Node* node = root_;
    while (!node->is_leaf()) {
      const uint32_t at = ChildIndex(*node, narrow(*node, 1), key);
      path.steps[path.depth++] = {node, at};
      const size_t searched = SearchedBytes<Item>(node->height == 1);
      node = ChildrenOf(*node)[at];
      FetchLines(node, searched);
    }
    path.leaf = node;
    path.at = LowerBound(*node, narrow(*node, 0), key);
    return path;
  }

  // Whether the key is behind the item before its place, and not behind the one that is there.
  static bool IsPathTo(const Path& path, const Key& key) {
    const Item next = ItemAt(path);
    if (path.at == 0) {
      const bool is_first = std::ranges::all_of(std::span(path.steps).first(path.depth),
                                                [](const Step& step) { return step.at == 0; });
      const std::strong_ordering order = Shape::Compare(Shape::KeyOf(next), key);
      return order == 0 || (is_first && order > 0);
    }
    const Item previous = path.leaf->items[path.at - 1];
    FetchKeys(&previous, 1);
    if (next != nullptr) FetchKeys(&next, 1);
    return Shape::Compare(Shape::KeyOf(previous), key) < 0 &&
           (next == nullptr || Shape::Compare(Shape::KeyOf(next), key) >= 0);
  }

  // The item at the path's end, or the first one behind its leaf; null: none.
  static Item ItemAt(const Path& path) {
    if (path.at < path.leaf->count) return path.leaf->items[path.at];
    for (uint32_t depth = path.depth; depth-- > 0;) {
      const Step& step = path.steps[depth];
      if (step.at + 1 < step.branch->count) return step.branch->items[step.at + 1];
    }
    return nullptr;
  }

  // Where items are compared one by one, memory brings all of them at once.
  static void FetchKeys(const Item* items, uint32_t count) {
    constexpr size_t kFetchedBytes = 160;
    for (uint32_t index = 0; index < count; ++index) FetchLine(items[index]);
    for (uint32_t index = 0; index < count; ++index) FetchLines(items[index], kFetchedBytes);
  }

  static uint32_t LowerBound(const Node& leaf, Range range, const Key& key) {
    FetchKeys(leaf.items + range.low, range.high - range.low);
    uint32_t low = range.low;
    for (uint32_t high = range.high; low < high;) {
      const uint32_t middle = (low + high) / 2;
      if (Shape::Compare(Shape::KeyOf(leaf.items[middle]), key) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  static uint32_t ChildIndex(const Node& branch, Range range, const Key& key) {
    FetchKeys(branch.items + range.low, range.high - range.low);
    uint32_t low = range.low;
    for (uint32_t high = range.high; low < high;) {
      const uint32_t middle = (low + high) / 2;
      if (Shape::Compare(Shape::KeyOf(branch.items[middle]), key) <= 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  Node* root_ = nullptr;
  uint64_t size_ = 0;
};

// Walks a snapshot's items in key order, and has the memory of the next ones fetched meanwhile:
// items lie anywhere, and a walk that waits for each of them does little else.
//
// With a filter it passes over items whose signatures do not pass, untouched.
// Thread rule: belongs to one thread, which keeps the snapshot's root, and the filter, for as long
// as it walks.
template <typename Shape>
class TreeCursor {
 public:
  using Item = typename Shape::Item;
  using Key = typename Shape::Key;
  using Node = TreeNode<Item>;
  using Snapshot = TreeSnapshot<Shape>;

  // A null filter lets all items pass.
  explicit TreeCursor(const Snapshot& tree, const SignatureFilter* filter = nullptr)
      : filter_(filter) {
    if (tree.root() != nullptr) Descend(tree.root());
  }

  // From the first item that is not below `start`.
  TreeCursor(const Snapshot& tree, const Key& start, const SignatureFilter* filter = nullptr)
      : filter_(filter) {
    if (tree.root() == nullptr) return;
    const typename Snapshot::Path path = tree.PathTo(start);
    for (const typename Snapshot::Step& step : std::span(path.steps).first(path.depth)) {
      Push(step.branch, step.at);
      NextChild();
    }
    Scan(*path.leaf, path.at);
    FetchItems();
  }

  // The next item, or null at the end.
  Item Next() {
    WalkBudget unlimited;
    return Next(unlimited);
  }

  // The same; null, too, where the budget is spent before there is another one: the cursor goes on
  // from there.
  Item Next(WalkBudget& budget) {
    while (end_ - at_ < kFetchedAhead && depth_ > 0 && !budget.is_spent()) {
      ScanNextLeaf();
      budget.Spend();
    }
    if (at_ == end_) return nullptr;
    if (fetched_ - at_ <= kFetchedAhead / 2) FetchItems();
    return items_[at_++ % kItemsMax];
  }

  // The last item that it has passed over or given, where none of those that it has looked at is
  // still to be given; else null.
  Item passed() const { return at_ == end_ ? passed_ : nullptr; }

 private:
  // Memory takes about as long as it takes to pass over half as many items, or so many leaves.
  static constexpr uint32_t kFetchedAhead = 16;
  static constexpr uint32_t kLeavesAhead = 4;

  // Of a scanned leaf and of what was left before it. A power of two.
  static constexpr uint32_t kItemsMax = 64;
  static_assert(kFetchedAhead + kNodeMax <= kItemsMax && kNodeMax <= 32);

  struct Step {
    const Node* branch;
    // The child to go to next.
    uint32_t next;
  };

  void Push(const Node* branch, uint32_t next) {
    assert(depth_ < kHeightMax);
    steps_[depth_++] = {branch, next};
    if (branch->height > 1) return;
    const uint32_t ahead = std::min(branch->count, next + kLeavesAhead);
    for (uint32_t child = next; child < ahead; ++child) FetchLeaf(*branch, child);
  }

  // Steps on to the next child of the innermost branch. REQUIRES: it has one.
  const Node* NextChild() {
    Step& step = steps_[depth_ - 1];
    const Node& branch = *step.branch;
    const uint32_t ahead = step.next + kLeavesAhead;
    if (branch.height == 1 && ahead < branch.count) FetchLeaf(branch, ahead);
    return Snapshot::ChildrenOf(branch)[step.next++];
  }

  void ScanNextLeaf() {
    const Step& step = steps_[depth_ - 1];
    if (step.next < step.branch->count) {
      Descend(NextChild());
    } else {
      --depth_;
    }
  }

  void Descend(const Node* node) {
    while (!node->is_leaf()) {
      Push(node, 0);
      node = NextChild();
    }
    Scan(*node, 0);
  }

  // Takes the leaf's items from `first` on that pass.
  void Scan(const Node& leaf, uint32_t first) {
    if (first >= leaf.count) return;
    passed_ = leaf.items[leaf.count - 1];
    uint32_t passing = (~uint32_t{0} >> (32 - leaf.count)) & (~uint32_t{0} << first);
    if constexpr (HasSignatures<Shape>) {
      if (filter_ != nullptr) passing &= filter_->Select(Snapshot::SignaturesOf(leaf), leaf.count);
    }
    for (; passing != 0; passing &= passing - 1) {
      items_[end_++ % kItemsMax] = leaf.items[std::countr_zero(passing)];
    }
  }

  void FetchLeaf(const Node& branch, uint32_t child) const {
    const Node* const leaf = Snapshot::ChildrenOf(branch)[child];
    FetchLine(leaf);
    FetchLines(leaf->items, sizeof(leaf->items));
    if constexpr (HasSignatures<Shape>) {
      if (filter_ == nullptr) return;
      FetchLines(Snapshot::SignaturesOf(*leaf), sizeof(TreeLeaf<Item>::signatures));
    }
  }

  // Of the items that come next what they tell of themselves, at their beginning.
  void FetchItems() {
    constexpr size_t kFetchedBytes = 160;
    const uint32_t first = fetched_;
    fetched_ = std::min(end_, at_ + kFetchedAhead);
    for (uint32_t item = first; item < fetched_; ++item) FetchLine(items_[item % kItemsMax]);
    for (uint32_t item = first; item < fetched_; ++item) {
      FetchLines(items_[item % kItemsMax], kFetchedBytes);
    }
  }

  const SignatureFilter* filter_;
  std::array<Step, kHeightMax> steps_;
  uint32_t depth_ = 0;
  // A ring of the items that come next: from `at_` on, fetched up to `fetched_`, known up to
  // `end_`. The numbers only rise.
  uint32_t at_ = 0;
  uint32_t fetched_ = 0;
  uint32_t end_ = 0;
  Item passed_ = nullptr;
  std::array<Item, kItemsMax> items_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_TREE_TREE_H_
