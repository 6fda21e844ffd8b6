// Objects, and states that are held; see exports.h.
// Thread rule: each export on its environment's own thread; many environments at once.

#include <array>
#include <optional>
#include <utility>

#include "native/binding/exports.h"
#include "native/binding/statuses.h"
#include "native/binding/texts.h"
#include "native/core/cache/history.h"

namespace shardwatch::binding {

namespace {

using wire::HeadLane;
using wire::Status;

// The arguments of a read behind its handle.
struct ObjectRequest {
  Texts texts;
  KeyView key;
  std::optional<std::string_view> api_version;
  std::span<char> target;

  bool Read(napi_env env, Arguments<6> arguments) {
    size_t begin = 0;
    return ReadKey(env, arguments[1], arguments[2], texts, &key) &&
           ReadOptionalText(env, arguments[3], texts, &api_version) &&
           ReadPage(env, arguments[4], arguments[5], &target, &begin);
  }
};

// REQUIRES: the directory is kept.
int64_t CopyObject(const ObjectDirectory& directory, const ObjectRequest& request, CacheUse& use) {
  FetchGuess& guess = use.attachment().fetch_guess();
  const Version* const version =
      directory.Find(request.key, [&guess](const Version* found) { guess.Fetch(found); });
  if (version == nullptr) return Fail(Status::kNotFound);
  guess.Learn(*version);
  std::optional<ApiVersionText> api_version;
  if (request.api_version && *request.api_version != version->api_version()->text()) {
    api_version.emplace(*request.api_version);
  }
  const Rendering rendering{.api_version = api_version ? &*api_version : nullptr};
  const size_t length = RenderedLength(*version, rendering);
  Exchange& exchange = use.exchange();
  exchange.SetRevision(HeadLane::kRevision, version->revision());
  if (length > request.target.size()) {
    exchange.SetNumber(HeadLane::kNeeded, uint64_t{length});
    return Fail(Status::kTooSmall);
  }
  CopyVersion(*version, rendering, request.target.data());
  return static_cast<int64_t>(length);
}

int64_t Get(napi_env env, Environment& environment, Arguments<6> arguments) {
  int64_t failure = 0;
  ObjectRequest request;
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!request.Read(env, arguments)) return kInvalidArgument;
  Attachment& attachment = (*use)->attachment();
  EpochPin pin(attachment.store().epochs(), attachment.slot());
  const Root* const root = attachment.Current();
  if (root == nullptr) return Fail(Status::kClosed);
  return CopyObject(root->state.directory, request, **use);
}

int64_t GetAt(napi_env env, Environment& environment, Arguments<6> arguments) {
  int64_t failure = 0;
  ObjectRequest request;
  std::unique_ptr<OpenedRoot>* const root = Find(env, environment.roots, arguments[0], failure);
  if (root == nullptr) return failure;
  if (!request.Read(env, arguments)) return kInvalidArgument;
  return CopyObject((*root)->state().directory(), request, *(*root)->use());
}

int64_t OpenRoot(napi_env env, Environment& environment, Arguments<2> arguments) {
  int64_t failure = 0;
  bool is_exact = false;
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  if (!ReadFlag(env, arguments[1], &is_exact)) return kInvalidArgument;
  Attachment& attachment = (*use)->attachment();
  Exchange& exchange = (*use)->exchange();
  PastState past;
  if (is_exact) {
    const uint64_t revision = exchange.Revision(HeadLane::kRevision);
    past = attachment.cache().history().At(revision, attachment.slot());
  } else {
    past.state = attachment.Now();
    if (!past.state) past.fault = HistoryFault::kClosed;
  }
  if (past.fault != HistoryFault::kNone) {
    exchange.SetRevision(HeadLane::kRevision, past.revision);
    exchange.SetRevision(HeadLane::kOldestRevision, past.revision);
    return Fail(StatusOf(past.fault));
  }
  exchange.SetRevision(HeadLane::kRevision, past.state.revision());
  exchange.SetNumber(HeadLane::kGeneration, past.state.generation());
  exchange.SetNumber(HeadLane::kCount, past.state.directory().size());
  return environment.roots.Open(std::make_unique<OpenedRoot>(*use, std::move(past.state)))
      .value_or(kOutOfMemory);
}

int64_t CloseRoot(napi_env env, Environment& environment, Arguments<1> arguments) {
  return Close(env, environment.roots, arguments[0]);
}

constexpr std::array kExports = {
    Method("get", Answer<6, Get>),
    Method("getAt", Answer<6, GetAt>),
    Method("openRoot", Answer<2, OpenRoot>),
    Method("closeRoot", Answer<1, CloseRoot>),
};

}  // namespace

Exports ReadExports() { return kExports; }

}  // namespace shardwatch::binding
