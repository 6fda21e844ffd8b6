// A lock that is held for a few pointers' change: whoever waits spins a little and then lets others
// run. (Putting a thread to sleep and waking it takes two calls of the system.)
// Thread rule: any thread; not recursive.

#ifndef NATIVE_CORE_SHARD_SPIN_LOCK_H_
#define NATIVE_CORE_SHARD_SPIN_LOCK_H_

#include <atomic>
#include <cstdint>
#include <thread>

namespace shardwatch {

// Waits a little longer each time, and not for long: what is waited for is in a running thread, or
// in one that wants this thread's core.
class Backoff {
 public:
  void Pause() {
    if (spins_ < kSpinsMax) {
      ++spins_;
      Relax();
    } else {
      std::this_thread::yield();
    }
  }

 private:
  // As long as such a section takes when its thread runs, and not much longer.
  static constexpr uint32_t kSpinsMax = 64;

  static void Relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
  }

  uint32_t spins_ = 0;
};

class SpinLock {
 public:
  SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  void lock() {
    Backoff backoff;
    while (is_locked_.exchange(true, std::memory_order_acquire)) {
      do backoff.Pause();
      while (is_locked_.load(std::memory_order_relaxed));
    }
  }

  void unlock() { is_locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> is_locked_ = false;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_SHARD_SPIN_LOCK_H_
