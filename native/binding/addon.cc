// The addon's exports: what JavaScript can call, each a few lines over the core.
//
//   abiVersion()                          the version of the border, see wire.json
//   compareKeys(ns, name, ns, name)       wire::KeyOrder: the order of lists
//   openBlock(bytes) -> handle            keeps a copy of the bytes outside the V8 heap
//   readBlock(handle) -> Buffer           a copy of them
//   closeBlock(handle)                    gives them up
//   processStats(lanes)                   fills a Float64Array of wire::ProcessLane
//
// Numbers below zero are wire::Status. Hot calls use the C interface, which costs a fifth of the
// C++ one.
// Thread rule: each export on its environment's own thread; many environments at once.

#include <napi.h>

#include <array>
#include <compare>
#include <optional>
#include <span>
#include <utility>

#include "native/binding/environment.h"
#include "native/binding/process.h"
#include "native/binding/values.h"
#include "native/core/object/key.h"
#include "native/wire/wire.h"

namespace shardwatch::binding {

namespace {

using wire::KeyOrder;
using wire::ProcessLane;
using wire::Status;

napi_value AbiVersion(napi_env env, napi_callback_info) {
  return MakeNumber(env, wire::kAbiVersion);
}

napi_value CompareKeysExport(napi_env env, napi_callback_info info) {
  std::array<napi_value, 4> arguments{};
  std::array<Text, 4> texts;
  if (!ReadArguments(env, info, arguments)) return MakeStatus(env, Status::kInvalidArgument);
  for (size_t index = 0; index < texts.size(); ++index) {
    if (!texts[index].Read(env, arguments[index])) {
      return MakeStatus(env, Status::kInvalidArgument);
    }
  }
  const std::strong_ordering order =
      CompareKeys({.namespace_name = texts[0].view(), .name = texts[1].view()},
                  {.namespace_name = texts[2].view(), .name = texts[3].view()});
  const KeyOrder result = order < 0   ? KeyOrder::kBefore
                          : order > 0 ? KeyOrder::kAfter
                                      : KeyOrder::kSame;
  return MakeNumber(env, static_cast<int32_t>(result));
}

napi_value OpenBlock(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> arguments{};
  std::span<const std::byte> bytes;
  if (!ReadArguments(env, info, arguments) || !ReadBytes(env, arguments[0], &bytes)) {
    return MakeStatus(env, Status::kInvalidArgument);
  }
  Environment* environment = Environment::Of(env);
  if (environment == nullptr) return MakeStatus(env, Status::kInvalidArgument);
  if (bytes.size() > BlockPool::kBlockBytesMax) return MakeStatus(env, Status::kTooLarge);
  BlockReference block = Process::Get().blocks.Make(bytes);
  if (!block) return MakeStatus(env, Status::kOutOfMemory);
  const std::optional<int64_t> handle = environment->blocks.Open(std::move(block));
  return handle ? MakeNumber(env, *handle) : MakeStatus(env, Status::kOutOfMemory);
}

napi_value ReadBlock(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> arguments{};
  int64_t handle = 0;
  if (!ReadArguments(env, info, arguments) || !ReadHandle(env, arguments[0], &handle)) {
    return MakeStatus(env, Status::kInvalidArgument);
  }
  Environment* environment = Environment::Of(env);
  const BlockReference* block = environment == nullptr ? nullptr : environment->blocks.Find(handle);
  if (block == nullptr) return MakeStatus(env, Status::kInvalidHandle);
  return MakeBytes(env, (*block)->bytes());
}

napi_value CloseBlock(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> arguments{};
  int64_t handle = 0;
  if (!ReadArguments(env, info, arguments) || !ReadHandle(env, arguments[0], &handle)) {
    return MakeStatus(env, Status::kInvalidArgument);
  }
  Environment* environment = Environment::Of(env);
  const bool closed = environment != nullptr && environment->blocks.Close(handle);
  return MakeStatus(env, closed ? Status::kOk : Status::kInvalidHandle);
}

napi_value ProcessStats(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> arguments{};
  std::span<double> lanes;
  if (!ReadArguments(env, info, arguments) || !ReadLanes(env, arguments[0], &lanes) ||
      lanes.size() < wire::kProcessLaneCount) {
    return MakeStatus(env, Status::kInvalidArgument);
  }
  Process& process = Process::Get();
  const BlockPoolStats blocks = process.blocks.Stats();
  const auto fill = [&lanes](ProcessLane lane, uint64_t value) {
    lanes[static_cast<size_t>(lane)] = static_cast<double>(value);
  };
  fill(ProcessLane::kBlocksLive, blocks.blocks_live);
  fill(ProcessLane::kBytesLive, blocks.bytes_live);
  fill(ProcessLane::kBytesReserved, blocks.bytes_reserved);
  fill(ProcessLane::kEnvironmentsLive, process.environments_live.load(std::memory_order_relaxed));
  fill(ProcessLane::kEnvironmentsOpened,
       process.environments_opened.load(std::memory_order_relaxed));
  return MakeStatus(env, Status::kOk);
}

constexpr napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {.utf8name = name,
          .name = nullptr,
          .method = callback,
          .getter = nullptr,
          .setter = nullptr,
          .value = nullptr,
          .attributes = napi_enumerable,
          .data = nullptr};
}

constexpr std::array kExports = {
    Method("abiVersion", AbiVersion), Method("compareKeys", CompareKeysExport),
    Method("openBlock", OpenBlock),   Method("readBlock", ReadBlock),
    Method("closeBlock", CloseBlock), Method("processStats", ProcessStats),
};

}  // namespace

Napi::Object Load(Napi::Env env, Napi::Object exports) {
  if (!Environment::Open(env)) {
    Napi::Error::New(env, "shardwatch: the environment is closing").ThrowAsJavaScriptException();
    return exports;
  }
  if (napi_define_properties(env, exports, kExports.size(), kExports.data()) != napi_ok) {
    Napi::Error::New(env).ThrowAsJavaScriptException();
  }
  return exports;
}

}  // namespace shardwatch::binding

// The macro declares its functions where it stands and takes the loader's unqualified name.
namespace {
Napi::Object LoadShardwatch(Napi::Env env, Napi::Object exports) {
  return shardwatch::binding::Load(env, exports);
}
}  // namespace

NODE_API_MODULE(shardwatch, LoadShardwatch)
