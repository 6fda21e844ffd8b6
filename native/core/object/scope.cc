// Compiling scopes and asking them; see scope.h. Thread rule: any thread.

#include "native/core/object/scope.h"

namespace shardwatch {

Scope::~Scope() {
  table_.Release(namespace_name_);
  table_.Release(name_);
}

ScopeOutcome Scope::Compile(const ScopeRequest& request, FieldSelector::Declared declared) {
  for (const FieldRequirement& field : request.fields) {
    if (FieldSelector::IsKnown(field.path, declared)) continue;
    return {ScopeFault::kUndeclaredField, field.path};
  }
  constexpr ScopeOutcome kOutOfMemory = {ScopeFault::kOutOfMemory, {}};
  for (const FieldRequirement& field : request.fields) {
    if (!fields_.Add(field, declared)) return kOutOfMemory;
  }
  for (const LabelRequirement& label : request.labels) {
    if (!labels_.Add(label)) return kOutOfMemory;
  }
  labels_.Finish();
  fields_.Finish();
  shard_.Set(request.shard_key, request.shard_ranges);
  labels_.AddTo(filter_);
  fields_.AddTo(filter_);
  if (!Narrow(request.namespace_name, fields_.RequiredNamespace(), namespace_name_) ||
      !Narrow(request.name, fields_.RequiredName(), name_)) {
    return kOutOfMemory;
  }
  return {};
}

bool Scope::Narrow(std::optional<std::string_view> asked, const InternedString* demanded,
                   const InternedString*& place) {
  if (asked) {
    place = table_.Acquire(*asked);
    return place != nullptr;
  }
  if (demanded != nullptr) place = InternTable::Share(demanded);
  return true;
}

bool Scope::Matches(const Version& version) const {
  if (namespace_name_ != nullptr && namespace_name_ != version.namespace_name()) return false;
  if (name_ != nullptr && name_->text() != version.name()) return false;
  return Selects(version);
}

bool Scope::Selects(const Version& version) const {
  return labels_.Matches(version.labels()) && fields_.Matches(version) && shard_.Matches(version);
}

std::optional<WatchEventType> Scope::Transition(const Version* previous,
                                                const Version* version) const {
  const bool before = previous != nullptr && Matches(*previous);
  const bool after = version != nullptr && Matches(*version);
  if (after) return before ? WatchEventType::kModified : WatchEventType::kAdded;
  if (before) return WatchEventType::kDeleted;
  return std::nullopt;
}

}  // namespace shardwatch
