// What there is to tell of a heap's entries, which stay; see exports.h.
// Thread rule: each export on its environment's own thread; many environments at once.

#include <array>
#include <limits>

#include "native/binding/exports.h"
#include "native/binding/statuses.h"

namespace shardwatch::binding {

namespace {

using wire::HeadLane;

int64_t HeapSize(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  return static_cast<int64_t>((*use)->end().Size());
}

int64_t HeapPeek(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  double priority = std::numeric_limits<double>::quiet_NaN();
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  const uint32_t slot = (*use)->end().Peek(&priority);
  (*use)->exchange().SetNumber(HeadLane::kPriority, priority);
  return slot == kNoSlot ? Fail(wire::Status::kNotFound) : int64_t{slot};
}

int64_t HeapHas(napi_env env, Environment& environment, Arguments<2> arguments) {
  int64_t failure = 0;
  int64_t handle = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadHandle(env, arguments[1], &handle)) return kInvalidArgument;
  return (*use)->end().Has(static_cast<uint64_t>(handle)) ? 1 : 0;
}

int64_t HeapNextDeadline(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  (*use)->exchange().SetNumber(HeadLane::kDeadline, (*use)->end().NextDeadline());
  return 0;
}

int64_t HeapOrder(napi_env env, Environment& environment, Arguments<3> arguments) {
  int64_t failure = 0;
  std::span<double> handles;
  std::span<double> priorities;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadLanes(env, arguments[1], &handles) || !ReadLanes(env, arguments[2], &priorities)) {
    return kInvalidArgument;
  }
  size_t count = 0;
  return (*use)->end().Order(handles, priorities, &count) ? static_cast<int64_t>(count)
                                                          : kOutOfMemory;
}

constexpr std::array kExports = {
    Method("heapSize", Answer<1, HeapSize>),
    Method("heapPeek", Answer<1, HeapPeek>),
    Method("heapHas", Answer<2, HeapHas>),
    Method("heapNextDeadline", Answer<1, HeapNextDeadline>),
    Method("heapOrder", Answer<3, HeapOrder>),
};

}  // namespace

Exports HeapOrderExports() { return kExports; }

}  // namespace shardwatch::binding
