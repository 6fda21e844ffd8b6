// The steps of a write up to its turn; see writer.h. What it publishes: writer_publish.cc.
// Thread rule: belongs to one thread.

#include "native/core/shard/writer.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <numeric>

namespace shardwatch {

namespace {

// Namespaces that other writers add between a writer's turn and its publication: more than any
// batches in flight can have.
constexpr uint64_t kNamesBetweenMax = uint64_t{1} << 20;

constexpr uint8_t KindOf(RetiredKind kind) { return static_cast<uint8_t>(kind); }

template <typename Item>
size_t BytesOf(const std::vector<Item>& items) {
  return items.capacity() * sizeof(Item);
}

// REQUIRES: the list's items are of no use any more.
template <typename Item>
void ShrinkBeyond(std::vector<Item>& items, size_t kept) {
  if (items.capacity() > kept) std::vector<Item>().swap(items);
}

}  // namespace

Writer::Writer(Store& store, Publisher& publisher, EpochSlot& slot, RootObserver& observer)
    : store_(store),
      publisher_(publisher),
      slot_(slot),
      observer_(observer),
      object_nodes_(store.arena(), KindOf(RetiredKind::kObjectNode)),
      namespace_nodes_(store.arena(), KindOf(RetiredKind::kNamespaceNode)),
      index_nodes_(store.arena(), KindOf(RetiredKind::kIndexNode)),
      log_supply_(store.arena()) {}

Writer::~Writer() {
  assert(versions_.empty());
  GiveUpSpares(0);
  if (root_memory_ != nullptr) store_.arena().Free(root_memory_, sizeof(Root));
}

WriteOutcome Writer::Apply(std::span<const Change> changes, double now_ms) {
  const SpareBound bound(*this);
  if (changes.empty()) return {};
  for (size_t index = 1; index < changes.size(); ++index) {
    const uint64_t before = changes[index - 1].revision;
    if (changes[index].revision > before) continue;
    return {.fault = WriteFault::kNotRising, .index = index, .revision = before};
  }
  WriteOutcome outcome = Prepare(changes);
  if (outcome.fault != WriteFault::kNone) return outcome;
  GroupChanges(changes);
  Ticket ticket;
  uint64_t newest = 0;
  for (bool is_planned = false; !is_planned;) {
    if (!Reserve(changes.size(), false)) {
      DropVersions();
      return {.fault = WriteFault::kOutOfMemory};
    }
    Publisher::Order order(publisher_);
    if (changes.front().revision <= order.revision()) outcome.fault = WriteFault::kNotRising;
    if (order.is_closed()) outcome.fault = WriteFault::kClosed;
    outcome.revision = order.revision();
    newest = order.newest();
    if (outcome.fault != WriteFault::kNone) break;
    if (!store_.log().Plan(changes.size(), log_supply_)) continue;
    is_planned = true;
    order.set_revision(changes.back().revision);
    ticket = order.TakeTicket(changes.size());
    TakePlaces(order);
  }
  if (outcome.fault != WriteFault::kNone) return Refuse(outcome, newest);
  WaitForTurns();
  const bool is_built = Build(changes, ticket, now_ms);
  Publish(ticket, changes.back().revision, now_ms);
  if (!is_built) return {.fault = WriteFault::kOutOfMemory};
  return {.revision = changes.back().revision};
}

WriteOutcome Writer::Write(const Change& change, const uint64_t* expected, double now_ms) {
  const SpareBound bound(*this);
  Change numbered = change;
  Ticket ticket;
  for (bool is_planned = false; !is_planned;) {
    if (versions_.empty()) {
      const WriteOutcome outcome = Prepare({&numbered, 1});
      if (outcome.fault != WriteFault::kNone) return outcome;
      GroupChanges({&numbered, 1});
    }
    if (!Reserve(1, false)) {
      DropVersions();
      return {.fault = WriteFault::kOutOfMemory};
    }
    bool is_closed = false;
    bool is_last = false;
    bool is_restamped = true;
    {
      Publisher::Order order(publisher_);
      is_closed = order.is_closed();
      is_last = order.revision() == UINT64_MAX;
      numbered.revision = order.revision() + 1;
      Version* const version = versions_.front();
      is_restamped = version == nullptr || version->Restamp(numbered.revision);
      if (!is_closed && !is_last && is_restamped && store_.log().Plan(1, log_supply_)) {
        is_planned = true;
        order.set_revision(numbered.revision);
        ticket = order.TakeTicket(1);
        TakePlaces(order);
      }
    }
    if (is_closed || is_last || !is_restamped) DropVersions();
    if (is_closed) return {.fault = WriteFault::kClosed};
    if (is_last) return {.fault = WriteFault::kNotRising, .revision = UINT64_MAX};
  }
  WaitForTurns();
  WriteOutcome outcome{.revision = numbered.revision};
  uint64_t present = 0;
  {
    EpochPin pin(store_.epochs(), slot_);
    const Version* const version = store_.LoadRoot()->state.directory.Find(change.key);
    if (version != nullptr) present = version->revision();
  }
  if (expected != nullptr && *expected != present) {
    outcome = {.fault = WriteFault::kConflict, .revision = present};
    GiveUpChanges();
  } else if (!Build({&numbered, 1}, ticket, now_ms)) {
    outcome = {.fault = WriteFault::kOutOfMemory};
  } else if (records_.empty()) {
    outcome.revision = 0;
  }
  Publish(ticket, numbered.revision, now_ms);
  return outcome;
}

WriteOutcome Writer::Replace(std::span<const Change> puts, uint64_t revision) {
  const SpareBound bound(*this);
  WriteOutcome outcome = Prepare(puts);
  if (outcome.fault != WriteFault::kNone) return outcome;
  GroupChanges(puts);
  Ticket ticket;
  uint64_t newest = 0;
  const bool is_reserved = Reserve(0, true);
  if (is_reserved) {
    Publisher::Order order(publisher_);
    outcome.revision = order.revision();
    newest = order.newest();
    if (order.is_closed()) {
      outcome.fault = WriteFault::kClosed;
    } else if (revision < order.revision()) {
      outcome.fault = WriteFault::kNotRising;
    } else {
      store_.log().PlanRestart();
      order.set_revision(revision);
      ticket = order.TakeTicket(puts.size());
      TakeAllPlaces(order);
    }
  } else {
    outcome.fault = WriteFault::kOutOfMemory;
  }
  if (outcome.fault != WriteFault::kNone) return Refuse(outcome, newest);
  WaitForTurns();
  BuildState(ticket);
  PublishState(ticket, revision, false);
  return {.revision = revision};
}

WriteOutcome Writer::Progress(uint64_t revision) {
  if (!ReserveRoot()) return {.fault = WriteFault::kOutOfMemory};
  places_.clear();
  groups_.clear();
  WriteOutcome outcome{.revision = revision};
  Ticket ticket;
  uint64_t newest = 0;
  {
    Publisher::Order order(publisher_);
    if (order.is_closed()) return {.fault = WriteFault::kClosed};
    if (revision <= order.revision()) {
      newest = order.newest();
      outcome.revision = order.revision();
    } else {
      order.set_revision(revision);
      ticket = order.TakeTicket(0);
    }
  }
  if (ticket.number == 0) {
    // Others have taken the revision, and may not have published it yet.
    publisher_.WaitFor(newest);
    return outcome;
  }
  publisher_.Wait(ticket);
  Root* const previous = store_.LoadRoot();
  Root* const root = MakeRoot(ticket, *previous);
  root->revision = revision;
  store_.ExchangeRoot(root);
  observer_.RootPublished(*root, {}, root->log.end);
  Finish(previous, ticket.root_tick);
  publisher_.Pass(ticket);
  store_.Retire(replaced_);
  store_.Reclaim(kReclaimedMax);
  return {.revision = revision};
}

WriteOutcome Writer::Trim(double now_ms) {
  if (!ReserveRoot()) return {.fault = WriteFault::kOutOfMemory};
  groups_.clear();
  places_.clear();
  Ticket ticket;
  uint64_t revision = 0;
  {
    Publisher::Order order(publisher_);
    if (order.is_closed()) return {.fault = WriteFault::kClosed};
    revision = order.revision();
    ticket = order.TakeTicket(0);
  }
  Publish(ticket, revision, now_ms);
  // A few nodes keep many slabs from being given back.
  GiveUpSpares(0);
  return {.revision = revision};
}

WriteOutcome Writer::Close() {
  if (!ReserveRoot()) return {.fault = WriteFault::kOutOfMemory};
  groups_.clear();
  order_.clear();
  Ticket ticket;
  uint64_t revision = 0;
  {
    Publisher::Order order(publisher_);
    if (order.is_closed()) return {.fault = WriteFault::kClosed};
    order.Close();
    revision = order.revision();
    store_.log().PlanRestart();
    ticket = order.TakeTicket(0);
    TakeAllPlaces(order);
  }
  WaitForTurns();
  PublishState(ticket, revision, true);
  return {.revision = revision};
}

// Between writes.
void Writer::GiveUpSpares(size_t kept) {
  object_nodes_.KeepAtMost(kept);
  namespace_nodes_.KeepAtMost(kept);
  index_nodes_.KeepAtMost(kept);
  log_supply_.GiveUpSpares();
  while (entries_.size() > kept) {
    store_.arena().Free(static_cast<Namespace*>(entries_.Take()), sizeof(Namespace));
  }
  ShrinkBeyond(versions_, kept);
  ShrinkBeyond(records_, kept);
  ShrinkBeyond(order_, kept);
  ShrinkBeyond(groups_, kept);
  ShrinkBeyond(places_, kept);
}

size_t Writer::spare_bytes() const {
  return object_nodes_.bytes() + namespace_nodes_.bytes() + index_nodes_.bytes() +
         log_supply_.bytes() + entries_.size() * sizeof(Namespace) +
         (root_memory_ == nullptr ? 0 : sizeof(Root)) + BytesOf(versions_) + BytesOf(records_) +
         BytesOf(order_) + BytesOf(groups_) + BytesOf(places_);
}

// The changes' versions, checked, laid out and counted.
WriteOutcome Writer::Prepare(std::span<const Change> changes) {
  versions_.clear();
  versions_.reserve(changes.size());
  for (const Change& change : changes) {
    const WriteOutcome outcome = PrepareVersion(change, versions_.size());
    if (outcome.fault == WriteFault::kNone) continue;
    DropVersions();
    return outcome;
  }
  return {};
}

WriteOutcome Writer::PrepareVersion(const Change& change, size_t index) {
  if (!change.is_put()) {
    versions_.push_back(nullptr);
    return {};
  }
  ScannedObject object;
  if (!scanner_.Scan(change.object, store_.field_paths(), object)) {
    const bool is_memory = scanner_.fault().code == FaultCode::kOutOfMemory;
    scanner_.Release();
    return {.fault = is_memory ? WriteFault::kOutOfMemory : WriteFault::kInvalidObject,
            .index = index};
  }
  const bool is_of_key = object.name == change.key.name && !object.name.empty() &&
                         object.namespace_name == change.key.namespace_name;
  Version* const version =
      is_of_key ? Version::Make(object, change.revision, store_.arena(), store_.strings())
                : nullptr;
  scanner_.Release();
  if (!is_of_key) return {.fault = WriteFault::kKeyMismatch, .index = index};
  if (version == nullptr) return {.fault = WriteFault::kOutOfMemory, .index = index};
  version->kind = KindOf(RetiredKind::kVersion);
  store_.CountVersion(*version);
  versions_.push_back(version);
  return {};
}

// The ticket that the refusal is due to is published first: a caller who looks why sees it.
WriteOutcome Writer::Refuse(const WriteOutcome& outcome, uint64_t newest) {
  DropVersions();
  publisher_.WaitFor(newest);
  return outcome;
}

// Frees what is not published.
void Writer::DropVersions() {
  for (Version* const version : versions_) {
    if (version != nullptr) store_.FreeVersion(version);
  }
  versions_.clear();
}

// By namespace, in the order of namespaces; within one of them as they came.
void Writer::GroupChanges(std::span<const Change> changes) {
  order_.resize(changes.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  const auto namespace_at = [&](size_t at) { return changes[order_[at]].key.namespace_name; };
  const auto is_before = [&](size_t left, size_t right) {
    return CompareNamespaces(changes[left].key.namespace_name, changes[right].key.namespace_name) <
           0;
  };
  if (!std::is_sorted(order_.begin(), order_.end(), is_before)) {
    std::stable_sort(order_.begin(), order_.end(), is_before);
  }
  groups_.clear();
  for (size_t at = 0; at < order_.size(); ++at) {
    if (groups_.empty() || groups_.back().namespace_name != namespace_at(at)) {
      Group group;
      group.namespace_name = namespace_at(at);
      group.begin = at;
      group.shard = store_.turns().ShardOf(group.namespace_name);
      groups_.push_back(group);
    }
    groups_.back().end = at + 1;
  }
}

bool Writer::Reserve(size_t records, bool is_replacement) {
  if (!ReserveRoot() || !ReserveEntries(groups_.size())) return false;
  records_.reserve(records);
  if (is_replacement) return ReserveNodes(ObjectDirectory());
  EpochPin pin(store_.epochs(), slot_);
  return ReserveNodes(store_.LoadRoot()->state.directory) && ReserveLog(records);
}

// Has the nodes that building on such a directory takes.
bool Writer::ReserveNodes(const ObjectDirectory& directory) {
  NodeCounts nodes;
  for (const Group& group : groups_) {
    const size_t changes = group.end - group.begin;
    const uint64_t size = directory.ObjectsOf(group.namespace_name).size();
    nodes += ObjectsEdit::NodesFor(size + changes, changes);
  }
  // The directory is edited later, when other writers may have added to it.
  const uint64_t names_max = directory.namespaces().size() + groups_.size() + kNamesBetweenMax;
  const NodeCounts names =
      TreeEdit<NamespaceShape<ObjectShape>>::NodesFor(names_max, groups_.size());
  return object_nodes_.Reserve(nodes.leaves, nodes.branches) &&
         namespace_nodes_.Reserve(names.leaves, names.branches);
}

bool Writer::ReserveRoot() {
  if (root_memory_ == nullptr) root_memory_ = store_.arena().Allocate(sizeof(Root));
  return root_memory_ != nullptr;
}

bool Writer::ReserveEntries(size_t count) {
  while (entries_.size() < count) {
    void* const memory = store_.arena().Allocate(sizeof(Namespace));
    if (memory == nullptr) return false;
    auto* const entry = new (memory) Namespace;
    entry->kind = KindOf(RetiredKind::kNamespace);
    entries_.Append(entry);
  }
  return true;
}

bool Writer::ReserveLog(size_t records) {
  return log_supply_.Reserve(records, store_.log().TableCapacityFor(records));
}

// One place for each shard that a group is in.
void Writer::TakePlaces(Publisher::Order&) {
  places_.clear();
  for (const Group& group : groups_) {
    const auto is_same = [&](const Place& place) { return place.shard == group.shard; };
    if (std::any_of(places_.begin(), places_.end(), is_same)) continue;
    places_.push_back({group.shard, store_.turns().TakePlace(group.shard)});
  }
}

void Writer::TakeAllPlaces(Publisher::Order&) {
  places_.clear();
  for (uint32_t shard = 0; shard < store_.turns().count(); ++shard) {
    places_.push_back({shard, store_.turns().TakePlace(shard)});
  }
}

void Writer::WaitForTurns() {
  for (const Place& place : places_) store_.turns().Wait(place.shard, place.place);
}

void Writer::PassTurns() {
  for (const Place& place : places_) store_.turns().Pass(place.shard);
}

}  // namespace shardwatch
