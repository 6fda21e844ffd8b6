// Finding where a scope has objects, and walking there; see scope_walk.h. Thread rule: one thread.

#include "native/core/shard/scope_walk.h"

#include <utility>

namespace shardwatch {

ScopeWalk::ScopeWalk(const State& state, const Scope& scope, const std::optional<KeyView>& start,
                     bool is_selecting)
    : scope_(&scope),
      is_selecting_(is_selecting && scope.has_selector()),
      filter_(is_selecting_ ? scope.filter() : nullptr),
      source_(std::in_place_type<Single>, nullptr) {
  if (WalkByIndex(state, start)) return;
  const ObjectDirectory& directory = state.directory;
  if (scope.namespace_name() == nullptr) {
    WalkAll(directory, start);
    return;
  }
  const std::string_view place = scope.namespace_name()->text();
  const bool is_partial = start && place == start->namespace_name;
  if (start && !is_partial && CompareNamespaces(place, start->namespace_name) < 0) return;
  const std::string_view first = is_partial ? start->name : std::string_view();
  if (scope.name() == nullptr) {
    source_.emplace<ObjectCursor>(directory, place, first, filter_);
  } else if (scope.name()->text() >= first) {
    const KeyView key{.namespace_name = place, .name = scope.name()->text()};
    source_.emplace<Single>(directory.Find(key));
  }
}

bool ScopeWalk::WalkByIndex(const State& state, const std::optional<KeyView>& start) {
  Indexed walk = is_selecting_ ? IndexWalk::Choose(state, *scope_, start) : nullptr;
  if (walk == nullptr) return false;
  source_.emplace<Indexed>(std::move(walk));
  return true;
}

// All namespaces, or an object of one name in each.
void ScopeWalk::WalkAll(const ObjectDirectory& directory, const std::optional<KeyView>& start) {
  if (scope_->name() == nullptr) {
    if (start) source_.emplace<ObjectCursor>(directory, *start, filter_);
    if (!start) source_.emplace<ObjectCursor>(directory, filter_);
    return;
  }
  if (!start) {
    source_.emplace<Namespaces>(directory.namespaces());
    return;
  }
  Namespaces& namespaces =
      source_.emplace<Namespaces>(directory.namespaces(), start->namespace_name);
  // Where the walk begins within a namespace, the name may lie before.
  const bool is_behind = scope_->name()->text() < start->name;
  if (is_behind && directory.namespaces().Find(start->namespace_name) != nullptr) namespaces.Next();
}

const Version* ScopeWalk::Find() {
  while (!budget_.is_spent()) {
    const Version* const version = FindInPlace();
    if (version == nullptr) return nullptr;
    ++fetched_;
    if (!is_selecting_) return version;
    budget_.Spend();
    if (budget_.is_spent()) passed_ = version->key();
    if (scope_->Selects(*version)) return version;
  }
  return nullptr;
}

const Version* ScopeWalk::FindInPlace() {
  if (auto* const objects = std::get_if<ObjectCursor>(&source_)) {
    // Without a selector whoever walks takes every object, and stops when there are enough.
    if (!is_selecting_) return objects->Next();
    const Version* const version = objects->Next(budget_);
    if (version == nullptr && objects->passed() != nullptr) passed_ = objects->passed()->key();
    return version;
  }
  if (auto* const single = std::get_if<Single>(&source_)) {
    return std::exchange(single->version, nullptr);
  }
  if (auto* const indexed = std::get_if<Indexed>(&source_)) return (*indexed)->Next();
  return FindByName(std::get<Namespaces>(source_));
}

const Version* ScopeWalk::FindByName(Namespaces& namespaces) {
  const std::string_view name = scope_->name()->text();
  while (!budget_.is_spent()) {
    const Namespace* const entry = namespaces.Next();
    if (entry == nullptr) break;
    budget_.Spend();
    passed_ = {.namespace_name = entry->name->text(), .name = name};
    const Version* const version = entry->objects.Find(name);
    if (version != nullptr) return version;
  }
  return nullptr;
}

}  // namespace shardwatch
