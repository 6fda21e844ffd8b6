// Shards: hashes, where a version's uid is found, and ranges with both ends.

#include "native/core/object/shard_selector.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "native/core/object/scanner.h"

namespace shardwatch {
namespace {

class ShardSelectorTest : public testing::Test {
 protected:
  ~ShardSelectorTest() override {
    for (Version* const version : versions_) Version::Free(version, arena_, strings_);
  }

  const Version& Make(const std::string& json) {
    ObjectScanner scanner;
    ScannedObject object;
    EXPECT_TRUE(scanner.Scan(json, {}, object)) << json;
    versions_.push_back(Version::Make(object, 1234, arena_, strings_));
    return *versions_.back();
  }

  // With this metadata beside the name.
  std::string_view Uid(const std::string& metadata) {
    return UidOf(Make(R"({"metadata":{"name":"a")" + metadata + R"(},"spec":{"uid":"no"}})"));
  }

  Arena arena_;
  InternTable strings_{arena_, 1};
  std::vector<Version*> versions_;
};

TEST_F(ShardSelectorTest, HashesAreThoseOfFnv1a) {
  EXPECT_EQ(ShardHash(""), 0xcbf29ce484222325U);
  EXPECT_EQ(ShardHash("a"), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(ShardHash("foobar"), 0x85944171f73967e8U);
}

TEST_F(ShardSelectorTest, TheUidIsFoundWhateverStandsBeforeIt) {
  EXPECT_EQ(Uid(R"(,"uid":"u-1")"), "u-1");
  EXPECT_EQ(Uid(R"(,"uid":"u-1","resourceVersion":"7","selfLink":"/x","zone":[1,{"a":"}"}])"),
            "u-1");
  EXPECT_EQ(Uid(R"(,"tags":[{"uid":"x"},["]",{}],"\""],"t2":{"uid":"y"},"t3":-1.5e3,"uid":"u")"),
            "u");
  EXPECT_EQ(Uid(R"(,"s":null,"t":true,"uid":"u","v":false)"), "u");
  EXPECT_EQ(Uid(R"(,"uid":"")"), "");
  EXPECT_EQ(Uid(R"(,"uid":"a\"b")"), R"(a\"b)");
}

TEST_F(ShardSelectorTest, WithoutAUidItIsEmpty) {
  EXPECT_EQ(Uid(""), "");
  EXPECT_EQ(Uid(R"(,"zone":{"uid":"x"})"), "");
  EXPECT_EQ(UidOf(Make(R"({"metadata":{"name":"a"}})")), "");
}

TEST_F(ShardSelectorTest, RangesHaveBothEnds) {
  const Version& version = Make(R"({"metadata":{"name":"a","namespace":"foobar","uid":"a"}})");
  const auto matches = [&version](ShardKey key, std::vector<ShardRange> ranges) {
    ShardSelector selector;
    selector.Set(key, ranges);
    return selector.Matches(version);
  };
  constexpr uint64_t kHash = 0xaf63dc4c8601ec8c;
  EXPECT_TRUE(matches(ShardKey::kUid, {}));
  EXPECT_TRUE(matches(ShardKey::kUid, {{kHash, kHash}}));
  EXPECT_FALSE(matches(ShardKey::kUid, {{0, kHash - 1}}));
  EXPECT_FALSE(matches(ShardKey::kUid, {{kHash + 1, UINT64_MAX}}));
  EXPECT_TRUE(matches(ShardKey::kUid, {{0, 1}, {kHash - 1, UINT64_MAX}}));
  EXPECT_FALSE(matches(ShardKey::kNamespace, {{kHash, kHash}}));
  EXPECT_TRUE(matches(ShardKey::kNamespace, {{0x85944171f73967e8, 0x85944171f73967e8}}));
}

}  // namespace
}  // namespace shardwatch
