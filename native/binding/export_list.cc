// Lists, chunk by chunk or object by object; see exports.h.
// Thread rule: each export on its environment's own thread; many environments at once.

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "native/binding/exports.h"
#include "native/binding/page_writer.h"
#include "native/binding/scope_argument.h"
#include "native/binding/statuses.h"
#include "native/binding/texts.h"

namespace shardwatch::binding {

namespace {

using wire::HeadLane;
using wire::ObjectLane;
using wire::Status;

// The state of a root, or the present one of a cache.
bool HoldState(napi_env env, Environment& environment, Arguments<6> arguments,
               std::shared_ptr<CacheUse>& use, StateHold& state, int64_t& failure) {
  double root_handle = 0;
  if (!ReadNumber(env, arguments[1], &root_handle)) {
    failure = kInvalidArgument;
    return false;
  }
  if (root_handle == -1) {
    std::shared_ptr<CacheUse>* const found = FindOpen(env, environment, arguments[0], failure);
    if (found == nullptr) return false;
    use = *found;
    state = use->attachment().Now();
    if (!state) failure = Fail(Status::kClosed);
    return static_cast<bool>(state);
  }
  // What was held before the cache was closed stays readable.
  std::shared_ptr<CacheUse>* const found = Find(env, environment.caches, arguments[0], failure);
  if (found == nullptr) return false;
  std::unique_ptr<OpenedRoot>* const root = Find(env, environment.roots, arguments[1], failure);
  if (root == nullptr) return false;
  if ((*root)->use() != *found) {
    failure = kInvalidHandle;
    return false;
  }
  use = *found;
  state = (*root)->state().Share();
  return true;
}

bool ReadStart(napi_env env, napi_value argument, Texts& texts, std::optional<KeyView>* start) {
  if (IsUndefined(env, argument)) return true;
  uint32_t length = 0;
  napi_value namespace_name = nullptr;
  napi_value name = nullptr;
  KeyView key;
  if (!ReadLength(env, argument, &length) || length != 2 ||
      !ReadElement(env, argument, 0, &namespace_name) || !ReadElement(env, argument, 1, &name) ||
      !ReadKey(env, namespace_name, name, texts, &key)) {
    return false;
  }
  *start = key;
  return true;
}

void TellProgress(const ListCursor& cursor, Exchange& exchange) {
  exchange.SetNumber(HeadLane::kFetched, cursor.fetched());
  exchange.SetNumber(HeadLane::kCount, cursor.returned());
  exchange.SetFlag(HeadLane::kPaused, cursor.is_paused());
}

void TellPage(const ListCursor& cursor, Exchange& exchange) {
  exchange.SetFlag(HeadLane::kHasMore, cursor.has_more());
  exchange.SetFlag(HeadLane::kHasRemaining, cursor.remaining().has_value());
  exchange.SetNumber(HeadLane::kRemaining, cursor.remaining().value_or(0));
  TellProgress(cursor, exchange);
}

int64_t OpenListExport(napi_env env, Environment& environment, Arguments<6> arguments) {
  int64_t failure = 0;
  Texts texts;
  ScopeArgument scope;
  ListRequest request;
  if (!scope.Read(env, arguments[2]) || !ReadStart(env, arguments[3], texts, &request.start) ||
      !ReadCount(env, arguments[4], &request.limit) ||
      !ReadLooks(env, arguments[5], &request.looks)) {
    return kInvalidArgument;
  }
  request.scope = scope.request();
  request.api_version = scope.api_version();
  std::shared_ptr<CacheUse> use;
  StateHold state;
  if (!HoldState(env, environment, arguments, use, state, failure)) return failure;
  auto list = std::make_unique<OpenedList>(use);
  const ScopeOutcome outcome = list->cursor().Open(std::move(state), request);
  if (outcome.fault != ScopeFault::kNone) return Fail(StatusOf(outcome.fault));
  const ListCursor& cursor = list->cursor();
  Exchange& exchange = use->exchange();
  exchange.SetRevision(HeadLane::kRevision, cursor.revision());
  exchange.SetNumber(HeadLane::kIndex, cursor.index() ? uint64_t{*cursor.index()} + 1 : 0);
  TellPage(cursor, exchange);
  return environment.lists.Open(std::move(list)).value_or(kOutOfMemory);
}

// Goes on with the search for the page; the head tells of it, and whether it is paused.
int64_t SettleList(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::unique_ptr<OpenedList>* const list = Find(env, environment.lists, arguments[0], failure);
  if (list == nullptr) return failure;
  (*list)->cursor().Settle();
  TellPage((*list)->cursor(), (*list)->use().exchange());
  return 0;
}

// Its answer is no number.
napi_value ListLast(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> arguments{};
  if (!ReadArguments(env, info, arguments)) return MakeNumber(env, kInvalidArgument);
  Environment* const environment = Environment::Of(env);
  if (environment == nullptr) return MakeNumber(env, kInvalidHandle);
  int64_t failure = 0;
  std::unique_ptr<OpenedList>* const list = Find(env, environment->lists, arguments[0], failure);
  if (list == nullptr) return MakeNumber(env, failure);
  const ListCursor& cursor = (*list)->cursor();
  if (!cursor.has_more()) return MakeStatus(env, Status::kNotFound);
  napi_value pair = nullptr;
  if (napi_create_array_with_length(env, 2, &pair) != napi_ok) return nullptr;
  napi_value namespace_name = MakeText(env, cursor.last().namespace_name);
  napi_value name = MakeText(env, cursor.last().name);
  if (namespace_name == nullptr || name == nullptr ||
      napi_set_element(env, pair, 0, namespace_name) != napi_ok ||
      napi_set_element(env, pair, 1, name) != napi_ok) {
    return nullptr;
  }
  return pair;
}

int64_t ReadList(napi_env env, Environment& environment, Arguments<3> arguments) {
  int64_t failure = 0;
  std::span<char> target;
  uint64_t bytes_max = 0;
  std::unique_ptr<OpenedList>* const list = Find(env, environment.lists, arguments[0], failure);
  if (list == nullptr) return failure;
  if (!ReadBytes(env, arguments[1], &target) || !ReadCount(env, arguments[2], &bytes_max)) {
    return kInvalidArgument;
  }
  CacheUse& use = (*list)->use();
  size_t needed = 0;
  const size_t bytes = (*list)->cursor().Read(target, bytes_max, needed);
  use.exchange().SetNumber(HeadLane::kNeeded, uint64_t{needed});
  TellProgress((*list)->cursor(), use.exchange());
  if (bytes == 0 && needed == 0) use.Reclaim();
  return static_cast<int64_t>(bytes);
}

int64_t ReadListObjects(napi_env env, Environment& environment, Arguments<4> arguments) {
  int64_t failure = 0;
  std::span<char> rest;
  size_t begin = 0;
  uint64_t objects_max = 0;
  std::unique_ptr<OpenedList>* const list = Find(env, environment.lists, arguments[0], failure);
  if (list == nullptr) return failure;
  if (!ReadPage(env, arguments[1], arguments[2], &rest, &begin) ||
      !ReadCount(env, arguments[3], &objects_max)) {
    return kInvalidArgument;
  }
  CacheUse& use = (*list)->use();
  ListCursor& cursor = (*list)->cursor();
  PageWriter page(rest, begin, use.exchange());
  const Version* version = cursor.Resume() ? cursor.Peek() : nullptr;
  while (version != nullptr && page.count() < std::min<uint64_t>(objects_max, wire::kRecordsMax)) {
    const auto copy = [&](char* target) { cursor.Copy(*version, target); };
    if (!page.Add(version->key(), version->revision(), cursor.LengthOf(*version), copy)) break;
    cursor.SetBegun();
    cursor.Advance();
    version = cursor.Peek();
  }
  use.exchange().SetNumber(HeadLane::kPageEnd, uint64_t{page.end()});
  use.exchange().SetNumber(HeadLane::kNeeded, uint64_t{page.needed()});
  const bool is_at_end = version == nullptr && !cursor.is_paused();
  use.exchange().SetFlag(HeadLane::kAtEnd, is_at_end);
  TellProgress(cursor, use.exchange());
  if (is_at_end) use.Reclaim();
  return static_cast<int64_t>(page.count());
}

int64_t CloseList(napi_env env, Environment& environment, Arguments<1> arguments) {
  return Close(env, environment.lists, arguments[0]);
}

constexpr std::array kExports = {
    Method("openList", Answer<6, OpenListExport>),
    Method("settleList", Answer<1, SettleList>),
    Method("listLast", ListLast),
    Method("readList", Answer<3, ReadList>),
    Method("readListObjects", Answer<4, ReadListObjects>),
    Method("closeList", Answer<1, CloseList>),
};

}  // namespace

Exports ListExports() { return kExports; }

}  // namespace shardwatch::binding
