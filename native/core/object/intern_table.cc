// Finding, making and forgetting interned strings; see intern_table.h. Thread rule: any thread.

#include "native/core/object/intern_table.h"

#include <cassert>
#include <cstring>
#include <new>

#include "native/core/object/text_hash.h"

namespace shardwatch {

namespace {

constexpr size_t kCapacityInitial = 16;
constexpr uint32_t kTextBytesMax = UINT32_MAX - sizeof(InternedString);

}  // namespace

InternTable::~InternTable() { assert(size() == 0); }

const InternedString* InternTable::AcquireLabel(std::string_view key, std::string_view value) {
  return Acquire(Wanted{.text = value, .key_text = key, .is_pair = true});
}

const InternedString* InternTable::Acquire(Wanted wanted) {
  if (wanted.text.size() > kTextBytesMax) return nullptr;
  const uint64_t key_hash = wanted.is_pair ? HashText(wanted.key_text, ~seed_) : 0;
  wanted.hash = HashText(wanted.text, seed_ ^ key_hash);
  Stripe& stripe = StripeOf(wanted.hash);
  {
    std::lock_guard lock(stripe.mu);
    if (const InternedString* const found = Find(stripe, wanted); found != nullptr) {
      return Share(found);
    }
  }
  const InternedString* const made = Make(wanted);
  if (made == nullptr) return nullptr;
  const InternedString* found;
  {
    std::lock_guard lock(stripe.mu);
    // Somebody else may have been faster.
    found = Find(stripe, wanted);
    if (found == nullptr && Insert(stripe, made)) return made;
    if (found != nullptr) Share(found);
  }
  Destroy(made);
  return found;
}

const InternedString* InternTable::Share(const InternedString* string) {
  string->users_.fetch_add(1, std::memory_order_relaxed);
  return string;
}

void InternTable::Release(const InternedString* string) {
  if (string == nullptr) return;
  uint32_t users = string->users_.load(std::memory_order_relaxed);
  while (users > 1) {
    if (string->users_.compare_exchange_weak(users, users - 1, std::memory_order_release,
                                             std::memory_order_relaxed)) {
      return;
    }
  }
  Stripe& stripe = StripeOf(string->hash_);
  {
    std::lock_guard lock(stripe.mu);
    // Acquire: what others did with the string is done before its memory is used again.
    if (string->users_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    Erase(stripe, string);
  }
  Destroy(string);
}

size_t InternTable::size() const {
  size_t size = 0;
  for (const Stripe& stripe : stripes_) {
    std::lock_guard lock(stripe.mu);
    size += stripe.size;
  }
  return size;
}

const InternedString* InternTable::Make(const Wanted& wanted) {
  const InternedString* key = nullptr;
  if (wanted.is_pair) {
    key = Acquire(wanted.key_text);
    if (key == nullptr) return nullptr;
  }
  void* const memory = arena_.Allocate(sizeof(InternedString) + wanted.text.size());
  if (memory == nullptr) {
    Release(key);
    return nullptr;
  }
  const auto size = static_cast<uint32_t>(wanted.text.size());
  auto* const string = new (memory) InternedString(wanted.hash, size, key);
  if (size > 0) std::memcpy(static_cast<void*>(string + 1), wanted.text.data(), size);
  return string;
}

// Of a string that is not, or no longer, in the table.
void InternTable::Destroy(const InternedString* string) {
  const InternedString* const key = string->key_;
  const size_t bytes = sizeof(InternedString) + string->size_;
  string->~InternedString();
  arena_.Free(const_cast<InternedString*>(string), bytes);
  Release(key);
}

bool InternTable::Matches(const InternedString& string, const Wanted& wanted) {
  if (string.hash_ != wanted.hash || string.text() != wanted.text) return false;
  if ((string.key_ != nullptr) != wanted.is_pair) return false;
  return !wanted.is_pair || string.key_->text() == wanted.key_text;
}

size_t InternTable::HomeOf(const Stripe& stripe, const InternedString* string) {
  return string->hash_ & (stripe.capacity - 1);
}

const InternedString* InternTable::Find(Stripe& stripe, const Wanted& wanted) const {
  if (stripe.capacity == 0) return nullptr;
  const size_t mask = stripe.capacity - 1;
  for (size_t at = wanted.hash & mask;; at = (at + 1) & mask) {
    const InternedString* const string = stripe.slots[at];
    if (string == nullptr || Matches(*string, wanted)) return string;
  }
}

bool InternTable::Insert(Stripe& stripe, const InternedString* string) {
  if ((stripe.size + 1) * 4 > stripe.capacity * 3) {
    const size_t capacity = stripe.capacity == 0 ? kCapacityInitial : stripe.capacity * 2;
    if (!Resize(stripe, capacity)) return false;
  }
  size_t at = HomeOf(stripe, string);
  while (stripe.slots[at] != nullptr) at = (at + 1) & (stripe.capacity - 1);
  stripe.slots[at] = string;
  ++stripe.size;
  return true;
}

// Moves those up that the gap would hide, so that no marker of what was here is left.
void InternTable::Erase(Stripe& stripe, const InternedString* string) {
  const size_t mask = stripe.capacity - 1;
  size_t gap = HomeOf(stripe, string);
  while (stripe.slots[gap] != string) gap = (gap + 1) & mask;
  for (size_t at = (gap + 1) & mask; stripe.slots[at] != nullptr; at = (at + 1) & mask) {
    const size_t home = HomeOf(stripe, stripe.slots[at]);
    if (((at - home) & mask) < ((at - gap) & mask)) continue;
    stripe.slots[gap] = stripe.slots[at];
    gap = at;
  }
  stripe.slots[gap] = nullptr;
  --stripe.size;
  // Where memory is out it stays as large as it is.
  if (stripe.capacity > kCapacityInitial && stripe.size * 8 < stripe.capacity) {
    Resize(stripe, stripe.capacity / 2);
  }
}

bool InternTable::Resize(Stripe& stripe, size_t capacity) {
  std::unique_ptr<const InternedString*[]> slots(new (std::nothrow)
                                                     const InternedString*[capacity]());
  if (slots == nullptr) return false;
  slots.swap(stripe.slots);
  const size_t old_capacity = stripe.capacity;
  stripe.capacity = capacity;
  for (size_t index = 0; index < old_capacity; ++index) {
    const InternedString* const string = slots[index];
    if (string == nullptr) continue;
    size_t at = HomeOf(stripe, string);
    while (stripe.slots[at] != nullptr) at = (at + 1) & (capacity - 1);
    stripe.slots[at] = string;
  }
  return true;
}

}  // namespace shardwatch
