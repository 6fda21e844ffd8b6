// Arithmetic of the size classes; see size_class.h. Thread rule: any thread.

#include "native/core/bytes/size_class.h"

#include <bit>
#include <cassert>

namespace shardwatch {

namespace {

constexpr uint32_t kLinearClasses = 32;
constexpr uint32_t kStepsPerDoubling = 32;
constexpr size_t kLinearBytesMax = kLinearClasses * kSlotAlignment;
constexpr uint32_t kLinearBits = std::bit_width(kLinearBytesMax) - 1;

static_assert(std::has_single_bit(kLinearBytesMax) && std::has_single_bit(kPooledBytesMax));
static_assert(kSizeClassCount ==
              kLinearClasses +
                  kStepsPerDoubling * (std::bit_width(kPooledBytesMax) - 1 - kLinearBits));

}  // namespace

size_t SizeClassBytes(uint32_t size_class) {
  assert(size_class < kSizeClassCount);
  if (size_class < kLinearClasses) return (size_class + 1) * kSlotAlignment;
  const uint32_t doubling = (size_class - kLinearClasses) / kStepsPerDoubling;
  const uint32_t step = (size_class - kLinearClasses) % kStepsPerDoubling;
  const size_t base = kLinearBytesMax << doubling;
  return base + (base / kStepsPerDoubling) * (step + 1);
}

uint32_t SizeClassFor(size_t bytes) {
  if (bytes > kPooledBytesMax) return kUnpooledClass;
  if (bytes <= kSlotAlignment) return 0;
  if (bytes <= kLinearBytesMax) return static_cast<uint32_t>((bytes - 1) / kSlotAlignment);
  const uint32_t doubling = static_cast<uint32_t>(std::bit_width(bytes - 1)) - 1 - kLinearBits;
  const size_t base = kLinearBytesMax << doubling;
  const uint32_t step = static_cast<uint32_t>((bytes - 1 - base) / (base / kStepsPerDoubling));
  return kLinearClasses + doubling * kStepsPerDoubling + step;
}

}  // namespace shardwatch
