// Blocks of memory, and copying some of them: the part of growth/* that is memory's alone.
//
//   1. Memory lies in huge pages where the system has them, as the slabs of a cache do.
//   2. Blocks are asked for some way ahead of being copied, as lists ask for objects.
//
// Thread rule: belongs to one thread.

#include <node_api.h>
#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;
constexpr size_t kLineBytes = 64;

// As many as a list looks ahead, see native/core/cache/list.h.
constexpr size_t kAhead = 8;

class Blocks {
 public:
  Blocks(size_t count, size_t block_bytes) : count_(count), block_bytes_(block_bytes) {
    mapped_bytes_ = count * block_bytes + kHugePageBytes;
    void* const mapped = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return;
    mapped_ = static_cast<char*>(mapped);
    const uintptr_t address = reinterpret_cast<uintptr_t>(mapped_) + kHugePageBytes - 1;
    first_ = mapped_ + (address / kHugePageBytes * kHugePageBytes -
                        reinterpret_cast<uintptr_t>(mapped_));
#if defined(MADV_HUGEPAGE)
    madvise(first_, count * block_bytes, MADV_HUGEPAGE);
#endif
    for (size_t number = 0; number < count; ++number) {
      memset(first_ + number * block_bytes, static_cast<int>(number % 251 + 1), block_bytes);
    }
  }

  ~Blocks() {
    if (mapped_ != nullptr) munmap(mapped_, mapped_bytes_);
  }

  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  bool is_there() const { return mapped_ != nullptr; }
  size_t count() const { return count_; }
  size_t block_bytes() const { return block_bytes_; }

  // The first `bytes` of each. REQUIRES: numbers below the count, no more than a block, and room.
  void Copy(const uint32_t* numbers, size_t count, size_t bytes, char* target) const {
    for (size_t at = 0; at < kAhead && at < count; ++at) Fetch(numbers[at], bytes);
    for (size_t at = 0; at < count; ++at) {
      if (at + kAhead < count) Fetch(numbers[at + kAhead], bytes);
      memcpy(target + at * bytes, first_ + numbers[at] * block_bytes_, bytes);
    }
  }

 private:
  void Fetch(uint32_t number, size_t bytes) const {
    const char* const block = first_ + number * block_bytes_;
    for (size_t at = 0; at < bytes; at += kLineBytes) __builtin_prefetch(block + at, 0, 2);
  }

  const size_t count_;
  const size_t block_bytes_;
  size_t mapped_bytes_ = 0;
  char* mapped_ = nullptr;
  char* first_ = nullptr;
};

template <size_t kCount>
std::array<napi_value, kCount> ArgumentsOf(napi_env env, napi_callback_info info) {
  std::array<napi_value, kCount> arguments{};
  size_t count = kCount;
  napi_get_cb_info(env, info, &count, arguments.data(), nullptr, nullptr);
  return arguments;
}

// An argument that is missing or of another type reads as 0 or nothing: only the benchmarks call.
uint32_t NumberOf(napi_env env, napi_value argument) {
  uint32_t number = 0;
  napi_get_value_uint32(env, argument, &number);
  return number;
}

// allocate(count, blockBytes) -> the blocks; throws where there is no memory
napi_value Allocate(napi_env env, napi_callback_info info) {
  const auto arguments = ArgumentsOf<2>(env, info);
  std::unique_ptr<Blocks> blocks(new (std::nothrow) Blocks(NumberOf(env, arguments[0]),
                                                           NumberOf(env, arguments[1])));
  napi_value result = nullptr;
  const auto free = [](napi_env, void* data, void*) { delete static_cast<Blocks*>(data); };
  if (blocks == nullptr || !blocks->is_there() ||
      napi_create_external(env, blocks.get(), free, nullptr, &result) != napi_ok) {
    napi_throw_error(env, nullptr, "There is no memory for the blocks.");
    return nullptr;
  }
  blocks.release();
  return result;
}

// copy(blocks, numbers: Uint32Array, bytes, target) -> the bytes that were copied
napi_value Copy(napi_env env, napi_callback_info info) {
  const auto arguments = ArgumentsOf<4>(env, info);
  void* external = nullptr;
  void* numbers = nullptr;
  void* target = nullptr;
  size_t count = 0;
  size_t capacity = 0;
  napi_get_value_external(env, arguments[0], &external);
  napi_typedarray_type type = napi_int8_array;
  napi_get_typedarray_info(env, arguments[1], &type, &count, &numbers, nullptr, nullptr);
  const size_t bytes = NumberOf(env, arguments[2]);
  napi_get_typedarray_info(env, arguments[3], nullptr, &capacity, &target, nullptr, nullptr);
  const Blocks* const blocks = static_cast<const Blocks*>(external);
  const uint32_t* const first = static_cast<const uint32_t*>(numbers);
  bool is_valid = blocks != nullptr && type == napi_uint32_array &&
                  bytes <= blocks->block_bytes() && count * bytes <= capacity;
  for (size_t at = 0; is_valid && at < count; ++at) is_valid = first[at] < blocks->count();
  if (!is_valid) {
    napi_throw_range_error(env, nullptr, "There are no such blocks, or there is no room for them.");
    return nullptr;
  }
  blocks->Copy(first, count, bytes, static_cast<char*>(target));
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(count * bytes), &result);
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  const std::pair<const char*, napi_callback> functions[] = {{"allocate", Allocate},
                                                             {"copy", Copy}};
  for (const auto& [name, callback] : functions) {
    napi_value function = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  }
  return exports;
}
