// The order of keys: that of the bytes of `namespace/name`.

#include "native/core/object/key.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shardwatch {
namespace {

std::string WholeKey(const KeyView& key) {
  if (key.namespace_name.empty()) return std::string(key.name);
  return std::string(key.namespace_name) + "/" + std::string(key.name);
}

TEST(Key, ANamespaceComparesWithTheSlashThatFollowsIt) {
  EXPECT_TRUE(CompareNamespaces("team-a", "team") < 0);
  EXPECT_TRUE(CompareNamespaces("team", "team-a") > 0);
  EXPECT_TRUE(CompareNamespaces("team", "team0") < 0);
  EXPECT_TRUE(CompareNamespaces("team", "team") == 0);
}

TEST(Key, BytesAboveAsciiCompareUnsigned) {
  EXPECT_TRUE(CompareKeys({"", "z"}, {"", "\xc3\xa9"}) < 0);
  // U+FFFD before U+10000, which UTF-16 has the other way round.
  EXPECT_TRUE(CompareKeys({"", "\xef\xbf\xbd"}, {"", "\xf0\x90\x80\x80"}) < 0);
  EXPECT_TRUE(CompareKeys({"\xc3\xa9", "a"}, {"e", "a"}) > 0);
}

TEST(Key, OrdersAsTheWholeKeysBytesDo) {
  const std::vector<std::string> namespaces = {"a", "a-b", "a.b", "a0", "b", "ab"};
  const std::vector<std::string> names = {"", "a", "a-1", "a.1", "a1", "z", "\xc3\xa9"};
  std::vector<KeyView> keys;
  for (const std::string& space : namespaces) {
    for (const std::string& name : names) keys.push_back({space, name});
  }
  for (const KeyView& left : keys) {
    for (const KeyView& right : keys) {
      EXPECT_EQ(CompareKeys(left, right), WholeKey(left) <=> WholeKey(right))
          << WholeKey(left) << " " << WholeKey(right);
    }
  }
}

TEST(Key, ClusterScopedKeysOrderByName) {
  EXPECT_TRUE(CompareKeys({"", "a"}, {"", "b"}) < 0);
  EXPECT_TRUE(CompareKeys({"", "a"}, {"", "a"}) == 0);
}

}  // namespace
}  // namespace shardwatch
