// Sorting no earlier than needed; see key_ladder.h. Thread rule: as told there.

#include "native/core/heap/key_ladder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "native/core/heap/key_memory.h"
#include "native/core/heap/key_sort.h"

namespace shardwatch {

namespace {

// So many keys are drawn for each part of a bucket.
constexpr size_t kDrawnPerPart = 4;

// Buckets of a ladder of any size, at least: a split makes sixteen.
constexpr size_t kBucketsMin = 24;

// Memory for so many things, and what was there before.
template <typename Thing>
bool GrowArray(Thing*& things, size_t used, size_t count, size_t* bytes) {
  size_t new_bytes = 0;
  void* const memory = MapKeys(count * sizeof(Thing), &new_bytes);
  if (memory == nullptr) return false;
  auto* const grown = static_cast<Thing*>(memory);
  if (things != nullptr) {
    std::copy(things, things + used, grown);
    UnmapKeys(things, *bytes);
  }
  things = grown;
  *bytes = new_bytes;
  return true;
}

template <typename Thing>
void DropArray(Thing*& things, size_t* bytes) {
  if (things != nullptr) UnmapKeys(things, *bytes);
  things = nullptr;
  *bytes = 0;
}

// Where keys go of a bucket that is split: a tree of splitters, the children of i at 2i and 2i + 1.
template <size_t kPartsMax>
class SplitTree {
 public:
  // REQUIRES: `splitters` are one fewer than a power of two, in order.
  explicit SplitTree(std::span<const HeapKey> splitters) : parts_(splitters.size() + 1) {
    size_t node = 1;
    for (size_t width = parts_; width > 1; width /= 2) {
      for (size_t at = width / 2; at < parts_; at += width) nodes_[node++] = splitters[at - 1];
    }
  }

  // How many splitters are not behind each of some keys. They do not wait for one another.
  template <size_t kCount>
  std::array<size_t, kCount> PartsOf(const HeapKey* keys) const {
    std::array<size_t, kCount> places;
    places.fill(1);
    for (size_t level = 1; level < parts_; level *= 2) {
      for (size_t index = 0; index < kCount; ++index) {
        const bool is_behind = !(keys[index] < nodes_[places[index]]);
        places[index] = 2 * places[index] + (is_behind ? 1 : 0);
      }
    }
    for (size_t& place : places) place -= parts_;
    return places;
  }

 private:
  size_t parts_;
  std::array<HeapKey, kPartsMax> nodes_;
};

}  // namespace

KeyLadder::~KeyLadder() { Clear(); }

size_t KeyLadder::BucketsMax(size_t size) {
  return std::max(kBucketsMin, std::min(size / 32, 64 + size / 2'048));
}

size_t KeyLadder::BlocksMax(size_t size) {
  // Each bucket may have one that is not full; so may each part of one that is being split, of
  // which one block is read, and what Renumber makes.
  return size / KeyBlock::kKeys + BucketsMax(size) + kWaysMax + 4;
}

bool KeyLadder::Grow(size_t count) {
  const size_t size = std::max({size_ + count, reserved_ + reserved_ / 2, kFrontMax});
  if (front_ == nullptr && !GrowArray(front_, 0, kFrontRoom, &front_bytes_)) return false;
  if (size > kFrontMax) {
    const size_t buckets = BucketsMax(size);
    if (buckets > buckets_max_) {
      if (!GrowArray(bounds_, bucket_count_, buckets, &bounds_bytes_) ||
          !GrowArray(buckets_, bucket_count_, buckets, &buckets_bytes_)) {
        return false;
      }
      buckets_max_ = buckets;
    }
    if (!blocks_.Reserve(BlocksMax(size))) return false;
  }
  reserved_ = size;
  return true;
}

size_t KeyLadder::PopRun(std::span<HeapKey> keys) {
  const size_t wanted = std::min(keys.size(), size_);
  for (size_t count = 0; count < wanted;) {
    if (first_ == end_) Refill();
    const size_t some = std::min(wanted - count, end_ - first_);
    std::copy_n(front_ + first_, some, keys.data() + count);
    first_ += some;
    count += some;
  }
  size_ -= wanted;
  return wanted;
}

void KeyLadder::Extend(Bucket& bucket) {
  KeyBlock* const block = blocks_.Take();
  if (bucket.last == nullptr) {
    bucket.first = block;
  } else {
    bucket.last->next = block;
  }
  bucket.last = block;
  bucket.next = block->keys;
  bucket.end = block->keys + KeyBlock::kKeys;
}

void KeyLadder::PushFront(const HeapKey& key) {
  if (first_ == end_) {
    MoveFront(kFrontRoom / 2);
    front_[end_++] = key;
    return;
  }
  if (end_ - first_ == kFrontMax) {
    SpillFront();
    if (!(key < bounds_[bucket_count_ - 1])) {
      Append(buckets_[bucket_count_ - 1], key);
      return;
    }
  }
  size_t place = std::upper_bound(front_ + first_, front_ + end_, key) - front_;
  // Whichever side is shorter makes room.
  if (place - first_ < end_ - place) {
    if (first_ == 0) {
      MoveFront(kFrontRoom / 2);
      place += first_;
    }
    std::copy(front_ + first_, front_ + place, front_ + first_ - 1);
    --first_;
    front_[place - 1] = key;
    return;
  }
  if (end_ == kFrontRoom) {
    place -= first_ - kFrontRoom / 4;
    MoveFront(kFrontRoom / 4);
  }
  std::copy_backward(front_ + place, front_ + end_, front_ + end_ + 1);
  ++end_;
  front_[place] = key;
}

void KeyLadder::SpillFront() {
  if (bucket_count_ == buckets_max_) MergeLeast();
  const size_t middle = first_ + (end_ - first_) / 2;
  Bucket spilt;
  for (size_t index = middle; index < end_; ++index) Append(spilt, front_[index]);
  AddBucket(bucket_count_, front_[middle], spilt);
  end_ = middle;
}

void KeyLadder::MoveFront(size_t first) {
  std::memmove(front_ + first, front_ + first_, (end_ - first_) * sizeof(HeapKey));
  end_ = first + (end_ - first_);
  first_ = first;
}

void KeyLadder::Refill() {
  while (first_ == end_) {
    const Bucket nearest = buckets_[bucket_count_ - 1];
    if (nearest.size > kSortedMax) {
      Split(bucket_count_ - 1);
      continue;
    }
    --bucket_count_;
    // Room is left for what will be before these.
    first_ = kFrontRoom / 4;
    end_ = first_;
    Drain(nearest, [this](const HeapKey& key) { front_[end_++] = key; });
    std::array<HeapKey, kSortedMax> scratch;
    SortKeys({front_ + first_, end_ - first_}, scratch);
  }
}

void KeyLadder::Split(size_t index) {
  const bool is_nearest = index + 1 == bucket_count_;
  if (bucket_count_ == buckets_max_) {
    // What is pushed may wait until the bucket is the nearest.
    if (!is_nearest) return;
    MergeLeast();
    --index;
  }
  const Bucket whole = buckets_[index];
  const size_t ways = std::bit_floor(std::min(
      {kWaysMax, std::max<size_t>(2, whole.size / kPartKeys), buckets_max_ - bucket_count_ + 1}));
  std::array<HeapKey, kWaysMax - 1> drawn;
  const auto splitters = std::span(drawn).first(ways - 1);
  Draw(whole, splitters);
  const SplitTree<kWaysMax> tree(splitters);
  std::array<Bucket, kWaysMax> parts;
  size_t left = whole.size;
  for (KeyBlock* block = whole.first; block != nullptr;) {
    const size_t count = std::min(left, KeyBlock::kKeys);
    size_t at = 0;
    constexpr size_t kAtOnce = 4;
    for (; at + kAtOnce <= count; at += kAtOnce) {
      const HeapKey* const keys = block->keys + at;
      const auto places = tree.template PartsOf<kAtOnce>(keys);
      for (size_t some = 0; some < kAtOnce; ++some) Append(parts[places[some]], keys[some]);
    }
    for (; at < count; ++at) {
      const HeapKey& key = block->keys[at];
      Append(parts[tree.template PartsOf<1>(&key)[0]], key);
    }
    left -= count;
    KeyBlock* const next = block->next;
    blocks_.Give(block);
    block = next;
  }
  // The nearest part takes the place and the bound of the whole; the others are before it.
  buckets_[index] = parts[0];
  for (size_t part = 1; part < ways; ++part) AddBucket(index, splitters[part - 1], parts[part]);
}

void KeyLadder::Draw(const Bucket& bucket, std::span<HeapKey> splitters) {
  const size_t parts = splitters.size() + 1;
  const size_t count = parts * kDrawnPerPart;
  std::array<HeapKey, kWaysMax * kDrawnPerPart> drawn;
  const KeyBlock* block = bucket.first;
  size_t begin = 0;
  for (size_t index = 0; index < count; ++index) {
    // One of each stretch of keys, somewhere in it.
    const size_t from = bucket.size * index / count;
    const size_t width = bucket.size * (index + 1) / count - from;
    draw_ ^= draw_ << 13;
    draw_ ^= draw_ >> 7;
    draw_ ^= draw_ << 17;
    const size_t place = from + (draw_ >> 32) * width / (uint64_t{1} << 32);
    for (; place >= begin + KeyBlock::kKeys; begin += KeyBlock::kKeys) block = block->next;
    drawn[index] = block->keys[place - begin];
  }
  std::array<HeapKey, kWaysMax * kDrawnPerPart> scratch;
  SortKeys(std::span(drawn).first(count), scratch);
  for (size_t part = 1; part < parts; ++part) splitters[part - 1] = drawn[part * kDrawnPerPart];
}

void KeyLadder::AddBucket(size_t index, const HeapKey& bound, const Bucket& bucket) {
  assert(bucket_count_ < buckets_max_);
  std::copy_backward(bounds_ + index, bounds_ + bucket_count_, bounds_ + bucket_count_ + 1);
  std::copy_backward(buckets_ + index, buckets_ + bucket_count_, buckets_ + bucket_count_ + 1);
  bounds_[index] = bound;
  buckets_[index] = bucket;
  ++bucket_count_;
}

void KeyLadder::MergeLeast() {
  // The nearest bucket stays what it is: it is about to be split.
  size_t least = 1;
  const auto size_at = [this](size_t index) {
    return buckets_[index].size + buckets_[index - 1].size;
  };
  for (size_t index = 2; index + 1 < bucket_count_; ++index) {
    if (size_at(index) < size_at(least)) least = index;
  }
  Bucket& nearer = buckets_[least];
  const Bucket farther = buckets_[least - 1];
  if (nearer.size == 0) {
    nearer = farther;
  } else if (farther.size > 0) {
    // Full blocks are hung before the others; the keys of the last one, which may not be full, are
    // added to them.
    Bucket both = farther;
    const size_t partial = (nearer.size - 1) % KeyBlock::kKeys + 1;
    KeyBlock* const last = nearer.last;
    for (size_t at = 0; at < partial; ++at) Append(both, last->keys[at]);
    if (nearer.first != last) {
      KeyBlock* full = nearer.first;
      while (full->next != last) full = full->next;
      full->next = both.first;
      both.first = nearer.first;
    }
    blocks_.Give(last);
    both.size = nearer.size + farther.size;
    nearer = both;
  }
  std::copy(bounds_ + least, bounds_ + bucket_count_, bounds_ + least - 1);
  std::copy(buckets_ + least, buckets_ + bucket_count_, buckets_ + least - 1);
  --bucket_count_;
}

void KeyLadder::Clear() {
  DropArray(front_, &front_bytes_);
  DropArray(bounds_, &bounds_bytes_);
  DropArray(buckets_, &buckets_bytes_);
  blocks_.Clear();
  first_ = 0;
  end_ = 0;
  bucket_count_ = 0;
  buckets_max_ = 0;
  size_ = 0;
  reserved_ = 0;
}

bool KeyLadder::IsWhole() const {
  size_t size = end_ - first_;
  size_t blocks = 0;
  for (size_t index = first_; index < end_; ++index) {
    if (index > first_ && !(front_[index - 1] < front_[index])) return false;
    if (bucket_count_ > 0 && !(front_[index] < bounds_[bucket_count_ - 1])) return false;
  }
  for (size_t index = 0; index < bucket_count_; ++index) {
    const HeapKey& bound = bounds_[index];
    if (index > 0 && !(bound < bounds_[index - 1])) return false;
    size_t left = buckets_[index].size;
    size += left;
    for (const KeyBlock* block = buckets_[index].first; block != nullptr; block = block->next) {
      ++blocks;
      for (size_t at = 0; at < KeyBlock::kKeys && left > 0; ++at, --left) {
        const HeapKey& key = block->keys[at];
        if (key < bound || (index > 0 && !(key < bounds_[index - 1]))) return false;
      }
    }
    if (left > 0) return false;
  }
  return size == size_ && size_ <= reserved_ && bucket_count_ <= buckets_max_ &&
         blocks == blocks_.Taken() && end_ <= kFrontRoom;
}

}  // namespace shardwatch
