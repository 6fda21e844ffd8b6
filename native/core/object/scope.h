// A list's or watch's scope, compiled once: which objects belong to it, where to look for them,
// and what a watch of it is told of a change.
//
//  1. Requirements on `metadata.name=` and `metadata.namespace=` narrow the place that is searched
//     (as upstream narrows it); they are checked like all others too, so that contradictions match
//     nothing.
//  2. Both engines answer alike: lib/engine/javascript/scope.ts.
// Thread rule: immutable once compiled; any thread may ask. The table outlives it.

#ifndef NATIVE_CORE_OBJECT_SCOPE_H_
#define NATIVE_CORE_OBJECT_SCOPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "native/core/object/field_selector.h"
#include "native/core/object/intern_table.h"
#include "native/core/object/label_selector.h"
#include "native/core/object/shard_selector.h"
#include "native/core/object/signature.h"
#include "native/core/object/version.h"

namespace shardwatch {

// A scope as it comes in.
struct ScopeRequest {
  // Absent: every namespace. Empty is the namespace of cluster-scoped types.
  std::optional<std::string_view> namespace_name;
  // Absent: every name.
  std::optional<std::string_view> name;
  std::span<const LabelRequirement> labels;
  std::span<const FieldRequirement> fields;
  // Of the shard that it is about; none: all objects.
  ShardKey shard_key = ShardKey::kUid;
  std::span<const ShardRange> shard_ranges = {};
};

enum class ScopeFault : uint8_t { kNone, kUndeclaredField, kOutOfMemory };

struct ScopeOutcome {
  ScopeFault fault = ScopeFault::kNone;
  // Of kUndeclaredField the field's path, a view of the request.
  std::string_view path;
};

enum class WatchEventType : uint8_t { kAdded, kModified, kDeleted };

class Scope {
 public:
  // Everything belongs to it.
  explicit Scope(InternTable& table) : table_(table), labels_(table), fields_(table) {}
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // REQUIRES: not compiled yet. After a fault the scope may only be destroyed.
  ScopeOutcome Compile(const ScopeRequest& request, FieldSelector::Declared declared);

  // Only objects of this namespace, or this name; null: of all.
  const InternedString* namespace_name() const { return namespace_name_; }
  const InternedString* name() const { return name_; }

  // Whether a selector is part of it, even one that only narrows.
  bool has_selector() const { return !labels_.empty() || !fields_.empty() || !shard_.empty(); }

  // Whether it is about a shard of the objects.
  bool has_shard() const { return !shard_.empty(); }

  // What the selector demands of an object's signature; null where that is nothing.
  const SignatureFilter* filter() const { return filter_.is_empty() ? nullptr : &filter_; }

  // Whether the version belongs to the scope.
  bool Matches(const Version& version) const;

  // Whether the version meets the selector, wherever it is.
  bool Selects(const Version& version) const;

  // What a watch of this scope is told of a change, or nothing. Null is no version.
  //
  //   before   after      told
  //   -        matches    kAdded     the new version
  //   matches  matches    kModified  the new version
  //   matches  -          kDeleted   the version before, at the change's revision
  std::optional<WatchEventType> Transition(const Version* previous, const Version* version) const;

  // A declared field for which exactly one value will do, if there is one.
  std::optional<FieldEquality> RequiredField() const { return fields_.Equality(); }

  // Labels of which one must be there, all of one key, if there is such a requirement. (With no
  // values it has none, and nothing matches.)
  std::optional<LabelSpan> RequiredLabels() const { return labels_.OneOf(); }

  // Calls `visit(field)` for every requirement of exactly one value of a declared field, and
  // `visit(labels)` for every one of one of some labels, all of one key.
  template <typename Visit>
  void VisitRequiredFields(const Visit& visit) const {
    fields_.VisitEqualities(visit);
  }
  template <typename Visit>
  void VisitRequiredLabels(const Visit& visit) const {
    labels_.VisitOneOf(visit);
  }

  // Of the request's label requirements number `index`, if it is about one label alone.
  std::optional<LabelPresence> LabelPresenceAt(size_t index) const {
    return labels_.PresenceAt(index);
  }

 private:
  // A count on what is asked for, or on what the selector demands; false when memory is out.
  bool Narrow(std::optional<std::string_view> asked, const InternedString* demanded,
              const InternedString*& place);

  InternTable& table_;
  LabelSelector labels_;
  FieldSelector fields_;
  ShardSelector shard_;
  SignatureFilter filter_;
  const InternedString* namespace_name_ = nullptr;
  const InternedString* name_ = nullptr;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_SCOPE_H_
