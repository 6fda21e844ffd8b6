// Walks the objects of a scope in key order, within one immutable state.
//
//  1. It looks only where the scope can have objects: one tree for a namespace, one lookup for an
//     object, one lookup a namespace for a name in all of them.
//  2. Where an index has few objects for what the selector demands, it looks at these alone.
//  3. Objects that the selector can't want are passed over by their signatures, untouched.
//  4. The end of a walk is for ever.
//  5. A walk that is given a number of looks pauses when they are spent, and goes on where it stood
//     when it is given more.
// Thread rule: belongs to one thread, which keeps the state (a pin or a hold) and the scope for as
// long as it walks.

#ifndef NATIVE_CORE_SHARD_SCOPE_WALK_H_
#define NATIVE_CORE_SHARD_SCOPE_WALK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "native/core/object/key.h"
#include "native/core/object/scope.h"
#include "native/core/object/version.h"
#include "native/core/shard/index_walk.h"
#include "native/core/shard/root.h"
#include "native/core/tree/walk_budget.h"

namespace shardwatch {

class ScopeWalk {
 public:
  // From the first object that is not below `start`, whose texts may go afterwards. With
  // `is_selecting` only the objects that belong to the scope, without it all objects in its
  // namespace and of its name, the selector left aside.
  ScopeWalk(const State& state, const Scope& scope, const std::optional<KeyView>& start,
            bool is_selecting);

  // Lets the walk look so often from now on: one that is paused goes on. Without a call it is never
  // paused. REQUIRES: not 0.
  void Resume(uint64_t looks) { budget_ = WalkBudget(looks); }

  // Whether Peek and Next show nothing because the walk is paused, and not at its end.
  bool is_paused() const { return !is_read_ && budget_.is_spent(); }

  // The next object, or null at the end or where the walk is paused.
  const Version* Next() {
    const Version* const version = Peek();
    Advance();
    return version;
  }

  // The next object, which stays the next one.
  const Version* Peek() {
    if (!is_read_) {
      next_ = Find();
      is_read_ = next_ != nullptr || !budget_.is_spent();
    }
    return next_;
  }

  // Of a paused walk: it has shown or passed over all objects up to this key, and none behind it.
  // None where it has passed none yet. Valid as long as the state is kept.
  const std::optional<KeyView>& passed() const { return passed_; }

  // Whether it walks by an index.
  bool is_indexed() const { return std::holds_alternative<Indexed>(source_); }

  // The number of that index.
  std::optional<uint16_t> index() const {
    if (!is_indexed()) return std::nullopt;
    return std::get<Indexed>(source_)->number();
  }

  // Objects that it has looked at, whether or not they belong to the scope.
  uint64_t fetched() const { return fetched_; }

  // Takes what Peek has shown.
  void Advance() {
    if (next_ != nullptr) is_read_ = false;
  }

 private:
  using Indexed = std::unique_ptr<IndexWalk>;
  using Namespaces = TreeCursor<NamespaceShape<ObjectShape>>;

  // One object, or none.
  struct Single {
    const Version* version;
  };

  bool WalkByIndex(const State& state, const std::optional<KeyView>& start);
  void WalkAll(const ObjectDirectory& directory, const std::optional<KeyView>& start);
  const Version* Find();
  const Version* FindInPlace();
  const Version* FindByName(Namespaces& namespaces);

  const Scope* scope_;
  bool is_selecting_;
  const SignatureFilter* filter_;
  WalkBudget budget_;
  uint64_t fetched_ = 0;
  std::optional<KeyView> passed_;
  bool is_read_ = false;
  const Version* next_ = nullptr;
  // Namespaces where the scope is a name in all of them.
  std::variant<Single, ObjectCursor, Namespaces, Indexed> source_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_SHARD_SCOPE_WALK_H_
