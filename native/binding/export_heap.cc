// Heaps: opening, sharing, closing, and what moves entries; see exports.h.
// Thread rule: each export on its environment's own thread; many environments at once.

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "native/binding/exports.h"
#include "native/binding/process.h"
#include "native/binding/statuses.h"

namespace shardwatch::binding {

namespace {

using wire::HeadLane;
using wire::Status;

// 2^29 over the golden ratio: heaps begin with generations that are far from each other.
constexpr uint32_t kGenerationStep = 0x13c6ef37;

constexpr int64_t kNotFound = Fail(Status::kNotFound);

static_assert(HeapEnd::kAheadMax == wire::kHeapAheadMax);

int64_t OpenUse(Environment& environment, std::shared_ptr<SharedHeap> shared,
                Connection& connection) {
  auto use = std::make_unique<HeapUse>(std::move(shared), connection);
  HeapEnd& end = use->end();
  const std::optional<int64_t> handle = environment.heaps.Open(std::move(use));
  if (!handle) return kOutOfMemory;
  end.SetConsumer(static_cast<uint64_t>(*handle));
  return *handle;
}

int64_t OpenHeap(napi_env env, Environment& environment, Arguments<3> arguments) {
  int64_t failure = 0;
  uint64_t capacity = 0;
  uint64_t sequences = 0;
  std::unique_ptr<Connection>* const connection =
      Find(env, environment.connections, arguments[0], failure);
  if (connection == nullptr) return failure;
  if (!ReadCount(env, arguments[1], &capacity) || !ReadCount(env, arguments[2], &sequences) ||
      capacity == 0 || sequences <= capacity) {
    return kInvalidArgument;
  }
  if (capacity > SlotTable::kSlotsMax) return Fail(Status::kTooLarge);
  Process& process = Process::Get();
  // From 1, so that no small number is a handle.
  const uint64_t number = 1 + process.heaps_opened.fetch_add(1, std::memory_order_relaxed);
  const EntryHeapOptions options = {
      .capacity = static_cast<uint32_t>(capacity),
      .sequences = static_cast<uint32_t>(std::min<uint64_t>(sequences, kNoSequence)),
      .first_generation = static_cast<uint32_t>(number * kGenerationStep)};
  const uint64_t nonce = (*connection)->exchange().Revision(HeadLane::kNonce);
  return OpenUse(environment, std::make_shared<SharedHeap>(options, nonce), **connection);
}

int64_t ShareHeap(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  (*use)->end().EndAhead();
  if (!(*use)->shared()->heap().Share()) return Fail(Status::kOutOfMemory);
  return static_cast<int64_t>(Process::Get().heaps.Share((*use)->shared()));
}

int64_t AttachHeap(napi_env env, Environment& environment, Arguments<2> arguments) {
  int64_t failure = 0;
  int64_t id = 0;
  std::unique_ptr<Connection>* const connection =
      Find(env, environment.connections, arguments[0], failure);
  if (connection == nullptr) return failure;
  if (!ReadHandle(env, arguments[1], &id)) return kInvalidArgument;
  bool is_past = false;
  std::shared_ptr<SharedHeap> shared = Process::Get().heaps.Find(
      static_cast<uint64_t>(id), (*connection)->exchange().Revision(HeadLane::kNonce), &is_past);
  if (is_past) return Fail(Status::kClosed);
  if (shared == nullptr) return kInvalidHandle;
  return OpenUse(environment, std::move(shared), **connection);
}

int64_t CloseHeap(napi_env env, Environment& environment, Arguments<1> arguments) {
  return Close(env, environment.heaps, arguments[0]);
}

int64_t HeapPush(napi_env env, Environment& environment, Arguments<3> arguments) {
  int64_t failure = 0;
  double priority = 0;
  double deadline = 0;
  uint32_t slot = 0;
  double handle = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadNumber(env, arguments[1], &priority) || !ReadNumber(env, arguments[2], &deadline)) {
    return kInvalidArgument;
  }
  const HeapFault fault =
      (*use)->end().Push({&priority, 1}, {&deadline, 1}, {&slot, 1}, {&handle, 1});
  return fault == HeapFault::kNone ? static_cast<int64_t>(handle) : Fail(StatusOf(fault));
}

// Lanes for `count` entries, or none where that is allowed.
bool ReadEntryLanes(napi_env env, napi_value value, uint64_t count, bool is_optional,
                    std::span<double>* lanes) {
  if (is_optional && IsUndefined(env, value)) return true;
  if (!ReadLanes(env, value, lanes) || lanes->size() < count) return false;
  *lanes = lanes->first(static_cast<size_t>(count));
  return true;
}

// Lanes for `count` priorities; undefined: those of the exchange.
bool ReadBatchPriorities(napi_env env, napi_value value, uint64_t count, Exchange& exchange,
                         std::span<double>* priorities) {
  if (!IsUndefined(env, value)) return ReadEntryLanes(env, value, count, false, priorities);
  if (count > wire::kHeapBatchMax) return false;
  *priorities = exchange.BatchPriorities(static_cast<size_t>(count));
  const auto is_nan = [](double priority) { return std::isnan(priority); };
  return std::ranges::none_of(*priorities, is_nan);
}

bool ReadEntrySlots(napi_env env, napi_value value, uint64_t count, std::span<uint32_t>* slots) {
  if (!ReadSlots(env, value, slots) || slots->size() < count) return false;
  *slots = slots->first(static_cast<size_t>(count));
  return true;
}

// Room for `count` slots; undefined: that of the exchange.
bool ReadBatchSlots(napi_env env, napi_value value, uint64_t count, Exchange& exchange,
                    std::span<uint32_t>* slots) {
  if (!IsUndefined(env, value)) return ReadEntrySlots(env, value, count, slots);
  if (count > wire::kHeapBatchMax) return false;
  *slots = exchange.BatchSlots(static_cast<size_t>(count));
  return true;
}

int64_t HeapPushAll(napi_env env, Environment& environment, Arguments<6> arguments) {
  int64_t failure = 0;
  uint64_t count = 0;
  std::span<double> priorities;
  std::span<double> deadlines;
  std::span<uint32_t> slots;
  std::span<double> handles;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadCount(env, arguments[1], &count) ||
      !ReadBatchPriorities(env, arguments[2], count, (*use)->exchange(), &priorities) ||
      !ReadEntryLanes(env, arguments[3], count, true, &deadlines) ||
      !ReadBatchSlots(env, arguments[4], count, (*use)->exchange(), &slots) ||
      !ReadEntryLanes(env, arguments[5], count, true, &handles)) {
    return kInvalidArgument;
  }
  return Fail(StatusOf((*use)->end().Push(priorities, deadlines, slots, handles)));
}

int64_t HeapPop(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  uint32_t slot = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  return (*use)->end().Take({&slot, 1}, {}).own == 1 ? int64_t{slot} : kNotFound;
}

int64_t HeapTake(napi_env env, Environment& environment, Arguments<4> arguments) {
  int64_t failure = 0;
  uint64_t count = 0;
  std::span<uint32_t> slots;
  std::span<double> priorities;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadCount(env, arguments[1], &count) ||
      !ReadBatchSlots(env, arguments[2], count, (*use)->exchange(), &slots) ||
      !ReadEntryLanes(env, arguments[3], count, true, &priorities)) {
    return kInvalidArgument;
  }
  const HeapEnd::Taken taken = (*use)->end().Take(slots, priorities);
  (*use)->exchange().SetNumber(HeadLane::kCount, uint64_t{taken.all});
  return static_cast<int64_t>(taken.own);
}

// At most `max`.
bool ReadCountTo(napi_env env, napi_value value, uint64_t max, uint32_t* count) {
  uint64_t read = 0;
  if (!ReadCount(env, value, &read) || read > max) return false;
  *count = static_cast<uint32_t>(read);
  return true;
}

int64_t HeapAdvance(napi_env env, Environment& environment, Arguments<4> arguments) {
  int64_t failure = 0;
  uint32_t taken = 0;
  uint32_t pushed = 0;
  uint32_t wanted = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  HeapEnd& end = (*use)->end();
  Exchange& exchange = (*use)->exchange();
  if (end.heap().is_shared() || !ReadCountTo(env, arguments[1], end.run_size(), &taken) ||
      !ReadCountTo(env, arguments[2], end.reserved(), &pushed) ||
      !ReadCountTo(env, arguments[3], HeapEnd::kAheadMax, &wanted)) {
    return kInvalidArgument;
  }
  const std::span<const double> priorities = exchange.HeapLanes(0, pushed);
  const auto is_nan = [](double priority) { return std::isnan(priority); };
  if (std::ranges::any_of(priorities, is_nan)) return kInvalidArgument;
  if (pushed > taken && end.IsFullWith(pushed - taken)) return Fail(Status::kFull);
  const HeapEnd::Ahead ahead =
      end.Advance(taken, priorities, exchange.HeapLanes(0, wanted), exchange.HeapLanes(1, wanted),
                  exchange.HeapLanes(2, HeapEnd::kAheadMax));
  exchange.SetNumber(HeadLane::kCount, uint64_t{ahead.reserved});
  return ahead.run;
}

int64_t HeapEndAhead(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  (*use)->end().EndAhead();
  return 0;
}

int64_t HeapCollect(napi_env env, Environment& environment, Arguments<3> arguments) {
  int64_t failure = 0;
  uint64_t count = 0;
  std::span<uint32_t> slots;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadCount(env, arguments[1], &count) || !ReadEntrySlots(env, arguments[2], count, &slots)) {
    return kInvalidArgument;
  }
  return static_cast<int64_t>((*use)->end().Collect(slots));
}

int64_t HeapRemove(napi_env env, Environment& environment, Arguments<2> arguments) {
  int64_t failure = 0;
  int64_t handle = 0;
  uint32_t slot = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadHandle(env, arguments[1], &handle)) return kInvalidArgument;
  const HeapFault fault = (*use)->end().Remove(static_cast<uint64_t>(handle), &slot);
  return fault == HeapFault::kNone ? int64_t{slot} : Fail(StatusOf(fault));
}

int64_t HeapUpdate(napi_env env, Environment& environment, Arguments<3> arguments) {
  int64_t failure = 0;
  int64_t handle = 0;
  double priority = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadHandle(env, arguments[1], &handle)) return kInvalidArgument;
  if (!ReadNumber(env, arguments[2], &priority)) return kInvalidArgument;
  return Fail(StatusOf((*use)->end().Update(static_cast<uint64_t>(handle), priority)));
}

int64_t HeapExpire(napi_env env, Environment& environment, Arguments<4> arguments) {
  int64_t failure = 0;
  double now = 0;
  uint64_t count = 0;
  std::span<uint32_t> slots;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadNumber(env, arguments[1], &now) || !ReadCount(env, arguments[2], &count) ||
      !ReadEntrySlots(env, arguments[3], count, &slots)) {
    return kInvalidArgument;
  }
  return static_cast<int64_t>((*use)->end().Expire(now, slots));
}

int64_t HeapClear(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  (*use)->end().Clear();
  return 0;
}

int64_t HeapLoad(napi_env env, Environment& environment, Arguments<6> arguments) {
  int64_t failure = 0;
  std::span<uint32_t> generations;
  std::span<uint32_t> order;
  std::span<double> priorities;
  std::span<uint32_t> expiring;
  std::span<double> deadlines;
  std::unique_ptr<HeapUse>* const use = Find(env, environment.heaps, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadSlots(env, arguments[1], &generations) || !ReadSlots(env, arguments[2], &order) ||
      !ReadLanes(env, arguments[3], &priorities) || !ReadSlots(env, arguments[4], &expiring) ||
      !ReadLanes(env, arguments[5], &deadlines)) {
    return kInvalidArgument;
  }
  const HeapContents contents = {generations, order, priorities, expiring, deadlines};
  return (*use)->end().Load(contents) ? 0 : kInvalidArgument;
}

constexpr std::array kExports = {
    Method("openHeap", Answer<3, OpenHeap>),       Method("shareHeap", Answer<1, ShareHeap>),
    Method("attachHeap", Answer<2, AttachHeap>),   Method("closeHeap", Answer<1, CloseHeap>),
    Method("heapPush", Answer<3, HeapPush>),       Method("heapPushAll", Answer<6, HeapPushAll>),
    Method("heapPop", Answer<1, HeapPop>),         Method("heapTake", Answer<4, HeapTake>),
    Method("heapAdvance", Answer<4, HeapAdvance>), Method("heapEndAhead", Answer<1, HeapEndAhead>),
    Method("heapCollect", Answer<3, HeapCollect>), Method("heapRemove", Answer<2, HeapRemove>),
    Method("heapUpdate", Answer<3, HeapUpdate>),   Method("heapExpire", Answer<4, HeapExpire>),
    Method("heapClear", Answer<1, HeapClear>),     Method("heapLoad", Answer<6, HeapLoad>),
};

}  // namespace

Exports HeapExports() { return kExports; }

}  // namespace shardwatch::binding
