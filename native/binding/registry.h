// The process's caches that were shared: by a number, found by whoever knows the nonce too.
//
//  1. The registry keeps no cache alive; environments do.
//  2. A number is never given to another cache.
// Thread rule: any thread.

#ifndef NATIVE_BINDING_REGISTRY_H_
#define NATIVE_BINDING_REGISTRY_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace shardwatch::binding {

class SharedCache;

class Registry {
 public:
  // The cache's number, which stays the same.
  uint64_t Share(const std::shared_ptr<SharedCache>& cache);

  // Null where no cache has the number, or another nonce. `is_past` tells that one had it.
  std::shared_ptr<SharedCache> Find(uint64_t id, uint64_t nonce, bool* is_past);

  // The cache is going.
  void Remove(uint64_t id);

 private:
  std::mutex mu_;
  // Guarded by mu_. 0 is no number.
  std::unordered_map<uint64_t, std::weak_ptr<SharedCache>> caches_;
  uint64_t next_id_ = 1;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_REGISTRY_H_
