// Writes; see exports.h. Thread rule: each export on its environment's own thread.

#include <array>

#include "native/binding/change_list.h"
#include "native/binding/exports.h"
#include "native/binding/statuses.h"
#include "native/binding/texts.h"

namespace shardwatch::binding {

namespace {

using wire::HeadLane;

int64_t Tell(CacheUse& use, const WriteOutcome& outcome) {
  use.exchange().SetNumber(HeadLane::kFaultIndex, uint64_t{outcome.index});
  use.exchange().SetRevision(HeadLane::kRevision, outcome.revision);
  use.TellReady();
  return Fail(StatusOf(outcome.fault));
}

int64_t Apply(napi_env env, Environment& environment, Arguments<5> arguments) {
  int64_t failure = 0;
  double now_ms = 0;
  ChangeList list;
  if (!ReadNumber(env, arguments[1], &now_ms) ||
      !list.Read(env, arguments[2], arguments[3], arguments[4])) {
    return kInvalidArgument;
  }
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  return Tell(**use, (*use)->attachment().writer().Apply(list.changes(), now_ms));
}

int64_t Replace(napi_env env, Environment& environment, Arguments<4> arguments) {
  int64_t failure = 0;
  ChangeList list;
  if (!list.Read(env, arguments[1], arguments[2], arguments[3]) || list.has_deletion()) {
    return kInvalidArgument;
  }
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  const uint64_t revision = (*use)->exchange().Revision(HeadLane::kRevision);
  return Tell(**use, (*use)->attachment().writer().Replace(list.changes(), revision));
}

bool ReadExpectation(napi_env env, napi_value argument, bool* is_expected) {
  int64_t choice = 0;
  if (!ReadHandle(env, argument, &choice) ||
      choice > static_cast<int64_t>(wire::Expectation::kRevision)) {
    return false;
  }
  *is_expected = choice == static_cast<int64_t>(wire::Expectation::kRevision);
  return true;
}

int64_t Write(napi_env env, Environment& environment, Arguments<6> arguments) {
  int64_t failure = 0;
  double now_ms = 0;
  bool is_expected = false;
  Texts texts;
  Change change;
  if (!ReadNumber(env, arguments[1], &now_ms) ||
      !ReadKey(env, arguments[2], arguments[3], texts, &change.key) ||
      !ReadObject(env, arguments[4], &change.object) ||
      !ReadExpectation(env, arguments[5], &is_expected)) {
    return kInvalidArgument;
  }
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  const uint64_t expected = (*use)->exchange().Revision(HeadLane::kExpectedRevision);
  return Tell(**use, (*use)->attachment().writer().Write(change, is_expected ? &expected : nullptr,
                                                         now_ms));
}

int64_t Progress(napi_env env, Environment& environment, Arguments<1> arguments) {
  int64_t failure = 0;
  std::shared_ptr<CacheUse>* const use = FindOpen(env, environment, arguments[0], failure);
  if (use == nullptr) return failure;
  const uint64_t revision = (*use)->exchange().Revision(HeadLane::kRevision);
  return Tell(**use, (*use)->attachment().writer().Progress(revision));
}

constexpr std::array kExports = {
    Method("apply", Answer<5, Apply>),
    Method("replace", Answer<4, Replace>),
    Method("write", Answer<6, Write>),
    Method("progress", Answer<1, Progress>),
};

}  // namespace

Exports WriteExports() { return kExports; }

}  // namespace shardwatch::binding
