// Retaining and rebuilding; see history.h. Thread rule: any thread.

#include "native/core/cache/history.h"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <new>
#include <utility>

namespace shardwatch {

namespace {

constexpr uint8_t KindOf(RetiredKind kind) { return static_cast<uint8_t>(kind); }

// Applies or undoes records, object by object: what a record needs is got right before it.
class Rebuilding {
 public:
  Rebuilding(Store& store, const State& base, uint64_t mark)
      : store_(store),
        mark_(mark),
        objects_(store.arena(), KindOf(RetiredKind::kObjectNode)),
        namespaces_(store.arena(), KindOf(RetiredKind::kNamespaceNode)),
        index_nodes_(store.arena(), KindOf(RetiredKind::kIndexNode)),
        state_(base) {}

  const State& state() const { return state_; }

  // Brings `wanted` in the place of `present`, which are versions of one object; null is none.
  // False when memory is out: what was made so far stays in the directory.
  bool Change(const Version* present, const Version* wanted) {
    const Version& named = present != nullptr ? *present : *wanted;
    const std::string_view name = named.namespace_name()->text();
    Namespace* const before = state_.directory.namespaces().Find(name);
    const Objects base = before == nullptr ? Objects() : before->objects;
    if (!ObjectsEdit::ReserveFor(objects_, base.size() + 1, 1)) return false;
    if (!TreeEdit<NamespaceShape<ObjectShape>>::ReserveFor(
            namespaces_, state_.directory.namespaces().size() + 1, 1)) {
      return false;
    }
    Namespace* entry = nullptr;
    if (wanted != nullptr || base.size() > 1) {
      void* const memory = store_.arena().Allocate(sizeof(Namespace));
      if (memory == nullptr) return false;
      entry = new (memory) Namespace;
      entry->kind = KindOf(RetiredKind::kNamespace);
      entry->name = InternTable::Share(named.namespace_name());
    }
    ObjectsEdit objects(base, mark_, objects_, nullptr);
    if (wanted == nullptr) {
      objects.Delete(present->name());
    } else {
      objects.Put(const_cast<Version*>(wanted));
    }
    ObjectDirectoryEdit edit(state_.directory, mark_, namespaces_, nullptr);
    if (entry == nullptr) {
      edit.Delete(name);
    } else {
      entry->objects = objects.Finish();
      edit.Put(entry);
    }
    // One of its own that it has replaced: nobody else has seen it.
    if (before != nullptr && before->birth == mark_) Free(before);
    state_.directory = edit.Finish();
    ChangeIndex(present, wanted);
    return true;
  }

 private:
  // Where memory is out the state has none.
  void ChangeIndex(const Version* present, const Version* wanted) {
    if (state_.index.declaration == nullptr) return;
    IndexEdit edit(state_.index, mark_, KindOf(RetiredKind::kIndexEntry), store_.arena(),
                   index_nodes_, nullptr);
    edit.Change(present, wanted);
    state_.index = edit.Finish();
  }

  void Free(Namespace* entry) {
    store_.strings().Release(entry->name);
    store_.arena().Free(entry, sizeof(Namespace));
  }

  Store& store_;
  const uint64_t mark_;
  ObjectSupply objects_;
  NamespaceSupply namespaces_;
  IndexSupply index_nodes_;
  State state_;
};

}  // namespace

History::~History() { assert(oldest_ == nullptr && rebuilt_ == nullptr); }

void History::Offer(Root& root) {
  bool is_due = false;
  {
    std::lock_guard lock(mu_);
    is_due = newest_ == nullptr || root.log.end >= newest_->log.end + kRetainedEvery;
    if (is_due) {
      store_.held().Hold(&root);
      (newest_ == nullptr ? oldest_ : newest_->retained_next) = &root;
      newest_ = &root;
      ++retained_;
    }
  }
  Forget(root.log.first);
}

void History::Clear() { Forget(UINT64_MAX); }

void History::Forget(uint64_t first_sequence) {
  for (;;) {
    Root* root = nullptr;
    {
      std::lock_guard lock(mu_);
      if (oldest_ == nullptr || oldest_->log.end >= first_sequence) break;
      root = std::exchange(oldest_, oldest_->retained_next);
      if (oldest_ == nullptr) newest_ = nullptr;
      --retained_;
    }
    store_.held().Release(root);
  }
  RebuiltState* dropped = nullptr;
  {
    std::lock_guard lock(mu_);
    for (RebuiltState** at = &rebuilt_; *at != nullptr;) {
      RebuiltState* const state = *at;
      // A base before the log keeps what neither the log nor the state has.
      const uint64_t base_end = static_cast<const Root*>(state->base)->log.end;
      if (std::min(state->sequence, base_end) >= first_sequence) {
        at = &state->next;
        continue;
      }
      *at = state->next;
      state->next = std::exchange(dropped, state);
      --rebuilt_count_;
    }
  }
  while (dropped != nullptr) store_.Release(std::exchange(dropped, dropped->next));
}

PastState History::At(uint64_t revision, EpochSlot& slot) {
  EpochPin pin(store_.epochs(), slot);
  Root& current = *store_.LoadRoot();
  if (current.is_closed) return {.fault = HistoryFault::kClosed, .state = {}};
  if (revision == current.revision) return {.state = store_.Hold(current)};
  if (revision > current.revision) {
    return {.fault = HistoryFault::kFuture, .state = {}, .revision = current.revision};
  }
  if (revision < current.log.oldest_revision) {
    return {.fault = HistoryFault::kExpired, .state = {}, .revision = current.log.oldest_revision};
  }
  return AtSequence(current.log.Find(revision), revision, current);
}

PastState History::Oldest(EpochSlot& slot) {
  EpochPin pin(store_.epochs(), slot);
  Root& current = *store_.LoadRoot();
  if (current.is_closed) return {.fault = HistoryFault::kClosed, .state = {}};
  return AtSequence(current.log.first, current.log.oldest_revision, current);
}

// The epoch is pinned, so that the current root's log stays readable, and what is in the state has
// not been freed: it is in the log, or in the current state, or in the base that is held.
PastState History::AtSequence(uint64_t sequence, uint64_t revision, Root& current) {
  StateHold known = FindRebuilt(sequence, current.generation, revision);
  if (known) return {.state = std::move(known)};
  Root* const base = HoldNearest(sequence, current);
  if (base->log.end == sequence) {
    StateHold state = store_.Hold(*base, revision);
    store_.held().Release(base);
    return {.state = std::move(state)};
  }
  RebuiltState* const rebuilt = Rebuild(sequence, *base, current.log);
  if (rebuilt == nullptr) return {.fault = HistoryFault::kOutOfMemory, .state = {}};
  StateHold state = store_.Hold(*rebuilt, revision);
  Remember(rebuilt);
  return {.state = std::move(state)};
}

StateHold History::FindRebuilt(uint64_t sequence, uint64_t generation, uint64_t revision) {
  std::lock_guard lock(mu_);
  for (RebuiltState** at = &rebuilt_; *at != nullptr; at = &(*at)->next) {
    RebuiltState* const state = *at;
    if (state->sequence != sequence || state->generation != generation) continue;
    *at = state->next;
    state->next = std::exchange(rebuilt_, state);
    return store_.Hold(*state, revision);
  }
  return {};
}

// A root of the current generation with a hold for the caller.
Root* History::HoldNearest(uint64_t sequence, Root& current) {
  std::lock_guard lock(mu_);
  Root* before = nullptr;
  Root* after = nullptr;
  for (Root* root = oldest_; root != nullptr; root = root->retained_next) {
    // The list may be ahead of the root that is pinned, or behind it by a generation.
    if (root->generation != current.generation || root->log.end > current.log.end) continue;
    if (root->log.end <= sequence) {
      before = root;
    } else {
      after = root;
      break;
    }
  }
  if (after == nullptr) after = &current;
  const bool is_before_nearer =
      before != nullptr && sequence - before->log.end <= after->log.end - sequence;
  Root* const nearest = is_before_nearer ? before : after;
  store_.held().Hold(nearest);
  return nearest;
}

// Takes over the hold on the base. Null when memory is out.
RebuiltState* History::Rebuild(uint64_t sequence, const Root& base, const LogView& log) {
  HoldableRoot* const held = const_cast<Root*>(&base);
  void* const memory = store_.arena().Allocate(sizeof(RebuiltState));
  if (memory == nullptr) {
    store_.held().Release(held);
    return nullptr;
  }
  const uint64_t tick = sequence == log.first ? log.oldest_tick : log.At(sequence - 1).tick;
  auto* const state = new (memory) RebuiltState(tick);
  state->base = held;
  state->mark = publisher_.MakeMark();
  state->generation = base.generation;
  state->sequence = sequence;
  store_.held().Hold(&state->root);
  Rebuilding rebuilding(store_, base.state, state->mark);
  bool is_complete = true;
  for (uint64_t at = base.log.end; is_complete && at < sequence; ++at) {
    const EventRecord& record = log.At(at);
    is_complete = rebuilding.Change(record.previous, record.version);
  }
  for (uint64_t at = base.log.end; is_complete && at > sequence; --at) {
    const EventRecord& record = log.At(at - 1);
    is_complete = rebuilding.Change(record.version, record.previous);
  }
  state->state = rebuilding.state();
  if (is_complete) return state;
  store_.Release(state);
  return nullptr;
}

// Takes over the caller's use of the state.
void History::Remember(RebuiltState* state) {
  RebuiltState* dropped = nullptr;
  {
    std::lock_guard lock(mu_);
    state->next = std::exchange(rebuilt_, state);
    if (++rebuilt_count_ > kRebuiltMax) {
      RebuiltState** at = &rebuilt_;
      while ((*at)->next != nullptr) at = &(*at)->next;
      dropped = std::exchange(*at, nullptr);
      --rebuilt_count_;
    }
  }
  if (dropped != nullptr) store_.Release(dropped);
}

size_t History::count() const {
  std::lock_guard lock(mu_);
  return retained_ + rebuilt_count_;
}

}  // namespace shardwatch
