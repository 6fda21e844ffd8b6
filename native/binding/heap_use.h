// A heap as environments have it: the heap itself, shared, and each environment's end of it.
//
//  1. The heap goes with the last of its ends, an end with its handle or its environment; its
//     entries go along.
//  2. An end is signalled through the connection that it was opened over.
// Thread rule: a SharedHeap is for any thread, a HeapUse for its environment's.

#ifndef NATIVE_BINDING_HEAP_USE_H_
#define NATIVE_BINDING_HEAP_USE_H_

#include <cstdint>
#include <memory>

#include "native/binding/connection.h"
#include "native/binding/exchange.h"
#include "native/binding/process.h"
#include "native/core/heap/entry_heap.h"
#include "native/core/heap/heap_end.h"

namespace shardwatch::binding {

class SharedHeap {
 public:
  SharedHeap(const EntryHeapOptions& options, uint64_t nonce)
      : heap_(options), nonce_(nonce), live_(Process::Get().heaps_live) {}
  ~SharedHeap();
  SharedHeap(const SharedHeap&) = delete;
  SharedHeap& operator=(const SharedHeap&) = delete;

  EntryHeap& heap() { return heap_; }

 private:
  friend class Registry<SharedHeap>;

  EntryHeap heap_;
  const uint64_t nonce_;
  const LiveCount live_;
  // Guarded by the registry's lock, and immutable once it is not 0.
  uint64_t id_ = 0;
};

class HeapUse {
 public:
  HeapUse(std::shared_ptr<SharedHeap> shared, Connection& connection);

  const std::shared_ptr<SharedHeap>& shared() const { return shared_; }
  HeapEnd& end() { return end_; }
  Exchange& exchange() { return connection_.exchange(); }

 private:
  const std::shared_ptr<SharedHeap> shared_;
  Connection& connection_;
  HeapEnd end_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_HEAP_USE_H_
