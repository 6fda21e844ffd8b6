// Declared fields, such as `spec.nodeName`: keys from the top of the object, joined by dots. Keys
// that contain a dot, and elements of arrays, can't be named. Thread rule: immutable after
// construction; any thread.

#ifndef NATIVE_CORE_OBJECT_FIELD_PATH_H_
#define NATIVE_CORE_OBJECT_FIELD_PATH_H_

#include <string>
#include <string_view>
#include <vector>

namespace shardwatch {

class FieldPath {
 public:
  explicit FieldPath(std::string_view path) {
    for (;;) {
      const size_t dot = path.find('.');
      keys_.emplace_back(path.substr(0, dot));
      if (dot == std::string_view::npos) return;
      path.remove_prefix(dot + 1);
    }
  }

  const std::vector<std::string>& keys() const { return keys_; }

 private:
  std::vector<std::string> keys_;
};

using FieldPaths = std::vector<FieldPath>;

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_FIELD_PATH_H_
