// Entries of indexes: their texts, and how they follow changes; see object_index.h.
// Thread rule: as told there.

#include "native/core/shard/object_index.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

#include "native/core/object/text_hash.h"

namespace shardwatch {

namespace {

constexpr char kSeparator = '/';

template <typename Number>
void AppendNumber(Number number, std::string& text) {
  for (size_t shift = sizeof(Number) * 8; shift > 0; shift -= 8) {
    text += static_cast<char>(number >> (shift - 8) & 0xff);
  }
}

void FreeNode(Arena& arena, TreeNode<IndexEntry*>* node) { IndexSupply::Free(arena, node); }

TreeNode<IndexEntry*>** ChildrenOf(TreeNode<IndexEntry*>& node) {
  return static_cast<TreeBranch<IndexEntry*>&>(node).children;
}

}  // namespace

KeyView IndexedKey(std::string_view text) {
  const std::string_view key = text.substr(kIndexPrefixBytes);
  const size_t end = key.find(kSeparator);
  return {.namespace_name = key.substr(0, end), .name = key.substr(end + 1)};
}

IndexDeclaration::~IndexDeclaration() {
  for (const InternedString* const key : labels_) strings_.Release(key);
}

bool IndexDeclaration::Declare(const std::vector<size_t>& fields,
                               const std::vector<std::string>& labels) {
  assert(fields_.empty() && labels_.empty() && fields.size() + labels.size() <= kIndexesMax);
  fields_ = fields;
  for (const std::string& key : labels) {
    const InternedString* const interned = strings_.Acquire(key);
    if (interned == nullptr) return false;
    labels_.push_back(interned);
  }
  return true;
}

std::optional<uint16_t> IndexDeclaration::OfField(size_t position) const {
  const auto found = std::find(fields_.begin(), fields_.end(), position);
  if (found == fields_.end()) return std::nullopt;
  return static_cast<uint16_t>(found - fields_.begin());
}

std::optional<uint16_t> IndexDeclaration::OfLabel(const InternedString* key) const {
  const auto found = std::find(labels_.begin(), labels_.end(), key);
  if (found == labels_.end()) return std::nullopt;
  return static_cast<uint16_t>(fields_.size() + static_cast<size_t>(found - labels_.begin()));
}

const InternedString* IndexDeclaration::ValueOf(const Version& version, uint16_t number) const {
  if (number < fields_.size()) {
    const InternedString* const value = version.fields()[fields_[number]];
    return value == nullptr || value->text().empty() ? nullptr : value;
  }
  const InternedString* const key = labels_[number - fields_.size()];
  for (const InternedString* const label : version.labels()) {
    if (label->key() == key) return label;
  }
  return nullptr;
}

void AppendIndexPrefix(uint16_t number, const InternedString& value, std::string& text) {
  AppendNumber(number, text);
  AppendNumber(value.hash(), text);
}

IndexEdit::IndexEdit(const ObjectIndex& index, uint64_t ticket, uint8_t entry_kind, Arena& arena,
                     IndexSupply& supply, RetiredList* replaced)
    : declaration_(index.declaration),
      ticket_(ticket),
      entry_kind_(entry_kind),
      arena_(arena),
      supply_(supply),
      replaced_(replaced),
      edit_(index.entries, ticket, supply, replaced) {}

void IndexEdit::Change(const Version* previous, const Version* version) {
  if (declaration_ == nullptr || is_out_of_memory_) return;
  const Version& named = version == nullptr ? *previous : *version;
  for (uint16_t number = 0; number < declaration_->count(); ++number) {
    const InternedString* const from =
        previous == nullptr ? nullptr : declaration_->ValueOf(*previous, number);
    const InternedString* const to =
        version == nullptr ? nullptr : declaration_->ValueOf(*version, number);
    if (from == to) continue;
    if (!Move(number, named, from, to)) {
      is_out_of_memory_ = true;
      return;
    }
  }
}

ObjectIndex IndexEdit::Finish() {
  const IndexEntries entries = edit_.Finish();
  if (!is_out_of_memory_) return {.declaration = declaration_, .entries = entries};
  FreeOwnIndex(arena_, entries.root(), ticket_);
  return {};
}

bool IndexEdit::Move(uint16_t number, const Version& named, const InternedString* from,
                     const InternedString* to) {
  const KeyView key = named.key();
  const auto set_text = [this, number, &key](const InternedString& value) {
    text_.clear();
    AppendIndexPrefix(number, value, text_);
    text_.append(key.namespace_name).append(1, kSeparator).append(key.name);
  };
  // A deletion and a put.
  if (!TreeEdit<IndexShape>::ReserveFor(supply_, edit_.size() + 1, 2)) return false;
  if (from != nullptr) {
    set_text(*from);
    Leave(edit_.Delete(text_));
  }
  if (to == nullptr) return true;
  set_text(*to);
  IndexEntry* const entry = MakeEntry(text_);
  if (entry == nullptr) return false;
  Leave(edit_.Put(entry));
  return true;
}

// Null when memory is out.
IndexEntry* IndexEdit::MakeEntry(std::string_view text) {
  void* const memory = arena_.Allocate(sizeof(IndexEntry) + text.size());
  if (memory == nullptr) return nullptr;
  auto* const entry = new (memory) IndexEntry(static_cast<uint32_t>(text.size()));
  std::memcpy(static_cast<void*>(entry + 1), text.data(), text.size());
  entry->kind = entry_kind_;
  entry->birth = ticket_;
  return entry;
}

// The new state does not have the entry; null is none.
void IndexEdit::Leave(IndexEntry* entry) {
  if (entry == nullptr) return;
  if (entry->birth == ticket_) {
    FreeIndexEntry(arena_, entry);
  } else if (replaced_ != nullptr) {
    entry->death = ticket_;
    replaced_->Append(entry);
  }
}

void FreeIndexEntry(Arena& arena, IndexEntry* entry) {
  const size_t size = sizeof(IndexEntry) + entry->size;
  entry->~IndexEntry();
  arena.Free(entry, size);
}

void FreeOwnIndex(Arena& arena, TreeNode<IndexEntry*>* node, uint64_t mark) {
  if (node == nullptr || node->birth != mark) return;
  for (uint32_t index = 0; index < node->count; ++index) {
    if (!node->is_leaf()) {
      FreeOwnIndex(arena, ChildrenOf(*node)[index], mark);
    } else if (node->items[index]->birth == mark) {
      FreeIndexEntry(arena, node->items[index]);
    }
  }
  FreeNode(arena, node);
}

void RetireIndex(TreeNode<IndexEntry*>* node, uint64_t tick, RetiredList& replaced) {
  if (node == nullptr) return;
  const auto retire = [tick, &replaced](Retired* item) {
    if (item->death == tick) return;
    item->death = tick;
    replaced.Append(item);
  };
  for (uint32_t index = 0; index < node->count; ++index) {
    if (node->is_leaf()) {
      retire(node->items[index]);
    } else {
      RetireIndex(ChildrenOf(*node)[index], tick, replaced);
    }
  }
  retire(node);
}

}  // namespace shardwatch
