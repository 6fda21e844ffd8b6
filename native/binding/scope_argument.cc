// Reading a scope; see scope_argument.h. Thread rule: belongs to one call.

#include "native/binding/scope_argument.h"

#include <span>

#include "native/binding/values.h"
#include "native/wire/wire.h"

namespace shardwatch::binding {

bool ScopeArgument::Read(napi_env env, napi_value array) {
  array_ = array;
  int64_t labels = 0;
  int64_t fields = 0;
  if (!ReadLength(env, array, &length_) || !NextOptionalText(env, &request_.namespace_name) ||
      !NextOptionalText(env, &request_.name) || !NextOptionalText(env, &api_version_)) {
    return false;
  }
  if (!NextNumber(env, length_, &labels)) return false;
  for (; labels > 0; --labels) {
    if (!ReadLabel(env)) return false;
  }
  if (!NextNumber(env, length_, &fields)) return false;
  for (; fields > 0; --fields) {
    if (!ReadField(env)) return false;
  }
  if (!ReadShard(env) || at_ != length_) return false;
  // Now that they don't move any more.
  std::span<const std::string_view> values = values_;
  for (size_t index = 0; index < labels_.size(); ++index) {
    labels_[index].values = values.first(value_counts_[index]);
    values = values.subspan(value_counts_[index]);
  }
  request_.labels = labels_;
  request_.fields = fields_;
  request_.shard_ranges = shard_ranges_;
  return true;
}

bool ScopeArgument::ReadLabel(napi_env env) {
  LabelRequirement requirement;
  int64_t op = 0;
  int64_t count = 0;
  if (!NextText(env, &requirement.key) ||
      !NextNumber(env, static_cast<int64_t>(wire::LabelOperator::kLessThan), &op) ||
      !NextNumber(env, length_, &count)) {
    return false;
  }
  requirement.op = static_cast<LabelOperator>(op);
  for (int64_t index = 0; index < count; ++index) {
    std::string_view value;
    if (!NextText(env, &value)) return false;
    values_.push_back(value);
  }
  value_counts_.push_back(static_cast<size_t>(count));
  labels_.push_back(requirement);
  return true;
}

bool ScopeArgument::ReadField(napi_env env) {
  FieldRequirement requirement;
  int64_t op = 0;
  if (!NextText(env, &requirement.path) ||
      !NextNumber(env, static_cast<int64_t>(wire::FieldOperator::kNotEquals), &op) ||
      !NextText(env, &requirement.value)) {
    return false;
  }
  requirement.op = static_cast<FieldOperator>(op);
  fields_.push_back(requirement);
  return true;
}

bool ScopeArgument::ReadShard(napi_env env) {
  int64_t ranges = 0;
  int64_t key = 0;
  if (at_ == length_) return true;
  if (!NextNumber(env, length_, &ranges) || ranges == 0) return false;
  if (!NextNumber(env, static_cast<int64_t>(wire::ShardKey::kNamespace), &key)) return false;
  request_.shard_key = static_cast<ShardKey>(key);
  for (; ranges > 0; --ranges) {
    ShardRange range;
    if (!NextHash(env, &range.first) || !NextHash(env, &range.last)) return false;
    shard_ranges_.push_back(range);
  }
  return true;
}

// Numbers of JavaScript don't hold 64 bits.
bool ScopeArgument::NextHash(napi_env env, uint64_t* hash) {
  int64_t high = 0;
  int64_t low = 0;
  if (!NextNumber(env, UINT32_MAX, &high) || !NextNumber(env, UINT32_MAX, &low)) return false;
  *hash = static_cast<uint64_t>(high) << 32 | static_cast<uint64_t>(low);
  return true;
}

bool ScopeArgument::Next(napi_env env, napi_value* element) {
  return at_ < length_ && ReadElement(env, array_, at_++, element);
}

bool ScopeArgument::NextText(napi_env env, std::string_view* text) {
  napi_value element = nullptr;
  return Next(env, &element) && texts_.Read(env, element, text);
}

bool ScopeArgument::NextOptionalText(napi_env env, std::optional<std::string_view>* text) {
  napi_value element = nullptr;
  return Next(env, &element) && ReadOptionalText(env, element, texts_, text);
}

// An integer from 0 to `max`.
bool ScopeArgument::NextNumber(napi_env env, int64_t max, int64_t* number) {
  napi_value element = nullptr;
  return Next(env, &element) && ReadHandle(env, element, number) && *number <= max;
}

}  // namespace shardwatch::binding
