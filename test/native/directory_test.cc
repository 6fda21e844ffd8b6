// The directory of namespaces against a set of whole keys: order, ranks, walks from anywhere.

#include "native/core/tree/directory.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace shardwatch {
namespace {

struct Object {
  std::string space;
  std::string name;
};

struct ObjectShape {
  using Item = const Object*;
  using Key = std::string_view;
  static Key KeyOf(Item object) { return object->name; }
  static std::strong_ordering Compare(Key left, Key right) { return left <=> right; }
  static constexpr std::string_view kKeyEnd = "";
  static uint64_t WeightOf(Item) { return 1; }
};

using Entry = NamespaceEntry<ObjectShape>;
using ObjectEdit = TreeEdit<ObjectShape>;
using SpaceEdit = TreeEdit<NamespaceShape<ObjectShape>>;

enum Kind : uint8_t { kObjectNode, kSpaceNode, kEntry };

std::string WholeKey(const KeyView& key) {
  std::string whole(key.namespace_name);
  if (!whole.empty()) whole += '/';
  return whole.append(key.name);
}

class TestDirectory {
 public:
  ~TestDirectory() {
    const std::map<std::string, const Object*> rest = model_;
    for (const auto& [key, object] : rest) Change(object->space, object->name, false);
    EXPECT_EQ(strings_.size(), 0U);
    EXPECT_EQ(arena_.Stats().slots_live, 0U);
  }

  // Puts or deletes one object and publishes.
  void Change(const std::string& space, const std::string& name, bool put) {
    NodeSupply<const Object*> objects(arena_, kObjectNode);
    NodeSupply<Entry*> spaces(arena_, kSpaceNode);
    ASSERT_TRUE(ObjectEdit::ReserveFor(objects, 10'000, 1));
    ASSERT_TRUE(SpaceEdit::ReserveFor(spaces, 10'000, 1));
    RetiredList replaced;
    ObjectEdit edit(directory_.ObjectsOf(space), ++ticket_, objects, replaced);
    DirectoryEdit<ObjectShape> publication(directory_, ticket_, spaces, replaced);
    const std::string key = WholeKey({space, name});
    if (put) {
      model_[key] = &made_.emplace_back(Object{space, name});
      edit.Put(model_[key]);
    } else {
      edit.Delete(name);
      model_.erase(key);
    }
    if (edit.size() == 0) {
      publication.Delete(space);
    } else {
      Entry* const entry = new (arena_.Allocate(sizeof(Entry))) Entry;
      entry->kind = kEntry;
      entry->name = strings_.Acquire(space);
      entry->objects = edit.Finish();
      publication.Put(entry);
    }
    directory_ = publication.Finish();
    Free(replaced);
  }

  const Directory<ObjectShape>& directory() const { return directory_; }
  const std::map<std::string, const Object*>& model() const { return model_; }

 private:
  void Free(RetiredList& replaced) {
    while (Retired* const item = replaced.Take()) {
      if (item->kind == kObjectNode) {
        NodeSupply<const Object*>::Free(arena_, static_cast<TreeNode<const Object*>*>(item));
      } else if (item->kind == kSpaceNode) {
        NodeSupply<Entry*>::Free(arena_, static_cast<TreeNode<Entry*>*>(item));
      } else {
        strings_.Release(static_cast<Entry*>(item)->name);
        arena_.Free(item, sizeof(Entry));
      }
    }
  }

  Arena arena_;
  InternTable strings_{arena_, 1};
  std::deque<Object> made_;
  Directory<ObjectShape> directory_;
  std::map<std::string, const Object*> model_;
  uint64_t ticket_ = 0;
};

void CheckSame(const TestDirectory& test) {
  const Directory<ObjectShape>& directory = test.directory();
  ASSERT_EQ(directory.size(), test.model().size());
  DirectoryCursor<ObjectShape> cursor(directory);
  std::set<std::string> spaces;
  uint64_t rank = 0;
  for (const auto& [key, object] : test.model()) {
    ASSERT_EQ(cursor.Next(), object) << key;
    ASSERT_EQ(directory.Find({object->space, object->name}), object);
    ASSERT_EQ(directory.Rank({object->space, object->name}), rank);
    ASSERT_EQ(directory.Select(rank++), object);
    spaces.insert(object->space);
  }
  ASSERT_EQ(cursor.Next(), nullptr);
  ASSERT_EQ(directory.Select(rank), nullptr);
  ASSERT_EQ(directory.namespaces().size(), spaces.size());
}

TEST(Directory, TheEmptyOneHasNothing) {
  const Directory<ObjectShape> directory;
  EXPECT_EQ(directory.size(), 0U);
  EXPECT_EQ(directory.Find({"a", "b"}), nullptr);
  EXPECT_EQ(DirectoryCursor<ObjectShape>(directory).Next(), nullptr);
  EXPECT_EQ(DirectoryCursor<ObjectShape>(directory, "a", "b").Next(), nullptr);
}

TEST(Directory, OrdersByWholeKeysAndCountsAcrossNamespaces) {
  const std::vector<std::string> spaces = {"team", "team-a", "team.a",  "team0",
                                           "a",    "t",      "\xc3\xa9"};
  std::mt19937 random(31);
  TestDirectory test;
  for (int round = 0; round < 4'000; ++round) {
    const std::string& space = spaces[random() % spaces.size()];
    const bool put = random() % 10 < (round / 1000 % 2 == 0 ? 8U : 2U);
    test.Change(space, std::to_string(random() % 300), put);
    if (round % 200 == 0) CheckSame(test);
  }
  CheckSame(test);
}

TEST(Directory, ManyNamespacesComeAndGo) {
  TestDirectory test;
  for (int space = 0; space < 500; ++space) test.Change(std::to_string(space), "only", true);
  CheckSame(test);
  for (int space = 0; space < 500; space += 2) test.Change(std::to_string(space), "only", false);
  CheckSame(test);
}

TEST(Directory, ClusterScopedObjectsHaveNoNamespace) {
  TestDirectory test;
  for (const std::string name : {"b", "a", "c"}) test.Change("", name, true);
  CheckSame(test);
  DirectoryCursor<ObjectShape> cursor(test.directory(), {"", "b"});
  EXPECT_EQ(cursor.Next()->name, "b");
  EXPECT_EQ(cursor.Next()->name, "c");
  EXPECT_EQ(cursor.Next(), nullptr);
}

TEST(Directory, AWalkBeginsWhereverItIsTold) {
  TestDirectory test;
  for (const std::string space : {"a", "b", "b-c", "d"}) {
    for (const std::string name : {"k", "m", "p"}) test.Change(space, name, true);
  }
  for (const std::string space : {"", "0", "a", "b", "b-c", "b-d", "c", "d", "e"}) {
    for (const std::string name : {"", "a", "k", "l", "p", "z"}) {
      DirectoryCursor<ObjectShape> all(test.directory(), KeyView{space, name});
      auto expected = test.model().lower_bound(space + "/" + name);
      for (; expected != test.model().end(); ++expected) ASSERT_EQ(all.Next(), expected->second);
      ASSERT_EQ(all.Next(), nullptr);
      DirectoryCursor<ObjectShape> one(test.directory(), space, name);
      for (const auto& [key, object] : test.model()) {
        if (object->space == space && object->name >= name) {
          ASSERT_EQ(one.Next(), object);
        }
      }
      ASSERT_EQ(one.Next(), nullptr);
    }
  }
}

}  // namespace
}  // namespace shardwatch
