// Makes one state of a tree from another, item by item.
//
//  1. An edit copies a node at most once: what it made carries its ticket and is changed in place
//     from then on. The state that it began with stays as it is.
//  2. What the new state no longer has is in the list of replaced nodes, each dead from the edit's
//     ticket on. They are retired after the new state is published, and not before.
//  3. Nothing is allocated: nodes come from a supply, which ReserveFor has filled before any lock.
// Thread rule: belongs to one writer, which has its shard's turn.

#ifndef NATIVE_CORE_TREE_TREE_EDIT_H_
#define NATIVE_CORE_TREE_TREE_EDIT_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "native/core/tree/node.h"
#include "native/core/tree/tree.h"

namespace shardwatch {

template <typename Shape>
class TreeEdit {
 public:
  using Item = typename Shape::Item;
  using Key = typename Shape::Key;
  using Node = TreeNode<Item>;
  using Snapshot = TreeSnapshot<Shape>;
  using Supply = NodeSupply<Item>;

  // `ticket` is above that of every edit before. The supply and the list outlive the edit. Without
  // a list the state that it began with goes on being used, by others: nothing of it is retired.
  TreeEdit(const Snapshot& tree, uint64_t ticket, Supply& supply, RetiredList* replaced)
      : root_(tree.root()),
        size_(tree.size()),
        ticket_(ticket),
        supply_(supply),
        replaced_(replaced) {}
  TreeEdit(const Snapshot& tree, uint64_t ticket, Supply& supply, RetiredList& replaced)
      : TreeEdit(tree, ticket, supply, &replaced) {}
  TreeEdit(const TreeEdit&) = delete;
  TreeEdit& operator=(const TreeEdit&) = delete;

  // Has enough nodes at hand afterwards for `changes` puts and deletions in a tree that has, or has
  // grown to, `items_max` items; false when memory is out.
  static bool ReserveFor(Supply& supply, uint64_t items_max, size_t changes) {
    const NodeCounts counts = NodesFor(items_max, changes);
    return supply.Reserve(counts.leaves, counts.branches);
  }

  // How many nodes that are: edits that share a supply add theirs up.
  static NodeCounts NodesFor(uint64_t items_max, size_t changes) {
    const uint64_t levels = LevelsFor(items_max);
    // Of an edit's nodes all but the few that are being joined are in the tree that it has made.
    const uint64_t leaves_max = items_max / kNodeMin + 1 + kCopiesMax;
    const uint64_t branches_max = items_max / (kNodeMin * (kNodeMin - 1)) + levels * kCopiesMax + 1;
    return {.leaves = std::min(changes * kCopiesMax, leaves_max),
            .branches = std::min(changes * (kCopiesMax * levels + 1), branches_max)};
  }

  uint64_t size() const { return size_; }

  Snapshot Finish() const { return {root_, size_}; }

  // Adds the item or puts it in the place of the one with the same key, which is returned.
  Item Put(Item item) {
    previous_ = nullptr;
    sibling_ = nullptr;
    if (root_ == nullptr) {
      root_ = supply_.Take(0, ticket_);
    }
    root_ = Insert(root_, item);
    if (sibling_ != nullptr) {
      Node* const root = supply_.Take(root_->height + 1, ticket_);
      InsertChild(*root, 0, root_);
      InsertChild(*root, 1, sibling_);
      root->weight = root_->weight + sibling_->weight;
      SetHeads(*root);
      root_ = root;
    }
    if (previous_ == nullptr) ++size_;
    return previous_;
  }

  // Removes the item of that key and returns it; a key that is not there changes nothing.
  Item Delete(const Key& key) {
    previous_ = Snapshot(root_, size_).Find(key);
    if (previous_ == nullptr) return nullptr;
    root_ = Remove(root_, key);
    while (!root_->is_leaf() && root_->count == 1) {
      Node* const child = Children(*root_)[0];
      Drop(root_);
      root_ = child;
    }
    if (root_->count == 0) {
      Drop(root_);
      root_ = nullptr;
    }
    --size_;
    return previous_;
  }

 private:
  static_assert(kNodeMin >= 2, "no node but the root has a single child");

  // Of one level: a copy and either its upper half or two copies of neighbours to join.
  static constexpr size_t kCopiesMax = 3;

  static uint64_t LevelsFor(uint64_t items) {
    uint64_t levels = 1;
    for (; items >= kNodeMin; items /= kNodeMin) ++levels;
    return levels;
  }

  static Node** Children(Node& branch) { return static_cast<TreeBranch<Item>&>(branch).children; }

  static uint64_t* Weights(Node& branch) { return static_cast<TreeBranch<Item>&>(branch).weights; }

  static Signature* Signatures(Node& leaf) { return static_cast<TreeLeaf<Item>&>(leaf).signatures; }

  // The node itself, if it is of this edit, or a copy in its place.
  Node* Own(Node* node) {
    if (node->birth == ticket_) return node;
    Node* const copy = supply_.Take(node->height, ticket_);
    Move(*node, 0, *copy, 0, node->count);
    copy->count = node->count;
    copy->skipped = node->skipped;
    copy->weight = node->weight;
    Drop(node);
    return copy;
  }

  // The new state does not have the node.
  void Drop(Node* node) {
    if (node->birth == ticket_) {
      supply_.Return(node);
    } else if (replaced_ != nullptr) {
      node->death = ticket_;
      replaced_->Append(node);
    }
  }

  // Copies entries, heads as they are; the places may overlap within one node.
  static void Move(Node& source, uint32_t from, Node& target, uint32_t to, uint32_t count) {
    const auto move = [=](auto* of_source, auto* of_target) {
      if (of_source == of_target && to > from) {
        std::copy_backward(of_source + from, of_source + from + count, of_target + to + count);
      } else {
        std::copy(of_source + from, of_source + from + count, of_target + to);
      }
    };
    move(source.items, target.items);
    if constexpr (HasHeads<Shape>) move(source.heads, target.heads);
    if (!source.is_leaf()) {
      move(Children(source), Children(target));
      move(Weights(source), Weights(target));
    } else if constexpr (HasSignatures<Shape>) {
      move(Signatures(source), Signatures(target));
    }
  }

  static uint64_t WeightOf(Node& node, uint32_t from, uint32_t count) {
    uint64_t weight = 0;
    for (uint32_t index = from; index < from + count; ++index) {
      weight += node.is_leaf() ? Shape::WeightOf(node.items[index]) : Weights(node)[index];
    }
    return weight;
  }

  static void InsertItem(Node& leaf, uint32_t at, Item item) {
    Move(leaf, at, leaf, at + 1, leaf.count - at);
    SetItem(leaf, at, item);
    ++leaf.count;
  }

  static void SetItem(Node& leaf, uint32_t at, Item item) {
    leaf.items[at] = item;
    if constexpr (HasSignatures<Shape>) Signatures(leaf)[at] = Shape::SignatureOf(item);
  }

  static void InsertChild(Node& branch, uint32_t at, Node* child) {
    Move(branch, at, branch, at + 1, branch.count - at);
    SetChild(branch, at, child);
    branch.items[at] = child->lowest();
    ++branch.count;
    SetHead(branch, at);
  }

  // A child that is another one now, or has become lighter or heavier.
  static void SetChild(Node& branch, uint32_t at, Node* child) {
    Children(branch)[at] = child;
    Weights(branch)[at] = child->weight;
  }

  static void Erase(Node& node, uint32_t at) {
    Move(node, at + 1, node, at, node.count - at - 1);
    --node.count;
  }

  static bool SharesBeginning(const Node& node, const Key& key) {
    if constexpr (HasHeads<Shape>) {
      return Snapshot::SharesBeginning(node, key);
    } else {
      return true;
    }
  }

  // Of one item that has been put in, whose key begins as all do.
  static void SetHead(Node& node, uint32_t at) {
    if constexpr (HasHeads<Shape>) {
      node.heads[at] = HeadOf(Shape::KeyOf(node.items[at]), node.skipped, Shape::kKeyEnd);
    }
  }

  // Of all items, with as much left out as can be.
  static void SetHeads(Node& node) {
    if constexpr (HasHeads<Shape>) {
      const Key highest = Shape::KeyOf(Snapshot::Highest(node));
      const size_t skipped = CommonLength(Shape::KeyOf(node.items[0]), highest);
      node.skipped = static_cast<uint32_t>(skipped);
      for (uint32_t at = 0; at < node.count; ++at) SetHead(node, at);
    }
  }

  // The lowest item of a child has perhaps become another.
  static void SetLowest(Node& branch, uint32_t at) {
    const Item lowest = Children(branch)[at]->lowest();
    if (branch.items[at] == lowest) return;
    branch.items[at] = lowest;
    SetHead(branch, at);
  }

  // Sets `weight_change_`, `previous_` and, where the node had no room, `sibling_`.
  Node* Insert(Node* node, Item item) {
    node = Own(node);
    if (node->is_leaf()) {
      PutIntoLeaf(*node, item);
      return node;
    }
    const Key key = Shape::KeyOf(item);
    const uint32_t at = Snapshot::ChildIndex(*node, key);
    const bool is_beginning_shared = SharesBeginning(*node, key);
    Node* const child = Insert(Children(*node)[at], item);
    SetChild(*node, at, child);
    SetLowest(*node, at);
    node->weight += weight_change_;
    if (sibling_ != nullptr) {
      Node* const added = std::exchange(sibling_, nullptr);
      const auto [target, place] = MakeRoom(*node, at + 1);
      InsertChild(*target, place, added);
    }
    if (sibling_ != nullptr) {
      SetHalves(*node, *sibling_);
    } else if (!is_beginning_shared) {
      SetHeads(*node);
    }
    return node;
  }

  void PutIntoLeaf(Node& leaf, Item item) {
    const Key key = Shape::KeyOf(item);
    const uint32_t at = Snapshot::LowerBound(leaf, key);
    weight_change_ = Shape::WeightOf(item);
    if (at < leaf.count && Shape::Compare(Shape::KeyOf(leaf.items[at]), key) == 0) {
      previous_ = leaf.items[at];
      weight_change_ -= Shape::WeightOf(previous_);
      SetItem(leaf, at, item);
      leaf.weight += weight_change_;
      return;
    }
    leaf.weight += weight_change_;
    const bool is_beginning_shared = leaf.count > 0 && SharesBeginning(leaf, key);
    const auto [target, place] = MakeRoom(leaf, at);
    InsertItem(*target, place, item);
    if (is_beginning_shared) {
      SetHead(*target, place);
    } else {
      SetHeads(*target);
    }
    if (sibling_ != nullptr) SetHalves(leaf, *sibling_);
  }

  struct Place {
    Node* node;
    uint32_t at;
  };

  // Where an entry goes that belongs at `at` of the node. A full node's upper half becomes
  // `sibling_`, whose weight is still to be set. What comes in key order, as a storage lists it,
  // comes behind all the rest: nodes would stay half empty, and so as few as may be are moved then.
  Place MakeRoom(Node& node, uint32_t at) {
    if (node.count < kNodeMax) return {&node, at};
    const uint32_t kept = at == kNodeMax ? kNodeMax - kNodeMin : kNodeMax / 2;
    sibling_ = supply_.Take(node.height, ticket_);
    Move(node, kept, *sibling_, 0, kNodeMax - kept);
    sibling_->count = kNodeMax - kept;
    sibling_->skipped = node.skipped;
    node.count = kept;
    if (at <= kept) return {&node, at};
    return {sibling_, at - kept};
  }

  static void SetHalves(Node& left, Node& right) {
    SetWeights(left, right);
    // Each has more in common than both had.
    SetHeads(left);
    SetHeads(right);
  }

  // Divides the left one's weight, which is that of both, between them.
  static void SetWeights(Node& left, Node& right) {
    right.weight = WeightOf(right, 0, right.count);
    left.weight -= right.weight;
  }

  Node* Remove(Node* node, const Key& key) {
    node = Own(node);
    node->weight -= Shape::WeightOf(previous_);
    if (node->is_leaf()) {
      Erase(*node, Snapshot::LowerBound(*node, key));
      return node;
    }
    const uint32_t at = Snapshot::ChildIndex(*node, key);
    Node* const child = Remove(Children(*node)[at], key);
    SetChild(*node, at, child);
    SetLowest(*node, at);
    if (child->count < kNodeMin && node->count > 1) Join(*node, at == 0 ? 0 : at - 1);
    return node;
  }

  // Makes one node of the children `at` and `at + 1`, or two even ones where one would overflow.
  void Join(Node& branch, uint32_t at) {
    Node* const left = Own(Children(branch)[at]);
    Node* right = Children(branch)[at + 1];
    if (left->count + right->count <= kNodeMax) {
      Move(*right, 0, *left, left->count, right->count);
      left->count += right->count;
      left->weight += right->weight;
      SetHeads(*left);
      SetChild(branch, at, left);
      Drop(right);
      Erase(branch, at + 1);
      return;
    }
    right = Own(right);
    Balance(*left, *right);
    SetChild(branch, at, left);
    SetChild(branch, at + 1, right);
    SetLowest(branch, at + 1);
  }

  static void Balance(Node& left, Node& right) {
    const uint32_t half = (left.count + right.count) / 2;
    const uint64_t weight = left.weight + right.weight;
    if (left.count < half) {
      const uint32_t moved = half - left.count;
      Move(right, 0, left, left.count, moved);
      Move(right, moved, right, 0, right.count - moved);
      left.count += moved;
      right.count -= moved;
    } else {
      const uint32_t moved = left.count - half;
      Move(right, 0, right, moved, right.count);
      Move(left, half, right, 0, moved);
      left.count -= moved;
      right.count += moved;
    }
    left.weight = weight;
    SetHalves(left, right);
  }

  Node* root_;
  uint64_t size_;
  const uint64_t ticket_;
  Supply& supply_;
  RetiredList* const replaced_;
  // What the innermost step of a change leaves for the steps around it.
  Item previous_ = nullptr;
  Node* sibling_ = nullptr;
  // May be below zero, and is only ever added.
  uint64_t weight_change_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_TREE_TREE_EDIT_H_
