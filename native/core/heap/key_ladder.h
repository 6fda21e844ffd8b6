// Keys of which the first ones leave, put in order no earlier than they have to be.
//
//   front      [ 3 5 8 9 | … ]          sorted; the first leaves
//   buckets    [ 14 11 12 ] [ 30 21 … ] [ 78 44 95 51 … ]       not sorted, the nearest last
//   bounds       10          20          40
//
//  1. A key of a bucket is not before the bucket's bound, and before that of the bucket behind it.
//     What is before all bounds is in the front.
//  2. When the front is used up, the nearest bucket becomes the front. If it has too many keys, it
//     is split first, by keys that are drawn from it, into some that have about kPartKeys.
//  3. A bucket that gets more than kBucketKeysMax is split at once: no call splits more than that.
//  4. Only Reserve needs memory: it sees to blocks for all keys, and for the last block of each
//  bucket,
//     which may not be full. Where there are as many buckets as were reckoned with, two neighbours
//     become one before another is made.
//
// A key is moved two or three times and sorted among a hundred others, one after the other in
// memory, whatever the number of keys. A heap moves it as often as it has levels, all over memory.
//
// Thread rule: belongs to whoever guards it.

#ifndef NATIVE_CORE_HEAP_KEY_LADDER_H_
#define NATIVE_CORE_HEAP_KEY_LADDER_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "native/core/heap/heap_key.h"
#include "native/core/heap/key_blocks.h"

namespace shardwatch {

class KeyLadder {
 public:
  // Keys of a part, when a bucket is split.
  static constexpr size_t kPartKeys = 64;
  static constexpr size_t kBucketKeysMax = 32'768;
  // Of the front; more than these are a bucket's.
  static constexpr size_t kFrontMax = 256;

  KeyLadder() = default;
  ~KeyLadder();
  KeyLadder(const KeyLadder&) = delete;
  KeyLadder& operator=(const KeyLadder&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Makes room for so many keys more; false when memory is out.
  bool Reserve(size_t count) { return size_ + count <= reserved_ || Grow(count); }

  // REQUIRES: there is room.
  void Push(const HeapKey& key) {
    assert(size_ < reserved_);
    ++size_;
    if (bucket_count_ == 0 || key < bounds_[bucket_count_ - 1]) {
      PushFront(key);
      return;
    }
    const size_t index = BucketOf(key);
    Bucket& bucket = buckets_[index];
    Append(bucket, key);
    if (bucket.size > kBucketKeysMax) Split(index);
  }

  // The first key. REQUIRES: not empty.
  const HeapKey& Top() {
    assert(size_ > 0);
    if (first_ == end_) Refill();
    return front_[first_];
  }

  // Drops the first key. REQUIRES: not empty.
  void Pop() {
    Top();
    ++first_;
    --size_;
  }

  // Drops the first keys, as many as there is room for, and tells them: how many they are.
  size_t PopRun(std::span<HeapKey> keys);

  // Calls `see(key)` for all keys, in any order.
  template <typename See>
  void ForEach(const See& see) const {
    for (size_t index = first_; index < end_; ++index) see(front_[index]);
    for (size_t index = 0; index < bucket_count_; ++index) {
      size_t left = buckets_[index].size;
      for (const KeyBlock* block = buckets_[index].first; left > 0; block = block->next) {
        for (size_t at = 0; at < KeyBlock::kKeys && left > 0; ++at, --left) see(block->keys[at]);
      }
    }
  }

  // Drops the keys for which `is_kept(key)` does not hold; their room stays.
  template <typename IsKept>
  void Filter(const IsKept& is_kept) {
    size_t end = first_;
    for (size_t index = first_; index < end_; ++index) {
      if (is_kept(front_[index])) front_[end++] = front_[index];
    }
    end_ = end;
    size_ = end_ - first_;
    for (size_t index = 0; index < bucket_count_; ++index) {
      Bucket kept;
      Drain(buckets_[index], [&](const HeapKey& key) {
        if (is_kept(key)) Append(kept, key);
      });
      buckets_[index] = kept;
      size_ += kept.size;
    }
  }

  // Puts the keys in order and has each be `change(key)`, which must keep that order.
  template <typename Change>
  void Renumber(const Change& change) {
    if (bucket_count_ == 0) {
      for (size_t index = first_; index < end_; ++index) front_[index] = change(front_[index]);
      return;
    }
    Bucket all;
    for (; size_ > 0; Pop()) Append(all, change(Top()));
    size_ = all.size;
    bucket_count_ = 0;
    AddBucket(0, HeapKey{}, all);
  }

  // Drops all keys, and gives the memory back.
  void Clear();

  // Whether the rules above hold; for tests.
  bool IsWhole() const;

 private:
  static constexpr size_t kWaysMax = 16;
  static constexpr size_t kFrontRoom = 2 * kFrontMax;
  // A bucket of so many becomes the front as it is.
  static constexpr size_t kSortedMax = 192;

  struct Bucket {
    // Where the next key goes; at `end` a block is to be taken.
    HeapKey* next = nullptr;
    HeapKey* end = nullptr;
    KeyBlock* first = nullptr;
    KeyBlock* last = nullptr;
    size_t size = 0;
  };

  static size_t BucketsMax(size_t size);
  static size_t BlocksMax(size_t size);

  // The bucket whose bound is the last that is not behind the key. REQUIRES: there is one.
  size_t BucketOf(const HeapKey& key) const {
    size_t index = 0;
    for (size_t count = bucket_count_; count > 1;) {
      const size_t half = count / 2;
      index += key < bounds_[index + half - 1] ? half : 0;
      count -= half;
    }
    return index;
  }

  void Append(Bucket& bucket, const HeapKey& key) {
    if (bucket.next == bucket.end) Extend(bucket);
    *bucket.next++ = key;
    ++bucket.size;
  }
  void Extend(Bucket& bucket);

  // Calls `take(key)` for all keys and gives up their blocks, each before the next one.
  template <typename Take>
  void Drain(const Bucket& bucket, const Take& take) {
    size_t left = bucket.size;
    for (KeyBlock* block = bucket.first; block != nullptr;) {
      for (size_t at = 0; at < KeyBlock::kKeys && left > 0; ++at, --left) take(block->keys[at]);
      KeyBlock* const next = block->next;
      blocks_.Give(block);
      block = next;
    }
  }

  bool Grow(size_t count);
  void PushFront(const HeapKey& key);
  // Gives the second half of the front to a bucket of its own.
  void SpillFront();
  void MoveFront(size_t first);
  void Refill();
  void Split(size_t index);
  // Keys that split a bucket into as many parts as there are, one fewer than those, in order.
  void Draw(const Bucket& bucket, std::span<HeapKey> splitters);
  void AddBucket(size_t index, const HeapKey& bound, const Bucket& bucket);
  void MergeLeast();

  HeapKey* front_ = nullptr;
  // Of the front: the first key's place, and the one behind the last's.
  size_t first_ = 0;
  size_t end_ = 0;
  // The nearest bucket is the last one: buckets come and go there.
  HeapKey* bounds_ = nullptr;
  Bucket* buckets_ = nullptr;
  size_t bucket_count_ = 0;
  size_t buckets_max_ = 0;
  // Of the memory at front_, bounds_ and buckets_.
  size_t front_bytes_ = 0;
  size_t bounds_bytes_ = 0;
  size_t buckets_bytes_ = 0;
  KeyBlocks blocks_;
  size_t size_ = 0;
  size_t reserved_ = 0;
  // What is drawn has to be no secret, only no pattern of what is pushed.
  uint64_t draw_ = 0x9e3779b97f4a7c15;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_HEAP_KEY_LADDER_H_
