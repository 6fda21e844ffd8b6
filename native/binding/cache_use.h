// A cache as environments have it: the cache itself, shared, and each environment's use of it.
//
//   environment A ─ CacheUse (owner) ─┐
//                                     ├─ SharedCache ─ Cache
//   environment B ─ CacheUse ─────────┘
//
//  1. Roots, lists and watches hold the use that they came from; so does its handle. The use, and
//     with it its attachment, goes with the last of them.
//  2. The owner's use empties the cache when it is closed, and at the latest when it goes.
//  3. A cache that can't be emptied, because memory is out, is leaked.
// Thread rule: a SharedCache is for any thread, a CacheUse for its environment's.

#ifndef NATIVE_BINDING_CACHE_USE_H_
#define NATIVE_BINDING_CACHE_USE_H_

#include <cstdint>
#include <memory>

#include "native/binding/connection.h"
#include "native/binding/exchange.h"
#include "native/binding/process.h"
#include "native/core/cache/cache.h"
#include "native/core/watch/frames.h"

namespace shardwatch::binding {

class SharedCache {
 public:
  // Null when memory is out.
  static std::shared_ptr<SharedCache> Make(const StoreOptions& options, uint64_t nonce);

  ~SharedCache();
  SharedCache(const SharedCache&) = delete;
  SharedCache& operator=(const SharedCache&) = delete;

  Cache& cache() { return cache_; }

 private:
  friend class Registry<SharedCache>;
  friend class CacheUse;

  SharedCache(Cache& cache, uint64_t nonce)
      : cache_(cache), nonce_(nonce), live_(Process::Get().caches_live) {}

  Cache& cache_;
  const uint64_t nonce_;
  const LiveCount live_;
  // Guarded by the registry's lock, and immutable once it is not 0.
  uint64_t id_ = 0;
  // The owner's.
  bool is_emptied_ = false;
};

class CacheUse {
 public:
  // Null when memory is out.
  static std::shared_ptr<CacheUse> Open(std::shared_ptr<SharedCache> shared, Connection& connection,
                                        bool is_owner);

  ~CacheUse();
  CacheUse(const CacheUse&) = delete;
  CacheUse& operator=(const CacheUse&) = delete;

  const std::shared_ptr<SharedCache>& shared() const { return shared_; }
  Attachment& attachment() { return *attachment_; }
  Connection& connection() { return connection_; }
  Exchange& exchange() { return connection_.exchange(); }

  // Which of the cache's frames this environment has been given.
  FrameIndex& frames() { return frames_; }

  bool is_closed() const { return is_closed_ || shared_->cache().is_closed(); }
  bool is_owner() const { return is_owner_; }

  // Refuses everything but what was opened before; the owner's empties the cache, and fails where
  // memory is out for that.
  wire::Status Close();

  // Frees some of what nobody sees any more, after something was let go.
  void Reclaim();

  // Tells whether watches of this environment are to be drained, which nothing wakes.
  void TellReady();

 private:
  CacheUse(std::shared_ptr<SharedCache> shared, Connection& connection, bool is_owner)
      : shared_(std::move(shared)),
        connection_(connection),
        is_owner_(is_owner),
        live_(Process::Get().attachments_live) {}

  const std::shared_ptr<SharedCache> shared_;
  Connection& connection_;
  const bool is_owner_;
  const LiveCount live_;
  bool is_closed_ = false;
  std::unique_ptr<Attachment> attachment_;
  FrameIndex frames_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_CACHE_USE_H_
