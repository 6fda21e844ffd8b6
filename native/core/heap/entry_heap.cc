// What an end's functions are made of; see entry_heap.h. Thread rule: under the heap's lock.

#include "native/core/heap/entry_heap.h"

#include <algorithm>

#include "native/core/heap/heap_end.h"

namespace shardwatch {

namespace {

// So many dead keys are not worth dropping.
constexpr size_t kDeadMin = 32;

bool IsMostlyDead(size_t size, size_t alive) { return size - alive > std::max(alive, kDeadMin); }

}  // namespace

size_t EntryHeap::PopFirst(std::span<HeapKey> keys) {
  if (HasDead()) {
    First();
    keys[0] = order_.Top();
    order_.Pop();
    return 1;
  }
  // All are alive. None of their slots is waited for: by the time that they are needed, memory has
  // brought them all.
  const size_t count = order_.PopRun(keys);
  for (const HeapKey& key : keys.first(count)) slots_.Prefetch(SlotOf(key));
  return count;
}

void EntryHeap::DropDead() {
  if (!IsMostlyDead(order_.size(), size_)) return;
  order_.Filter([this](const HeapKey& key) { return slots_.IsAlive(key); });
}

void EntryHeap::Number() {
  order_.Filter([this](const HeapKey& key) { return slots_.IsAlive(key); });
  uint32_t next = 0;
  order_.Renumber([&](const HeapKey& key) {
    const uint32_t slot = SlotOf(key);
    slots_.SetSequence(slot, next);
    return MakeHeapKey(RankOf(key), next++, slot);
  });
  next_sequence_ = next;
  for (HeapEnd* const end : ends_) {
    if (end == nullptr) continue;
    end->deadlines_.Filter([this](const HeapKey& key) { return slots_.IsDeadlineAlive(key); });
    next = 0;
    end->deadlines_.Renumber([&](const HeapKey& key) {
      const uint32_t slot = SlotOf(key);
      slots_.SetDeadline(slot, next);
      return MakeHeapKey(RankOf(key), next++, slot);
    });
  }
}

void HeapEnd::DropDeadDeadlines() {
  if (!IsMostlyDead(deadlines_.size(), expiring_)) return;
  const SlotTable& slots = heap_->slots_;
  deadlines_.Filter([&slots](const HeapKey& key) { return slots.IsDeadlineAlive(key); });
}

}  // namespace shardwatch
