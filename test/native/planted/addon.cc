// An addon that makes one fault (faults.h): `plant(name)` answers whether there is a fault of that
// name. Loaded by Node as the real addon is, it shows that faults are seen there too.
// Thread rule: one environment.

#include <napi.h>

#include <string>

#include "test/native/planted/faults.h"

namespace {

Napi::Value PlantExport(const Napi::CallbackInfo& info) {
  const std::string name = info[0].ToString();
  return Napi::Boolean::New(info.Env(), shardwatch::planted::Plant(name));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("plant", Napi::Function::New(env, PlantExport));
  return exports;
}

}  // namespace

NODE_API_MODULE(planted_addon, Init)
