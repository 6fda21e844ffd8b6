// Making and dropping; see heap_use.h. Thread rule: as told there.

#include "native/binding/heap_use.h"

#include <utility>

namespace shardwatch::binding {

SharedHeap::~SharedHeap() {
  if (id_ != 0) Process::Get().heaps.Remove(id_);
}

HeapUse::HeapUse(std::shared_ptr<SharedHeap> shared, Connection& connection)
    : shared_(std::move(shared)),
      connection_(connection),
      end_(std::shared_ptr<EntryHeap>(shared_, &shared_->heap()), connection.ready(), 0) {}

}  // namespace shardwatch::binding
