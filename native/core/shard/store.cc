// Making, holding, freeing; see store.h. Thread rule: any thread.

#include "native/core/shard/store.h"

#include <cassert>
#include <limits>
#include <new>

namespace shardwatch {

namespace {

constexpr uint8_t KindOf(RetiredKind kind) { return static_cast<uint8_t>(kind); }

constexpr LogKinds kLogKinds = {
    .segment = KindOf(RetiredKind::kLogSegment),
    .table = KindOf(RetiredKind::kLogTable),
};

// Things that Reclaim takes out of a list under its lock at once.
constexpr size_t kReclaimSlice = 256;

}  // namespace

StateHold StateHold::Share() const {
  if (rebuilt_ != nullptr) return store_->Hold(*rebuilt_, revision_);
  store_->held_.Hold(root_);
  StateHold hold = store_->MakeHold(state_, generation_, revision_, tick_);
  hold.root_ = root_;
  return hold;
}

void StateHold::Reset() {
  Store* const store = std::exchange(store_, nullptr);
  if (store == nullptr) return;
  store->state_holds_.fetch_sub(1, std::memory_order_relaxed);
  if (rebuilt_ != nullptr) {
    store->Release(std::exchange(rebuilt_, nullptr));
  } else {
    store->held_.Release(std::exchange(root_, nullptr));
  }
  state_ = State();
}

void StateHold::Swap(StateHold& other) {
  std::swap(store_, other.store_);
  std::swap(root_, other.root_);
  std::swap(rebuilt_, other.rebuilt_);
  std::swap(state_, other.state_);
  std::swap(generation_, other.generation_);
  std::swap(revision_, other.revision_);
  std::swap(tick_, other.tick_);
}

Store::Store(const StoreOptions& options)
    : strings_(arena_, options.seed),
      log_(options.history, kLogKinds),
      turns_(options.shard_count),
      fields_(options.fields),
      indexes_(strings_) {
  for (const std::string& field : fields_) field_paths_.emplace_back(field);
  if (!indexes_.Declare(options.index_fields, options.index_labels) || !turns_.is_made()) return;
  Root* const root = MakeRoot(1);
  if (root != nullptr) root->state.index = EmptyIndex();
  root_.store(root, std::memory_order_seq_cst);
}

Store::~Store() {
  while (Reclaim(std::numeric_limits<size_t>::max())) {
  }
  Root* const root = root_.load(std::memory_order_relaxed);
  assert(root == nullptr || root->state.directory.size() == 0);
  log_.Clear(arena_);
  if (root != nullptr) Free(root);
}

StateHold Store::Hold(Root& root, uint64_t revision) {
  held_.Hold(&root);
  StateHold hold = MakeHold(root.state, root.generation, revision, root.tick());
  hold.root_ = &root;
  return hold;
}

StateHold Store::Hold(RebuiltState& state, uint64_t revision) {
  state.users.fetch_add(1, std::memory_order_relaxed);
  StateHold hold = MakeHold(state.state, state.generation, revision, state.root.ticket());
  hold.rebuilt_ = &state;
  return hold;
}

StateHold Store::MakeHold(const State& state, uint64_t generation, uint64_t revision,
                          uint64_t tick) {
  state_holds_.fetch_add(1, std::memory_order_relaxed);
  StateHold hold;
  hold.store_ = this;
  hold.state_ = state;
  hold.generation_ = generation;
  hold.revision_ = revision;
  hold.tick_ = tick;
  return hold;
}

void Store::Release(RebuiltState* state) {
  if (state->users.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  // Nobody but its users has ever seen its own nodes.
  FreeOwnNodes(state->state.directory.namespaces().root(), state->mark);
  FreeOwnIndex(arena_, state->state.index.entries.root(), state->mark);
  held_.Release(&state->root);
  held_.Release(state->base);
  state->~RebuiltState();
  arena_.Free(state, sizeof(RebuiltState));
}

Root* Store::MakeRoot(uint64_t tick) {
  void* const memory = arena_.Allocate(sizeof(Root));
  return memory == nullptr ? nullptr : new (memory) Root(tick);
}

void Store::CountVersion(const Version& version) {
  version_bytes_.fetch_add(version.bytes().size(), std::memory_order_relaxed);
}

void Store::FreeVersion(Version* version) {
  version_bytes_.fetch_sub(version->bytes().size(), std::memory_order_relaxed);
  Version::Free(version, arena_, strings_);
}

bool Store::Reclaim(size_t items_max) {
  size_t freed = 0;
  for (;;) {
    RetiredList dead;
    const bool is_more_dead = epochs_.Collect(kReclaimSlice, dead);
    const bool has_dead = !dead.empty();
    held_.Settle(dead);
    RetiredList free;
    const bool is_more_free = held_.TakeFree(kReclaimSlice, free);
    const size_t count = free.size();
    while (Retired* const item = free.Take()) Free(item);
    // A slice of which nothing is free has passed as many things on.
    freed += is_more_free && count == 0 ? kReclaimSlice : count;
    if (!is_more_dead && !is_more_free) return false;
    if (!has_dead && !is_more_free && count == 0) return false;
    if (freed >= items_max) return true;
  }
}

void Store::Free(Retired* item) {
  switch (static_cast<RetiredKind>(item->kind)) {
    case RetiredKind::kVersion:
      FreeVersion(static_cast<Version*>(item));
      return;
    case RetiredKind::kObjectNode:
      ObjectSupply::Free(arena_, static_cast<TreeNode<Version*>*>(item));
      return;
    case RetiredKind::kNamespaceNode:
      NamespaceSupply::Free(arena_, static_cast<TreeNode<Namespace*>*>(item));
      return;
    case RetiredKind::kNamespace: {
      auto* const entry = static_cast<Namespace*>(item);
      strings_.Release(entry->name);
      arena_.Free(entry, sizeof(Namespace));
      return;
    }
    case RetiredKind::kRoot: {
      auto* const root = static_cast<Root*>(item);
      root->~Root();
      arena_.Free(root, sizeof(Root));
      return;
    }
    case RetiredKind::kLogSegment:
      EventLog::FreeSegment(arena_, static_cast<LogSegment*>(item));
      return;
    case RetiredKind::kLogTable:
      EventLog::FreeTable(arena_, static_cast<LogTable*>(item));
      return;
    case RetiredKind::kIndexEntry:
      FreeIndexEntry(arena_, static_cast<IndexEntry*>(item));
      return;
    case RetiredKind::kIndexNode:
      IndexSupply::Free(arena_, static_cast<TreeNode<IndexEntry*>*>(item));
      return;
  }
}

void Store::FreeOwnNodes(TreeNode<Namespace*>* node, uint64_t mark) {
  if (node == nullptr || node->birth != mark) return;
  for (uint32_t index = 0; index < node->count; ++index) {
    if (!node->is_leaf()) {
      FreeOwnNodes(static_cast<TreeBranch<Namespace*>*>(node)->children[index], mark);
      continue;
    }
    Namespace* const entry = node->items[index];
    if (entry->birth != mark) continue;
    FreeOwnNodes(entry->objects.root(), mark);
    Free(entry);
  }
  NamespaceSupply::Free(arena_, node);
}

void Store::FreeOwnNodes(TreeNode<Version*>* node, uint64_t mark) {
  if (node == nullptr || node->birth != mark) return;
  if (!node->is_leaf()) {
    for (uint32_t index = 0; index < node->count; ++index) {
      FreeOwnNodes(static_cast<TreeBranch<Version*>*>(node)->children[index], mark);
    }
  }
  ObjectSupply::Free(arena_, node);
}

}  // namespace shardwatch
