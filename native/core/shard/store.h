// Everything that a cache consists of, and the pointer to the root through which it is seen:
// memory, strings, epochs, held roots, log. Readers pin and load; writer.h says how roots come.
//
//  1. A reader pins an epoch, loads the root, and uses only that until it unpins. No JavaScript
//     runs meanwhile, and a pin covers a bounded number of objects.
//  2. What outlives the call holds its state (StateHold), which costs its own root and no more.
//  3. What nobody can see any more is freed by Reclaim, in slices, on whichever thread calls it.
// Thread rule: any thread; each with an EpochSlot of its own.

#ifndef NATIVE_CORE_SHARD_STORE_H_
#define NATIVE_CORE_SHARD_STORE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "native/core/bytes/arena.h"
#include "native/core/epoch/epoch.h"
#include "native/core/epoch/held_roots.h"
#include "native/core/log/event_log.h"
#include "native/core/object/field_path.h"
#include "native/core/object/intern_table.h"
#include "native/core/shard/root.h"
#include "native/core/shard/spin_lock.h"
#include "native/core/shard/turns.h"

namespace shardwatch {

class Store;

// A state that was made from another one, because no root of it was kept: its directory shares
// most nodes with `base`, and has some of its own.
struct RebuiltState {
  explicit RebuiltState(uint64_t tick) : root(tick) {}

  // Keeps the versions of the state; `base` keeps the nodes that it shares.
  HoldableRoot root;
  HoldableRoot* base = nullptr;
  // What its own nodes have as their birth: no tick of any root.
  uint64_t mark = 0;
  uint64_t generation = 0;
  uint64_t sequence = 0;
  State state;
  // Atomic. The last one frees it.
  std::atomic<uint32_t> users = 1;
  // Guarded by the history's lock.
  RebuiltState* next = nullptr;
};

// A state that stays readable for as long as this exists; or none.
// Thread rule: belongs to one thread at a time.
class StateHold {
 public:
  StateHold() = default;
  StateHold(StateHold&& other) noexcept { Swap(other); }
  StateHold& operator=(StateHold&& other) noexcept {
    StateHold moved(std::move(other));
    Swap(moved);
    return *this;
  }
  ~StateHold() { Reset(); }

  explicit operator bool() const { return store_ != nullptr; }

  const State& state() const { return state_; }
  const ObjectDirectory& directory() const { return state_.directory; }
  uint64_t generation() const { return generation_; }
  uint64_t revision() const { return revision_; }
  uint64_t tick() const { return tick_; }

  // Another hold on the same state. REQUIRES: a state.
  StateHold Share() const;

  void Reset();

 private:
  friend class Store;

  void Swap(StateHold& other);

  Store* store_ = nullptr;
  HoldableRoot* root_ = nullptr;
  RebuiltState* rebuilt_ = nullptr;
  State state_;
  uint64_t generation_ = 0;
  uint64_t revision_ = 0;
  uint64_t tick_ = 0;
};

struct StoreOptions {
  uint32_t shard_count = 1;
  // Paths of the declared index fields.
  std::vector<std::string> fields;
  // Positions of those that lists find objects by, and labels' keys that they do; see
  // object_index.h.
  std::vector<size_t> index_fields = {};
  std::vector<std::string> index_labels = {};
  HistoryLimits history;
  // Of the table of interned strings.
  uint64_t seed = 0;
};

class Store {
 public:
  explicit Store(const StoreOptions& options);
  // REQUIRES: no pins, holds or writers, and nothing of the cache in use.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // False when memory was out, or a field's path is none; then it may only be destroyed.
  bool is_made() const { return root_.load(std::memory_order_relaxed) != nullptr; }

  Arena& arena() { return arena_; }
  InternTable& strings() { return strings_; }
  EpochDomain& epochs() { return epochs_; }
  HeldRoots& held() { return held_; }
  const HeldRoots& held() const { return held_; }
  EventLog& log() { return log_; }
  ShardTurns& turns() { return turns_; }
  const ShardTurns& turns() const { return turns_; }
  const std::vector<std::string>& fields() const { return fields_; }
  const FieldPaths& field_paths() const { return field_paths_; }

  // The index of a state without objects.
  ObjectIndex EmptyIndex() const {
    return {.declaration = indexes_.count() == 0 ? nullptr : &indexes_, .entries = {}};
  }

  // The current root. REQUIRES: an epoch is pinned (or the caller is the publisher).
  Root* LoadRoot() const { return root_.load(std::memory_order_seq_cst); }

  // Makes the root the current one and returns the one before. The publisher's.
  Root* ExchangeRoot(Root* root) { return root_.exchange(root, std::memory_order_seq_cst); }

  // Holds a root's state, served as that of `revision`. REQUIRES: the root is pinned or held.
  StateHold Hold(Root& root, uint64_t revision);
  StateHold Hold(Root& root) { return Hold(root, root.revision); }

  // Holds a rebuilt state, served as that of `revision`. REQUIRES: it has a user.
  StateHold Hold(RebuiltState& state, uint64_t revision);

  // One user less.
  void Release(RebuiltState* state);

  // A root without anything in it yet, or null when memory is out.
  Root* MakeRoot(uint64_t tick);

  // Counts the bytes of a version that was made (or that could not be used and is freed).
  void CountVersion(const Version& version);
  void FreeVersion(Version* version);

  // Hands over what the current root has no more. Empty afterwards.
  void Retire(RetiredList& replaced) { epochs_.Retire(replaced); }

  // Frees what nobody sees any more, at most about so many things; tells whether there is more.
  bool Reclaim(size_t items_max);

  // States that are held, by whatever kind of reader.
  uint64_t state_holds() const { return state_holds_.load(std::memory_order_relaxed); }

  // Of all versions, whoever keeps them.
  uint64_t version_bytes() const { return version_bytes_.load(std::memory_order_relaxed); }

 private:
  friend class StateHold;

  StateHold MakeHold(const State& state, uint64_t generation, uint64_t revision, uint64_t tick);
  void Free(Retired* item);
  void FreeOwnNodes(TreeNode<Namespace*>* node, uint64_t mark);
  void FreeOwnNodes(TreeNode<Version*>* node, uint64_t mark);

  Arena arena_;
  InternTable strings_;
  EpochDomain epochs_;
  HeldRoots held_;
  EventLog log_;
  ShardTurns turns_;
  // Immutable after construction.
  std::vector<std::string> fields_;
  FieldPaths field_paths_;
  IndexDeclaration indexes_;
  // Atomic.
  std::atomic<uint64_t> version_bytes_ = 0;
  std::atomic<uint64_t> state_holds_ = 0;
  std::atomic<Root*> root_ = nullptr;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_SHARD_STORE_H_
