// All objects of one state: an ordered copy-on-write tree of namespaces, each with the tree of its
// objects.
//
//   directory      [ team-a | team | web ]        team-a/x comes before team/x: "-" is below "/"
//                      |        |     |
//   objects         [a b c]   [x]   [p q]
//
// Order is that of whole keys (`namespace/name` as UTF-8 bytes). Both levels count their objects,
// so that ranks and sizes take O(log n) over all namespaces too.
//  1. A directory is immutable, and two pointers wide; DirectoryEdit makes one from another.
//  2. It holds no namespace that is empty. `""` is the namespace of cluster-scoped types.
//  3. An entry holds a count on its name, which whoever frees the entry gives back.
// An object shape is a shape of tree.h whose keys are names, and each of whose items weighs 1.
// Thread rule: any thread that keeps the directory's root; an edit belongs to the publisher.

#ifndef NATIVE_CORE_TREE_DIRECTORY_H_
#define NATIVE_CORE_TREE_DIRECTORY_H_

#include <cassert>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "native/core/epoch/retired.h"
#include "native/core/object/intern_table.h"
#include "native/core/object/key.h"
#include "native/core/tree/tree.h"
#include "native/core/tree/tree_edit.h"
#include "native/core/tree/walk_budget.h"

namespace shardwatch {

// The objects of one namespace in one or more states.
template <typename ObjectShape>
struct NamespaceEntry : Retired {
  const InternedString* name = nullptr;
  TreeSnapshot<ObjectShape> objects;
};

template <typename ObjectShape>
struct NamespaceShape {
  using Item = NamespaceEntry<ObjectShape>*;
  using Key = std::string_view;
  static Key KeyOf(Item entry) { return entry->name->text(); }
  static std::strong_ordering Compare(Key left, Key right) {
    return CompareNamespaces(left, right);
  }
  static constexpr std::string_view kKeyEnd = "/";
  static uint64_t WeightOf(Item entry) { return entry->objects.size(); }
};

template <typename ObjectShape>
class Directory {
 public:
  using Entry = NamespaceEntry<ObjectShape>;
  using Item = typename ObjectShape::Item;
  using Objects = TreeSnapshot<ObjectShape>;
  using Namespaces = TreeSnapshot<NamespaceShape<ObjectShape>>;

  Directory() = default;
  explicit Directory(const Namespaces& namespaces) : namespaces_(namespaces) {}

  // Number of objects.
  uint64_t size() const { return namespaces_.weight(); }

  const Namespaces& namespaces() const { return namespaces_; }

  // The objects of a namespace; none where there is no such namespace.
  Objects ObjectsOf(std::string_view name) const {
    const Entry* const entry = namespaces_.Find(name);
    return entry == nullptr ? Objects() : entry->objects;
  }

  // Null where there is none.
  Item Find(const KeyView& key) const { return ObjectsOf(key.namespace_name).Find(key.name); }

  // The same. `fetch` is as that of a snapshot.
  template <typename Fetch>
  Item Find(const KeyView& key, Fetch fetch) const {
    return ObjectsOf(key.namespace_name).Find(key.name, fetch);
  }

  // Number of objects before the key.
  uint64_t Rank(const KeyView& key) const {
    return namespaces_.Rank(key.namespace_name) + ObjectsOf(key.namespace_name).Rank(key.name);
  }

  // The object that `rank` others come before; null beyond the end.
  Item Select(uint64_t rank) const {
    const TreeSelection<Entry*> found = namespaces_.Select(rank);
    return found.item == nullptr ? nullptr : found.item->objects.Select(found.offset).item;
  }

 private:
  Namespaces namespaces_;
};

// A directory in the making: whole namespaces are put in the place of what they were.
template <typename ObjectShape>
class DirectoryEdit {
 public:
  using Entry = NamespaceEntry<ObjectShape>;
  using Namespaces = TreeEdit<NamespaceShape<ObjectShape>>;

  // As TreeEdit. Replaced entries are in the list too.
  DirectoryEdit(const Directory<ObjectShape>& directory, uint64_t ticket,
                typename Namespaces::Supply& supply, RetiredList* replaced)
      : namespaces_(directory.namespaces(), ticket, supply, replaced),
        ticket_(ticket),
        replaced_(replaced) {}
  DirectoryEdit(const Directory<ObjectShape>& directory, uint64_t ticket,
                typename Namespaces::Supply& supply, RetiredList& replaced)
      : DirectoryEdit(directory, ticket, supply, &replaced) {}

  // Makes the entry the state of its namespace. REQUIRES: objects in it; nobody else has it yet.
  void Put(Entry* entry) {
    assert(entry->objects.size() > 0);
    entry->birth = ticket_;
    Retire(namespaces_.Put(entry));
  }

  // Removes a namespace; one that is not there changes nothing.
  void Delete(std::string_view name) { Retire(namespaces_.Delete(name)); }

  Directory<ObjectShape> Finish() const { return Directory<ObjectShape>(namespaces_.Finish()); }

 private:
  void Retire(Entry* entry) {
    if (entry == nullptr || replaced_ == nullptr) return;
    entry->death = ticket_;
    replaced_->Append(entry);
  }

  Namespaces namespaces_;
  const uint64_t ticket_;
  RetiredList* const replaced_;
};

// Walks the objects of a directory, or of one namespace of it, in key order.
// Thread rule: belongs to one thread, which keeps the directory's root, and the filter, for as long
// as it walks.
template <typename ObjectShape>
class DirectoryCursor {
 public:
  using Item = typename ObjectShape::Item;
  using Objects = TreeSnapshot<ObjectShape>;

  // All objects whose signatures pass; null: all.
  explicit DirectoryCursor(const Directory<ObjectShape>& directory,
                           const SignatureFilter* filter = nullptr)
      : filter_(filter),
        namespaces_(std::in_place, directory.namespaces()),
        objects_(Objects(), filter) {}

  // From the first object that is not below `start`.
  DirectoryCursor(const Directory<ObjectShape>& directory, const KeyView& start,
                  const SignatureFilter* filter = nullptr)
      : filter_(filter),
        namespaces_(std::in_place, directory.namespaces(), start.namespace_name),
        objects_(directory.ObjectsOf(start.namespace_name), start.name, filter) {
    // The namespace of the start is walked from within.
    const auto& tree = directory.namespaces();
    if (tree.Find(start.namespace_name) != nullptr) namespaces_->Next();
  }

  // Of one namespace alone.
  DirectoryCursor(const Directory<ObjectShape>& directory, std::string_view name,
                  std::string_view start, const SignatureFilter* filter = nullptr)
      : filter_(filter), objects_(directory.ObjectsOf(name), start, filter) {}

  // The next object, or null at the end.
  Item Next() {
    WalkBudget unlimited;
    return Next(unlimited);
  }

  // The same; null, too, where the budget is spent before there is another one: the cursor goes on
  // from there.
  Item Next(WalkBudget& budget) {
    for (;;) {
      const Item item = objects_.Next(budget);
      if (item != nullptr || !namespaces_ || budget.is_spent()) return item;
      const NamespaceEntry<ObjectShape>* const entry = namespaces_->Next();
      if (entry == nullptr) return nullptr;
      budget.Spend();
      if (objects_.passed() != nullptr) passed_ = objects_.passed();
      objects_ = TreeCursor<ObjectShape>(entry->objects, filter_);
    }
  }

  // Where Next has just shown nothing, the last object that was passed over or given; null: none.
  Item passed() const { return objects_.passed() == nullptr ? passed_ : objects_.passed(); }

 private:
  const SignatureFilter* filter_;
  // None for a cursor of one namespace.
  std::optional<TreeCursor<NamespaceShape<ObjectShape>>> namespaces_;
  TreeCursor<ObjectShape> objects_;
  // Of the namespaces before.
  Item passed_ = nullptr;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_TREE_DIRECTORY_H_
