// What a write makes in its turn, and its publication; see writer.h. Nothing here can fail, but for
// nodes that a tree needs which grew since they were got.
// Thread rule: belongs to one thread, which has its shards' turns.

#include <cassert>
#include <new>
#include <utility>

#include "native/core/shard/writer.h"

namespace shardwatch {

namespace {

constexpr uint8_t KindOf(RetiredKind kind) { return static_cast<uint8_t>(kind); }

}  // namespace

// False when memory is out; the ticket then publishes nothing.
bool Writer::Build(std::span<const Change> changes, const Ticket& ticket, double now_ms) {
  records_.assign(changes.size(), EventRecord{});
  bytes_change_ = 0;
  // The namespaces' trees stay as they are until the turn is passed on; their directory does not.
  EpochPin pin(store_.epochs(), slot_);
  const ObjectDirectory& directory = store_.LoadRoot()->state.directory;
  if (!ReserveNodes(directory)) {
    GiveUpChanges();
    return false;
  }
  for (Group& group : groups_) {
    const Namespace* const before = directory.namespaces().Find(group.namespace_name);
    BuildGroup(group, before == nullptr ? Objects() : before->objects, changes, ticket, now_ms);
    if (!group.has_changed || group.objects.size() == 0) continue;
    // Any version's will do; one is there, since the namespace is not empty.
    const Version* const version = group.objects.Select(0).item;
    group.entry = static_cast<Namespace*>(entries_.Take());
    group.entry->name = InternTable::Share(version->namespace_name());
    group.entry->objects = group.objects;
  }
  std::erase_if(records_, [](const EventRecord& record) {
    return record.version == nullptr && record.previous == nullptr;
  });
  return true;
}

void Writer::BuildGroup(Group& group, const Objects& base, std::span<const Change> changes,
                        const Ticket& ticket, double now_ms) {
  ObjectsEdit edit(base, ticket.root_tick, object_nodes_, replaced_);
  for (size_t at = group.begin; at < group.end; ++at) {
    const size_t index = order_[at];
    const Change& change = changes[index];
    const uint64_t tick = ticket.first_tick + index;
    Version* const version = std::exchange(versions_[index], nullptr);
    if (version != nullptr) version->birth = tick;
    const Version* const previous =
        version == nullptr ? edit.Delete(change.key.name) : edit.Put(version);
    if (version == nullptr && previous == nullptr) continue;
    group.has_changed = true;
    if (version != nullptr) bytes_change_ += static_cast<int64_t>(version->bytes().size());
    if (previous != nullptr) bytes_change_ -= static_cast<int64_t>(previous->bytes().size());
    records_[index] = {
        .revision = change.revision,
        .tick = tick,
        .time_ms = now_ms,
        .version = version,
        .previous = previous,
        .namespace_name = (version != nullptr ? version : previous)->namespace_name(),
    };
  }
  group.objects = edit.Finish();
}

// The trees of a whole new state.
void Writer::BuildState(const Ticket& ticket) {
  records_.clear();
  bytes_change_ = 0;
  IndexEdit index(store_.EmptyIndex(), ticket.root_tick, KindOf(RetiredKind::kIndexEntry),
                  store_.arena(), index_nodes_, &replaced_);
  for (Group& group : groups_) {
    ObjectsEdit edit(Objects(), ticket.root_tick, object_nodes_, replaced_);
    for (size_t at = group.begin; at < group.end; ++at) {
      Version* const version = std::exchange(versions_[order_[at]], nullptr);
      version->birth = ticket.root_tick;
      bytes_change_ += static_cast<int64_t>(version->bytes().size());
      Version* const previous = edit.Put(version);
      index.Change(previous, version);
      // A key that comes twice: nobody has seen the first.
      if (previous == nullptr) continue;
      bytes_change_ -= static_cast<int64_t>(previous->bytes().size());
      store_.FreeVersion(previous);
    }
    group.objects = edit.Finish();
    group.has_changed = true;
    const Version* const version = group.objects.Select(0).item;
    group.entry = static_cast<Namespace*>(entries_.Take());
    group.entry->name = InternTable::Share(version->namespace_name());
    group.entry->objects = group.objects;
  }
  built_index_ = index.Finish();
}

// The ticket will publish a root without a change.
void Writer::GiveUpChanges() {
  DropVersions();
  records_.clear();
  groups_.clear();
  bytes_change_ = 0;
}

Root* Writer::MakeRoot(const Ticket& ticket, const Root& previous) {
  auto* const root = new (std::exchange(root_memory_, nullptr)) Root(ticket.root_tick);
  root->generation = previous.generation;
  root->revision = previous.revision;
  root->log = previous.log;
  root->state = previous.state;
  root->bytes = previous.bytes;
  return root;
}

void Writer::FillDirectory(Root& root, const ObjectDirectory& base, const Ticket& ticket) {
  ObjectDirectoryEdit edit(base, ticket.root_tick, namespace_nodes_, replaced_);
  for (Group& group : groups_) {
    if (!group.has_changed) continue;
    if (group.entry == nullptr) {
      edit.Delete(group.namespace_name);
    } else {
      edit.Put(std::exchange(group.entry, nullptr));
    }
  }
  root.state.directory = edit.Finish();
}

// Without indexes from here on where memory is out: readers then look at all objects.
void Writer::FillIndex(Root& root, const ObjectIndex& base, const Ticket& ticket) {
  if (base.declaration == nullptr) return;
  IndexEdit edit(base, ticket.root_tick, KindOf(RetiredKind::kIndexEntry), store_.arena(),
                 index_nodes_, &replaced_);
  for (const EventRecord& record : records_) edit.Change(record.previous, record.version);
  root.state.index = edit.Finish();
  if (root.state.index.declaration != nullptr) return;
  RetireIndex(base.entries.root(), ticket.root_tick, replaced_);
}

void Writer::Publish(const Ticket& ticket, uint64_t revision, double now_ms) {
  publisher_.Wait(ticket);
  EventLog& log = store_.log();
  // Nobody else publishes, so the root stays.
  Root* const previous = store_.LoadRoot();
  Root* const root = MakeRoot(ticket, *previous);
  root->revision = revision;
  const uint64_t first_sequence = root->log.end;
  log.Adopt(root->log, log_supply_, ticket.root_tick, replaced_);
  for (const EventRecord& record : records_) {
    log.Append(root->log, record, log_supply_, ticket.root_tick);
  }
  FillDirectory(*root, previous->state.directory, ticket);
  FillIndex(*root, previous->state.index, ticket);
  root->bytes += static_cast<uint64_t>(bytes_change_);
  log.Trim(root->log, now_ms, ticket.root_tick, replaced_);
  store_.ExchangeRoot(root);
  observer_.RootPublished(*root, records_, first_sequence);
  Finish(previous, ticket.root_tick);
  publisher_.Pass(ticket);
  PassTurns();
  const size_t retired = replaced_.size();
  store_.Retire(replaced_);
  versions_.clear();
  records_.clear();
  groups_.clear();
  bytes_change_ = 0;
  // More than this write has killed, however large it is: nothing piles up.
  store_.Reclaim(retired + kReclaimedMax);
}

void Writer::PublishState(const Ticket& ticket, uint64_t revision, bool is_closed) {
  publisher_.Wait(ticket);
  Root* const previous = store_.LoadRoot();
  Root* const root = MakeRoot(ticket, *previous);
  root->revision = revision;
  root->is_closed = is_closed;
  if (!is_closed) ++root->generation;
  root->bytes = static_cast<uint64_t>(bytes_change_);
  store_.log().Restart(root->log, revision, ticket.root_tick, replaced_);
  FillDirectory(*root, ObjectDirectory(), ticket);
  root->state.index = std::exchange(built_index_, {});
  store_.ExchangeRoot(root);
  observer_.RootReplaced(*root, is_closed);
  publisher_.Pass(ticket);
  PassTurns();
  // Nothing of the state before is retired by anybody else: no writer builds on it any more.
  RetireNamespaces(previous->state.directory.namespaces().root(), ticket.root_tick);
  RetireIndex(previous->state.index.entries.root(), ticket.root_tick, replaced_);
  Finish(previous, ticket.root_tick);
  store_.Retire(replaced_);
  versions_.clear();
  groups_.clear();
  bytes_change_ = 0;
  while (store_.Reclaim(kReclaimedMax)) {
  }
}

void Writer::RetireNamespaces(TreeNode<Namespace*>* node, uint64_t tick) {
  if (node == nullptr) return;
  for (uint32_t index = 0; index < node->count; ++index) {
    if (!node->is_leaf()) {
      RetireNamespaces(static_cast<TreeBranch<Namespace*>*>(node)->children[index], tick);
      continue;
    }
    Namespace* const entry = node->items[index];
    RetireObjects(entry->objects.root(), tick);
    entry->death = tick;
    replaced_.Append(entry);
  }
  node->death = tick;
  replaced_.Append(node);
}

void Writer::RetireObjects(TreeNode<Version*>* node, uint64_t tick) {
  if (node == nullptr) return;
  for (uint32_t index = 0; index < node->count; ++index) {
    if (!node->is_leaf()) {
      RetireObjects(static_cast<TreeBranch<Version*>*>(node)->children[index], tick);
      continue;
    }
    Version* const version = node->items[index];
    version->death = tick;
    replaced_.Append(version);
  }
  node->death = tick;
  replaced_.Append(node);
}

// The root before is replaced.
void Writer::Finish(Root* previous, uint64_t tick) {
  previous->death = tick;
  replaced_.Append(previous);
}

}  // namespace shardwatch
