// Pushing, taking and handing over; see heap_end.h. Thread rule: as told there.

#include "native/core/heap/heap_end.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <new>
#include <utility>
#include <vector>

namespace shardwatch {

namespace {

constexpr double kNoDeadline = std::numeric_limits<double>::infinity();

// Entries that leave the order before their slots are looked at.
constexpr size_t kTakenMax = 64;

// An entry's place in the order, and its handle.
struct Placed {
  HeapKey key;
  uint64_t handle;
};

bool IsBefore(const Placed& left, const Placed& right) { return left.key < right.key; }

}  // namespace

// Ready lists that are to be woken once the heap's lock is given up.
class HeapEnd::Wakes {
 public:
  Wakes() = default;
  ~Wakes() {
    for (size_t index = 0; index < count_; ++index) lists_[index]->Wake();
  }
  Wakes(const Wakes&) = delete;
  Wakes& operator=(const Wakes&) = delete;

  void Add(ReadyList& list) {
    if (count_ < lists_.size()) {
      lists_[count_++] = &list;
    } else {
      list.Wake();
    }
  }

 private:
  // More threads than these are woken under the lock. Not cleared: that would cost every Take.
  std::array<ReadyList*, 16> lists_;
  size_t count_ = 0;
};

HeapEnd::HeapEnd(std::shared_ptr<EntryHeap> heap, ReadyList& ready, uint64_t consumer)
    : heap_(std::move(heap)), ready_(ready) {
  entry_.consumer = consumer;
  Guard guard(*heap_);
  std::vector<HeapEnd*>& ends = heap_->ends_;
  const auto place = std::find(ends.begin(), ends.end(), nullptr);
  number_ = static_cast<uint32_t>(place - ends.begin());
  if (place == ends.end()) {
    ends.push_back(this);
  } else {
    *place = this;
  }
}

HeapEnd::~HeapEnd() {
  {
    Guard guard(*heap_);
    EndAhead();
    LeaveAll();
    while (first_posted_ != kNoSlot) {
      const uint32_t slot = first_posted_;
      first_posted_ = heap_->slots_.Next(slot);
      heap_->slots_.Free(slot);
    }
    heap_->ends_[number_] = nullptr;
  }
  // Nobody signals the entry any more.
  ready_.Remove(entry_);
}

HeapFault HeapEnd::Push(std::span<const double> priorities, std::span<const double> deadlines,
                        std::span<uint32_t> slots, std::span<double> handles) {
  const size_t count = slots.size();
  assert(priorities.size() >= count && (deadlines.empty() || deadlines.size() >= count) &&
         (handles.empty() || handles.size() >= count));
  Guard guard(*heap_);
  PutBack();
  if (heap_->IsFullWith(count)) return HeapFault::kFull;
  const auto expires = [](double deadline) { return deadline != kNoDeadline; };
  const auto expiring =
      deadlines.empty() ? 0 : std::ranges::count_if(deadlines.first(count), expires);
  SlotTable& table = heap_->slots_;
  if (!table.Reserve(count) || !heap_->order_.Reserve(count + reserve_size_) ||
      (expiring > 0 &&
       (!table.KeepDeadlines() || !deadlines_.Reserve(static_cast<size_t>(expiring))))) {
    return HeapFault::kOutOfMemory;
  }
  for (size_t index = 0; index < count; ++index) {
    const uint32_t slot = table.Open();
    PushEntry(priorities[index], slot);
    slots[index] = slot;
    if (!handles.empty()) handles[index] = static_cast<double>(table.HandleOf(slot));
    if (expiring == 0 || deadlines[index] == kNoDeadline) continue;
    const uint32_t sequence = table.SequenceOf(slot);
    table.SetDeadline(slot, sequence);
    deadlines_.Push(MakeHeapKey(RankOf(deadlines[index]), sequence, slot));
    ++expiring_;
  }
  return HeapFault::kNone;
}

void HeapEnd::PushEntry(double priority, uint32_t slot) {
  // Drawn first: numbering anew looks at what is somebody's.
  const uint32_t sequence = heap_->NextSequence();
  heap_->slots_.Enter(slot, sequence, number_);
  heap_->order_.Push(MakeHeapKey(RankOf(priority), sequence, slot));
  ++size_;
  ++heap_->size_;
}

HeapEnd::Taken HeapEnd::Take(std::span<uint32_t> slots, std::span<double> priorities) {
  Wakes wakes;
  Guard guard(*heap_);
  PutBack();
  SlotTable& table = heap_->slots_;
  Taken taken;
  std::array<HeapKey, kTakenMax> keys;
  while (taken.all < slots.size() && heap_->size_ > 0) {
    const size_t count =
        heap_->PopFirst({keys.data(), std::min(kTakenMax, slots.size() - taken.all)});
    taken.all += count;
    for (const HeapKey& key : std::span(keys).first(count)) {
      const uint32_t slot = SlotOf(key);
      if (const uint32_t owner = table.OwnerOf(slot); owner != number_) {
        HeapEnd& end = *heap_->ends_[owner];
        heap_->Leave(slot);
        end.Post(slot, wakes);
        continue;
      }
      if (!priorities.empty()) priorities[taken.own] = ValueOf(RankOf(key));
      slots[taken.own++] = slot;
      Drop(slot);
    }
  }
  heap_->DropDead();
  return taken;
}

HeapEnd::Ahead HeapEnd::Advance(uint32_t taken, std::span<const double> pushed,
                                std::span<double> slots, std::span<double> priorities,
                                std::span<double> handles) {
  assert(!heap_->is_shared() && taken <= run_size_ && pushed.size() <= reserve_size_);
  SlotTable& table = heap_->slots_;
  const auto run = std::span(run_).first(run_size_);
  for (const HeapKey& key : run.first(taken)) Drop(SlotOf(key));
  for (const HeapKey& key : run.subspan(taken)) heap_->order_.Push(key);
  run_size_ = 0;
  heap_->ahead_ = 0;
  heap_->DropDead();
  for (const double priority : pushed) {
    PushEntry(priority, reserve_[reserve_first_]);
    reserve_first_ = (reserve_first_ + 1) % kAheadMax;
    --reserve_size_;
  }
  Ahead ahead;
  // What is in the reserve has room in the order, beside what the run needs to come back.
  if (heap_->order_.Reserve(kAheadMax) && table.Reserve(kAheadMax - reserve_size_)) {
    for (; reserve_size_ < kAheadMax; ++reserve_size_) {
      const uint32_t slot = table.Open();
      reserve_[(reserve_first_ + reserve_size_) % kAheadMax] = slot;
      handles[ahead.reserved++] = static_cast<double>(table.HandleOf(slot));
    }
  }
  const size_t wanted = std::min<size_t>({slots.size(), kAheadMax, heap_->size_});
  while (run_size_ < wanted) {
    const size_t count = heap_->PopFirst(std::span(run_).first(wanted).subspan(run_size_));
    run_size_ += static_cast<uint32_t>(count);
    heap_->ahead_ = run_size_;
  }
  for (uint32_t index = 0; index < run_size_; ++index) {
    slots[index] = SlotOf(run_[index]);
    priorities[index] = ValueOf(RankOf(run_[index]));
  }
  ahead.run = run_size_;
  return ahead;
}

void HeapEnd::EndAhead() {
  PutBack();
  for (; reserve_size_ > 0; --reserve_size_) {
    heap_->slots_.Free(reserve_[reserve_first_]);
    reserve_first_ = (reserve_first_ + 1) % kAheadMax;
  }
}

void HeapEnd::PutBack() {
  if (run_size_ == 0) return;
  for (const HeapKey& key : std::span(run_).first(run_size_)) heap_->order_.Push(key);
  run_size_ = 0;
  heap_->ahead_ = 0;
}

void HeapEnd::Drop(uint32_t slot) {
  SlotTable& table = heap_->slots_;
  const bool had_deadline = table.DeadlineOf(slot) != kNoSequence;
  table.Leave(slot);
  table.Free(slot);
  --size_;
  --heap_->size_;
  if (!had_deadline) return;
  --expiring_;
  DropDeadDeadlines();
}

uint32_t HeapEnd::Peek(double* priority) {
  Guard guard(*heap_);
  PutBack();
  if (heap_->size_ == 0) return kNoSlot;
  const uint32_t slot = heap_->First();
  *priority = ValueOf(RankOf(heap_->order_.Top()));
  return slot;
}

size_t HeapEnd::Size() {
  Guard guard(*heap_);
  return heap_->size_;
}

bool HeapEnd::Has(uint64_t handle) {
  Guard guard(*heap_);
  uint32_t slot = kNoSlot;
  return Find(handle, &slot) == HeapFault::kNone;
}

HeapFault HeapEnd::Remove(uint64_t handle, uint32_t* slot) {
  Guard guard(*heap_);
  PutBack();
  const HeapFault fault = Find(handle, slot);
  if (fault != HeapFault::kNone) return fault;
  Drop(*slot);
  heap_->DropDead();
  return HeapFault::kNone;
}

HeapFault HeapEnd::Update(uint64_t handle, double priority) {
  Guard guard(*heap_);
  PutBack();
  uint32_t slot = kNoSlot;
  const HeapFault fault = Find(handle, &slot);
  if (fault != HeapFault::kNone) return fault;
  if (!heap_->order_.Reserve(1 + reserve_size_)) return HeapFault::kOutOfMemory;
  heap_->PushKey(priority, slot, heap_->NextSequence());
  heap_->DropDead();
  return HeapFault::kNone;
}

size_t HeapEnd::Expire(double now, std::span<uint32_t> slots) {
  Guard guard(*heap_);
  PutBack();
  size_t count = 0;
  while (count < slots.size() && expiring_ > 0) {
    const HeapKey key = deadlines_.Top();
    const bool is_alive = heap_->slots_.IsDeadlineAlive(key);
    if (is_alive && ValueOf(RankOf(key)) > now) break;
    deadlines_.Pop();
    if (!is_alive) continue;
    slots[count++] = SlotOf(key);
    Drop(SlotOf(key));
  }
  heap_->DropDead();
  return count;
}

double HeapEnd::NextDeadline() {
  Guard guard(*heap_);
  if (expiring_ == 0) return kNoDeadline;
  while (!heap_->slots_.IsDeadlineAlive(deadlines_.Top())) deadlines_.Pop();
  return ValueOf(RankOf(deadlines_.Top()));
}

bool HeapEnd::Order(std::span<double> handles, std::span<double> priorities, size_t* count) {
  std::unique_ptr<Placed[]> entries;
  size_t size = 0;
  {
    Guard guard(*heap_);
    PutBack();
    entries.reset(new (std::nothrow) Placed[size_]);
    if (entries == nullptr) return false;
    const SlotTable& slots = heap_->slots_;
    heap_->order_.ForEach([&](const HeapKey& key) {
      if (!slots.IsAlive(key) || slots.OwnerOf(SlotOf(key)) != number_) return;
      entries[size++] = {.key = key, .handle = slots.HandleOf(SlotOf(key))};
    });
  }
  *count = std::min({size, handles.size(), priorities.size()});
  std::partial_sort(entries.get(), entries.get() + *count, entries.get() + size, IsBefore);
  for (size_t index = 0; index < *count; ++index) {
    handles[index] = static_cast<double>(entries[index].handle);
    priorities[index] = ValueOf(RankOf(entries[index].key));
  }
  return true;
}

void HeapEnd::Clear() {
  Guard guard(*heap_);
  PutBack();
  LeaveAll();
}

size_t HeapEnd::Collect(std::span<uint32_t> slots) {
  Guard guard(*heap_);
  SlotTable& table = heap_->slots_;
  size_t count = 0;
  for (; count < slots.size() && first_posted_ != kNoSlot; ++count) {
    const uint32_t slot = first_posted_;
    first_posted_ = table.Next(slot);
    slots[count] = slot;
    table.Free(slot);
  }
  if (first_posted_ == kNoSlot) {
    last_posted_ = kNoSlot;
    entry_.wake_state.store(WakeState::kQuiet, std::memory_order_relaxed);
  }
  return count;
}

bool HeapEnd::Load(const HeapContents& contents) {
  Guard guard(*heap_);
  if (!IsConsistent(contents)) return false;
  const size_t count = contents.order.size();
  SlotTable& slots = heap_->slots_;
  if (!heap_->order_.Reserve(count) || !deadlines_.Reserve(contents.expiring.size()) ||
      !slots.Load(contents.generations.data(),
                  static_cast<uint32_t>(contents.generations.size())) ||
      (!contents.expiring.empty() && !slots.KeepDeadlines())) {
    return false;
  }
  for (size_t index = 0; index < count; ++index) {
    slots.Enter(contents.order[index], static_cast<uint32_t>(index), number_);
    heap_->PushKey(contents.priorities[index], contents.order[index], static_cast<uint32_t>(index));
  }
  for (uint32_t index = 0; index < contents.expiring.size(); ++index) {
    const uint32_t slot = contents.expiring[index];
    slots.SetDeadline(slot, index);
    deadlines_.Push(MakeHeapKey(RankOf(contents.deadlines[index]), index, slot));
  }
  slots.FreeOthers();
  heap_->next_sequence_ = static_cast<uint32_t>(count);
  heap_->size_ = static_cast<uint32_t>(count);
  size_ = heap_->size_;
  expiring_ = static_cast<uint32_t>(contents.expiring.size());
  return true;
}

bool HeapEnd::IsConsistent(const HeapContents& contents) const {
  const auto is_nan = [](double value) { return std::isnan(value); };
  const size_t used = contents.generations.size();
  if (heap_->slots_.used() > 0 || used > SlotTable::kSlotsMax ||
      contents.order.size() > heap_->capacity_ ||
      contents.order.size() != contents.priorities.size() ||
      contents.expiring.size() != contents.deadlines.size() ||
      std::ranges::any_of(contents.priorities, is_nan) ||
      std::ranges::any_of(contents.deadlines, is_nan)) {
    return false;
  }
  std::vector<bool> is_entry(used);
  for (const uint32_t slot : contents.order) {
    if (slot >= used || is_entry[slot]) return false;
    is_entry[slot] = true;
  }
  for (const uint32_t slot : contents.expiring) {
    if (slot >= used || !is_entry[slot]) return false;
    is_entry[slot] = false;
  }
  return true;
}

bool HeapEnd::IsWhole() {
  Guard guard(*heap_);
  PutBack();
  const SlotTable& slots = heap_->slots_;
  size_t alive = 0;
  size_t own = 0;
  heap_->order_.ForEach([&](const HeapKey& key) {
    if (!slots.IsAlive(key)) return;
    ++alive;
    if (slots.OwnerOf(SlotOf(key)) == number_) ++own;
  });
  const auto is_expiring = [&slots](const HeapKey& key) { return slots.IsDeadlineAlive(key); };
  return heap_->order_.IsWhole() && deadlines_.IsWhole() && alive == heap_->size_ && own == size_ &&
         std::ranges::count_if(deadlines_.keys(), is_expiring) ==
             static_cast<ptrdiff_t>(expiring_) &&
         heap_->order_.size() <= 2 * alive + 64 && deadlines_.size() <= 2 * expiring_ + 64;
}

HeapFault HeapEnd::Find(uint64_t handle, uint32_t* slot) const {
  *slot = heap_->slots_.Find(handle);
  if (*slot == kNoSlot) return HeapFault::kUnknownHandle;
  return heap_->slots_.OwnerOf(*slot) == number_ ? HeapFault::kNone : HeapFault::kForeignHandle;
}

void HeapEnd::Post(uint32_t slot, Wakes& wakes) {
  SlotTable& slots = heap_->slots_;
  slots.SetNext(slot, kNoSlot);
  if (first_posted_ == kNoSlot) {
    first_posted_ = slot;
  } else {
    slots.SetNext(last_posted_, slot);
  }
  last_posted_ = slot;
  if (entry_.wake_state.load(std::memory_order_relaxed) != WakeState::kQuiet) return;
  entry_.wake_state.store(WakeState::kSignalled, std::memory_order_relaxed);
  ReadyEntry* const entry = &entry_;
  if (ready_.Add({&entry, 1}, true)) wakes.Add(ready_);
}

void HeapEnd::LeaveAll() {
  SlotTable& slots = heap_->slots_;
  for (uint32_t slot = 0; size_ > 0; ++slot) {
    if (slots.OwnerOf(slot) != number_) continue;
    Drop(slot);
  }
  deadlines_.Clear();
  heap_->DropDead();
}

}  // namespace shardwatch
