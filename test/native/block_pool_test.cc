// Blocks and their pool: contents kept, counts exact, slots used again, threads at once.

#include "native/core/bytes/block_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace shardwatch {
namespace {

std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string TextOf(const BlockReference& block) {
  const std::span<const std::byte> bytes = block->bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(BlockPool, KeepsACopyOfTheBytes) {
  BlockPool pool;
  for (const size_t size : {0UL, 1UL, 15UL, 33UL, 1000UL, 32768UL, 32769UL, 1UL << 20}) {
    std::string text(size, 'x');
    for (size_t index = 0; index < size; ++index) text[index] = static_cast<char>(index * 7);
    const BlockReference block = pool.Make(BytesOf(text));
    const std::string expected = text;
    text.assign(size, '!');
    ASSERT_TRUE(block);
    EXPECT_EQ(TextOf(block), expected);
  }
}

TEST(BlockPool, CountsWhatIsAliveAndForgetsWhatIsNot) {
  BlockPool pool;
  BlockReference pooled = pool.Make(BytesOf("pooled"));
  BlockReference large = pool.Make(BytesOf(std::string(100'000, 'l')));
  EXPECT_EQ(pool.Stats().blocks_live, 2U);
  EXPECT_GE(pool.Stats().bytes_live, 100'006U);
  large.Reset();
  EXPECT_EQ(pool.Stats().blocks_live, 1U);
  EXPECT_LT(pool.Stats().bytes_live, 100U);
  pooled.Reset();
  EXPECT_EQ(pool.Stats().blocks_live, 0U);
  EXPECT_EQ(pool.Stats().bytes_live, 0U);
}

TEST(BlockPool, ABlockLivesAsLongAsItsLastReference) {
  BlockPool pool;
  BlockReference first = pool.Make(BytesOf("one block"));
  BlockReference second = first;
  BlockReference third = std::move(first);
  EXPECT_FALSE(first);
  third = second;
  second.Reset();
  EXPECT_EQ(pool.Stats().blocks_live, 1U);
  EXPECT_EQ(TextOf(third), "one block");
  third.Reset();
  EXPECT_EQ(pool.Stats().blocks_live, 0U);
}

TEST(BlockPool, AssigningAReferenceToItselfKeepsIt) {
  BlockPool pool;
  BlockReference block = pool.Make(BytesOf("kept"));
  const BlockReference& same = block;
  block = same;
  EXPECT_EQ(TextOf(block), "kept");
}

TEST(BlockPool, UsesASlotAgain) {
  BlockPool pool;
  const void* const first = &*pool.Make(BytesOf("first"));
  const BlockReference second = pool.Make(BytesOf("other"));
  EXPECT_EQ(&*second, first);
  EXPECT_EQ(TextOf(second), "other");
}

TEST(BlockPool, ReservesNoMoreForBlocksThatComeAndGo) {
  BlockPool pool;
  const auto fill = [&pool] {
    std::vector<BlockReference> blocks;
    for (size_t size = 0; size < 4000; ++size) {
      blocks.push_back(pool.Make(BytesOf(std::string(size, 's'))));
    }
  };
  fill();
  const uint64_t reserved = pool.Stats().bytes_reserved;
  fill();
  EXPECT_EQ(pool.Stats().bytes_reserved, reserved);
}

TEST(BlockPool, ADraftIsFilledWhereTheBlockWillBe) {
  BlockPool pool;
  BlockDraft draft = pool.Draft(5);
  ASSERT_TRUE(draft);
  ASSERT_EQ(draft.bytes().size(), 5U);
  std::memcpy(draft.bytes().data(), "bytes", 5);
  const void* const place = draft.bytes().data();
  const BlockReference block = std::move(draft).Finish();
  EXPECT_EQ(block->bytes().data(), place);
  EXPECT_EQ(TextOf(block), "bytes");
}

TEST(BlockPool, ADraftThatIsDroppedLeavesNothing) {
  BlockPool pool;
  { const BlockDraft draft = pool.Draft(1000); }
  EXPECT_EQ(pool.Stats().blocks_live, 0U);
}

TEST(BlockPool, RefusesWhatASizeCannotHold) {
  BlockPool pool;
  const std::byte one{};
  // Never read: the size alone decides.
  const std::span<const std::byte> bytes(&one, BlockPool::kBlockBytesMax + 1);
  EXPECT_FALSE(pool.Make(bytes));
  EXPECT_EQ(pool.Stats().blocks_live, 0U);
}

TEST(BlockPool, ServesThreadsThatShareBlocks) {
  BlockPool pool;
  constexpr int kThreads = 4;
  constexpr int kRounds = 20'000;
  const BlockReference shared = pool.Make(BytesOf("shared by all"));
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= kThreads; ++seed) {
    threads.emplace_back([&pool, &shared, seed] {
      std::mt19937 random(seed);
      std::vector<BlockReference> held(64);
      for (int round = 0; round < kRounds; ++round) {
        BlockReference& place = held[random() % held.size()];
        const std::string text(random() % 600, static_cast<char>('a' + seed));
        place = random() % 8 == 0 ? shared : pool.Make(BytesOf(text));
        if (random() % 64 == 0) {
          const BlockReference copy = place;
          const std::string contents = TextOf(copy);
          const char expected = contents == "shared by all" ? 's' : static_cast<char>('a' + seed);
          EXPECT_TRUE(contents.empty() || contents.front() == expected);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool.Stats().blocks_live, 1U);
  EXPECT_EQ(TextOf(shared), "shared by all");
}

TEST(BlockPool, GivesABlockBackOnWhicheverThreadEndsIt) {
  BlockPool pool;
  BlockReference block = pool.Make(BytesOf("made here, ended there"));
  std::thread([last = std::move(block)]() mutable { last.Reset(); }).join();
  EXPECT_EQ(pool.Stats().blocks_live, 0U);
}

}  // namespace
}  // namespace shardwatch
