// Comparing keys by their bytes; see key.h. Thread rule: any thread.

#include "native/core/object/key.h"

#include <algorithm>
#include <cstring>

namespace shardwatch {

namespace {

constexpr unsigned char kSeparator = '/';

std::strong_ordering CompareBytes(std::string_view left, std::string_view right, size_t length) {
  return std::memcmp(left.data(), right.data(), length) <=> 0;
}

unsigned char ByteAt(std::string_view text, size_t index) {
  return static_cast<unsigned char>(text[index]);
}

}  // namespace

std::strong_ordering CompareNamespaces(std::string_view left, std::string_view right) {
  const size_t shorter = std::min(left.size(), right.size());
  const std::strong_ordering prefix =
      shorter == 0 ? std::strong_ordering::equal : CompareBytes(left, right, shorter);
  if (prefix != 0 || left.size() == right.size()) return prefix;
  return left.size() < right.size() ? kSeparator <=> ByteAt(right, shorter)
                                    : ByteAt(left, shorter) <=> kSeparator;
}

std::strong_ordering CompareKeys(const KeyView& left, const KeyView& right) {
  const std::strong_ordering namespaces =
      CompareNamespaces(left.namespace_name, right.namespace_name);
  if (namespaces != 0) return namespaces;
  // char_traits<char> compares as unsigned bytes, which is the order of UTF-8.
  return left.name <=> right.name;
}

}  // namespace shardwatch
