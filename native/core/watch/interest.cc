// Registering groups and taking them out; see interest.h. Thread rule: as told there.

#include "native/core/watch/interest.h"

#include <algorithm>
#include <new>

namespace shardwatch {

bool GroupList::Add(WatchGroup& group) {
  if (size_ > 0 && data()[size_ - 1] == &group) return true;
  if (size_ == capacity_) {
    std::unique_ptr<WatchGroup*[]> larger(new (std::nothrow) WatchGroup*[capacity_ * 2]);
    if (larger == nullptr) return false;
    std::copy(begin(), end(), larger.get());
    many_ = std::move(larger);
    capacity_ *= 2;
  }
  group.slot = size_;
  data()[size_++] = &group;
  return true;
}

void GroupList::Remove(WatchGroup& group) {
  WatchGroup** const groups = data();
  WatchGroup** const end = groups + size_;
  const bool is_known = group.slot < size_ && groups[group.slot] == &group;
  WatchGroup** const found = is_known ? groups + group.slot : std::find(groups, end, &group);
  if (found == end) return;
  *found = groups[--size_];
  (*found)->slot = static_cast<size_t>(found - groups);
  if (size_ > 0) return;
  many_.reset();
  capacity_ = 1;
}

bool Interest::Add(WatchGroup& group) {
  const InternedString* const name = group.scope().namespace_name();
  if (name == nullptr) return AddTo(any_, group);
  Place* place = FindPlace(name);
  if (place != nullptr) return AddTo(*place, group);
  place = new (std::nothrow) Place;
  if (place == nullptr) return false;
  place->hash = HashPointer(name);
  place->namespace_name = name;
  bool is_added = AddTo(*place, group);
  // A scope that nothing can match has no place.
  if (is_added && !place->empty()) {
    if (namespaces_.Insert(*place)) return true;
    RemoveFrom(*place, group);
    is_added = false;
  }
  delete place;
  return is_added;
}

void Interest::Remove(WatchGroup& group) {
  const InternedString* const name = group.scope().namespace_name();
  if (name == nullptr) return RemoveFrom(any_, group);
  Place* const place = FindPlace(name);
  if (place == nullptr) return;
  RemoveFrom(*place, group);
  if (!place->empty()) return;
  namespaces_.Erase(*place);
  delete place;
}

Interest::Place* Interest::FindPlace(const InternedString* namespace_name) const {
  return namespaces_.Find(HashPointer(namespace_name), [namespace_name](const Place& place) {
    return place.namespace_name == namespace_name;
  });
}

bool Interest::AddTo(Place& place, WatchGroup& group) {
  const Scope& scope = group.scope();
  if (scope.name() != nullptr) return AddTo(place.names, NameKey(scope.name()), group);
  const std::optional<FieldEquality> field = scope.RequiredField();
  if (field) return AddTo(place.fields, FieldKey(field->index, field->value), group);
  const std::optional<LabelSpan> labels = scope.RequiredLabels();
  if (!labels) return place.rest.Add(group);
  for (const InternedString* const label : *labels) {
    if (AddTo(place.labels, LabelKey(label), group)) continue;
    RemoveFrom(place, group);
    return false;
  }
  return true;
}

void Interest::RemoveFrom(Place& place, WatchGroup& group) {
  const Scope& scope = group.scope();
  if (scope.name() != nullptr) return RemoveFrom(place.names, NameKey(scope.name()), group);
  const std::optional<FieldEquality> field = scope.RequiredField();
  if (field) return RemoveFrom(place.fields, FieldKey(field->index, field->value), group);
  const std::optional<LabelSpan> labels = scope.RequiredLabels();
  if (!labels) return place.rest.Remove(group);
  for (const InternedString* const label : *labels) {
    RemoveFrom(place.labels, LabelKey(label), group);
  }
}

Interest::Bucket* Interest::Find(const EntryTable<Bucket>& table, const Key& key) {
  return table.Find(key.hash, [&key](const Bucket& bucket) {
    return bucket.text == key.text && bucket.index == key.index;
  });
}

bool Interest::AddTo(EntryTable<Bucket>& table, const Key& key, WatchGroup& group) {
  if (Bucket* const found = Find(table, key); found != nullptr) return found->groups.Add(group);
  auto* const bucket = new (std::nothrow) Bucket(key);
  if (bucket == nullptr) return false;
  if (bucket->groups.Add(group) && table.Insert(*bucket)) return true;
  delete bucket;
  return false;
}

void Interest::RemoveFrom(EntryTable<Bucket>& table, const Key& key, WatchGroup& group) {
  // A label that is demanded twice is there once.
  Bucket* const bucket = Find(table, key);
  if (bucket == nullptr) return;
  bucket->groups.Remove(group);
  if (!bucket->groups.empty()) return;
  table.Erase(*bucket);
  delete bucket;
}

}  // namespace shardwatch
