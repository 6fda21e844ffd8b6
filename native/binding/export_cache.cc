// Caches: opening, sharing, closing, and what there is to tell of them; see exports.h.
// Thread rule: each export on its environment's own thread; many environments at once.

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "native/binding/exports.h"
#include "native/binding/process.h"
#include "native/binding/statuses.h"
#include "native/binding/texts.h"

namespace shardwatch::binding {

namespace {

using wire::HeadLane;
using wire::StatsLane;
using wire::Status;

// Far more than processors; each takes a cache line.
constexpr uint64_t kShardsMax = 65536;

static_assert(wire::kDeclaredFieldsMax == kDeclaredFieldsMax && wire::kIndexesMax == kIndexesMax);

bool ReadTextList(napi_env env, napi_value argument, std::vector<std::string>* texts) {
  uint32_t length = 0;
  if (!ReadLength(env, argument, &length)) return false;
  for (uint32_t index = 0; index < length; ++index) {
    napi_value element = nullptr;
    Texts memory;
    std::string_view text;
    if (!ReadElement(env, argument, index, &element) || !memory.Read(env, element, &text)) {
      return false;
    }
    texts->emplace_back(text);
  }
  return true;
}

bool ReadLimits(const Exchange& exchange, uint64_t* shard_count, HistoryLimits* limits) {
  limits->window_ms = exchange.Number(HeadLane::kWindowMs);
  return CountOf(exchange.Number(HeadLane::kShardCount), shard_count) && *shard_count > 0 &&
         limits->window_ms >= 0 &&
         CountOf(exchange.Number(HeadLane::kEntriesMin), &limits->entries_min) &&
         CountOf(exchange.Number(HeadLane::kEntriesMax), &limits->entries_max) &&
         CountOf(exchange.Number(HeadLane::kBytesMax), &limits->bytes_max);
}

int64_t OpenUse(Environment& environment, std::shared_ptr<SharedCache> shared,
                Connection& connection, bool is_owner) {
  std::shared_ptr<CacheUse> use = CacheUse::Open(std::move(shared), connection, is_owner);
  if (use == nullptr) return kOutOfMemory;
  ReadyEntry& wait = use->attachment().wait_entry();
  const std::optional<int64_t> handle = environment.caches.Open(std::move(use));
  if (!handle) return kOutOfMemory;
  // Below zero, where no watch's is.
  wait.consumer = static_cast<uint64_t>(-*handle - 1);
  return *handle;
}

// False where a field that is to be indexed is none.
bool FindFields(const std::vector<std::string>& fields, const std::vector<std::string>& indexed,
                std::vector<size_t>* positions) {
  for (const std::string& field : indexed) {
    const auto found = std::find(fields.begin(), fields.end(), field);
    if (found == fields.end()) return false;
    positions->push_back(static_cast<size_t>(found - fields.begin()));
  }
  return true;
}

int64_t OpenCache(napi_env env, Environment& environment, Arguments<4> arguments) {
  int64_t failure = 0;
  StoreOptions options;
  std::vector<std::string> index_fields;
  // First, since it may run JavaScript.
  if (!ReadTextList(env, arguments[1], &options.fields) ||
      !ReadTextList(env, arguments[2], &index_fields) ||
      !ReadTextList(env, arguments[3], &options.index_labels) ||
      !FindFields(options.fields, index_fields, &options.index_fields)) {
    return kInvalidArgument;
  }
  std::unique_ptr<Connection>* const connection =
      Find(env, environment.connections, arguments[0], failure);
  if (connection == nullptr) return failure;
  const Exchange& exchange = (*connection)->exchange();
  uint64_t shard_count = 0;
  if (!ReadLimits(exchange, &shard_count, &options.history)) return kInvalidArgument;
  if (shard_count > kShardsMax || options.fields.size() > wire::kDeclaredFieldsMax ||
      options.index_fields.size() + options.index_labels.size() > wire::kIndexesMax) {
    return Fail(Status::kTooLarge);
  }
  options.shard_count = static_cast<uint32_t>(shard_count);
  options.seed = exchange.Revision(HeadLane::kSeed);
  std::shared_ptr<SharedCache> shared =
      SharedCache::Make(options, exchange.Revision(HeadLane::kNonce));
  if (shared == nullptr) return kOutOfMemory;
  return OpenUse(environment, std::move(shared), **connection, true);
}

int64_t ShareCache(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  return static_cast<int64_t>(Process::Get().caches.Share((*use)->shared()));
}

int64_t AttachCache(napi_env env, Environment& environment, Arguments<2> arguments) {
  int64_t failure = 0;
  int64_t id = 0;
  std::unique_ptr<Connection>* const connection =
      Find(env, environment.connections, arguments[0], failure);
  if (connection == nullptr) return failure;
  if (!ReadHandle(env, arguments[1], &id)) return kInvalidArgument;
  bool is_past = false;
  std::shared_ptr<SharedCache> shared = Process::Get().caches.Find(
      static_cast<uint64_t>(id), (*connection)->exchange().Revision(HeadLane::kNonce), &is_past);
  if (is_past) return Fail(Status::kClosed);
  if (shared == nullptr) return kInvalidHandle;
  if (shared->cache().is_closed()) return Fail(Status::kClosed);
  return OpenUse(environment, std::move(shared), **connection, false);
}

// Watches that were opened through a use which is no owner's end here alone.
void EndWatches(Environment& environment, const CacheUse& use, Connection& connection) {
  environment.watches.ForEach([&](int64_t handle, std::unique_ptr<OpenedWatch>& watch) {
    if (watch->use().get() != &use || !watch->EndWithUse()) return;
    connection.ended().push_back(handle);
  });
}

int64_t CloseUse(Environment& environment, CacheUse& use) {
  const Status status = use.Close();
  if (!use.is_owner()) EndWatches(environment, use, use.connection());
  use.TellReady();
  return Fail(status);
}

int64_t CloseCache(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::shared_ptr<CacheUse>* const use = Find(env, environment.caches, arguments[0], failure);
  return use == nullptr ? failure : CloseUse(environment, **use);
}

int64_t DropCache(napi_env env, Environment& environment, Arguments<1> arguments) {
  const int64_t closed = CloseCache(env, environment, arguments);
  return closed == 0 ? Close(env, environment.caches, arguments[0]) : closed;
}

int64_t State(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::shared_ptr<CacheUse>* const use = Find(env, environment.caches, arguments[0], failure);
  if (use == nullptr) return failure;
  Attachment& attachment = (*use)->attachment();
  Exchange& exchange = (*use)->exchange();
  EpochPin pin(attachment.store().epochs(), attachment.slot());
  const Root& root = *attachment.store().LoadRoot();
  exchange.SetRevision(HeadLane::kRevision, root.revision);
  exchange.SetRevision(HeadLane::kOldestRevision, root.log.oldest_revision);
  exchange.SetNumber(HeadLane::kGeneration, root.generation);
  return 0;
}

int64_t Stats(napi_env env, Environment& environment, Arguments<2> arguments) {
  int64_t failure = 0;
  double now_ms = 0;
  std::shared_ptr<CacheUse>* const use = Find(env, environment.caches, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadNumber(env, arguments[1], &now_ms)) return kInvalidArgument;
  const CacheStats stats = (*use)->attachment().Stats(now_ms);
  Exchange& exchange = (*use)->exchange();
  exchange.SetNumber(StatsLane::kObjects, stats.objects);
  exchange.SetNumber(StatsLane::kShards, stats.shards);
  exchange.SetNumber(StatsLane::kNamespaces, stats.namespaces);
  exchange.SetNumber(StatsLane::kBytesLive, stats.bytes_live);
  exchange.SetNumber(StatsLane::kBytesRetained, stats.bytes_retained);
  exchange.SetNumber(StatsLane::kBytesFree, stats.bytes_free);
  exchange.SetNumber(StatsLane::kBytesReserved, stats.bytes_reserved);
  exchange.SetNumber(StatsLane::kGeneration, stats.generation);
  exchange.SetRevision(StatsLane::kRevision, stats.revision);
  exchange.SetRevision(StatsLane::kOldestRevision, stats.oldest_revision);
  exchange.SetNumber(StatsLane::kOldestAgeMs, stats.oldest_age_ms);
  exchange.SetNumber(StatsLane::kLogStart, stats.log_start);
  exchange.SetNumber(StatsLane::kLogEnd, stats.log_end);
  exchange.SetNumber(StatsLane::kRoots, stats.roots);
  exchange.SetNumber(StatsLane::kEpochsBehind, stats.epochs_behind);
  exchange.SetNumber(StatsLane::kWatches, stats.watches);
  exchange.SetNumber(StatsLane::kWatchGroups, stats.watch_groups);
  exchange.SetNumber(StatsLane::kAttachments, stats.attachments);
  exchange.SetNumber(StatsLane::kIndexEntries, stats.index_entries);
  return 0;
}

int64_t AwaitRevision(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  return (*use)->attachment().Await((*use)->exchange().Revision(HeadLane::kRevision)) ? 1 : 0;
}

int64_t Trim(napi_env env, Environment& environment, Arguments<2> arguments) {
  int64_t failure = 0;
  double now_ms = 0;
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadNumber(env, arguments[1], &now_ms)) return kInvalidArgument;
  const WriteOutcome outcome = (*use)->attachment().Trim(now_ms);
  (*use)->TellReady();
  return Fail(StatusOf(outcome.fault));
}

constexpr std::array kExports = {
    Method("openCache", Answer<4, OpenCache>),
    Method("shareCache", Answer<1, ShareCache>),
    Method("attachCache", Answer<2, AttachCache>),
    Method("closeCache", Answer<1, CloseCache>),
    Method("dropCache", Answer<1, DropCache>),
    Method("state", Answer<1, State>),
    Method("stats", Answer<2, Stats>),
    Method("awaitRevision", Answer<1, AwaitRevision>),
    Method("trim", Answer<2, Trim>),
};

}  // namespace

Exports CacheExports() { return kExports; }

}  // namespace shardwatch::binding
