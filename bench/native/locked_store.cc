// One store behind one lock, for several threads of a process: what threads/* are measured against.
//
// A hash map of JSON bytes, an ordered map of each namespace for LIST, and a queue for each watch,
// all under one std::mutex. It does inside the lock what has to be there and nothing else: bytes
// are copied in and frames are made outside of it.
//
//   1. Whoever reads holds the lock until the bytes are copied: get one object's, list a
//   namespace's.
//   2. Stores are never given up: a process of the benchmarks has one or two.
//
// Thread rule: everything may be called by every thread; a watch is drained by the one that opened
// it.

#include <node_api.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using Bytes = std::shared_ptr<const std::string>;

struct Event {
  bool is_new;
  Bytes bytes;
};

struct Watch {
  std::string name_space;
  std::deque<Event> queue;
  bool is_woken = false;
  napi_threadsafe_function wake = nullptr;
};

struct KeyHash {
  using is_transparent = void;
  size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
};

struct Store {
  std::mutex lock;
  std::unordered_map<std::string, Bytes, KeyHash, std::equal_to<>> objects;
  // The bytes of each namespace, by name: of the same objects.
  std::map<std::string, std::map<std::string, Bytes*>, std::less<>> namespaces;
  std::vector<std::unique_ptr<Watch>> watches;
};

constexpr size_t kStoresMax = 64;
constexpr size_t kKeyBytesMax = 512;

std::array<std::atomic<Store*>, kStoresMax> stores;
std::atomic<uint32_t> store_count;

// An argument that is missing or of another type reads as nothing: only the benchmarks call this.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = arguments_.size();
    napi_get_cb_info(env, info, &count, arguments_.data(), nullptr, nullptr);
  }

  Store* store() const {
    uint32_t id = number(0);
    return id < kStoresMax ? stores[id].load(std::memory_order_acquire) : nullptr;
  }

  uint32_t number(size_t at) const {
    uint32_t value = UINT32_MAX;
    napi_get_value_uint32(env_, arguments_[at], &value);
    return value;
  }

  std::string_view text(size_t at, char (&buffer)[kKeyBytesMax]) const {
    size_t length = 0;
    napi_get_value_string_utf8(env_, arguments_[at], buffer, kKeyBytesMax, &length);
    return {buffer, length};
  }

  // "namespace/name".
  std::string_view key(char (&buffer)[2 * kKeyBytesMax]) const {
    size_t head = 0;
    napi_get_value_string_utf8(env_, arguments_[1], buffer, kKeyBytesMax, &head);
    buffer[head++] = '/';
    size_t tail = 0;
    napi_get_value_string_utf8(env_, arguments_[2], buffer + head, kKeyBytesMax, &tail);
    return {buffer, head + tail};
  }

  std::pair<char*, size_t> bytes(size_t at) const {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    napi_get_typedarray_info(env_, arguments_[at], &type, &length, &data, nullptr, nullptr);
    return {static_cast<char*>(data), length};
  }

  napi_value argument(size_t at) const { return arguments_[at]; }

  napi_value Answer(double value) const {
    napi_value result = nullptr;
    napi_create_double(env_, value, &result);
    return result;
  }

 private:
  napi_env env_;
  std::array<napi_value, 4> arguments_{};
};

// create() -> id
napi_value Create(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const uint32_t id = store_count.fetch_add(1);
  if (id >= kStoresMax) return call.Answer(-1);
  stores[id].store(new Store, std::memory_order_release);
  return call.Answer(id);
}

void Offer(Store& store, std::string_view name_space, bool is_new, const Bytes& bytes) {
  for (const auto& watch : store.watches) {
    if (watch->name_space != name_space) continue;
    watch->queue.push_back({is_new, bytes});
    if (watch->is_woken) continue;
    watch->is_woken = true;
    napi_call_threadsafe_function(watch->wake, nullptr, napi_tsfn_nonblocking);
  }
}

// put(id, namespace, name, bytes)
napi_value Put(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Store* store = call.store();
  if (store == nullptr) return call.Answer(-1);
  char buffer[2 * kKeyBytesMax];
  const std::string_view key = call.key(buffer);
  const auto [data, length] = call.bytes(3);
  const std::string_view name_space = key.substr(0, key.find('/'));
  Bytes bytes = std::make_shared<const std::string>(data, length);
  Bytes before;  // Freed behind the lock.
  {
    const std::lock_guard guard(store->lock);
    const auto found = store->objects.find(key);
    const bool is_new = found == store->objects.end();
    if (is_new) {
      Bytes& slot = store->objects.emplace(key, bytes).first->second;
      auto& names = store->namespaces.try_emplace(std::string(name_space)).first->second;
      names.emplace(key.substr(name_space.size() + 1), &slot);
    } else {
      before = std::exchange(found->second, bytes);
    }
    if (!store->watches.empty()) Offer(*store, name_space, is_new, bytes);
  }
  return call.Answer(0);
}

// get(id, namespace, name, page) -> length; -1: not there
napi_value Get(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Store* store = call.store();
  if (store == nullptr) return call.Answer(-1);
  char buffer[2 * kKeyBytesMax];
  const std::string_view key = call.key(buffer);
  const auto [page, capacity] = call.bytes(3);
  size_t length = 0;
  {
    const std::lock_guard guard(store->lock);
    const auto found = store->objects.find(key);
    if (found == store->objects.end()) return call.Answer(-1);
    length = found->second->size();
    if (length <= capacity) memcpy(page, found->second->data(), length);
  }
  return call.Answer(static_cast<double>(length));
}

// list(id, namespace, target) -> length; what does not fit is left out
napi_value List(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Store* store = call.store();
  if (store == nullptr) return call.Answer(-1);
  char buffer[kKeyBytesMax];
  const std::string_view name_space = call.text(1, buffer);
  const auto [target, capacity] = call.bytes(2);
  size_t end = 0;
  {
    const std::lock_guard guard(store->lock);
    const auto names = store->namespaces.find(name_space);
    if (names == store->namespaces.end()) return call.Answer(0);
    for (const auto& [name, slot] : names->second) {
      const std::string& bytes = **slot;
      if (end + 1 + bytes.size() > capacity) break;
      if (end > 0) target[end++] = ',';
      memcpy(target + end, bytes.data(), bytes.size());
      end += bytes.size();
    }
  }
  return call.Answer(static_cast<double>(end));
}

// watch(id, namespace, wake) -> number of the watch
napi_value OpenWatch(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Store* store = call.store();
  if (store == nullptr) return call.Answer(-1);
  char buffer[kKeyBytesMax];
  auto watch = std::make_unique<Watch>();
  watch->name_space = call.text(1, buffer);
  napi_value title = nullptr;
  napi_create_string_utf8(env, "watch", NAPI_AUTO_LENGTH, &title);
  if (napi_create_threadsafe_function(env, call.argument(2), nullptr, title, 0, 1, nullptr, nullptr,
                                      nullptr, nullptr, &watch->wake) != napi_ok) {
    return call.Answer(-1);
  }
  napi_unref_threadsafe_function(env, watch->wake);
  const std::lock_guard guard(store->lock);
  store->watches.push_back(std::move(watch));
  return call.Answer(static_cast<double>(store->watches.size() - 1));
}

// drain(id, number, page) -> length of the next frame, 0: nothing is pending
napi_value Drain(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Store* store = call.store();
  if (store == nullptr) return call.Answer(-1);
  const uint32_t number = call.number(1);
  const auto [page, capacity] = call.bytes(2);
  Event event;
  {
    const std::lock_guard guard(store->lock);
    if (number >= store->watches.size()) return call.Answer(-1);
    Watch& watch = *store->watches[number];
    watch.is_woken = false;
    if (watch.queue.empty()) return call.Answer(0);
    event = std::move(watch.queue.front());
    watch.queue.pop_front();
  }
  const std::string_view head =
      event.is_new ? R"({"type":"ADDED","object":)" : R"({"type":"MODIFIED","object":)";
  const std::string_view tail = "}\n";
  const size_t length = head.size() + event.bytes->size() + tail.size();
  if (length > capacity) return call.Answer(-1);
  memcpy(page, head.data(), head.size());
  memcpy(page + head.size(), event.bytes->data(), event.bytes->size());
  memcpy(page + length - tail.size(), tail.data(), tail.size());
  return call.Answer(static_cast<double>(length));
}

}  // namespace

NAPI_MODULE_INIT() {
  const std::pair<const char*, napi_callback> functions[] = {
      {"create", Create}, {"put", Put},         {"get", Get},
      {"list", List},     {"watch", OpenWatch}, {"drain", Drain},
  };
  for (const auto& [name, callback] : functions) {
    napi_value function = nullptr;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  }
  return exports;
}
