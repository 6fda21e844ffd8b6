// A root: everything that readers see of a cache at one moment. Immutable; published as a whole, by
// the exchange of one pointer.
//
//   root 41 ─ generation, revision, log (first, end) ─ directory ─ namespaces ─ objects
//      |                                             \ index
//   root 42 ─     "          "          "                 "    \__ shares what did not change
//
// Roots, and everything that they consist of, are numbered by ticks: a change has one, and a root
// one behind those of its changes. So a state between two roots (in the middle of a batch) has a
// tick of its own too, and no two states have the same.
// Thread rule: any thread that keeps the root (an epoch's pin, or a hold).

#ifndef NATIVE_CORE_SHARD_ROOT_H_
#define NATIVE_CORE_SHARD_ROOT_H_

#include <compare>
#include <cstdint>
#include <string_view>

#include "native/core/epoch/held_roots.h"
#include "native/core/epoch/retired.h"
#include "native/core/log/event_log.h"
#include "native/core/object/version.h"
#include "native/core/shard/object_index.h"
#include "native/core/tree/directory.h"

namespace shardwatch {

struct ObjectShape {
  using Item = Version*;
  using Key = std::string_view;
  static Key KeyOf(const Version* version) { return version->name(); }
  static std::strong_ordering Compare(Key left, Key right) { return left <=> right; }
  static constexpr std::string_view kKeyEnd = "";
  static uint64_t WeightOf(const Version*) { return 1; }
  static Signature SignatureOf(const Version* version) { return version->signature(); }
};

using Objects = TreeSnapshot<ObjectShape>;
using ObjectsEdit = TreeEdit<ObjectShape>;
using ObjectSupply = NodeSupply<Version*>;
using ObjectDirectory = Directory<ObjectShape>;
using ObjectDirectoryEdit = DirectoryEdit<ObjectShape>;
using ObjectCursor = DirectoryCursor<ObjectShape>;
using Namespace = NamespaceEntry<ObjectShape>;
using NamespaceSupply = NodeSupply<Namespace*>;

// What a Retired is.
enum class RetiredKind : uint8_t {
  kVersion,
  kObjectNode,
  kNamespaceNode,
  kNamespace,
  kRoot,
  kLogSegment,
  kLogTable,
  kIndexEntry,
  kIndexNode,
};

// The objects of one moment, and what finds them by their values.
struct State {
  ObjectDirectory directory;
  ObjectIndex index;
};

struct Root : Retired, HoldableRoot {
  explicit Root(uint64_t tick) : HoldableRoot(tick) {
    birth = tick;
    kind = static_cast<uint8_t>(RetiredKind::kRoot);
  }

  uint64_t tick() const { return ticket(); }

  // Raised by a replacement of everything. Watches and history do not outlive it, held roots do.
  uint64_t generation = 0;
  uint64_t revision = 0;
  // The root holds the effect of every record below its end, and of no other.
  LogView log;
  State state;
  // Of the versions in the directory.
  uint64_t bytes = 0;
  // Whether it is the last one, which has nothing: it is no state of the cache, but its end.
  bool is_closed = false;
  // Guarded by the history's lock. The next newer root that it retains.
  Root* retained_next = nullptr;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_SHARD_ROOT_H_
