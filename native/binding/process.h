// What all environments of the process share: the main thread's and every worker's.
//
// Made at the first use and leaked on purpose: exit, uncaught errors and signals run clean-up hooks
// of the main environment in no order that a destructor could rely on. The addon is linked with
// -z nodelete, so the state outlives even the last worker that loaded it.
// Thread rule: any thread; every member guards itself.

#ifndef NATIVE_BINDING_PROCESS_H_
#define NATIVE_BINDING_PROCESS_H_

#include <atomic>
#include <cstdint>

#include "native/binding/registry.h"

namespace shardwatch::binding {

class SharedCache;
class SharedHeap;

struct Process {
  static Process& Get();

  // The number of an environment that is being opened.
  uint32_t CountEnvironment() {
    return static_cast<uint32_t>(environments_opened.fetch_add(1, std::memory_order_relaxed));
  }

  Registry<SharedCache> caches;
  Registry<SharedHeap> heaps;
  // Atomic.
  std::atomic<uint64_t> environments_opened = 0;
  std::atomic<uint64_t> environments_live = 0;
  std::atomic<uint64_t> caches_live = 0;
  std::atomic<uint64_t> attachments_live = 0;
  std::atomic<uint64_t> roots_live = 0;
  std::atomic<uint64_t> lists_live = 0;
  std::atomic<uint64_t> watches_live = 0;
  std::atomic<uint64_t> heaps_opened = 0;
  std::atomic<uint64_t> heaps_live = 0;
};

// Counts its owner as long as that lives.
class LiveCount {
 public:
  explicit LiveCount(std::atomic<uint64_t>& count) : count_(count) {
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  ~LiveCount() { count_.fetch_sub(1, std::memory_order_relaxed); }
  LiveCount(const LiveCount&) = delete;
  LiveCount& operator=(const LiveCount&) = delete;

 private:
  std::atomic<uint64_t>& count_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_PROCESS_H_
