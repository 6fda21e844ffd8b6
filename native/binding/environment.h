// What belongs to one JavaScript environment: one per thread that loaded the addon.
//
//  1. Opened when the addon is loaded, dropped by the environment's clean-up hook, which also runs
//     when a worker is terminated: nothing that a worker held outlives it.
//  2. Connections are closed before that, by hooks of their own. Then watches, lists and roots go,
//     then caches (those that the environment owns are closed) and heaps, then connections.
//  3. Nothing required is left to finalizers; they may run late or never.
// Thread rule: the environment's own thread only.

#ifndef NATIVE_BINDING_ENVIRONMENT_H_
#define NATIVE_BINDING_ENVIRONMENT_H_

#include <node_api.h>

#include <cstdint>
#include <memory>

#include "native/binding/cache_use.h"
#include "native/binding/connection.h"
#include "native/binding/handle_table.h"
#include "native/binding/heap_use.h"
#include "native/binding/opened.h"
#include "native/binding/process.h"

namespace shardwatch::binding {

class Environment {
 public:
  // False, with nothing left behind, where the environment refuses (it is going down).
  static bool Open(napi_env env);

  // Null after the clean-up hook, and where the addon's own Open failed.
  static Environment* Of(napi_env env);

  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  HandleTable<std::unique_ptr<Connection>> connections;
  HandleTable<std::shared_ptr<CacheUse>> caches;
  HandleTable<std::unique_ptr<OpenedRoot>> roots;
  HandleTable<std::unique_ptr<OpenedList>> lists;
  HandleTable<std::unique_ptr<OpenedWatch>> watches;
  HandleTable<std::unique_ptr<HeapUse>> heaps;

 private:
  explicit Environment(napi_env env);
  Environment(napi_env env, uint32_t generation);
  ~Environment();
  static void CleanUp(void* environment);

  const napi_env env_;
  const LiveCount live_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_ENVIRONMENT_H_
