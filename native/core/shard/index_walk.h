// Walks the objects that an index has of a scope, in key order: the candidates of the requirement
// that leaves fewest of them, and not the objects of its whole place.
//
//   app=web, spec.node=n1     index of spec.node: 100 entries      <- walked
//                             index of app:    40 000 entries
//                             all objects:  1 000 000, passed over by signature
//
//  1. A requirement counts if it demands one of some labels of an indexed key, or a value other
//     than '' of an indexed field. Entries are counted, never guessed, and counting few is cheap.
//  2. An object that is looked up costs as much as many that are passed over (kPassedOverCount), so
//     common values are left to a walk of the place.
//  3. Candidates are no answers: whoever walks asks each whether the scope selects it.
// Thread rule: belongs to one thread, which keeps the state and the scope for as long as it walks.

#ifndef NATIVE_CORE_SHARD_INDEX_WALK_H_
#define NATIVE_CORE_SHARD_INDEX_WALK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/object/key.h"
#include "native/core/object/scope.h"
#include "native/core/object/version.h"
#include "native/core/shard/root.h"

namespace shardwatch {

class IndexWalk {
 public:
  // From the first object that is not below `start`; null where a walk of the scope's whole place
  // costs less, or nothing in it is indexed, or memory is out.
  static std::unique_ptr<IndexWalk> Choose(const State& state, const Scope& scope,
                                           const std::optional<KeyView>& start);

  IndexWalk(const IndexWalk&) = delete;
  IndexWalk& operator=(const IndexWalk&) = delete;

  // The next candidate, or null at the end.
  const Version* Next();

  // Of the index.
  uint16_t number() const { return number_; }

 private:
  // Objects that a walk passes over by their signatures in the time of one lookup by name.
  static constexpr uint64_t kPassedOverCount = 32;

  // So few candidates are looked up in less time than it takes to wonder.
  static constexpr uint64_t kFewCandidates = 8;

  // Looked up together, so that memory brings for all of them what it would bring for one.
  static constexpr uint32_t kBlockMin = 4;
  static constexpr uint32_t kBlockMax = 32;

  // More alternatives than this of one requirement are not merged.
  static constexpr size_t kAlternativesMax = 64;

  using Entries = TreeCursor<IndexShape>;

  // The entries of one value.
  struct Range {
    Entries entries;
    // How the texts of all of them begin.
    std::string beginning;
    const IndexEntry* next;
  };

  // What the entries of one requirement begin with, and how many there are.
  struct Candidates {
    uint16_t number = 0;
    std::vector<std::string> beginnings;
    uint64_t count = 0;
  };

  // For the object that an entry names.
  struct Search {
    std::string_view name;
    const TreeNode<Version*>* node = nullptr;
    TreeNode<Version*>* const* child = nullptr;
  };

  IndexWalk(const ObjectDirectory& directory, uint16_t number)
      : directory_(directory), number_(number) {}

  static Candidates Count(const State& state, const Scope& scope, uint16_t number,
                          LabelSpan values);
  void Add(const IndexEntries& entries, std::string beginning, std::string_view start);
  static void Step(Range& range);
  const IndexEntry* NextEntry();
  void ReadBlock();
  size_t TakeEntries(std::span<Search> searches);
  static bool Descend(std::span<Search> searches);
  static void FetchLikely(std::span<const Search> searches);

  const ObjectDirectory directory_;
  const uint16_t number_;
  std::vector<Range> ranges_;
  // The namespace that was looked up last.
  std::string_view namespace_name_;
  Objects objects_;
  bool has_objects_ = false;
  std::array<const Version*, kBlockMax> block_{};
  uint32_t block_size_ = 0;
  uint32_t next_in_block_ = 0;
  uint32_t block_max_ = kBlockMin;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_SHARD_INDEX_WALK_H_
