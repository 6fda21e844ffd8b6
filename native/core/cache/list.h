// A list in progress: a page of objects of one held state, copied out chunk by chunk.
//
//  1. The page is settled before anything is read: which object is its last, and how many follow.
//  2. The state is held until the last object was read or the list is closed.
//  3. With a selector the page is searched for. Another one follows when it is full and any object
//     stands behind it, matching or not: upstream does not look further either.
//  4. No call looks at more objects than the request allows: it pauses then, with what it has found
//     so far, and the next one goes on.
// Thread rule: belongs to one thread.

#ifndef NATIVE_CORE_CACHE_LIST_H_
#define NATIVE_CORE_CACHE_LIST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/object/key.h"
#include "native/core/object/scope.h"
#include "native/core/object/stamp.h"
#include "native/core/object/version.h"
#include "native/core/shard/scope_walk.h"
#include "native/core/shard/store.h"

namespace shardwatch {

struct ListRequest {
  ScopeRequest scope;
  // To serve instead of the stored one.
  std::optional<std::string_view> api_version;
  // Only keys at or after this one.
  std::optional<KeyView> start;
  // At most so many objects; 0: all.
  uint64_t limit = 0;
  // At least 1: so many objects are looked at by one call. Default: as many as it takes.
  uint64_t looks = WalkBudget::kUnlimited;
};

class ListCursor {
 public:
  explicit ListCursor(Store& store) : scope_(store.strings()), declared_(store.fields()) {}
  ListCursor(const ListCursor&) = delete;
  ListCursor& operator=(const ListCursor&) = delete;

  // Plans the page, and settles it where looks are not limited. REQUIRES: called once, first. After
  // a fault the list may only be destroyed.
  ScopeOutcome Open(StateHold state, const ListRequest& request);

  // Goes on with the search for the page; false where that is paused.
  bool Settle();

  // Whether the last call has paused: another one goes on.
  bool is_paused() const { return is_paused_; }

  uint64_t revision() const { return revision_; }

  // Whether more objects follow within the scope's namespace and name. This and the two below are
  // known when the page is settled.
  bool has_more() const { return last_ != nullptr || !last_name_.empty(); }
  // The last key of the page where more follow. Valid until the list is at its end.
  KeyView last() const {
    if (last_ != nullptr) return last_->key();
    return {.namespace_name = last_namespace_, .name = last_name_};
  }
  // How many follow; only with a limit and without a selector.
  std::optional<uint64_t> remaining() const { return remaining_; }

  // The number of the index that it walks, where it walks one.
  std::optional<uint16_t> index() const { return index_; }
  // Objects that it has looked at, without those that only memory has been asked for, and those
  // that it has given, so far.
  uint64_t fetched() const { return fetched_ + (walk_ ? walk_->fetched() : 0) - ahead_count_; }
  uint64_t returned() const { return returned_; }

  // The next object, which stays the next one, or null at the end (the state is let go then) or
  // where the list is paused.
  const Version* Peek();

  // A list that is paused goes on with the next Peek. False where its page is not settled yet.
  bool Resume();
  // Takes what Peek shows.
  void Advance();

  // How many bytes the object takes.
  size_t LengthOf(const Version& version) const { return RenderedLength(version, rendering_); }
  char* Copy(const Version& version, char* target) const {
    return CopyVersion(version, rendering_, target);
  }

  // Writes the next objects, joined by commas (a comma leads every chunk but the first), as many as
  // fit into `target`, but no more than `bytes_max` unless it is one alone. Tells the bytes that
  // were written. 0: `needed` tells how many the next object takes, 0 at the end and where it is
  // paused.
  size_t Read(std::span<char> target, size_t bytes_max, size_t& needed);

  // Objects were taken one by one: chunks are led by a comma from now on.
  void SetBegun() { is_first_ = false; }

 private:
  // Objects whose bytes memory is asked for before they are copied, half of them together: it takes
  // longer to bring one than to copy one. A power of two.
  static constexpr uint32_t kAhead = 8;

  void CountPage(const ListRequest& request);
  bool SearchPage();
  bool CountBehind();
  const Version* Next();
  void LookAhead();
  void LetGo();

  Scope scope_;
  const std::vector<std::string>& declared_;
  StateHold state_;
  uint64_t revision_ = 0;
  std::optional<ApiVersionText> api_version_;
  Rendering rendering_;
  std::optional<ScopeWalk> walk_;
  // Of a page that is searched for, what counts the objects behind it.
  std::optional<ScopeWalk> walk_behind_;
  uint64_t behind_ = 0;
  uint64_t looks_ = WalkBudget::kUnlimited;
  std::optional<uint16_t> index_;
  // By walks that are over.
  uint64_t fetched_ = 0;
  uint64_t returned_ = 0;
  // Of a page that was counted, the objects still to come.
  uint64_t left_ = UINT64_MAX;
  // Of a page that was searched for, its objects.
  std::vector<const Version*> found_;
  size_t next_found_ = 0;
  uint64_t limit_ = 0;
  bool is_searched_ = false;
  bool is_settled_ = true;
  bool is_paused_ = false;
  // A ring of the objects that come next, from `ahead_begin_` on.
  std::array<const Version*, kAhead> ahead_{};
  uint32_t ahead_begin_ = 0;
  uint32_t ahead_count_ = 0;
  bool is_first_ = true;
  // The page's last object where more follow, while the state is held; its key afterwards.
  const Version* last_ = nullptr;
  std::string last_namespace_;
  std::string last_name_;
  std::optional<uint64_t> remaining_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_CACHE_LIST_H_
