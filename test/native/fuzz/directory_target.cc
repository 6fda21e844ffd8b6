// A history of edits to a directory, step by step from decisions of the input, against std::map:
// what is there, in which order, at which rank; snapshots that are held stay what they were; and in
// the end nothing is left.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "native/core/bytes/arena.h"
#include "native/core/epoch/held_roots.h"
#include "native/core/epoch/retired.h"
#include "native/core/object/intern_table.h"
#include "native/core/object/key.h"
#include "native/core/tree/directory.h"
#include "native/core/tree/tree.h"
#include "native/core/tree/tree_edit.h"
#include "test/native/fuzz/input.h"
#include "test/native/fuzz/targets.h"

namespace shardwatch::fuzz {

namespace {

// In the arena, so that one that is freed too early is seen.
struct Object : Retired {
  const std::string* space;
  const std::string* name;
};

struct ObjectShape {
  using Item = Object*;
  using Key = std::string_view;
  static Key KeyOf(Item object) { return *object->name; }
  static std::strong_ordering Compare(Key left, Key right) { return left <=> right; }
  static constexpr std::string_view kKeyEnd = "";
  static uint64_t WeightOf(Item) { return 1; }
};

using Entry = NamespaceEntry<ObjectShape>;
using ObjectEdit = TreeEdit<ObjectShape>;
using SpaceEdit = TreeEdit<NamespaceShape<ObjectShape>>;
using State = Directory<ObjectShape>;
// By whole key, whose bytes are the order.
using Model = std::map<std::string, const Object*>;

enum Kind : uint8_t { kObjectNode, kSpaceNode, kEntry, kObject };

// Neighbours in the order of whole keys that plain names would have elsewhere.
const std::vector<std::string> kSpaces = {"a", "a-b", "a.b", "ab", "b", "team", "team-a", "z"};
const std::vector<std::string> kCluster = {""};

// Objects of one namespace: more than two levels of a tree can have.
constexpr size_t kNamesMax = 6000;
constexpr size_t kHeldMax = 4;

const std::vector<std::string>& Names() {
  static const auto* const names = [] {
    auto* const made = new std::vector<std::string>;
    for (size_t index = 0; index < kNamesMax; ++index) {
      made->emplace_back("n").append(std::to_string(index * 7919 % 100'003));
    }
    return made;
  }();
  return *names;
}

std::string WholeKey(std::string_view space, std::string_view name) {
  std::string key(space);
  if (!key.empty()) key += '/';
  return key.append(name);
}

struct Snapshot {
  Snapshot(uint64_t ticket, const State& from, Model contents)
      : root(ticket), state(from), model(std::move(contents)) {}

  HoldableRoot root;
  State state;
  Model model;
};

// What every part of a state must agree with.
void RequireSame(const State& state, const Model& model) {
  Require(state.size() == model.size(), "how many objects there are");
  DirectoryCursor<ObjectShape> cursor(state);
  uint64_t rank = 0;
  std::map<std::string_view, uint64_t> spaces;
  for (const auto& [key, object] : model) {
    Require(cursor.Next() == object, "objects, in their order");
    // Each lookup takes as long as the tree is high: some of them will do.
    if (rank % 61 == 0 || rank + 1 == model.size()) {
      Require(state.Find({*object->space, *object->name}) == object, "an object is found");
      Require(state.Rank({*object->space, *object->name}) == rank, "at its rank");
      Require(state.Select(rank) == object, "and by its rank");
    }
    ++rank;
    ++spaces[*object->space];
  }
  Require(cursor.Next() == nullptr, "and no more");
  Require(state.Select(rank) == nullptr, "nothing is beyond the end");
  Require(state.namespaces().size() == spaces.size(), "how many namespaces there are");
  for (const auto& [space, count] : spaces) {
    Require(state.ObjectsOf(space).size() == count, "how many objects a namespace has");
  }
}

// From any place on, in all namespaces or in one.
void RequireWalk(const State& state, const Model& model, const std::string& space,
                 const std::string& name) {
  constexpr int kSteps = 70;
  DirectoryCursor<ObjectShape> all(state, KeyView{space, name});
  DirectoryCursor<ObjectShape> within(state, space, name);
  auto expected = model.lower_bound(WholeKey(space, name));
  Require(
      state.Rank({space, name}) == static_cast<uint64_t>(std::distance(model.begin(), expected)),
      "the rank of any key");
  bool is_within = true;
  for (int step = 0; step < kSteps; ++step) {
    const Object* const object = expected == model.end() ? nullptr : (expected++)->second;
    Require(all.Next() == object, "a walk from any key");
    is_within = is_within && object != nullptr && *object->space == space;
    if (step == 0 || is_within) {
      Require(within.Next() == (is_within ? object : nullptr), "a walk within a namespace");
    }
    if (object == nullptr) return;
  }
}

class History {
 public:
  History() = default;
  ~History() {
    while (!held_.empty()) Release(0);
    if (!model_.empty()) DeleteAll();
    FreeAll();
    Require(strings_.size() == 0, "no string is left");
    Require(arena_.Stats().slots_live == 0, "no memory is left");
  }
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // Puts or deletes `count` objects of a namespace, `stride` names apart, and publishes.
  void Change(const std::string& space, size_t first, size_t count, size_t stride, bool is_put) {
    std::vector<const std::string*> names;
    for (size_t index = 0; index < count; ++index) {
      names.push_back(&Names()[(first + index * stride) % kNamesMax]);
    }
    Apply(space, names, is_put);
  }

  void Hold() {
    if (held_.size() == kHeldMax) Release(0);
    held_.push_back(std::make_unique<Snapshot>(ticket_, state_, model_));
    roots_.Hold(&held_.back()->root);
  }

  // Checks one of the snapshots and lets it go.
  void Release(size_t choice) {
    if (held_.empty()) return;
    const auto place = held_.begin() + static_cast<std::ptrdiff_t>(choice % held_.size());
    const std::unique_ptr<Snapshot> snapshot = std::move(*place);
    held_.erase(place);
    RequireSame(snapshot->state, snapshot->model);
    roots_.Release(&snapshot->root);
    FreeAll();
  }

  void Check() const { RequireSame(state_, model_); }

  void Walk(const std::string& space, const std::string& name) const {
    RequireWalk(state_, model_, space, name);
  }

 private:
  void Apply(const std::string& space, const std::vector<const std::string*>& names, bool is_put) {
    RetiredList replaced;
    {
      NodeSupply<Object*> objects(arena_, kObjectNode);
      NodeSupply<Entry*> spaces(arena_, kSpaceNode);
      const State::Objects before = state_.ObjectsOf(space);
      Require(ObjectEdit::ReserveFor(objects, before.size() + names.size(), names.size()) &&
                  SpaceEdit::ReserveFor(spaces, kSpaces.size(), 1),
              "memory for an edit");
      ObjectEdit edit(before, ++ticket_, objects, replaced);
      for (const std::string* const name : names) {
        Retire(is_put ? Put(edit, space, *name) : Delete(edit, space, *name), replaced);
      }
      DirectoryEdit<ObjectShape> publication(state_, ticket_, spaces, replaced);
      Publish(publication, space, edit);
    }
    roots_.Settle(replaced);
    FreeAll();
  }

  void Publish(DirectoryEdit<ObjectShape>& publication, const std::string& space,
               const ObjectEdit& edit) {
    if (edit.size() == 0) {
      publication.Delete(space);
    } else {
      auto* const entry = new (arena_.Allocate(sizeof(Entry))) Entry;
      entry->kind = kEntry;
      entry->name = strings_.Acquire(space);
      entry->objects = edit.Finish();
      publication.Put(entry);
    }
    state_ = publication.Finish();
  }

  Object* Put(ObjectEdit& edit, const std::string& space, const std::string& name) {
    auto* const object = new (arena_.Allocate(sizeof(Object))) Object;
    object->kind = kObject;
    object->birth = ticket_;
    object->space = &space;
    object->name = &name;
    Object* const previous = edit.Put(object);
    const Object*& place = model_[WholeKey(space, name)];
    Require(previous == place, "a put tells what it replaces");
    place = object;
    return previous;
  }

  Object* Delete(ObjectEdit& edit, const std::string& space, const std::string& name) {
    Object* const previous = edit.Delete(name);
    const auto place = model_.find(WholeKey(space, name));
    Require(previous == (place == model_.end() ? nullptr : place->second),
            "a deletion tells what it removes");
    if (place != model_.end()) model_.erase(place);
    return previous;
  }

  void Retire(Object* object, RetiredList& replaced) {
    if (object == nullptr) return;
    object->death = ticket_;
    replaced.Append(object);
  }

  void DeleteAll() {
    std::map<const std::string*, std::vector<const std::string*>> names;
    for (const auto& [key, object] : model_) names[object->space].push_back(object->name);
    for (const auto& [space, all] : names) Apply(*space, all, false);
  }

  // Frees what nobody holds.
  void FreeAll() {
    RetiredList items;
    roots_.TakeFree(SIZE_MAX, items);
    while (Retired* const item = items.Take()) {
      switch (item->kind) {
        case kObjectNode:
          NodeSupply<Object*>::Free(arena_, static_cast<TreeNode<Object*>*>(item));
          break;
        case kSpaceNode:
          NodeSupply<Entry*>::Free(arena_, static_cast<TreeNode<Entry*>*>(item));
          break;
        case kEntry:
          strings_.Release(static_cast<Entry*>(item)->name);
          arena_.Free(item, sizeof(Entry));
          break;
        default:
          arena_.Free(item, sizeof(Object));
      }
    }
  }

  Arena arena_;
  InternTable strings_{arena_, 1};
  HeldRoots roots_;
  State state_;
  Model model_;
  uint64_t ticket_ = 0;
  std::vector<std::unique_ptr<Snapshot>> held_;
};

void Step(Input& input, const std::vector<std::string>& spaces, History& history) {
  const uint8_t decision = input.Byte();
  const std::string& space = input.Pick(spaces);
  const size_t first = input.Short() % kNamesMax;
  switch (decision % 8) {
    case 0:
      return history.Change(space, first, 1, 1, true);
    case 1:
      return history.Change(space, first, 1, 1, false);
    case 2:
    case 3:
      return history.Change(space, first, 1 + input.Byte(), 1 + input.Below(16), true);
    case 4:
    case 5:
      return history.Change(space, first, 1 + input.Byte(), 1 + input.Below(16), false);
    case 6:
      return decision >= 128 ? history.Hold() : history.Release(first);
    default:
      return history.Walk(space, Names()[first]);
  }
}

}  // namespace

void FuzzDirectory(Bytes bytes) {
  Input input(bytes);
  History history;
  // A type has objects in namespaces or without, never both.
  const std::vector<std::string>& spaces = input.Flag() ? kCluster : kSpaces;
  for (int step = 0; !input.is_at_end(); ++step) {
    Step(input, spaces, history);
    if (step % 16 == 0) history.Check();
  }
  history.Check();
}

}  // namespace shardwatch::fuzz
