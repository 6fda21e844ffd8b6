// Sharing and finding; see registry.h. Thread rule: any thread.

#include "native/binding/registry.h"

#include "native/binding/cache_use.h"

namespace shardwatch::binding {

uint64_t Registry::Share(const std::shared_ptr<SharedCache>& cache) {
  std::lock_guard lock(mu_);
  if (cache->id_ == 0) {
    cache->id_ = next_id_++;
    caches_.emplace(cache->id_, cache);
  }
  return cache->id_;
}

std::shared_ptr<SharedCache> Registry::Find(uint64_t id, uint64_t nonce, bool* is_past) {
  // Outlives the lock: if everybody else lets go of the cache meanwhile, it goes here, and removes
  // itself.
  std::shared_ptr<SharedCache> cache;
  {
    std::lock_guard lock(mu_);
    const auto found = caches_.find(id);
    if (found != caches_.end()) cache = found->second.lock();
    *is_past = cache == nullptr && id != 0 && id < next_id_;
  }
  return cache != nullptr && cache->nonce_ == nonce ? cache : nullptr;
}

void Registry::Remove(uint64_t id) {
  std::lock_guard lock(mu_);
  caches_.erase(id);
}

}  // namespace shardwatch::binding
