// A watch of the cache under test, and the state that its events make: what its consumer would
// have.
//
//  1. Every event fits what came before: ADDED what is not there, MODIFIED and DELETED what is.
//  2. Whenever there is nothing more to drain, the state is that of the cache.
// Thread rule: belongs to one thread.

#ifndef TEST_NATIVE_FUZZ_HISTORY_WATCH_H_
#define TEST_NATIVE_FUZZ_HISTORY_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "native/core/cache/cache.h"
#include "native/core/watch/watch.h"
#include "test/native/fuzz/history_model.h"

namespace shardwatch::fuzz {

// A selection as the core takes it.
class ScopeOf {
 public:
  explicit ScopeOf(const Selection& selection);
  ScopeOf(const ScopeOf&) = delete;
  ScopeOf& operator=(const ScopeOf&) = delete;

  const ScopeRequest& request() const { return request_; }

 private:
  std::string_view app_;
  LabelRequirement label_;
  FieldRequirement field_;
  ScopeRequest request_;
};

class FoldedWatch final : private DrainSink {
 public:
  // REQUIRES: Open follows. The attachment and the model outlive it.
  FoldedWatch(Attachment& attachment, const HistoryModel& model, const Selection& selection)
      : attachment_(attachment), model_(model), selection_(selection) {}
  ~FoldedWatch();
  FoldedWatch(const FoldedWatch&) = delete;
  FoldedWatch& operator=(const FoldedWatch&) = delete;

  // From the state, or from what is above `after`; false where that is out of the window.
  bool Open(bool from_state, uint64_t after);

  // Drains at most so many objects or events, and checks them; tells whether there is more.
  bool Drain(size_t count);

  // Until there is nothing more.
  void DrainAll();

  bool has_ended() const { return end_ != WatchEnd::kNone; }

 private:
  bool AddObject(const Version& version, const Rendering& rendering) override;
  bool AddEvent(uint64_t sequence, uint64_t revision, WatchEventType type, const Version& version,
                const Rendering& rendering) override;

  void RequireBytes(const Version& version, const Rendering& rendering, const Row& row, uint64_t at,
                    const char* sentence);
  void Begin();
  void RequireEnd(WatchEnd end) const;
  bool TakeRoom();

  Attachment& attachment_;
  const HistoryModel& model_;
  const Selection selection_;
  Watch* watch_ = nullptr;
  // The model's, when it was opened.
  uint64_t generation_ = 0;
  // Objects of the initial state are still to come.
  bool is_initial_ = false;
  // The state that it begins with is known.
  bool has_begun_ = false;
  // Live events are above it.
  uint64_t after_ = 0;
  // The newest that was told.
  uint64_t position_ = 0;
  size_t room_ = 0;
  bool was_full_ = false;
  WatchEnd end_ = WatchEnd::kNone;
  // What a watch from the state begins with.
  State initial_;
  State fold_;
  // Of the object at hand: what was told, and what was to be.
  std::string bytes_;
  std::string expected_;
};

}  // namespace shardwatch::fuzz

#endif  // TEST_NATIVE_FUZZ_HISTORY_WATCH_H_
