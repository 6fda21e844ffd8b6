// Reading changes; see change_list.h. Thread rule: belongs to one call.

#include "native/binding/change_list.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "native/binding/values.h"

namespace shardwatch::binding {

bool ReadObject(napi_env env, napi_value value, std::string_view* object) {
  std::span<char> bytes;
  if (IsUndefined(env, value)) {
    *object = {};
    return true;
  }
  if (!ReadBytes(env, value, &bytes)) return false;
  *object = {bytes.data(), bytes.size()};
  return true;
}

bool ChangeList::Read(napi_env env, napi_value keys, napi_value objects, napi_value revisions) {
  uint32_t key_parts = 0;
  uint32_t count = 0;
  std::span<const uint64_t> numbers;
  if (!ReadLength(env, objects, &count) || !ReadLength(env, keys, &key_parts) ||
      !ReadRevisions(env, revisions, &numbers)) {
    return false;
  }
  // The revisions are real memory, and bound the others, which may be holes.
  if (numbers.size() != count || key_parts != uint64_t{2} * count) return false;
  if (count <= near_changes_.size()) {
    changes_ = std::span(near_changes_).first(count);
    objects_ = std::span(near_objects_).first(count);
  } else {
    far_changes_.resize(count);
    far_objects_.resize(count);
    changes_ = far_changes_;
    objects_ = far_objects_;
  }
  return ReadElements(env, keys, objects) && ReadObjects(env, revisions);
}

bool ChangeList::has_deletion() const {
  return std::any_of(changes_.begin(), changes_.end(),
                     [](const Change& change) { return !change.is_put(); });
}

// All that may run JavaScript.
bool ChangeList::ReadElements(napi_env env, napi_value keys, napi_value objects) {
  for (uint32_t index = 0; index < changes_.size(); ++index) {
    napi_value namespace_name = nullptr;
    napi_value name = nullptr;
    if (!ReadElement(env, keys, 2 * index, &namespace_name) ||
        !ReadElement(env, keys, 2 * index + 1, &name) ||
        !ReadKey(env, namespace_name, name, texts_, &changes_[index].key) ||
        !ReadElement(env, objects, index, &objects_[index])) {
      return false;
    }
  }
  return true;
}

// All that is a view of JavaScript's memory.
bool ChangeList::ReadObjects(napi_env env, napi_value revisions) {
  std::span<const uint64_t> numbers;
  if (!ReadRevisions(env, revisions, &numbers) || numbers.size() < changes_.size()) return false;
  for (size_t index = 0; index < changes_.size(); ++index) {
    changes_[index].revision = numbers[index];
    if (!ReadObject(env, objects_[index], &changes_[index].object)) return false;
  }
  return true;
}

}  // namespace shardwatch::binding
