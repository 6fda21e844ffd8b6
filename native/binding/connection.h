// One user of the addon in one environment: its exchange, and its way to be woken. (A module that
// is loaded twice, by two copies of a package, has two.)
//
//  1. `wake` is called on the environment's thread, soon after a publication of another thread has
//     made watches ready. It does not keep the environment alive.
//  2. Publishers use the thread-safe function under the ready list's lock and not after it was
//     closed; it is closed by a hook that runs before Node's own for the function.
// Thread rule: the environment's own thread, but for Wake.

#ifndef NATIVE_BINDING_CONNECTION_H_
#define NATIVE_BINDING_CONNECTION_H_

#include <node_api.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "native/binding/exchange.h"
#include "native/core/watch/ready_list.h"
#include "native/wire/wire.h"

namespace shardwatch::binding {

class Connection {
 public:
  // Null with a status. `exchange` is an ArrayBuffer, which must not be detached, and `wake` a
  // function.
  static std::unique_ptr<Connection> Open(napi_env env, napi_value exchange, napi_value wake,
                                          wire::Status* status);

  // REQUIRES: no watches.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Exchange& exchange() { return exchange_; }
  ReadyList& ready() { return ready_; }

  // Watches that have ended for this environment alone and are to be called, beside those of the
  // ready list.
  std::vector<int64_t>& ended() { return ended_; }

  bool has_ready() const { return !ready_.empty() || !ended_.empty(); }

 private:
  Connection(napi_env env, void* bytes);

  bool Start(napi_value exchange, napi_value wake);
  static void CleanUp(void* connection);
  static void Wake(void* connection);

  const napi_env env_;
  Exchange exchange_;
  ReadyList ready_;
  std::vector<int64_t> ended_;
  napi_ref exchange_reference_ = nullptr;
  napi_threadsafe_function wake_ = nullptr;
  bool is_hooked_ = false;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_CONNECTION_H_
