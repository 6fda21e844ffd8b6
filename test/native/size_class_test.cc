// The classes in which blocks are pooled: rising, tight, aligned.

#include "native/core/bytes/size_class.h"

#include <gtest/gtest.h>

namespace shardwatch {
namespace {

TEST(SizeClass, EverySizeHasTheSmallestClassThatHoldsIt) {
  for (size_t bytes = 0; bytes <= kPooledBytesMax; ++bytes) {
    const uint32_t size_class = SizeClassFor(bytes);
    ASSERT_LT(size_class, kSizeClassCount) << bytes;
    ASSERT_GE(SizeClassBytes(size_class), bytes);
    if (size_class > 0) {
      ASSERT_LT(SizeClassBytes(size_class - 1), bytes);
    }
  }
}

TEST(SizeClass, ClassesRiseAlignedAndByAtMostAThirtySecond) {
  EXPECT_EQ(SizeClassBytes(0), kSlotAlignment);
  EXPECT_EQ(SizeClassBytes(kSizeClassCount - 1), kPooledBytesMax);
  for (uint32_t size_class = 1; size_class < kSizeClassCount; ++size_class) {
    const size_t below = SizeClassBytes(size_class - 1);
    const size_t bytes = SizeClassBytes(size_class);
    EXPECT_GT(bytes, below);
    EXPECT_EQ(bytes % kSlotAlignment, 0U);
    if (below >= 512) {
      EXPECT_LE(bytes, below + below / 32);
    }
  }
}

TEST(SizeClass, LargerThanTheLargestClassIsNotPooled) {
  EXPECT_EQ(SizeClassFor(kPooledBytesMax + 1), kUnpooledClass);
  EXPECT_EQ(SizeClassFor(SIZE_MAX), kUnpooledClass);
}

}  // namespace
}  // namespace shardwatch
