// The changes of one call: keys, objects and revisions in arrays of their own.
//
//   keys       [ns, name, ns, name, ...]
//   objects    [Uint8Array | undefined, ...]     undefined: a deletion
//   revisions  BigUint64Array
//
// One change, the usual batch, takes no allocation. Thread rule: belongs to one call.

#ifndef NATIVE_BINDING_CHANGE_LIST_H_
#define NATIVE_BINDING_CHANGE_LIST_H_

#include <node_api.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "native/binding/texts.h"
#include "native/core/shard/writer.h"

namespace shardwatch::binding {

// An object's bytes; undefined is none. Bytes that are empty are there, and are no JSON.
bool ReadObject(napi_env env, napi_value value, std::string_view* object);

class ChangeList {
 public:
  ChangeList() = default;
  ChangeList(const ChangeList&) = delete;
  ChangeList& operator=(const ChangeList&) = delete;

  // False where the arrays don't fit each other, or an element is of a wrong type.
  bool Read(napi_env env, napi_value keys, napi_value objects, napi_value revisions);

  // The bytes are JavaScript's memory: valid until the native call returns.
  std::span<const Change> changes() const { return changes_; }

  bool has_deletion() const;

 private:
  bool ReadElements(napi_env env, napi_value keys, napi_value objects);
  bool ReadObjects(napi_env env, napi_value revisions);

  Texts texts_;
  std::array<Change, 1> near_changes_;
  std::array<napi_value, 1> near_objects_{};
  std::vector<Change> far_changes_;
  std::vector<napi_value> far_objects_;
  std::span<Change> changes_;
  std::span<napi_value> objects_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_CHANGE_LIST_H_
