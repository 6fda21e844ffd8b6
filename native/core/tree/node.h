// The nodes of the ordered tree (tree.h): a B+-tree whose items are in the leaves.
//
//              [ a | m ]            a branch: of each child its lowest item
//              /       |
//        [a c f]       [m p x]      leaves: items in key order
//
//  1. `items[i]` of a branch is the lowest item below `children[i]`: it is in every root that the
//     branch is in, so that bounds need no memory of their own. (Whatever changes below a branch
//     copies the branch too, and can set them right.)
//  2. `weight` is the sum of the weights of all items below the node; a branch has that of each
//     child, too.
//  3. `birth` is the ticket of the edit that made the node. That edit alone may change it, until
//     its root is published; then it is immutable for ever.
//  4. Nodes hold kNodeMin to kNodeMax entries, the root excepted.
//  5. `heads[i]` is of the key of `items[i]`, where the shape has heads; see head.h.
//  6. `signatures[i]` of a leaf is that of `items[i]`, where the shape has signatures; see
//     signature.h.
// Thread rule: immutable once published, then any thread; before that the edit's.

#ifndef NATIVE_CORE_TREE_NODE_H_
#define NATIVE_CORE_TREE_NODE_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "native/core/bytes/arena.h"
#include "native/core/epoch/retired.h"
#include "native/core/object/signature.h"

namespace shardwatch {

// Entries of a node. A write copies one node a level: 32 keeps 10^4 objects in three levels, so
// that a version of the tree costs about 2 KiB.
inline constexpr uint32_t kNodeMax = 32;

// Below this a node is joined with its neighbour. A quarter, so that nodes do not flap.
inline constexpr uint32_t kNodeMin = kNodeMax / 4;

// With kNodeMin children each, more levels than memory can fill.
inline constexpr uint32_t kHeightMax = 16;

using NodeHead = uint32_t;

template <typename Item>
struct TreeNode : Retired {
  uint32_t count = 0;
  // 0: a leaf.
  uint32_t height = 0;
  uint32_t skipped = 0;
  uint64_t weight = 0;
  NodeHead heads[kNodeMax];
  // Of a leaf its items, of a branch the lowest of each child.
  Item items[kNodeMax];

  bool is_leaf() const { return height == 0; }
  Item lowest() const { return items[0]; }
};

// Whether leaves of such items have room for signatures. All have, unless their shape says no.
template <typename Item>
inline constexpr bool kHasSignatureRoom = true;

template <typename Item>
struct TreeLeaf : TreeNode<Item> {
  Signature signatures[kHasSignatureRoom<Item> ? kNodeMax : 1];
};

template <typename Item>
struct TreeBranch : TreeNode<Item> {
  TreeNode<Item>* children[kNodeMax];
  // Of the children: whoever adds some of them up reads this node's memory, and not that of each.
  uint64_t weights[kNodeMax];
};

// What a search of a node reads of it: its header, heads and items, and of a branch the children.
template <typename Item>
constexpr size_t SearchedBytes(bool is_leaf) {
  return sizeof(TreeNode<Item>) + (is_leaf ? 0 : sizeof(TreeBranch<Item>::children));
}

struct NodeCounts {
  uint64_t leaves = 0;
  uint64_t branches = 0;

  NodeCounts& operator+=(const NodeCounts& other) {
    leaves += other.leaves;
    branches += other.branches;
    return *this;
  }
};

// Nodes that are ready to be used, so that an edit under a lock can't run out of memory.
// Thread rule: belongs to one writer.
template <typename Item>
class NodeSupply {
 public:
  using Node = TreeNode<Item>;
  using Leaf = TreeLeaf<Item>;
  using Branch = TreeBranch<Item>;

  // `kind` is that of the nodes, see Retired.
  explicit NodeSupply(Arena& arena, uint8_t kind = 0) : arena_(arena), kind_(kind) {}
  ~NodeSupply() { KeepAtMost(0); }
  NodeSupply(const NodeSupply&) = delete;
  NodeSupply& operator=(const NodeSupply&) = delete;

  // Has at least as many at hand afterwards; false when memory is out.
  bool Reserve(size_t leaves, size_t branches) {
    while (leaves_.size() < leaves) {
      void* const memory = arena_.Allocate(sizeof(Leaf));
      if (memory == nullptr) return false;
      leaves_.Append(new (memory) Leaf);
    }
    while (branches_.size() < branches) {
      void* const memory = arena_.Allocate(sizeof(Branch));
      if (memory == nullptr) return false;
      Branch* const branch = new (memory) Branch;
      branch->height = 1;
      branches_.Append(branch);
    }
    return true;
  }

  // Frees what is at hand beyond so many leaves, and as many branches.
  void KeepAtMost(size_t count) {
    for (RetiredList* const nodes : {&leaves_, &branches_}) {
      while (nodes->size() > count) Free(arena_, static_cast<Node*>(nodes->Take()));
    }
  }

  // Of what is at hand.
  size_t bytes() const { return leaves_.size() * sizeof(Leaf) + branches_.size() * sizeof(Branch); }

  // A node without entries. REQUIRES: reserved.
  Node* Take(uint32_t height, uint64_t birth) {
    Node* const node = static_cast<Node*>((height == 0 ? leaves_ : branches_).Take());
    node->kind = kind_;
    node->height = height;
    node->birth = birth;
    node->count = 0;
    node->weight = 0;
    node->skipped = 0;
    return node;
  }

  // Takes a node back that nobody but the edit has seen.
  void Return(Node* node) { (node->is_leaf() ? leaves_ : branches_).Append(node); }

  // Frees a node that nobody can see any more.
  static void Free(Arena& arena, Node* node) {
    arena.Free(node, node->is_leaf() ? sizeof(Leaf) : sizeof(Branch));
  }

 private:
  Arena& arena_;
  const uint8_t kind_;
  RetiredList leaves_;
  RetiredList branches_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_TREE_NODE_H_
