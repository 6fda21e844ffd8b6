// Finding objects by the value of a declared field or label: an ordered copy-on-write tree of one
// entry for each object and each index that has a value of it. It is part of a state, as the
// directory is, and says the same at the same moment.
//
//   index 0 (spec.node)                      index 1 (app)
//   [ n1 a/web | n1 b/api | n2 a/db | ... ]  [ api b/api | web a/web | ... ]
//
//   text of an entry    00 01 | 9f 3c ... 08 | a/web        number, hash of the value, key
//
//  1. An entry is there exactly while the object in the directory has the value. A field that is ''
//     or absent, and a label that is absent, have no entry.
//  2. The entries of one value stand in key order, over all namespaces and within each.
//  3. Values are told apart by their hashes alone: whoever looks an object up asks it itself.
//  4. An entry names its object, not a version of it: what changes no value changes no entry, and
//     writes that leave all values as they are cost a comparison of addresses.
//  5. Memory that is out never fails a write. The state then has no index (`declaration` is null),
//     and readers look at all objects, until everything is replaced.
// Thread rule: immutable once published, then any thread that keeps the state; an edit belongs to
// the publisher, or to whoever makes a state of the past.

#ifndef NATIVE_CORE_SHARD_OBJECT_INDEX_H_
#define NATIVE_CORE_SHARD_OBJECT_INDEX_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/bytes/arena.h"
#include "native/core/epoch/retired.h"
#include "native/core/object/intern_table.h"
#include "native/core/object/key.h"
#include "native/core/object/version.h"
#include "native/core/tree/tree.h"
#include "native/core/tree/tree_edit.h"

namespace shardwatch {

// One object under one value. Its text follows it.
struct IndexEntry : Retired {
  explicit IndexEntry(uint32_t text_size) : size(text_size) {}

  std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), size}; }

  const uint32_t size;
};

// What is no text of a value but of its object.
inline constexpr size_t kIndexPrefixBytes = sizeof(uint16_t) + sizeof(uint64_t);

// The object that an entry's text names.
KeyView IndexedKey(std::string_view text);

struct IndexShape {
  using Item = IndexEntry*;
  using Key = std::string_view;
  static Key KeyOf(const IndexEntry* entry) { return entry->text(); }
  static std::strong_ordering Compare(Key left, Key right) { return left <=> right; }
  static constexpr std::string_view kKeyEnd = "";
  static uint64_t WeightOf(const IndexEntry*) { return 1; }
};

template <>
inline constexpr bool kHasSignatureRoom<IndexEntry*> = false;

using IndexEntries = TreeSnapshot<IndexShape>;
using IndexSupply = NodeSupply<IndexEntry*>;

// Which fields and labels are indexed. An index is known by its number: fields come first.
class IndexDeclaration {
 public:
  // Holds counts on the labels' keys.
  explicit IndexDeclaration(InternTable& strings) : strings_(strings) {}
  ~IndexDeclaration();
  IndexDeclaration(const IndexDeclaration&) = delete;
  IndexDeclaration& operator=(const IndexDeclaration&) = delete;

  // `fields` are positions among the declared fields, `labels` keys. False when memory is out.
  // REQUIRES: called at most once, before anything else; at most kIndexesMax in all.
  bool Declare(const std::vector<size_t>& fields, const std::vector<std::string>& labels);

  uint16_t count() const { return static_cast<uint16_t>(fields_.size() + labels_.size()); }

  // The number of the index of a field, or of a label's key.
  std::optional<uint16_t> OfField(size_t position) const;
  std::optional<uint16_t> OfLabel(const InternedString* key) const;

  // What the version has under the index; null where that is nothing.
  const InternedString* ValueOf(const Version& version, uint16_t number) const;

 private:
  InternTable& strings_;
  std::vector<size_t> fields_;
  std::vector<const InternedString*> labels_;
};

// The number of an index has two bytes, and is not the highest that they hold.
inline constexpr size_t kIndexesMax = UINT16_MAX;

// How the texts of all entries begin that an index has of a value.
void AppendIndexPrefix(uint16_t number, const InternedString& value, std::string& text);

struct ObjectIndex {
  // Null: there are no indexes.
  const IndexDeclaration* declaration = nullptr;
  IndexEntries entries;
};

// One index from another, change by change.
class IndexEdit {
 public:
  // As TreeEdit: entries that are left go into the list of what was replaced too, or stay where
  // they are without one. Nodes and entries are made as they are needed; entries are retired as
  // `entry_kind`.
  IndexEdit(const ObjectIndex& index, uint64_t ticket, uint8_t entry_kind, Arena& arena,
            IndexSupply& supply, RetiredList* replaced);
  IndexEdit(const IndexEdit&) = delete;
  IndexEdit& operator=(const IndexEdit&) = delete;

  // The object has `version` in the place of `previous`; null is none.
  void Change(const Version* previous, const Version* version);

  // Without indexes where memory was out.
  ObjectIndex Finish();

 private:
  bool Move(uint16_t number, const Version& named, const InternedString* from,
            const InternedString* to);
  IndexEntry* MakeEntry(std::string_view text);
  void Leave(IndexEntry* entry);

  const IndexDeclaration* declaration_;
  const uint64_t ticket_;
  const uint8_t entry_kind_;
  Arena& arena_;
  IndexSupply& supply_;
  RetiredList* const replaced_;
  TreeEdit<IndexShape> edit_;
  std::string text_;
  bool is_out_of_memory_ = false;
};

void FreeIndexEntry(Arena& arena, IndexEntry* entry);

// Frees the nodes and entries whose birth is `mark`: nobody but whoever made them has seen them.
void FreeOwnIndex(Arena& arena, TreeNode<IndexEntry*>* node, uint64_t mark);

// Puts all nodes and entries into the list that are not in it yet, dead from `tick` on.
void RetireIndex(TreeNode<IndexEntry*>* node, uint64_t tick, RetiredList& replaced);

}  // namespace shardwatch

#endif  // NATIVE_CORE_SHARD_OBJECT_INDEX_H_
