// The process's caches or heaps that were shared: by a number, found by whoever knows the nonce
// too.
//
//  1. The registry keeps nothing alive; environments do.
//  2. A number is never given twice.
//
// What is shared has members `id_`, 0 before it is, and `nonce_`, which the registry may see.
// Thread rule: any thread.

#ifndef NATIVE_BINDING_REGISTRY_H_
#define NATIVE_BINDING_REGISTRY_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace shardwatch::binding {

template <typename Shared>
class Registry {
 public:
  // Its number, which stays the same.
  uint64_t Share(const std::shared_ptr<Shared>& shared) {
    std::lock_guard lock(mu_);
    if (shared->id_ == 0) {
      shared->id_ = next_id_++;
      shared_.emplace(shared->id_, shared);
    }
    return shared->id_;
  }

  // Null where nothing has the number, or has another nonce. `is_past` tells that something had it.
  std::shared_ptr<Shared> Find(uint64_t id, uint64_t nonce, bool* is_past) {
    // Outlives the lock: if everybody else lets go of it meanwhile, it goes here, and removes
    // itself.
    std::shared_ptr<Shared> shared;
    {
      std::lock_guard lock(mu_);
      const auto found = shared_.find(id);
      if (found != shared_.end()) shared = found->second.lock();
      *is_past = shared == nullptr && id != 0 && id < next_id_;
    }
    return shared != nullptr && shared->nonce_ == nonce ? shared : nullptr;
  }

  // It is going.
  void Remove(uint64_t id) {
    std::lock_guard lock(mu_);
    shared_.erase(id);
  }

 private:
  std::mutex mu_;
  // Guarded by mu_. 0 is no number.
  std::unordered_map<uint64_t, std::weak_ptr<Shared>> shared_;
  uint64_t next_id_ = 1;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_REGISTRY_H_
