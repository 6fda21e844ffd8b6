// A scope as TypeScript passes it, in one flat array:
//
//   [namespace | undefined, name | undefined, apiVersion | undefined,
//    label requirements, then each: key, operator, count of values, values ...,
//    field requirements, then each: path, operator, value
//    and, of a shard, its ranges, its key, then each range: first, last, in two halves each]
//
// Thread rule: belongs to one call.

#ifndef NATIVE_BINDING_SCOPE_ARGUMENT_H_
#define NATIVE_BINDING_SCOPE_ARGUMENT_H_

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "native/binding/texts.h"
#include "native/core/object/scope.h"

namespace shardwatch::binding {

class ScopeArgument {
 public:
  ScopeArgument() = default;
  ScopeArgument(const ScopeArgument&) = delete;
  ScopeArgument& operator=(const ScopeArgument&) = delete;

  bool Read(napi_env env, napi_value array);

  // Views of this object.
  const ScopeRequest& request() const { return request_; }
  const std::optional<std::string_view>& api_version() const { return api_version_; }

 private:
  bool Next(napi_env env, napi_value* element);
  bool NextText(napi_env env, std::string_view* text);
  bool NextOptionalText(napi_env env, std::optional<std::string_view>* text);
  bool NextNumber(napi_env env, int64_t max, int64_t* number);
  bool ReadLabel(napi_env env);
  bool ReadField(napi_env env);
  bool ReadShard(napi_env env);
  bool NextHash(napi_env env, uint64_t* hash);

  Texts texts_;
  napi_value array_ = nullptr;
  uint32_t at_ = 0;
  uint32_t length_ = 0;
  // Of all label requirements; how many each has is in `value_counts_`.
  std::vector<std::string_view> values_;
  std::vector<size_t> value_counts_;
  std::vector<LabelRequirement> labels_;
  std::vector<FieldRequirement> fields_;
  std::vector<ShardRange> shard_ranges_;
  ScopeRequest request_;
  std::optional<std::string_view> api_version_;
};

}  // namespace shardwatch::binding

#endif  // NATIVE_BINDING_SCOPE_ARGUMENT_H_
