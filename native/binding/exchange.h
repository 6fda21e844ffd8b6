// The memory that TypeScript and C++ both see: arguments and results of calls that are more than a
// number, in lanes of 8 bytes.
//
//   lanes 0 .. 31    head: wire::HeadLane, or wire::StatsLane
//   lanes 32 ..      records of 8 lanes each, or one handle a lane, or lists for a heap that looks
//                    ahead: priorities in; slots, priorities and handles out
//
//  1. Lanes mean something only right before a call, for its arguments, and right after it.
//  2. Revisions are 64-bit integers, everything else doubles; see generate.mjs.
// Thread rule: one environment's thread only.

#ifndef NATIVE_BINDING_EXCHANGE_H_
#define NATIVE_BINDING_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "native/wire/wire.h"

namespace shardwatch::binding {

class Exchange {
 public:
  // REQUIRES: wire::kExchangeBytes there, for as long as this exists.
  explicit Exchange(void* bytes) : bytes_(static_cast<char*>(bytes)) {}

  double Number(wire::HeadLane lane) const { return Load<double>(IndexOf(lane)); }
  uint64_t Revision(wire::HeadLane lane) const { return Load<uint64_t>(IndexOf(lane)); }

  // `Lane` is a wire::HeadLane or a wire::StatsLane.
  template <typename Lane>
  void SetNumber(Lane lane, double value) {
    Store(IndexOf(lane), value);
  }
  template <typename Lane>
  void SetNumber(Lane lane, uint64_t value) {
    Store(IndexOf(lane), static_cast<double>(value));
  }
  void SetFlag(wire::HeadLane lane, bool value) { Store(IndexOf(lane), value ? 1.0 : 0.0); }
  template <typename Lane>
  void SetRevision(Lane lane, uint64_t value) {
    Store(IndexOf(lane), value);
  }

  // `Lane` is that of a record. REQUIRES: record < wire::kRecordsMax.
  template <typename Lane>
  void SetRecordNumber(size_t record, Lane lane, double value) {
    Store(RecordIndex(record, IndexOf(lane)), value);
  }
  template <typename Lane>
  void SetRecordRevision(size_t record, Lane lane, uint64_t value) {
    Store(RecordIndex(record, IndexOf(lane)), value);
  }

  // REQUIRES: index < wire::kReadyMax.
  void SetHandle(size_t index, int64_t handle) {
    Store(wire::kHeadLanes + index, static_cast<double>(handle));
  }

  // The lanes of a list for a heap. REQUIRES: list < 3, count <= wire::kHeapAheadMax.
  std::span<double> HeapLanes(size_t list, size_t count) {
    const size_t first = wire::kHeadLanes + list * wire::kHeapAheadMax;
    return {reinterpret_cast<double*>(bytes_) + first, count};
  }

  // Of a batch for a heap: priorities, and slots behind as many of them as there may be.
  // REQUIRES: count <= wire::kHeapBatchMax.
  std::span<double> BatchPriorities(size_t count) { return HeapLanes(0, count); }
  std::span<uint32_t> BatchSlots(size_t count) {
    constexpr size_t kFirst = wire::kHeadLanes + wire::kHeapBatchMax;
    return {reinterpret_cast<uint32_t*>(bytes_ + kFirst * sizeof(double)), count};
  }

 private:
  template <typename Lane>
  static size_t IndexOf(Lane lane) {
    return static_cast<size_t>(lane);
  }
  static size_t RecordIndex(size_t record, size_t lane) {
    return wire::kHeadLanes + record * wire::kRecordLanes + lane;
  }

  template <typename Value>
  Value Load(size_t lane) const {
    Value value;
    std::memcpy(&value, bytes_ + lane * sizeof(Value), sizeof(Value));
    return value;
  }
  template <typename Value>
  void Store(size_t lane, Value value) {
    static_assert(sizeof(Value) == 8);
    std::memcpy(bytes_ + lane * sizeof(Value), &value, sizeof(Value));
  }

  char* const bytes_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_EXCHANGE_H_
