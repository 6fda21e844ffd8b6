// Shards of a type's objects (KEP-5866): those whose uid, or namespace, has a hash in some ranges.
// So that a few clients divide all objects among themselves, each watches a shard of its own.
//
//   0            8000...                ffff...
//   [ first client )[ second client           ]     FNV-1a, 64 bits, of the uid
//
//  1. An object is in the shard if a range has its hash. A selector without ranges has all objects.
//  2. The uid is read out of the canonical bytes, behind the resourceVersion: it is no part of what
//     is kept of a version. An absent one has the hash of the empty text.
//  3. Escapes of a uid are hashed as they stand there. (Kubernetes' uids have none.)
//  4. Both engines answer alike: lib/engine/javascript/shard-hash.ts.
// Thread rule: immutable once filled; any thread may ask.

#ifndef NATIVE_CORE_OBJECT_SHARD_SELECTOR_H_
#define NATIVE_CORE_OBJECT_SHARD_SELECTOR_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "native/core/object/version.h"

namespace shardwatch {

enum class ShardKey : uint8_t { kUid, kNamespace };

// Hashes from `first` up to `last`, which is one of them.
struct ShardRange {
  uint64_t first = 0;
  uint64_t last = 0;
};

uint64_t ShardHash(std::string_view text);

// The value of metadata.uid as it stands in the version's bytes, without its quotes.
std::string_view UidOf(const Version& version);

class ShardSelector {
 public:
  void Set(ShardKey key, std::span<const ShardRange> ranges) {
    key_ = key;
    ranges_.assign(ranges.begin(), ranges.end());
  }

  bool empty() const { return ranges_.empty(); }

  bool Matches(const Version& version) const {
    if (empty()) return true;
    const uint64_t hash =
        ShardHash(key_ == ShardKey::kUid ? UidOf(version) : version.namespace_name()->text());
    for (const ShardRange& range : ranges_) {
      if (hash >= range.first && hash <= range.last) return true;
    }
    return false;
  }

 private:
  ShardKey key_ = ShardKey::kUid;
  std::vector<ShardRange> ranges_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_SHARD_SELECTOR_H_
