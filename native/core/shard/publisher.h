// The order of writers: tickets, the ticks and revisions that go with them, and who may publish.
//
//   order lock   |1 |2 |3 |                 short: a ticket, ticks, log plan, places in the shards
//   shards a     [--1--]   [--3--]          trees are copied at the same time
//          b        [--2--]
//   publication         [1]  [2]  [3]       in ticket order, the exchange of one pointer each
//
//  1. Revisions rise strictly with tickets.
//  2. Every ticket is published, by a root without a change where its writer failed: no root is
//  made
//     from a stale one, and nobody waits for a ticket that does not come.
//  3. Nobody waits for a shard, or for a ticket, while holding the order lock.
// Thread rule: any thread.

#ifndef NATIVE_CORE_SHARD_PUBLISHER_H_
#define NATIVE_CORE_SHARD_PUBLISHER_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include "native/core/shard/spin_lock.h"

namespace shardwatch {

struct Ticket {
  uint64_t number = 0;
  // Of the state that the first change makes.
  uint64_t first_tick = 0;
  // Of the root.
  uint64_t root_tick = 0;
};

class Publisher {
 public:
  // Holds the order lock, in which all is found and taken that has to have one order.
  class Order {
   public:
    explicit Order(Publisher& publisher) : publisher_(publisher), lock_(publisher.mu_) {}

    bool is_closed() const { return publisher_.is_closed_; }
    void Close() { publisher_.is_closed_ = true; }

    // The revision of the newest ticket.
    uint64_t revision() const { return publisher_.revision_; }
    void set_revision(uint64_t revision) { publisher_.revision_ = revision; }

    // Number of the newest ticket.
    uint64_t newest() const { return publisher_.next_ticket_ - 1; }

    Ticket TakeTicket(uint64_t changes) {
      const uint64_t first_tick = publisher_.next_tick_;
      publisher_.next_tick_ += changes + 1;
      return {.number = publisher_.next_ticket_++,
              .first_tick = first_tick,
              .root_tick = first_tick + changes};
    }

   private:
    Publisher& publisher_;
    std::lock_guard<SpinLock> lock_;
  };

  Publisher() = default;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Returns when all tickets before are published.
  void Wait(const Ticket& ticket) const {
    Backoff backoff;
    while (published_.load(std::memory_order_acquire) + 1 != ticket.number) backoff.Pause();
  }

  // Returns when the ticket of that number is published.
  void WaitFor(uint64_t number) const {
    Backoff backoff;
    while (published_.load(std::memory_order_acquire) < number) backoff.Pause();
  }

  // The ticket is published.
  void Pass(const Ticket& ticket) { published_.store(ticket.number, std::memory_order_release); }

  // A tick that no root has, for what is made aside of publication.
  uint64_t MakeMark() { return next_mark_.fetch_add(1, std::memory_order_relaxed); }

 private:
  SpinLock mu_;
  // Guarded by mu_. Tick 1 is that of the root which the store begins with.
  uint64_t next_ticket_ = 1;
  uint64_t next_tick_ = 2;
  uint64_t revision_ = 0;
  bool is_closed_ = false;
  // Atomic.
  alignas(64) std::atomic<uint64_t> published_ = 0;
  std::atomic<uint64_t> next_mark_ = uint64_t{1} << 63;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_SHARD_PUBLISHER_H_
