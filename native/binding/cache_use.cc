// Making, closing and dropping; see cache_use.h. Thread rule: as told there.

#include "native/binding/cache_use.h"

#include <cstddef>
#include <utility>

namespace shardwatch::binding {

namespace {

// Dead things that letting go of one thing frees at most, a millisecond's worth; a write or a trim
// frees the rest.
constexpr size_t kReclaimedMax = 4096;

}  // namespace

std::shared_ptr<SharedCache> SharedCache::Make(const StoreOptions& options, uint64_t nonce) {
  Cache* const cache = Cache::Make(options);
  if (cache == nullptr) return nullptr;
  return std::shared_ptr<SharedCache>(new SharedCache(*cache, nonce));
}

SharedCache::~SharedCache() {
  if (id_ != 0) Process::Get().caches.Remove(id_);
  if (is_emptied_) cache_.Release();
}

std::shared_ptr<CacheUse> CacheUse::Open(std::shared_ptr<SharedCache> shared,
                                         Connection& connection, bool is_owner) {
  std::shared_ptr<CacheUse> use(new CacheUse(std::move(shared), connection, is_owner));
  use->attachment_.reset(Attachment::Open(use->shared_->cache(), connection.ready()));
  if (use->attachment_ != nullptr) return use;
  // Nothing was written yet.
  if (is_owner) use->shared_->is_emptied_ = true;
  return nullptr;
}

CacheUse::~CacheUse() {
  if (attachment_ == nullptr) return;
  Close();
  attachment_.reset();
  // The attachment's, which it may not let go of by itself: it uses the cache to its end.
  shared_->cache().Release();
}

wire::Status CacheUse::Close() {
  is_closed_ = true;
  if (!is_owner_ || shared_->is_emptied_) return wire::Status::kOk;
  if (attachment_->CloseCache().fault == WriteFault::kOutOfMemory) {
    return wire::Status::kOutOfMemory;
  }
  shared_->is_emptied_ = true;
  return wire::Status::kOk;
}

void CacheUse::Reclaim() { attachment_->store().Reclaim(kReclaimedMax); }

void CacheUse::TellReady() {
  exchange().SetFlag(wire::HeadLane::kOwnReady, connection_.has_ready());
}

}  // namespace shardwatch::binding
