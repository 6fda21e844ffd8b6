// Connections and what is ready in them; see exports.h.
// Thread rule: each export on its environment's own thread; many environments at once.

#include <algorithm>
#include <array>
#include <utility>

#include "native/binding/exports.h"

namespace shardwatch::binding {

namespace {

// Consumers that are taken out of a ready list at once.
constexpr size_t kTakenMax = 256;

int64_t Connect(napi_env env, Environment& environment, Arguments<2> arguments) {
  wire::Status status = wire::Status::kOk;
  std::unique_ptr<Connection> connection =
      Connection::Open(env, arguments[0], arguments[1], &status);
  if (connection == nullptr) return Fail(status);
  return environment.connections.Open(std::move(connection)).value_or(kOutOfMemory);
}

int64_t TakeReady(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::unique_ptr<Connection>* const found =
      Find(env, environment.connections, arguments[0], failure);
  if (found == nullptr) return failure;
  Connection& connection = **found;
  size_t count = 0;
  while (!connection.ended().empty() && count < wire::kReadyMax) {
    connection.exchange().SetHandle(count++, connection.ended().back());
    connection.ended().pop_back();
  }
  std::array<uint64_t, kTakenMax> consumers;
  for (bool is_emptied = false; !is_emptied && count < wire::kReadyMax;) {
    const size_t max = std::min<size_t>(consumers.size(), wire::kReadyMax - count);
    const size_t taken = connection.ready().Take(consumers.data(), max);
    for (size_t index = 0; index < taken; ++index) {
      connection.exchange().SetHandle(count++, static_cast<int64_t>(consumers[index]));
    }
    is_emptied = taken < max;
  }
  return static_cast<int64_t>(count);
}

constexpr std::array kExports = {
    Method("connect", Answer<2, Connect>),
    Method("takeReady", Answer<1, TakeReady>),
};

}  // namespace

Exports ConnectionExports() { return kExports; }

}  // namespace shardwatch::binding
