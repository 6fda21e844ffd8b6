// Making, attaching and closing; see cache.h. Thread rule: as told there.

#include "native/core/cache/cache.h"

#include <cstddef>
#include <new>

namespace shardwatch {

namespace {

// Dead things that are freed between two looks at the lists.
constexpr size_t kReclaimedMax = 4096;

}  // namespace

Cache* Cache::Make(const StoreOptions& options) {
  auto* const cache = new (std::nothrow) Cache(options);
  if (cache == nullptr || cache->store_.is_made()) return cache;
  delete cache;
  return nullptr;
}

void Cache::Release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

Cache::~Cache() { history_.Clear(); }

Attachment* Attachment::Open(Cache& cache, ReadyList& ready) {
  EpochSlot* const slot = cache.store().epochs().OpenSlot();
  if (slot == nullptr) return nullptr;
  auto* const attachment = new (std::nothrow) Attachment(cache, *slot, ready);
  if (attachment == nullptr) cache.store().epochs().CloseSlot(slot);
  return attachment;
}

Attachment::Attachment(Cache& cache, EpochSlot& slot, ReadyList& ready)
    : cache_(cache),
      slot_(slot),
      ready_(ready),
      writer_(cache.store(), cache.publisher(), slot, *this),
      wait_(ready) {
  cache_.Acquire();
  cache_.attachments_.fetch_add(1, std::memory_order_relaxed);
}

Attachment::~Attachment() {
  cache_.waits().Cancel(wait_);
  cache_.attachments_.fetch_sub(1, std::memory_order_relaxed);
  cache_.store().epochs().CloseSlot(&slot_);
}

Root* Attachment::Current() {
  Root* const root = store().LoadRoot();
  return root->is_closed ? nullptr : root;
}

StateHold Attachment::Now() {
  EpochPin pin(store().epochs(), slot_);
  Root* const root = Current();
  return root == nullptr ? StateHold() : store().Hold(*root);
}

bool Attachment::Await(uint64_t revision) {
  cache_.waits().Await(wait_, revision);
  uint64_t reached = 0;
  {
    EpochPin pin(store().epochs(), slot_);
    reached = store().LoadRoot()->revision;
  }
  if (reached < revision) return false;
  cache_.waits().Cancel(wait_);
  return true;
}

WriteOutcome Attachment::Trim(double now_ms) {
  const WriteOutcome outcome = writer_.Trim(now_ms);
  if (outcome.fault != WriteFault::kNone) return outcome;
  uint64_t oldest_tick = 0;
  {
    EpochPin pin(store().epochs(), slot_);
    oldest_tick = store().LoadRoot()->log.oldest_tick;
  }
  if (cache_.watches().OldestInitialTick() < oldest_tick) {
    const PastState oldest = cache_.history().Oldest(slot_);
    if (oldest.fault == HistoryFault::kNone) cache_.watches().MoveInitial(oldest.state);
  }
  while (store().Reclaim(kReclaimedMax)) {
  }
  return outcome;
}

WriteOutcome Attachment::CloseCache() {
  cache_.SetClosed();
  return writer_.Close();
}

CacheStats Attachment::Stats(double now_ms) {
  CacheStats stats;
  {
    EpochPin pin(store().epochs(), slot_);
    const Root& root = *store().LoadRoot();
    stats.objects = root.state.directory.size();
    stats.namespaces = root.state.directory.namespaces().size();
    stats.index_entries = root.state.index.entries.size();
    stats.bytes_live = root.bytes;
    stats.generation = root.generation;
    stats.revision = root.revision;
    stats.oldest_revision = root.log.oldest_revision;
    stats.oldest_age_ms = root.log.OldestAgeMs(now_ms);
    stats.log_start = root.log.first;
    stats.log_end = root.log.end;
  }
  stats.shards = store().turns().count();
  const uint64_t version_bytes = store().version_bytes();
  stats.bytes_retained = version_bytes > stats.bytes_live ? version_bytes - stats.bytes_live : 0;
  const ArenaStats arena = store().arena().Stats();
  stats.bytes_free = arena.bytes_free();
  stats.bytes_reserved = arena.bytes_reserved;
  stats.roots = store().state_holds() + cache_.history().count();
  stats.epochs_behind = store().epochs().Stats().epochs_behind;
  stats.watches = cache_.watches().count();
  stats.watch_groups = cache_.watches().group_count();
  stats.attachments = cache_.attachments_.load(std::memory_order_relaxed);
  return stats;
}

void Attachment::RootPublished(Root& root, std::span<const EventRecord> records,
                               uint64_t first_sequence) {
  cache_.history().Offer(root);
  cache_.watches().Offer(root, records, first_sequence, &ready_);
  cache_.waits().Notify(root.revision, &ready_);
}

void Attachment::RootReplaced(Root& root, bool is_closed) {
  cache_.history().Clear();
  cache_.watches().EndAll(is_closed ? WatchEnd::kClosed : WatchEnd::kReplaced, &ready_);
  // Of a closed cache nothing will be reached.
  cache_.waits().Notify(is_closed ? UINT64_MAX - 1 : root.revision, &ready_);
}

}  // namespace shardwatch
