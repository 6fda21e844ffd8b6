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

#include "native/core/bytes/block_pool.h"

namespace shardwatch::binding {

struct Process {
  static Process& Get();

  BlockPool blocks;
  // Atomic.
  std::atomic<uint32_t> environments_live = 0;
  std::atomic<uint64_t> environments_opened = 0;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_PROCESS_H_
