// The arena: slots apart from each other, used again, given back; threads at once.

#include "native/core/bytes/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "native/core/bytes/poison.h"

namespace shardwatch {
namespace {

struct Slot {
  void* memory;
  size_t bytes;
};

void FreeAll(Arena& arena, std::vector<Slot>& slots) {
  for (const Slot& slot : slots) arena.Free(slot.memory, slot.bytes);
  slots.clear();
}

TEST(Arena, SlotsAreAlignedAndDoNotOverlap) {
  Arena arena;
  std::vector<Slot> slots;
  for (size_t bytes = 0; bytes < 3000; bytes += 7) {
    void* const memory = arena.Allocate(bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % kSlotAlignment, 0U);
    std::memset(memory, static_cast<int>(slots.size()), bytes);
    slots.push_back({memory, bytes});
  }
  for (size_t index = 0; index < slots.size(); ++index) {
    const auto* const contents = static_cast<const unsigned char*>(slots[index].memory);
    for (size_t at = 0; at < slots[index].bytes; ++at) {
      ASSERT_EQ(contents[at], static_cast<unsigned char>(index));
    }
  }
  EXPECT_EQ(arena.Stats().slots_live, slots.size());
  FreeAll(arena, slots);
  EXPECT_EQ(arena.Stats().slots_live, 0U);
  EXPECT_EQ(arena.Stats().bytes_live, 0U);
}

TEST(Arena, GivesSlabsBackWhenNothingIsInThem) {
  for (const size_t bytes : {100U, 2'000U, 5'000U, 32'768U, 100'000U}) {
    Arena arena;
    std::vector<Slot> slots;
    for (size_t total = 0; total < 20'000'000; total += bytes) {
      slots.push_back({arena.Allocate(bytes), bytes});
    }
    EXPECT_GE(arena.Stats().bytes_reserved, 20'000'000U);
    FreeAll(arena, slots);
    EXPECT_LE(arena.Stats().bytes_reserved,
              Arena::kSpareBytesMax + 256U * 1024U + SlabMemory::kRegionBytes)
        << bytes;
  }
}

TEST(Arena, KeepsSlabsInWhichSomethingIsLeft) {
  Arena arena;
  std::vector<Slot> slots;
  std::vector<Slot> kept;
  for (int index = 0; index < 2000; ++index) {
    (index % 100 == 0 ? kept : slots).push_back({arena.Allocate(1000), 1000});
  }
  for (const Slot& slot : kept) std::memset(slot.memory, 0x5a, slot.bytes);
  FreeAll(arena, slots);
  for (const Slot& slot : kept) {
    EXPECT_EQ(static_cast<const unsigned char*>(slot.memory)[999], 0x5a);
  }
  FreeAll(arena, kept);
  EXPECT_EQ(arena.Stats().slots_live, 0U);
}

TEST(Arena, ReservesLittleMoreThanWhatIsUsed) {
  Arena arena;
  std::vector<Slot> slots;
  std::mt19937 random(3);
  uint64_t asked = 0;
  for (int index = 0; index < 20'000; ++index) {
    const size_t bytes = 200 + random() % 4'000;
    asked += bytes;
    slots.push_back({arena.Allocate(bytes), bytes});
  }
  EXPECT_LE(static_cast<double>(arena.Stats().bytes_reserved), 1.15 * static_cast<double>(asked));
  FreeAll(arena, slots);
}

TEST(Arena, ASlabThatOneClassLeftServesAnother) {
  Arena arena;
  std::vector<Slot> slots;
  for (int index = 0; index < 1000; ++index) slots.push_back({arena.Allocate(1000), 1000});
  FreeAll(arena, slots);
  const uint64_t reserved = arena.Stats().bytes_reserved;
  for (int index = 0; index < 400; ++index) slots.push_back({arena.Allocate(2000), 2000});
  EXPECT_EQ(arena.Stats().bytes_reserved, reserved);
  FreeAll(arena, slots);
}

TEST(Arena, CountsWhatIsFree) {
  Arena arena;
  void* const first = arena.Allocate(1000);
  void* const second = arena.Allocate(1000);
  const ArenaStats both = arena.Stats();
  arena.Free(first, 1000);
  const ArenaStats one = arena.Stats();
  EXPECT_EQ(one.bytes_free() - both.bytes_free(), both.bytes_live - one.bytes_live);
  EXPECT_EQ(one.bytes_live * 2, both.bytes_live);
  arena.Free(second, 1000);
}

#if defined(SHARDWATCH_ADDRESS_SANITIZER)
TEST(ArenaDeathTest, AddressSanitizerSeesAUseAfterFree) {
  Arena arena;
  auto* const memory = static_cast<volatile char*>(arena.Allocate(100));
  void* const other = arena.Allocate(100);
  arena.Free(const_cast<char*>(memory), 100);
  EXPECT_DEATH(memory[50] = 1, "use-after-poison");
  arena.Free(other, 100);
}

TEST(ArenaDeathTest, AddressSanitizerSeesAWriteBeyondWhatWasAskedFor) {
  Arena arena;
  auto* const memory = static_cast<volatile char*>(arena.Allocate(1000));
  EXPECT_DEATH(memory[1000] = 1, "use-after-poison");
  arena.Free(const_cast<char*>(memory), 1000);
}
#endif

TEST(Arena, ServesThreadsThatFreeEachOthersSlots) {
  Arena arena;
  constexpr unsigned kThreads = 4;
  std::mutex mu;
  std::vector<Slot> exchange;
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= kThreads; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      std::vector<Slot> mine;
      for (int round = 0; round < 10'000; ++round) {
        const size_t bytes = 64 + random() % 9'000;
        void* const memory = arena.Allocate(bytes);
        std::memset(memory, static_cast<int>(seed), 64);
        mine.push_back({memory, bytes});
        if (mine.size() < 50) continue;
        std::lock_guard lock(mu);
        mine.swap(exchange);
        for (const Slot& slot : mine) {
          const auto* const contents = static_cast<const unsigned char*>(slot.memory);
          EXPECT_EQ(contents[0], contents[63]);
        }
        FreeAll(arena, mine);
      }
      FreeAll(arena, mine);
    });
  }
  for (std::thread& thread : threads) thread.join();
  FreeAll(arena, exchange);
  EXPECT_EQ(arena.Stats().slots_live, 0U);
}

}  // namespace
}  // namespace shardwatch
