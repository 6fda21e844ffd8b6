// The process and its environments; see exports.h.
// Thread rule: each export on its environment's own thread; many environments at once.

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include <array>
#include <atomic>
#include <compare>
#include <limits>

#include "native/binding/exports.h"
#include "native/binding/process.h"
#include "native/binding/texts.h"
#include "native/core/object/key.h"

namespace shardwatch::binding {

namespace {

using wire::KeyOrder;
using wire::ProcessLane;

int64_t AbiVersion(napi_env, Environment&, Arguments<0>) { return wire::kAbiVersion; }

int64_t CompareKeysExport(napi_env env, Environment&, Arguments<4> arguments) {
  Texts texts;
  KeyView left;
  KeyView right;
  if (!ReadKey(env, arguments[0], arguments[1], texts, &left) ||
      !ReadKey(env, arguments[2], arguments[3], texts, &right)) {
    return kInvalidArgument;
  }
  const std::strong_ordering order = CompareKeys(left, right);
  const KeyOrder result = order < 0   ? KeyOrder::kBefore
                          : order > 0 ? KeyOrder::kAfter
                                      : KeyOrder::kSame;
  return static_cast<int32_t>(result);
}

int64_t ProcessStats(napi_env env, Environment&, Arguments<1> arguments) {
  std::span<double> lanes;
  if (!ReadLanes(env, arguments[0], &lanes) || lanes.size() < wire::kProcessLaneCount) {
    return kInvalidArgument;
  }
  const Process& process = Process::Get();
  const auto fill = [&lanes](ProcessLane lane, const std::atomic<uint64_t>& value) {
    lanes[static_cast<size_t>(lane)] = static_cast<double>(value.load(std::memory_order_relaxed));
  };
  fill(ProcessLane::kCachesLive, process.caches_live);
  fill(ProcessLane::kAttachmentsLive, process.attachments_live);
  fill(ProcessLane::kRootsLive, process.roots_live);
  fill(ProcessLane::kListsLive, process.lists_live);
  fill(ProcessLane::kWatchesLive, process.watches_live);
  fill(ProcessLane::kHeapsLive, process.heaps_live);
  fill(ProcessLane::kEnvironmentsLive, process.environments_live);
  fill(ProcessLane::kEnvironmentsOpened, process.environments_opened);
  return 0;
}

#if defined(__unix__) || defined(__APPLE__)
int DuplicateDescriptor(int original) {
#if defined(__linux__)
  // Where files may be large the C library's `fcntl` is one that glibc has from 2.28 on.
  return static_cast<int>(syscall(SYS_fcntl, original, F_DUPFD_CLOEXEC, 0));
#else
  return fcntl(original, F_DUPFD_CLOEXEC, 0);
#endif
}

// Only of what listens: a number that means something else by now is no harm.
bool ReadListener(napi_env env, napi_value argument, int* listener, int64_t* failure) {
  uint64_t descriptor = 0;
  *failure = kInvalidArgument;
  if (!ReadCount(env, argument, &descriptor)) return false;
  *failure = Fail(wire::Status::kNotFound);
  if (descriptor > static_cast<uint64_t>(std::numeric_limits<int>::max())) return false;
  *listener = static_cast<int>(descriptor);
  int listens = 0;
  socklen_t size = sizeof(listens);
  return getsockopt(*listener, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

int64_t DuplicateListener(napi_env env, Environment&, Arguments<1> arguments) {
  int listener = 0;
  int64_t failure = 0;
  if (!ReadListener(env, arguments[0], &listener, &failure)) return failure;
  const int duplicate = DuplicateDescriptor(listener);
  return duplicate < 0 ? Fail(wire::Status::kFull) : duplicate;
}

int64_t CloseListener(napi_env env, Environment&, Arguments<1> arguments) {
  int listener = 0;
  int64_t failure = 0;
  if (!ReadListener(env, arguments[0], &listener, &failure)) return failure;
  close(listener);
  return 0;
}
#else
int64_t DuplicateListener(napi_env, Environment&, Arguments<1>) {
  return Fail(wire::Status::kNotFound);
}

int64_t CloseListener(napi_env, Environment&, Arguments<1>) {
  return Fail(wire::Status::kNotFound);
}
#endif

constexpr std::array kExports = {
    Method("abiVersion", Answer<0, AbiVersion>),
    Method("closeListener", Answer<1, CloseListener>),
    Method("compareKeys", Answer<4, CompareKeysExport>),
    Method("duplicateListener", Answer<1, DuplicateListener>),
    Method("processStats", Answer<1, ProcessStats>),
};

}  // namespace

Exports ProcessExports() { return kExports; }

}  // namespace shardwatch::binding
