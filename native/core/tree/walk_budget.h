// How much a walk may look at before it lets others go first: a selector that hardly any object
// meets would hold its thread for as long as the whole place takes.
//
// A walk that has spent its budget stands where it is, and goes on with the next one.
// Thread rule: belongs to the thread that walks.

#ifndef NATIVE_CORE_TREE_WALK_BUDGET_H_
#define NATIVE_CORE_TREE_WALK_BUDGET_H_

#include <cstdint>

namespace shardwatch {

class WalkBudget {
 public:
  // More than any walk looks at.
  static constexpr uint64_t kUnlimited = UINT64_MAX;

  explicit WalkBudget(uint64_t looks = kUnlimited) : left_(looks) {}

  bool is_spent() const { return left_ == 0; }

  // One look is an object that is asked; passing over a leaf or a namespace is about another.
  void Spend() { left_ -= left_ > 0 ? 1 : 0; }

 private:
  uint64_t left_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_TREE_WALK_BUDGET_H_
