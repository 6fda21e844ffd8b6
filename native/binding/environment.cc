// Opening and dropping an environment; see environment.h. Thread rule: the environment's thread.

#include "native/binding/environment.h"

namespace shardwatch::binding {

namespace {

// 2^32 over the golden ratio: the generations that environments begin with are far from each other.
constexpr uint32_t kGenerationStep = 0x9e3779b1;

}  // namespace

bool Environment::Open(napi_env env) {
  auto* environment = new Environment(env);
  if (napi_add_env_cleanup_hook(env, CleanUp, environment) != napi_ok) {
    delete environment;
    return false;
  }
  if (napi_set_instance_data(env, environment, nullptr, nullptr) != napi_ok) {
    napi_remove_env_cleanup_hook(env, CleanUp, environment);
    delete environment;
    return false;
  }
  return true;
}

Environment* Environment::Of(napi_env env) {
  void* environment = nullptr;
  if (napi_get_instance_data(env, &environment) != napi_ok) return nullptr;
  return static_cast<Environment*>(environment);
}

Environment::Environment(napi_env env)
    : Environment(env, Process::Get().CountEnvironment() * kGenerationStep) {}

Environment::Environment(napi_env env, uint32_t generation)
    : connections(0, generation),
      caches(1, generation),
      roots(2, generation),
      lists(3, generation),
      watches(4, generation),
      heaps(5, generation),
      env_(env),
      live_(Process::Get().environments_live) {}

Environment::~Environment() {
  watches.Clear();
  lists.Clear();
  roots.Clear();
  caches.Clear();
  heaps.Clear();
  connections.Clear();
}

void Environment::CleanUp(void* data) {
  auto* environment = static_cast<Environment*>(data);
  napi_set_instance_data(environment->env_, nullptr, nullptr, nullptr);
  delete environment;
}

}  // namespace shardwatch::binding
