// Holding, letting go and what that frees; see held_roots.h. Thread rule: any thread.

#include "native/core/epoch/held_roots.h"

#include <cassert>

namespace shardwatch {

HeldRoots::~HeldRoots() {
  assert(oldest_ == nullptr && holds_ == 0 && free_.empty() && unsettled_.empty());
}

void HeldRoots::Hold(HoldableRoot* root) {
  std::lock_guard lock(mu_);
  if (root->holders_++ == 0) Link(root);
  ++holds_;
}

void HeldRoots::Release(HoldableRoot* root) {
  std::lock_guard lock(mu_);
  assert(root->holders_ > 0);
  --holds_;
  if (--root->holders_ > 0) return;
  Unlink(root);
  // The root may be among them, and is not touched any more once it is free: nobody frees it before
  // the lock is given up.
  if (root->older_ != nullptr) {
    unsettled_.Append(root->waiting_);
    return;
  }
  waiting_ -= root->waiting_.size();
  free_.Append(root->waiting_);
}

void HeldRoots::Settle(RetiredList& items) {
  std::lock_guard lock(mu_);
  while (Retired* const item = items.Take()) PassOn(item);
}

bool HeldRoots::TakeFree(size_t items_max, RetiredList& items) {
  std::lock_guard lock(mu_);
  for (size_t left = items_max; left > 0 && !unsettled_.empty(); --left) {
    --waiting_;
    PassOn(unsettled_.Take());
  }
  for (size_t left = items_max; left > 0 && !free_.empty(); --left) items.Append(free_.Take());
  return !free_.empty() || !unsettled_.empty();
}

HeldRootsStats HeldRoots::Stats(uint64_t newest_ticket) const {
  std::lock_guard lock(mu_);
  const uint64_t behind = oldest_ == nullptr ? 0 : newest_ticket - oldest_->ticket_;
  return {.holds = holds_, .tickets_behind = behind, .waiting = waiting_, .free = free_.size()};
}

// The newest held root that is older than the ticket. What dies now is near the newest of them, and
// what leaves the log near the oldest: either is found without passing all that lie between.
HoldableRoot* HeldRoots::NewestBelow(uint64_t ticket) const {
  if (oldest_ == nullptr || oldest_->ticket_ >= ticket) return nullptr;
  HoldableRoot* holder = newest_;
  if (holder->ticket_ >= ticket && ticket - oldest_->ticket_ < holder->ticket_ - ticket) {
    holder = oldest_;
    while (holder->newer_->ticket_ < ticket) holder = holder->newer_;
    return holder;
  }
  while (holder->ticket_ >= ticket) holder = holder->older_;
  return holder;
}

// To the newest held root that may have the item, if it does.
void HeldRoots::PassOn(Retired* item) {
  HoldableRoot* const holder = NewestBelow(item->death);
  if (holder == nullptr || holder->ticket_ < item->birth) {
    free_.Append(item);
    return;
  }
  holder->waiting_.Append(item);
  ++waiting_;
}

// Most roots are held when they are the newest.
void HeldRoots::Link(HoldableRoot* root) {
  HoldableRoot* newer = nullptr;
  HoldableRoot* older = newest_;
  while (older != nullptr && older->ticket_ > root->ticket_) {
    newer = older;
    older = older->older_;
  }
  root->older_ = older;
  root->newer_ = newer;
  (older == nullptr ? oldest_ : older->newer_) = root;
  (newer == nullptr ? newest_ : newer->older_) = root;
}

void HeldRoots::Unlink(HoldableRoot* root) {
  HoldableRoot* const older = root->older_;
  HoldableRoot* const newer = root->newer_;
  (older == nullptr ? oldest_ : older->newer_) = newer;
  (newer == nullptr ? newest_ : newer->older_) = older;
}

}  // namespace shardwatch
