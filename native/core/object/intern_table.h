// Strings that repeat from object to object, kept once: namespaces, apiVersions, index values, and
// labels as pairs of key and value. An interned string is named by its address, so that two objects
// have the same label exactly if they have the same pointer.
//
//   labels of a version:  [ * ] [ * ]            pair "web"    users 2  key -> "app"
//                           |     +------------> pair "canary" users 1  key -> "track"
//                           +------------------> ...                    plain "app" users 1 (pair)
//
//  1. Whoever uses a string holds a count on it; a pair holds one on its key. With the last count
//     the string is gone and its memory given back; its address may then name another one.
//  2. So a compiled selector holds counts on what it names, or a new label could be taken for it.
//  3. A count never rises from zero: what Acquire finds is still in the table, and it leaves the
//     table under the same lock under which its count falls to zero.
//  4. Memory that is out is told by a null pointer and changes nothing.
//  5. The table outlives the counts; its destructor asserts that none is left.
// Thread rule: any thread. Strings are immutable and read without a lock by whoever holds a count.
// Lock order: one stripe at a time; the arena's bins below it.

#ifndef NATIVE_CORE_OBJECT_INTERN_TABLE_H_
#define NATIVE_CORE_OBJECT_INTERN_TABLE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "native/core/bytes/arena.h"

namespace shardwatch {

// A string with its text behind it.
class alignas(kSlotAlignment) InternedString {
 public:
  InternedString(const InternedString&) = delete;
  InternedString& operator=(const InternedString&) = delete;

  // Of a pair, the value.
  std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), size_}; }

  // Of a pair, its key; null for a plain string.
  const InternedString* key() const { return key_; }

  // Of the text, and of a pair's key with it; equal for equal ones of one table.
  uint64_t hash() const { return hash_; }

 private:
  friend class InternTable;

  InternedString(uint64_t hash, uint32_t size, const InternedString* key)
      : hash_(hash), key_(key), users_(1), size_(size) {}

  // Immutable after construction.
  const uint64_t hash_;
  const InternedString* const key_;
  // Atomic. Falls to zero under the stripe's lock only.
  mutable std::atomic<uint32_t> users_;
  // Immutable after construction.
  const uint32_t size_;
};

class InternTable {
 public:
  // `seed` keeps those who choose labels from choosing them to collide.
  InternTable(Arena& arena, uint64_t seed) : arena_(arena), seed_(seed) {}
  ~InternTable();
  InternTable(const InternTable&) = delete;
  InternTable& operator=(const InternTable&) = delete;

  // The one string or pair of that text, with a count for the caller; null when memory is out.
  const InternedString* Acquire(std::string_view text) { return Acquire(Wanted{.text = text}); }
  const InternedString* AcquireLabel(std::string_view key, std::string_view value);

  // One count more. REQUIRES: the caller holds one, or has the string kept in another way.
  static const InternedString* Share(const InternedString* string);

  // One count less; null is none.
  void Release(const InternedString* string);

  // Strings and pairs in the table.
  size_t size() const;

 private:
  struct Wanted {
    std::string_view text;
    // Of a pair.
    std::string_view key_text = {};
    bool is_pair = false;
    uint64_t hash = 0;
  };

  struct alignas(64) Stripe {
    mutable std::mutex mu;
    // Guarded by mu. Open addressing; null is free. The capacity is a power of two.
    std::unique_ptr<const InternedString*[]> slots;
    size_t capacity = 0;
    size_t size = 0;
  };

  static constexpr size_t kStripes = 16;

  const InternedString* Acquire(Wanted wanted);
  const InternedString* Find(Stripe& stripe, const Wanted& wanted) const;
  bool Insert(Stripe& stripe, const InternedString* string);
  const InternedString* Make(const Wanted& wanted);
  void Destroy(const InternedString* string);
  static void Erase(Stripe& stripe, const InternedString* string);
  static bool Resize(Stripe& stripe, size_t capacity);
  static bool Matches(const InternedString& string, const Wanted& wanted);
  static size_t HomeOf(const Stripe& stripe, const InternedString* string);
  Stripe& StripeOf(uint64_t hash) { return stripes_[hash >> 60]; }

  // Immutable after construction.
  Arena& arena_;
  const uint64_t seed_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_INTERN_TABLE_H_
