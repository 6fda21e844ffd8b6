// What tests of writers and readers begin with: a store, a writer on it, and objects to write.
// Thread rule: a Fixture belongs to the test; each thread makes a Client of its own.

#ifndef TEST_NATIVE_STORE_FIXTURE_H_
#define TEST_NATIVE_STORE_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "native/core/cache/history.h"
#include "native/core/shard/publisher.h"
#include "native/core/shard/store.h"
#include "native/core/shard/writer.h"

namespace shardwatch {

// Object key (`namespace/name`) to the object's bytes.
using Model = std::map<std::string, std::string>;

inline std::string ObjectJson(std::string_view space, std::string_view name, uint64_t value) {
  return R"({"metadata":{"labels":{"value":")" + std::to_string(value) + R"("},"name":")" +
         std::string(name) + R"(","namespace":")" + std::string(space) + R"("},"spec":{"value":)" +
         std::to_string(value) + "}}";
}

// The canonical bytes with the revision in them, as ObjectJson's become when they are stored.
inline std::string StoredJson(std::string_view space, std::string_view name, uint64_t value,
                              uint64_t revision) {
  return R"({"metadata":{"labels":{"value":")" + std::to_string(value) + R"("},"name":")" +
         std::string(name) + R"(","namespace":")" + std::string(space) +
         R"(","resourceVersion":")" + std::to_string(revision) + R"("},"spec":{"value":)" +
         std::to_string(value) + "}}";
}

inline Model ReadModel(const ObjectDirectory& directory) {
  Model model;
  ObjectCursor cursor(directory);
  while (const Version* const version = cursor.Next()) {
    const KeyView key = version->key();
    model[std::string(key.namespace_name) + "/" + std::string(key.name)] = version->bytes();
  }
  return model;
}

// A store with what belongs to it; a test may write through many clients.
class StoreFixture {
 public:
  explicit StoreFixture(const StoreOptions& options)
      : store(options), history(store, publisher), index_labels_(options.index_labels.size()) {}

  // Drops everything, and checks that nothing is left behind.
  ~StoreFixture();

  Store store;
  Publisher publisher;
  History history;

 private:
  // Keys that the store itself keeps.
  const size_t index_labels_;
};

// One thread's access.
class Client final : private RootObserver {
 public:
  explicit Client(StoreFixture& fixture)
      : fixture_(fixture),
        slot(*fixture.store.epochs().OpenSlot()),
        writer(fixture.store, fixture.publisher, slot, *this) {}
  ~Client() { fixture_.store.epochs().CloseSlot(&slot); }

  // The current state, held.
  StateHold Now() {
    EpochPin pin(fixture_.store.epochs(), slot);
    return fixture_.store.Hold(*fixture_.store.LoadRoot());
  }

  Model NowModel() { return ReadModel(Now().directory()); }

  // Records that were published by this client, with their sequences.
  std::vector<std::pair<uint64_t, EventRecord>> published;

 private:
  void RootPublished(Root& root, std::span<const EventRecord> records,
                     uint64_t first_sequence) override {
    fixture_.history.Offer(root);
    for (const EventRecord& record : records) published.emplace_back(first_sequence++, record);
  }
  void RootReplaced(Root&, bool) override { fixture_.history.Clear(); }

  StoreFixture& fixture_;

 public:
  EpochSlot& slot;
  Writer writer;
};

inline StoreFixture::~StoreFixture() {
  {
    Client client(*this);
    client.writer.Close();
  }
  history.Clear();
  while (store.Reclaim(SIZE_MAX)) {
  }
  EXPECT_EQ(store.version_bytes(), 0U);
  EXPECT_EQ(store.strings().size(), index_labels_);
  EXPECT_EQ(store.LoadRoot()->state.index.entries.size(), 0U);
  EXPECT_EQ(store.held().Stats(0).holds, 0U);
}

}  // namespace shardwatch

#endif  // TEST_NATIVE_STORE_FIXTURE_H_
