// What left the lists of Watches while its lock was held, and is freed after: groups give strings
// back, and states that are let go may free much.
// Thread rule: belongs to one call. Declared before the lock is taken.

#ifndef NATIVE_CORE_WATCH_GARBAGE_H_
#define NATIVE_CORE_WATCH_GARBAGE_H_

#include <utility>

#include "native/core/watch/watch_group.h"
#include "native/core/watch/watch_state.h"
#include "native/core/watch/watches.h"

namespace shardwatch {

class Watches::Garbage {
 public:
  Garbage() = default;
  ~Garbage() {
    // States first: their walks know their groups' scopes.
    while (initials_ != nullptr) delete std::exchange(initials_, initials_->next);
    while (groups_ != nullptr) delete std::exchange(groups_, groups_->next_garbage);
  }
  Garbage(const Garbage&) = delete;
  Garbage& operator=(const Garbage&) = delete;

  void Add(WatchGroup& group) { group.next_garbage = std::exchange(groups_, &group); }
  // Null is none.
  void Add(InitialState* initial) {
    if (initial != nullptr) initial->next = std::exchange(initials_, initial);
  }

 private:
  WatchGroup* groups_ = nullptr;
  InitialState* initials_ = nullptr;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_WATCH_GARBAGE_H_
