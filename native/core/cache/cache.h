// A watch cache: all that the threads of a process share of one resource type, and each thread's
// way to it.
//
//   Cache       store, publisher, history, watches        one, counted
//   Attachment  epoch slot, writer, ready list            one for each thread that uses the cache
//
//  1. The cache lives as long as the last reference. It is closed when its owner's attachment is:
//     then watches have ended, and writers, new reads and attachments are refused.
//  2. What was read before the cache was closed (held states, lists) stays readable.
// Thread rule: a Cache is for any thread, an Attachment for one.

#ifndef NATIVE_CORE_CACHE_CACHE_H_
#define NATIVE_CORE_CACHE_CACHE_H_

#include <atomic>
#include <cstdint>
#include <span>

#include "native/core/cache/history.h"
#include "native/core/cache/revision_waits.h"
#include "native/core/object/fetch_guess.h"
#include "native/core/shard/publisher.h"
#include "native/core/shard/store.h"
#include "native/core/shard/writer.h"
#include "native/core/watch/ready_list.h"
#include "native/core/watch/watches.h"

namespace shardwatch {

// Each number is exact at some moment during the call, not all at the same one.
struct CacheStats {
  uint64_t objects = 0;
  uint64_t shards = 0;
  uint64_t namespaces = 0;
  // Bytes of current object versions, and of those that only history or readers keep.
  uint64_t bytes_live = 0;
  uint64_t bytes_retained = 0;
  // Taken from the system and not in use.
  uint64_t bytes_free = 0;
  // Taken from the system in all, objects' trees, log and strings included.
  uint64_t bytes_reserved = 0;
  uint64_t generation = 0;
  uint64_t revision = 0;
  uint64_t oldest_revision = 0;
  double oldest_age_ms = 0;
  uint64_t log_start = 0;
  uint64_t log_end = 0;
  // Holds of lists, snapshots and the history.
  uint64_t roots = 0;
  uint64_t epochs_behind = 0;
  uint64_t watches = 0;
  uint64_t watch_groups = 0;
  uint64_t attachments = 0;
  // Of the current state.
  uint64_t index_entries = 0;
};

class Cache {
 public:
  // With one reference, for the caller; null when memory is out.
  static Cache* Make(const StoreOptions& options);

  void Acquire() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Release();

  Store& store() { return store_; }
  Publisher& publisher() { return publisher_; }
  History& history() { return history_; }
  Watches& watches() { return watches_; }
  RevisionWaits& waits() { return waits_; }

  bool is_closed() const { return is_closed_.load(std::memory_order_acquire); }
  void SetClosed() { is_closed_.store(true, std::memory_order_release); }

 private:
  friend class Attachment;

  explicit Cache(const StoreOptions& options)
      : store_(options), history_(store_, publisher_), watches_(store_) {}
  ~Cache();

  Store store_;
  Publisher publisher_;
  History history_;
  Watches watches_;
  RevisionWaits waits_;
  // Atomic.
  std::atomic<uint32_t> references_ = 1;
  std::atomic<uint32_t> attachments_ = 0;
  std::atomic<bool> is_closed_ = false;
};

class Attachment final : private RootObserver {
 public:
  // Takes a reference on the cache, which is the caller's to release once the attachment is gone,
  // and a slot; null when memory is out. Watches that are opened through the attachment have their
  // consumers called by way of `ready`, which outlives it.
  static Attachment* Open(Cache& cache, ReadyList& ready);

  // REQUIRES: its watches are closed, and nothing that was held through it is.
  ~Attachment();
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;

  Cache& cache() { return cache_; }
  Store& store() { return cache_.store(); }
  EpochSlot& slot() { return slot_; }
  Writer& writer() { return writer_; }
  ReadyList& ready() { return ready_; }
  FetchGuess& fetch_guess() { return fetch_guess_; }

  // The current root, or null once the cache is closed: others may close it at any moment.
  // REQUIRES: the slot is pinned.
  Root* Current();

  // The current state; none once the cache is closed.
  StateHold Now();

  // Whether the revision is reached. If not, the ready list gets the entry of this attachment when
  // it is.
  bool Await(uint64_t revision);
  ReadyEntry& wait_entry() { return wait_; }

  // Drops history over its limits, moves stalled initial states of watches, frees what is dead.
  WriteOutcome Trim(double now_ms);

  // Ends all watches and drops everything; see Cache.
  WriteOutcome CloseCache();

  CacheStats Stats(double now_ms);

 private:
  Attachment(Cache& cache, EpochSlot& slot, ReadyList& ready);

  void RootPublished(Root& root, std::span<const EventRecord> records,
                     uint64_t first_sequence) override;
  void RootReplaced(Root& root, bool is_closed) override;

  Cache& cache_;
  EpochSlot& slot_;
  ReadyList& ready_;
  Writer writer_;
  FetchGuess fetch_guess_;
  RevisionWait wait_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_CACHE_CACHE_H_
