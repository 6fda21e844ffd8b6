// The tape: what one pass over a JSON document leaves behind, in reading order.
//
// Every value and every key is one entry; a container's children follow it directly and end at its
// `stop`. Siblings are linked by `next`, so that an object's keys can be put in order by changing
// links alone.
//
//   {"b":[1],"a":"x"}      object first-+
//                           key b  <----|-+       next = none
//                           array [1]   | | next
//                           number 1    | |
//                           key a  <----+-+
//                           string x
//
//  1. The value of a key is the entry after it.
//  2. `start` and `end` are offsets in the document, quotes of strings and keys left out.
//  3. The children of an array that is canonical already are dropped when it closes: nobody looks
//     into it again.
//  4. Memory that is out is told, not thrown: Append returns kNoEntry.
// Thread rule: a tape belongs to its scanner.

#ifndef NATIVE_CORE_OBJECT_TAPE_H_
#define NATIVE_CORE_OBJECT_TAPE_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <type_traits>
#include <vector>

namespace shardwatch {

using EntryIndex = uint32_t;
inline constexpr EntryIndex kNoEntry = UINT32_MAX;

enum class TapeKind : uint8_t { kKey, kString, kNumber, kTrue, kFalse, kNull, kObject, kArray };

struct TapeEntry {
  TapeKind kind;
  // The string or key contains a backslash.
  bool is_escaped;
  // The text is not in canonical form as it stands.
  bool needs_rewrite;
  uint32_t start;
  uint32_t end;
  // Of a container its first child or none; of an escaped key the index of its unescaped text.
  EntryIndex first;
  // The next key of the same object, or element of the same array.
  EntryIndex next;
  // The entry behind the last one of a container.
  EntryIndex stop;
};

static_assert(sizeof(TapeEntry) == 24 && std::is_trivially_copyable_v<TapeEntry>);

inline bool IsContainer(TapeKind kind) { return kind >= TapeKind::kObject; }

// Empties what was gathered from a document, and gives its memory back where a large document has
// made it too large to keep.
template <typename Item>
void ClearAndShrink(std::vector<Item>& items) {
  // 512 KiB of the largest.
  constexpr size_t kItemsKeptMax = 16 * 1024;
  items.clear();
  // Without exceptions shrink_to_fit does nothing.
  if (items.capacity() > kItemsKeptMax) std::vector<Item>().swap(items);
}

class Tape {
 public:
  TapeEntry& operator[](EntryIndex index) { return entries_[index]; }
  const TapeEntry& operator[](EntryIndex index) const { return entries_[index]; }

  EntryIndex size() const { return size_; }

  // Forgets the entries from `size` on.
  void Truncate(EntryIndex size) { size_ = size; }

  // A new entry without links, or kNoEntry when memory is out.
  EntryIndex Append(TapeKind kind, uint32_t start) {
    if (size_ == capacity_ && !Grow()) return kNoEntry;
    entries_[size_] = {kind, false, false, start, start, kNoEntry, kNoEntry, kNoEntry};
    return size_++;
  }

  // Gives a tape back that a large document has made too large to keep.
  void Shrink() {
    if (capacity_ <= kEntriesKeptMax) return;
    entries_.reset();
    capacity_ = size_ = 0;
  }

 private:
  // 6 MiB.
  static constexpr EntryIndex kEntriesKeptMax = 256 * 1024;
  static constexpr EntryIndex kEntriesInitial = 1024;

  struct Free {
    void operator()(TapeEntry* entries) const { std::free(entries); }
  };

  // A document of kJsonBytesMax has fewer entries than 32 bits count.
  bool Grow() {
    const EntryIndex capacity = capacity_ == 0 ? kEntriesInitial : capacity_ * 2;
    void* const memory = std::realloc(entries_.get(), capacity * sizeof(TapeEntry));
    if (memory == nullptr) return false;
    static_cast<void>(entries_.release());
    entries_.reset(static_cast<TapeEntry*>(memory));
    capacity_ = capacity;
    return true;
  }

  std::unique_ptr<TapeEntry[], Free> entries_;
  EntryIndex size_ = 0;
  EntryIndex capacity_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_TAPE_H_
