// Opening, waking and closing; see connection.h. Thread rule: as told there.

#include "native/binding/connection.h"

#include <cstddef>

namespace shardwatch::binding {

namespace {

bool IsFunction(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_function;
}

}  // namespace

std::unique_ptr<Connection> Connection::Open(napi_env env, napi_value exchange, napi_value wake,
                                             wire::Status* status) {
  *status = wire::Status::kInvalidArgument;
  void* bytes = nullptr;
  size_t length = 0;
  if (napi_get_arraybuffer_info(env, exchange, &bytes, &length) != napi_ok ||
      length != wire::kExchangeBytes || !IsFunction(env, wake)) {
    return nullptr;
  }
  std::unique_ptr<Connection> connection(new Connection(env, bytes));
  if (connection->Start(exchange, wake)) return connection;
  // What Node refuses, it refuses for want of memory, or because the environment is going.
  *status = wire::Status::kOutOfMemory;
  return nullptr;
}

Connection::Connection(napi_env env, void* bytes)
    : env_(env), exchange_(bytes), ready_(Wake, this) {}

Connection::~Connection() {
  if (is_hooked_) napi_remove_env_cleanup_hook(env_, CleanUp, this);
  CleanUp(this);
}

bool Connection::Start(napi_value exchange, napi_value wake) {
  if (napi_create_reference(env_, exchange, 1, &exchange_reference_) != napi_ok) return false;
  napi_value name = nullptr;
  if (napi_create_string_utf8(env_, "shardwatch.wake", NAPI_AUTO_LENGTH, &name) != napi_ok) {
    return false;
  }
  // No queue limit: there is one call at most, which the ready list sees to.
  if (napi_create_threadsafe_function(env_, wake, nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                      nullptr, &wake_) != napi_ok) {
    wake_ = nullptr;
    return false;
  }
  if (napi_unref_threadsafe_function(env_, wake_) != napi_ok) return false;
  // After the function, so that it runs before the function's own: hooks run in reverse order.
  if (napi_add_env_cleanup_hook(env_, CleanUp, this) != napi_ok) return false;
  is_hooked_ = true;
  return true;
}

// More than once, at times.
void Connection::CleanUp(void* data) {
  auto* const connection = static_cast<Connection*>(data);
  connection->is_hooked_ = false;
  connection->ready_.Close();
  if (connection->wake_ != nullptr) {
    napi_release_threadsafe_function(connection->wake_, napi_tsfn_abort);
    connection->wake_ = nullptr;
  }
  if (connection->exchange_reference_ != nullptr) {
    napi_delete_reference(connection->env_, connection->exchange_reference_);
    connection->exchange_reference_ = nullptr;
  }
}

// Any thread, under the lock of the ready list.
void Connection::Wake(void* data) {
  auto* const connection = static_cast<Connection*>(data);
  // Where it fails, memory is out: the watches stay in the list, until the next publication.
  napi_call_threadsafe_function(connection->wake_, nullptr, napi_tsfn_nonblocking);
}

}  // namespace shardwatch::binding
