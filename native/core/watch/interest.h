// Which groups an event may concern, found without asking every group.
//
// A group is registered in one place, the narrowest that its scope allows:
//
//   any namespace --+-- by name          metadata.name=web-0, or a watch of one object
//                   +-- by field value   spec.nodeName=node-7
//                   +-- by label         app=web, app in (web, api): under each of them
//                   +-- the rest
//   namespace a   --+-- the same four
//
// An event visits two of these, that of its namespace and that of any, with the names, field values
// and labels of the version before and of the new one: an object that moves from one value to
// another concerns the watches of both.
//
//  1. All keys but names are interned, and found by their address; groups hold counts on them.
//  2. An empty place is removed at once, so nothing remains of groups that are gone.
//  3. Being found tells most groups all that they would ask: see GroupCheck.
// Thread rule: guarded by the lock of Watches.

#ifndef NATIVE_CORE_WATCH_INTEREST_H_
#define NATIVE_CORE_WATCH_INTEREST_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "native/core/log/event_log.h"
#include "native/core/object/intern_table.h"
#include "native/core/object/version.h"
#include "native/core/watch/entry_table.h"
#include "native/core/watch/watch_group.h"

namespace shardwatch {

// Groups in no order. One has no memory of its own. A group knows its place in the list that has
// taken it last, which is the only one for most.
class GroupList {
 public:
  GroupList() = default;
  GroupList(const GroupList&) = delete;
  GroupList& operator=(const GroupList&) = delete;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  WatchGroup* const* begin() const { return many_ == nullptr ? &one_ : many_.get(); }
  WatchGroup* const* end() const { return begin() + size_; }

  // A group that was added last is not added again. False when memory is out.
  bool Add(WatchGroup& group);
  // One that is not there changes nothing.
  void Remove(WatchGroup& group);

 private:
  WatchGroup** data() { return many_ == nullptr ? &one_ : many_.get(); }

  WatchGroup* one_ = nullptr;
  std::unique_ptr<WatchGroup*[]> many_;
  size_t size_ = 0;
  size_t capacity_ = 1;
};

class Interest {
 public:
  Interest() : seed_(HashPointer(this)) {}
  Interest(const Interest&) = delete;
  Interest& operator=(const Interest&) = delete;

  bool empty() const { return any_.empty() && namespaces_.empty(); }

  // How many times a group was asked whether an event concerns it.
  uint64_t asked() const { return asked_; }

  // False when memory is out; then nothing has changed.
  bool Add(WatchGroup& group);

  // REQUIRES: it was added.
  void Remove(WatchGroup& group);

  // Calls `note(group, type)` for every group that the change concerns.
  template <typename Note>
  void Offer(const EventRecord& record, uint64_t sequence, const Note& note) {
    const Offering<Note> offering(record, sequence, note, asked_);
    Visit(any_, offering);
    Place* const place = FindPlace(record.namespace_name);
    if (place != nullptr) Visit(*place, offering);
  }

 private:
  // What groups are found by: a name, field value or label.
  struct Key {
    uint64_t hash = 0;
    const InternedString* text = nullptr;
    // Of a field, its index.
    size_t index = 0;
  };

  struct Bucket : Key {
    explicit Bucket(const Key& key) : Key(key) {}

    GroupList groups;
  };

  // The groups of one namespace, or of all.
  struct Place {
    uint64_t hash = 0;
    const InternedString* namespace_name = nullptr;
    EntryTable<Bucket> names;
    EntryTable<Bucket> fields;
    EntryTable<Bucket> labels;
    GroupList rest;

    bool empty() const { return rest.empty() && names.empty() && fields.empty() && labels.empty(); }
  };

  // By which versions a group was found.
  struct Found {
    bool by_previous;
    bool by_version;
  };

  template <typename Note>
  struct Offering {
    Offering(const EventRecord& event, uint64_t event_sequence, const Note& noted, uint64_t& count)
        : record(event),
          sequence(event_sequence),
          note(noted),
          asked(count),
          before(LabelsOf(event.previous)),
          after(LabelsOf(event.version)),
          is_relabelled(!std::ranges::equal(before, after)) {}

    const EventRecord& record;
    const uint64_t sequence;
    const Note& note;
    uint64_t& asked;
    // Of the versions, where there are such.
    const LabelSpan before;
    const LabelSpan after;
    // An update mostly changes no label: what holds for one version then holds for both.
    const bool is_relabelled;

    void Ask(const GroupList& groups, Found found) const;
    std::optional<WatchEventType> AskedTypeFor(const WatchGroup& group, Found found) const;
    std::optional<WatchEventType> TypeOf(Found found) const;
  };

  static void FetchLine(const void* memory) {
#if defined(__GNUC__)
    __builtin_prefetch(memory);
#else
    static_cast<void>(memory);
#endif
  }
  static LabelSpan LabelsOf(const Version* version) {
    return version == nullptr ? LabelSpan() : version->labels();
  }

  template <typename Note>
  void Visit(const Place& place, const Offering<Note>& offering) const;
  template <typename Note>
  void VisitFields(const Place& place, const Offering<Note>& offering) const;
  template <typename Note>
  void VisitLabels(const Place& place, const Offering<Note>& offering) const;

  Place* FindPlace(const InternedString* namespace_name) const;
  bool AddTo(Place& place, WatchGroup& group);
  void RemoveFrom(Place& place, WatchGroup& group);
  static Bucket* Find(const EntryTable<Bucket>& table, const Key& key);
  static bool AddTo(EntryTable<Bucket>& table, const Key& key, WatchGroup& group);
  static void RemoveFrom(EntryTable<Bucket>& table, const Key& key, WatchGroup& group);

  static Key FieldKey(size_t index, const InternedString* value) {
    // A field that an object lacks is ''.
    if (value != nullptr && value->text().empty()) value = nullptr;
    return {.hash = MixHash(HashPointer(value) + index), .text = value, .index = index};
  }
  static Key LabelKey(const InternedString* label) {
    return {.hash = HashPointer(label), .text = label, .index = 0};
  }
  Key NameKey(const InternedString* name) const {
    return {.hash = HashText(name->text(), seed_), .text = name, .index = 0};
  }
  Bucket* FindName(const Place& place, std::string_view name) const {
    return place.names.Find(HashText(name, seed_),
                            [name](const Bucket& bucket) { return bucket.text->text() == name; });
  }

  const uint64_t seed_;
  Place any_;
  EntryTable<Place> namespaces_;
  uint64_t asked_ = 0;
};

template <typename Note>
void Interest::Visit(const Place& place, const Offering<Note>& offering) const {
  const EventRecord& record = offering.record;
  const Found all{.by_previous = record.previous != nullptr,
                  .by_version = record.version != nullptr};
  offering.Ask(place.rest, all);
  if (!place.names.empty()) {
    const Version* const version = record.version == nullptr ? record.previous : record.version;
    const Bucket* const bucket = FindName(place, version->name());
    if (bucket != nullptr) offering.Ask(bucket->groups, all);
  }
  if (!place.fields.empty()) VisitFields(place, offering);
  if (!place.labels.empty()) VisitLabels(place, offering);
}

template <typename Note>
void Interest::VisitFields(const Place& place, const Offering<Note>& offering) const {
  const auto ask = [&place, &offering](const Key& key, Found found) {
    const Bucket* const bucket = Find(place.fields, key);
    if (bucket != nullptr) offering.Ask(bucket->groups, found);
  };
  const Version* const version = offering.record.version;
  const Version* const previous = offering.record.previous;
  const size_t count = (version == nullptr ? previous : version)->fields().size();
  for (size_t index = 0; index < count; ++index) {
    const Key before = previous == nullptr ? Key{} : FieldKey(index, previous->fields()[index]);
    const Key after = version == nullptr ? Key{} : FieldKey(index, version->fields()[index]);
    const bool is_same = previous != nullptr && version != nullptr && before.text == after.text;
    if (version != nullptr) ask(after, {.by_previous = is_same, .by_version = true});
    if (previous != nullptr && !is_same) ask(before, {.by_previous = true, .by_version = false});
  }
}

template <typename Note>
void Interest::VisitLabels(const Place& place, const Offering<Note>& offering) const {
  const auto has = [](LabelSpan labels, const InternedString* wanted) {
    for (const InternedString* const label : labels) {
      if (label == wanted) return true;
    }
    return false;
  };
  const auto ask = [&place, &offering](const InternedString* label, Found found) {
    const Bucket* const bucket = Find(place.labels, LabelKey(label));
    if (bucket != nullptr) offering.Ask(bucket->groups, found);
  };
  const LabelSpan before = offering.before;
  const LabelSpan after = offering.after;
  for (const InternedString* const label : after) {
    ask(label, {.by_previous = has(before, label), .by_version = true});
  }
  for (const InternedString* const label : before) {
    if (!has(after, label)) ask(label, {.by_previous = true, .by_version = false});
  }
}

template <typename Note>
void Interest::Offering<Note>::Ask(const GroupList& groups, Found found) const {
  // Groups lie anywhere, and so does what they point to: both are asked for well before.
  constexpr ptrdiff_t kFetchedFirst = 32;
  constexpr ptrdiff_t kFetchedNext = 16;
  WatchGroup* const* const begin = groups.begin();
  WatchGroup* const* const end = groups.end();
  for (ptrdiff_t index = 0; index < std::min(kFetchedFirst, end - begin); ++index) {
    FetchLine(begin[index]);
  }
  for (ptrdiff_t index = 0; index < std::min(kFetchedNext, end - begin); ++index) {
    begin[index]->Fetch();
  }
  // What it is to all but those who have more to ask.
  const std::optional<WatchEventType> type = TypeOf(found);
  const LabelSpan labels = found.by_version ? after : before;
  const bool is_one_for_both = !is_relabelled || found.by_version != found.by_previous;
  for (WatchGroup* const* at = begin; at != end; ++at) {
    if (end - at > kFetchedFirst) FetchLine(at[kFetchedFirst]);
    if (end - at > kFetchedNext) at[kFetchedNext]->Fetch();
    WatchGroup& group = **at;
    if (group.is_found_often() && group.TestAsked(sequence)) continue;
    ++asked;
    if (group.check() == GroupCheck::kNone) {
      note(group, *type);
    } else if (group.check() == GroupCheck::kLabel && is_one_for_both) {
      if (group.label().Holds(labels)) note(group, *type);
    } else {
      const std::optional<WatchEventType> asked_type = AskedTypeFor(group, found);
      if (asked_type) note(group, *asked_type);
    }
  }
}

template <typename Note>
std::optional<WatchEventType> Interest::Offering<Note>::AskedTypeFor(const WatchGroup& group,
                                                                     Found found) const {
  switch (group.check()) {
    case GroupCheck::kNone:
      return TypeOf(found);
    case GroupCheck::kLabel:
      return TypeOf({.by_previous = found.by_previous && group.label().Holds(before),
                     .by_version = found.by_version && group.label().Holds(after)});
    case GroupCheck::kOnMove:
      if (record.previous == nullptr || record.version == nullptr) return TypeOf(found);
      if (found.by_previous && found.by_version) return TypeOf(found);
      break;
    case GroupCheck::kAlways:
      break;
  }
  return group.scope().Transition(record.previous, record.version);
}

template <typename Note>
std::optional<WatchEventType> Interest::Offering<Note>::TypeOf(Found found) const {
  if (found.by_version) {
    return found.by_previous ? WatchEventType::kModified : WatchEventType::kAdded;
  }
  if (found.by_previous) return WatchEventType::kDeleted;
  return std::nullopt;
}

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_INTEREST_H_
