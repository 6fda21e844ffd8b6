// Memory for slabs: aligned, apart from each other, zeroed when it comes back, counted, and given
// back out of the middle of regions; threads at once.

#include "native/core/bytes/slab_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace shardwatch {
namespace {

constexpr size_t kSmall = 64 * 1024;
constexpr size_t kLarge = 256 * 1024;

struct Slab {
  SlabPlace place;
  size_t bytes;
};

uintptr_t AddressOf(const Slab& slab) { return reinterpret_cast<uintptr_t>(slab.place.memory); }

void UnmapAll(SlabMemory& memory, std::vector<Slab>& slabs) {
  for (const Slab& slab : slabs) EXPECT_TRUE(memory.Unmap(slab.place, slab.bytes));
  slabs.clear();
}

// Beyond what is mapped slab by slab.
std::vector<Slab> MapMany(SlabMemory& memory) {
  std::vector<Slab> slabs;
  for (size_t total = 0; total < SlabMemory::kSingleBytesMax + 5 * SlabMemory::kRegionBytes;) {
    const size_t bytes = slabs.size() % 5 == 0 ? kLarge : kSmall;
    slabs.push_back({memory.Map(bytes), bytes});
    total += bytes;
  }
  return slabs;
}

TEST(SlabMemory, SlabsAreAlignedAndDoNotOverlap) {
  for (const bool has_regions : {true, false}) {
    SlabMemory memory(has_regions);
    std::vector<Slab> slabs = MapMany(memory);
    std::map<uintptr_t, size_t> ranges;
    for (const Slab& slab : slabs) {
      ASSERT_NE(slab.place.memory, nullptr);
      EXPECT_EQ(AddressOf(slab) % slab.bytes, 0U);
      if (!has_regions) {
        EXPECT_EQ(slab.place.region, nullptr);
      }
      ranges[AddressOf(slab)] = slab.bytes;
    }
    ASSERT_EQ(ranges.size(), slabs.size());
    uintptr_t end = 0;
    for (const auto& [address, bytes] : ranges) {
      EXPECT_GE(address, end);
      end = address + bytes;
    }
    UnmapAll(memory, slabs);
    EXPECT_EQ(memory.bytes(), 0U);
  }
}

TEST(SlabMemory, CountsSingleSlabsAndWholeRegions) {
  SlabMemory memory;
  std::vector<Slab> slabs;
  while (memory.bytes() < SlabMemory::kSingleBytesMax) {
    slabs.push_back({memory.Map(kLarge), kLarge});
    EXPECT_EQ(slabs.back().place.region, nullptr);
    EXPECT_EQ(memory.bytes(), slabs.size() * kLarge);
  }
  slabs.push_back({memory.Map(kLarge), kLarge});
  ASSERT_NE(slabs.back().place.region, nullptr);
  EXPECT_EQ(memory.bytes(), SlabMemory::kSingleBytesMax + SlabMemory::kRegionBytes);
  for (size_t count = 1; count < SlabMemory::kRegionBytes / kLarge; ++count) {
    slabs.push_back({memory.Map(kLarge), kLarge});
    EXPECT_EQ(slabs.back().place.region, slabs[slabs.size() - 2].place.region);
  }
  EXPECT_EQ(memory.bytes(), SlabMemory::kSingleBytesMax + SlabMemory::kRegionBytes);
  slabs.push_back({memory.Map(kSmall), kSmall});
  EXPECT_NE(slabs.back().place.region, slabs[slabs.size() - 2].place.region);
  EXPECT_EQ(memory.bytes(), SlabMemory::kSingleBytesMax + 2 * SlabMemory::kRegionBytes);
  UnmapAll(memory, slabs);
  EXPECT_EQ(memory.bytes(), 0U);
}

TEST(SlabMemory, APlaceThatIsGivenBackIsUsedAgainAndEmpty) {
  SlabMemory memory;
  std::vector<Slab> slabs = MapMany(memory);
  const uint64_t bytes = memory.bytes();
  const auto in_region = std::find_if(
      slabs.begin(), slabs.end(), [](const Slab& slab) { return slab.place.region != nullptr; });
  ASSERT_NE(in_region, slabs.end());
  // Nothing but this place is vacant once the fresh ones are used up.
  while (memory.bytes() == bytes) slabs.push_back({memory.Map(in_region->bytes), in_region->bytes});
  const Slab given = *in_region;
  const uint64_t before = memory.bytes();
  std::memset(given.place.memory, 0x5a, given.bytes);
  ASSERT_TRUE(memory.Unmap(given.place, given.bytes));
  EXPECT_EQ(memory.bytes(), before - given.bytes);
  bool is_back = false;
  for (size_t count = 0; !is_back && count < 1'000; ++count) {
    slabs.push_back({memory.Map(given.bytes), given.bytes});
    is_back = slabs.back().place.memory == given.place.memory;
  }
  ASSERT_TRUE(is_back);
  const auto* const contents = static_cast<const unsigned char*>(given.place.memory);
  EXPECT_TRUE(std::all_of(contents, contents + given.bytes, [](auto byte) { return byte == 0; }));
  EXPECT_EQ(slabs.back().place.region, given.place.region);
  slabs.erase(std::find_if(slabs.begin(), slabs.end(), [&](const Slab& slab) {
    return slab.place.memory == given.place.memory;
  }));
  UnmapAll(memory, slabs);
  EXPECT_EQ(memory.bytes(), 0U);
}

TEST(SlabMemory, ServesThreadsThatGiveBackEachOthersSlabs) {
  SlabMemory memory;
  std::mutex mu;
  std::vector<Slab> exchange;
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      std::vector<Slab> mine;
      for (int round = 0; round < 1'500; ++round) {
        const size_t bytes = random() % 3 == 0 ? kLarge : kSmall;
        mine.push_back({memory.Map(bytes), bytes});
        auto* const contents = static_cast<unsigned char*>(mine.back().place.memory);
        EXPECT_EQ(contents[0], 0);
        contents[0] = contents[bytes - 1] = static_cast<unsigned char>(seed);
        if (mine.size() < 60) continue;
        std::lock_guard lock(mu);
        mine.swap(exchange);
        for (const Slab& slab : mine) {
          const auto* const theirs = static_cast<const unsigned char*>(slab.place.memory);
          EXPECT_EQ(theirs[0], theirs[slab.bytes - 1]);
        }
        std::shuffle(mine.begin(), mine.end(), random);
        UnmapAll(memory, mine);
      }
      UnmapAll(memory, mine);
    });
  }
  for (std::thread& thread : threads) thread.join();
  UnmapAll(memory, exchange);
  EXPECT_EQ(memory.bytes(), 0U);
}

}  // namespace
}  // namespace shardwatch
