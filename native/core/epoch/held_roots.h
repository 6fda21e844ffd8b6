// Roots that readers hold beyond one call (a LIST to a slow client, the next page of another, the
// history's own), and what waits for them.
//
// Nothing that a root consists of is counted. Instead everything knows the roots that it is in,
// from its birth to its death, and what has died waits with the newest held root that has it. When
// that one is let go, what an older held root has too goes on to that one, and the rest is free:
//
//   held roots         4            9                 15
//   waits with 9:      born 2, died 11     born 7, died 10          (neither is in 15)
//   9 is let go:       goes on to 4        free
//
//  1. A slow reader holds what its own root consists of, and nothing that was born later.
//  2. A root is held by somebody who is pinned or holds it already, so that a hold never comes back
//     from nothing: what is settled here has been through its grace period.
//  3. A root waits for itself: it is freed after the last hold on it, never before.
//  4. Nothing is allocated here: a root carries its own place in the list.
//  5. What is free is handed out in slices; the caller frees it, outside of the lock.
//  6. Letting go looks at nothing that waited: tens of thousands of things may, and each of them is
//     far from the cache. They are passed on in slices too, by whoever takes what is free.
// Thread rule: any thread.
// Lock order: mu_ is a leaf; nothing is called while it is held.

#ifndef NATIVE_CORE_EPOCH_HELD_ROOTS_H_
#define NATIVE_CORE_EPOCH_HELD_ROOTS_H_

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "native/core/epoch/retired.h"

namespace shardwatch {

// The part of a root that holding it needs.
class HoldableRoot {
 public:
  explicit HoldableRoot(uint64_t ticket) : ticket_(ticket) {}
  HoldableRoot(const HoldableRoot&) = delete;
  HoldableRoot& operator=(const HoldableRoot&) = delete;

  uint64_t ticket() const { return ticket_; }

 private:
  friend class HeldRoots;

  // Immutable after construction.
  const uint64_t ticket_;
  // Guarded by the lock of HeldRoots.
  uint32_t holders_ = 0;
  HoldableRoot* older_ = nullptr;
  HoldableRoot* newer_ = nullptr;
  RetiredList waiting_;
};

struct HeldRootsStats {
  // Holds, not roots: a root may be held more than once.
  uint64_t holds = 0;
  // How many roots the oldest one that is held is behind `newest`; 0 where none is held.
  uint64_t tickets_behind = 0;
  // Dead things that wait for a root to be let go, or to be passed on, and those that are free.
  uint64_t waiting = 0;
  uint64_t free = 0;
};

class HeldRoots {
 public:
  HeldRoots() = default;
  // REQUIRES: no holds, and nothing that was not taken.
  ~HeldRoots();
  HeldRoots(const HeldRoots&) = delete;
  HeldRoots& operator=(const HeldRoots&) = delete;

  // REQUIRES: the caller is pinned and loaded the root, or it is held.
  void Hold(HoldableRoot* root);

  // The root may be gone afterwards.
  void Release(HoldableRoot* root);

  // Takes dead things whose grace period is over. The list is empty afterwards.
  void Settle(RetiredList& items);

  // Appends to `items` what nobody can see any more, at most `items_max`, and passes as many on;
  // tells whether there may be more.
  bool TakeFree(size_t items_max, RetiredList& items);

  HeldRootsStats Stats(uint64_t newest_ticket) const;

 private:
  void Link(HoldableRoot* root);
  void Unlink(HoldableRoot* root);
  HoldableRoot* NewestBelow(uint64_t ticket) const;
  void PassOn(Retired* item);

  mutable std::mutex mu_;
  // Guarded by mu_. Rising tickets from the oldest to the newest.
  HoldableRoot* oldest_ = nullptr;
  HoldableRoot* newest_ = nullptr;
  uint64_t holds_ = 0;
  // Those of all roots, and what is unsettled.
  uint64_t waiting_ = 0;
  // What waited for roots that were let go before older ones.
  RetiredList unsettled_;
  RetiredList free_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_EPOCH_HELD_ROOTS_H_
