// The addon: loading it into an environment. Its exports are those of exports.h, in raw Node-API,
// which costs a fifth of the C++ wrapper.
// Thread rule: each environment on its own thread; many environments at once.

#include <napi.h>

#include "native/binding/environment.h"
#include "native/binding/exports.h"

namespace shardwatch::binding {

namespace {

bool Define(napi_env env, napi_value target, Exports exports) {
  return napi_define_properties(env, target, exports.size(), exports.data()) == napi_ok;
}

}  // namespace

Napi::Object Load(Napi::Env env, Napi::Object exports) {
  if (!Environment::Open(env)) {
    Napi::Error::New(env, "shardwatch: the environment is closing").ThrowAsJavaScriptException();
    return exports;
  }
  for (const Exports group :
       {ProcessExports(), ConnectionExports(), CacheExports(), WriteExports(), ReadExports(),
        ListExports(), WatchExports(), HeapExports(), HeapOrderExports()}) {
    if (Define(env, exports, group)) continue;
    Napi::Error::New(env).ThrowAsJavaScriptException();
    break;
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
