// What JavaScript can call, by the nouns it is about. Each export is a few lines over the core.
//
//  1. A call answers a number: a wire::Status below zero, or its result. What else there is to tell
//     is in the exchange, whose head has the arguments that are no napi_value too.
//  2. Numbers named "handle" are what the opening call answered.
//  3. Where `ownReady` is told, watches of the connection became ready that nothing wakes: the
//     caller takes them on a turn of its own.
//  4. Nothing that can run JavaScript is called while an epoch is pinned.
// Thread rule: each export on its environment's own thread; many environments at once.

#ifndef NATIVE_BINDING_EXPORTS_H_
#define NATIVE_BINDING_EXPORTS_H_

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "native/binding/environment.h"
#include "native/binding/values.h"
#include "native/wire/wire.h"

namespace shardwatch::binding {

using Exports = std::span<const napi_property_descriptor>;

//   abiVersion()                                   the version of the border, see wire.json
//   processStats(lanes)                            fills a Float64Array: wire::ProcessLane
//   compareKeys(ns, name, ns, name)                wire::KeyOrder: the order of lists
//   duplicateListener(descriptor)                  a descriptor of the same listening socket; not
//                                                  found where it is none, full where the system
//                                                  has no more
//   closeListener(descriptor)                      not found where it is none of what listens
Exports ProcessExports();

//   connect(exchange, wake)                        a connection's handle
//   takeReady(connection)                          how many handles are behind the exchange's head:
//                                                  of watches, and -handle - 1 of caches that
//                                                  have reached what awaitRevision asked for
Exports ConnectionExports();

//   openCache(connection, fields, indexFields, indexLabels)
//                                                  a cache's handle; the third are some of the
//                                                  second
//   shareCache(cache)                              its number in the process
//   attachCache(connection, number)                a cache's handle
//   closeCache(cache)
//   dropCache(cache)                               closes it and gives up the handle
//   state(cache)                                   the head has revisions and generation; of a
//                                                  closed cache those that it ended with
//   stats(cache, nowMs)                            the head is wire::StatsLane
//   awaitRevision(cache)                           1 where it is reached; 0, and the cache is among
//                                                  the ready ones when it is (or never will be)
//   trim(cache, nowMs)
Exports CacheExports();

//   apply(cache, nowMs, keys, objects, revisions)
//   replace(cache, keys, objects, revisions)
//   write(cache, nowMs, ns, name, object, expectation)
//   progress(cache)
Exports WriteExports();

//   get(cache, ns, name, apiVersion, page, offset)   bytes written
//   getAt(root, ns, name, apiVersion, page, offset)  the same
//   openRoot(cache, isExact)                         a root's handle
//   closeRoot(root)
Exports ReadExports();

//   openList(cache, root | -1, scope, start, limit)  a list's handle
//   listLast(list)                                   [ns, name], or a status
//   readList(list, target, bytesMax)                 bytes written
//   readListObjects(list, page, offset, objectsMax)  records written
//   closeList(list)
Exports ListExports();

//   openWatch(cache, groupKey, scope, fromState)     a watch's handle
//   drainEvents(watch, page, offset, eventsMax)      records written
//   drainFrames(watch, page, offset, bytesMax, isContinued)
//   closeWatch(watch)
Exports WatchExports();

//   openHeap(connection, capacity, sequences)        a heap's handle
//   shareHeap(heap)                                  its number in the process
//   attachHeap(connection, number)                   a heap's handle
//   closeHeap(heap)                                  its entries leave; gives up the handle
//   heapPush(heap, priority, deadline)               the entry's handle
//   heapPushAll(heap, count, priorities, deadlines | undefined, slots, handles | undefined)
//   heapPop(heap)                                    the slot of the first entry
//   heapTake(heap, count, slots, priorities | undefined)
//                                                    slots written: of this thread's entries; the
//                                                    head's count is of all
//   heapAdvance(heap, taken, pushed, wanted)         entries of the new run; the head's count is
//                                                    that of new handles, all in the exchange
//   heapEndAhead(heap)                               no run, no reserve
//   heapCollect(heap, count, slots)                  slots written
//   heapRemove(heap, handle)                         the entry's slot
//   heapUpdate(heap, handle, priority)
//   heapExpire(heap, now, count, slots)              slots written
//   heapClear(heap)
//   heapLoad(heap, generations, order, priorities, expiring, deadlines)
Exports HeapExports();

//   heapSize(heap)
//   heapPeek(heap)                                   the slot of the first entry, its priority in
//                                                    the head
//   heapHas(heap, handle)                            0 or 1
//   heapNextDeadline(heap)                           in the head
//   heapOrder(heap, handles, priorities)             entries written
Exports HeapOrderExports();

constexpr int64_t Fail(wire::Status status) { return static_cast<int32_t>(status); }

constexpr int64_t kInvalidArgument = Fail(wire::Status::kInvalidArgument);
constexpr int64_t kInvalidHandle = Fail(wire::Status::kInvalidHandle);
constexpr int64_t kOutOfMemory = Fail(wire::Status::kOutOfMemory);

// What a call is made with, and its answer.
template <size_t kCount>
using Arguments = std::span<const napi_value, kCount>;

template <size_t kCount, int64_t (*kRun)(napi_env, Environment&, Arguments<kCount>)>
napi_value Answer(napi_env env, napi_callback_info info) {
  std::array<napi_value, kCount> arguments{};
  if (!ReadArguments(env, info, arguments)) return MakeNumber(env, kInvalidArgument);
  Environment* const environment = Environment::Of(env);
  if (environment == nullptr) return MakeNumber(env, kInvalidHandle);
  return MakeNumber(env, kRun(env, *environment, arguments));
}

constexpr napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {.utf8name = name,
          .name = nullptr,
          .method = callback,
          .getter = nullptr,
          .setter = nullptr,
          .value = nullptr,
          .attributes = napi_enumerable,
          .data = nullptr};
}

// What a handle names, or null with `failure`.
template <typename Value>
Value* Find(napi_env env, HandleTable<Value>& table, napi_value argument, int64_t& failure) {
  int64_t handle = 0;
  if (!ReadHandle(env, argument, &handle)) {
    failure = kInvalidArgument;
    return nullptr;
  }
  Value* const value = table.Find(handle);
  if (value == nullptr) failure = kInvalidHandle;
  return value;
}

// The same of a cache that is not closed.
inline std::shared_ptr<CacheUse>* FindOpen(napi_env env, Environment& environment,
                                           napi_value argument, int64_t& failure) {
  std::shared_ptr<CacheUse>* const use = Find(env, environment.caches, argument, failure);
  if (use == nullptr || !(*use)->is_closed()) return use;
  failure = Fail(wire::Status::kClosed);
  return nullptr;
}

// Gives up a handle.
template <typename Value>
int64_t Close(napi_env env, HandleTable<Value>& table, napi_value argument) {
  int64_t handle = 0;
  if (!ReadHandle(env, argument, &handle)) return kInvalidArgument;
  return table.Close(handle) ? 0 : kInvalidHandle;
}

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_EXPORTS_H_
