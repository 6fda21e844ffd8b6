// A history of a cache, step by step from decisions of the input: batches good and bad, conditional
// writes, new generations, progress, trimming; lists, states of the past and watches on the way;
// all of it against history_model.h.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/cache/cache.h"
#include "native/core/cache/list.h"
#include "test/native/fuzz/history_model.h"
#include "test/native/fuzz/history_watch.h"
#include "test/native/fuzz/input.h"
#include "test/native/fuzz/targets.h"

namespace shardwatch::fuzz {

namespace {

// Most steps take one of the few names.
constexpr size_t kNamesFew = 8;

constexpr size_t kEntriesMin = 16;
constexpr size_t kEntriesMax = 300;

constexpr size_t kOpenMax = 3;

// Changes in large batches; thereafter batches are small. So many fill all namespaces, go on to the
// log's next segment and leave the first behind. Few histories are so long that the log needs
// another table too: they take ten times as long.
constexpr size_t kChangesMax = 900;
constexpr size_t kChangesMaxLong = 12'000;

// Which namespaces there are, by their numbers.
constexpr uint8_t kNamespaced[] = {2, 1, 3};
constexpr uint8_t kCluster[] = {0};

KeyView KeyOf(const Row& row) { return {kSpaces[row.space], NameOf(row.name)}; }

// A page in progress, and what it is to bring.
class ExpectedList {
 public:
  ExpectedList(Attachment& attachment, StateHold state, const State& model,
               const Selection& selection, const std::optional<Row>& start, uint64_t limit)
      : cursor_(attachment.store()) {
    const ScopeOf scope(selection);
    ListRequest request;
    request.scope = scope.request();
    if (selection.api_version > 0) request.api_version = kApiVersions[selection.api_version];
    if (start) request.start = KeyOf(*start);
    request.limit = limit;
    const ScopeOutcome outcome = cursor_.Open(std::move(state), request);
    Require(outcome.fault == ScopeFault::kNone, "a list opens");
    Plan(model, selection, start ? start->key() : Key(), limit);
  }

  // Reads on with so much room; false at the end.
  bool Read(size_t room) {
    std::string chunk(room, '?');
    size_t needed = 0;
    size_t written = cursor_.Read({chunk.data(), chunk.size()}, room, needed);
    if (written == 0 && needed > 0) {
      Require(needed > room, "what would fit is written");
      chunk.resize(needed);
      written = cursor_.Read({chunk.data(), chunk.size()}, needed, needed);
      Require(written > 0, "an object fits where it said that it would");
    }
    Require(expected_.compare(read_, written, chunk, 0, written) == 0, "the bytes of a list");
    read_ += written;
    if (written > 0) return true;
    Require(read_ == expected_.size(), "a list is whole at its end");
    return false;
  }

 private:
  void Plan(const State& model, const Selection& selection, Key start, uint64_t limit) {
    const bool is_filtered = selection.has_selector();
    uint64_t taken = 0;
    uint64_t behind = 0;
    const Row* last = nullptr;
    for (auto at = model.LowerBound(start); at != model.end(); ++at) {
      const Row& row = *at;
      if (!selection.Covers(row)) continue;
      if (limit > 0 && taken == limit) {
        ++behind;
        continue;
      }
      if (!selection.Matches(row)) continue;
      if (taken++ > 0) expected_ += ',';
      row.Serve(expected_, row.revision, selection.api_version);
      last = &row;
    }
    Require(cursor_.has_more() == (behind > 0), "whether more follows a page");
    if (behind > 0) {
      const KeyView key = KeyOf(*last);
      Require(
          cursor_.last().namespace_name == key.namespace_name && cursor_.last().name == key.name,
          "the last key of a page");
    }
    const bool is_counted = limit > 0 && !is_filtered;
    Require(cursor_.remaining() == (is_counted ? std::optional(behind) : std::nullopt),
            "how many objects follow a page");
  }

  ListCursor cursor_;
  std::string expected_;
  size_t read_ = 0;
};

class CacheHistory {
 public:
  explicit CacheHistory(Input& input) : input_(input), ready_([](void*) {}, nullptr) {
    if (input.Flag()) spaces_ = kCluster;
    StoreOptions options;
    options.shard_count = 1 + static_cast<uint32_t>(input.Below(4));
    options.fields = {"spec.color"};
    options.history.entries_min = kEntriesMin;
    options.history.entries_max = kEntriesMax;
    options.history.window_ms = 500;
    const uint8_t size = input.Byte();
    is_small_ = (size & 1) != 0;
    if (size >= 0xfe) changes_max_ = kChangesMaxLong;
    if (is_small_) options.history.bytes_max = 4096;
    options.seed = 1;
    cache_ = Cache::Make(options);
    Require(cache_ != nullptr, "a cache is made");
    attachment_.reset(Attachment::Open(*cache_, ready_));
    Require(attachment_ != nullptr, "a thread attaches");
  }

  ~CacheHistory() {
    Check();
    Require(attachment_->CloseCache().fault == WriteFault::kNone, "a cache closes");
    Require(ApplyOne(model_.revision() + 1).fault == WriteFault::kClosed, "and refuses writes");
    // What was read before stays readable.
    while (!lists_.empty()) FinishList(0);
    for (const auto& watch : watches_) {
      watch->DrainAll();
      Require(watch->has_ended(), "watches end with the cache");
    }
    watches_.clear();
    ready_.Close();
    attachment_.reset();
    // The attachment's reference, and ours.
    cache_->Release();
    cache_->Release();
  }
  CacheHistory(const CacheHistory&) = delete;
  CacheHistory& operator=(const CacheHistory&) = delete;

  void Step() {
    now_ms_ += input_.Byte();
    switch (input_.Below(12)) {
      case 0:
        return Apply(1 + input_.Below(6), kNamesFew);
      case 1:
        return ApplyMany();
      case 2:
        return Refuse();
      case 3:
        return Write();
      case 4:
        return Replace();
      case 5:
        return Progress();
      case 6:
        Require(attachment_->Trim(now_ms_).fault == WriteFault::kNone, "history is trimmed");
        return;
      case 7:
        return OpenList();
      case 8:
        return ReadList();
      case 9:
        return OpenWatch();
      case 10:
        return DrainWatch();
      default:
        return Past();
    }
  }

  // The whole of it: the present state, what is told of it, and all watches.
  void Check() {
    ExpectedList list(*attachment_, attachment_->Now(), model_.now(), Selection(), std::nullopt, 0);
    while (list.Read(4096)) continue;
    const CacheStats stats = attachment_->Stats(now_ms_);
    Require(stats.objects == model_.now().size(), "how many objects there are");
    Require(stats.revision == model_.revision(), "the revision");
    const uint64_t kept = stats.log_end - stats.log_start;
    Require(kept <= kEntriesMax && kept <= model_.changes(), "how many events are kept");
    Require(is_small_ || kept >= std::min(model_.changes(), kEntriesMin), "how many at least");
    if (kept == model_.changes()) {
      Require(stats.oldest_revision == model_.base_revision(),
              "history begins with the generation");
    }
    for (const auto& watch : watches_) watch->DrainAll();
  }

 private:
  uint8_t ReadIndex(size_t count) { return static_cast<uint8_t>(input_.Below(count)); }

  Row ReadRow(size_t names) {
    Row row;
    row.space = input_.Pick(spaces_);
    row.name = ReadIndex(names);
    row.app = ReadIndex(std::size(kApps));
    row.color = ReadIndex(std::size(kColors));
    return row;
  }

  Selection ReadSelection() {
    Selection selection;
    const uint8_t parts = input_.Byte();
    if ((parts & 1) != 0) selection.space = input_.Pick(spaces_);
    if ((parts & 6) == 6) selection.name = ReadIndex(kNamesFew);
    if ((parts & 24) == 24) selection.app = 1 + ReadIndex(2);
    if ((parts & 96) == 96) selection.color = ReadIndex(std::size(kColors));
    selection.api_version = parts >> 7;
    return selection;
  }

  // Changes at rising revisions; in a batch of many, rows follow from the first one.
  void Apply(size_t count, size_t names) {
    rows_.clear();
    jsons_.clear();
    changes_.clear();
    uint64_t revision = model_.revision();
    const size_t stride = 1 + input_.Below(8);
    const Row first = ReadRow(names);
    const size_t start = input_.Below(names);
    for (size_t index = 0; index < count; ++index) {
      Row row = names == kNamesFew ? ReadRow(names) : first;
      if (names != kNamesFew) row.name = static_cast<uint8_t>((start + index * stride) % names);
      revision += 1 + (names == kNamesFew ? input_.Below(3) : 0);
      row.revision = revision;
      rows_.push_back(row);
      jsons_.push_back(row.Json());
    }
    const uint8_t deletions = input_.Byte();
    for (size_t index = 0; index < count; ++index) {
      const bool is_deletion = (deletions >> (index % 8) & 1) != 0;
      changes_.push_back({.key = KeyOf(rows_[index]),
                          .revision = rows_[index].revision,
                          .object = is_deletion ? std::string_view() : jsons_[index]});
    }
    const WriteOutcome outcome = attachment_->writer().Apply(changes_, now_ms_);
    Require(outcome.fault == WriteFault::kNone && outcome.revision == revision,
            "a batch is applied");
    for (size_t index = 0; index < count; ++index) {
      if (changes_[index].is_put()) {
        model_.Put(rows_[index]);
      } else {
        model_.Delete(rows_[index].key(), rows_[index].revision);
      }
    }
  }

  void ApplyMany() {
    const size_t count = 1 + input_.Byte();
    const bool is_much = large_changes_ + count > changes_max_;
    if (!is_much) large_changes_ += count;
    Apply(is_much ? 1 + count % 8 : count, kNamesMax);
  }

  WriteOutcome ApplyOne(uint64_t revision) {
    const Row row = ReadRow(kNamesFew);
    const std::string json = row.Json();
    const Change change{.key = KeyOf(row), .revision = revision, .object = json};
    return attachment_->writer().Apply({&change, 1}, now_ms_);
  }

  // A batch with one thing wrong changes nothing.
  void Refuse() {
    constexpr size_t kCount = 3;
    const size_t wrong = input_.Below(kCount);
    const uint64_t revision = model_.revision();
    WriteFault expected = WriteFault::kNone;
    std::vector<std::string> jsons;
    std::vector<Change> changes;
    std::vector<Row> rows;
    for (size_t index = 0; index < kCount; ++index) {
      rows.push_back(ReadRow(kNamesFew));
      jsons.push_back(rows.back().Json());
    }
    for (size_t index = 0; index < kCount; ++index) {
      changes.push_back(
          {.key = KeyOf(rows[index]), .revision = revision + 1 + index, .object = jsons[index]});
    }
    switch (input_.Below(3)) {
      case 0:
        changes[wrong].revision = revision + wrong;
        expected = WriteFault::kNotRising;
        break;
      case 1:
        jsons[wrong].resize(input_.Below(jsons[wrong].size()));
        changes[wrong].object = jsons[wrong];
        expected = WriteFault::kInvalidObject;
        break;
      default:
        changes[wrong].key.name = "other";
        expected = WriteFault::kKeyMismatch;
    }
    const WriteOutcome outcome = attachment_->writer().Apply(changes, now_ms_);
    Require(outcome.fault == expected && outcome.index == wrong, "a bad change is refused");
  }

  void Write() {
    Row row = ReadRow(kNamesFew);
    const std::string json = row.Json();
    const bool is_put = input_.Flag();
    const Change change{.key = KeyOf(row),
                        .revision = 0,
                        .object = is_put ? std::string_view(json) : std::string_view()};
    const Row* const present = model_.now().Find(row.key());
    const uint64_t at = present == nullptr ? 0 : present->revision;
    const uint64_t choices[] = {at, 0, model_.revision()};
    const uint64_t expected = input_.Pick(choices);
    const bool is_conditional = input_.Flag();
    const WriteOutcome outcome =
        attachment_->writer().Write(change, is_conditional ? &expected : nullptr, now_ms_);
    row.revision = model_.revision() + 1;
    if (is_conditional && expected != at) {
      Require(outcome.fault == WriteFault::kConflict && outcome.revision == at,
              "a conflict is told");
      model_.Raise(row.revision);
      return;
    }
    Require(outcome.fault == WriteFault::kNone, "a write is done");
    const bool is_nothing = !is_put && at == 0;
    Require(outcome.revision == (is_nothing ? 0 : row.revision), "a write has the next revision");
    if (is_put) {
      model_.Put(row);
    } else {
      model_.Delete(row.key(), row.revision);
    }
  }

  void Replace() {
    // Seldom, since it ends all that went on.
    if (input_.Below(4) != 0) return;
    State state;
    const uint64_t revision = model_.revision() + input_.Below(3);
    for (size_t count = input_.Below(20); count > 0; --count) {
      Row row = ReadRow(kNamesFew);
      row.revision = 1 + input_.Below(200) % std::max<uint64_t>(revision, 1);
      state.Put(row);
    }
    if (model_.revision() > 0 && input_.Below(4) == 0) {
      const WriteOutcome outcome = attachment_->writer().Replace({}, model_.revision() - 1);
      Require(outcome.fault == WriteFault::kNotRising, "an older state is refused");
    }
    std::vector<std::string> jsons;
    std::vector<Change> changes;
    for (const Row& row : state) jsons.push_back(row.Json());
    for (const Row& row : state) {
      changes.push_back(
          {.key = KeyOf(row), .revision = row.revision, .object = jsons[changes.size()]});
    }
    const WriteOutcome outcome = attachment_->writer().Replace(changes, revision);
    Require(outcome.fault == WriteFault::kNone, "a state is replaced");
    model_.Replace(std::move(state), revision);
  }

  void Progress() {
    const uint64_t lower = std::min<uint64_t>(model_.revision(), 2);
    const uint64_t revision = model_.revision() - lower + input_.Below(6);
    Require(attachment_->writer().Progress(revision).fault == WriteFault::kNone,
            "progress is made");
    model_.Raise(revision);
  }

  // Of the present, or of a revision of the past.
  void OpenList() {
    if (lists_.size() == kOpenMax) FinishList(0);
    const Selection selection = ReadSelection();
    std::optional<Row> start;
    if (input_.Flag()) {
      start = ReadRow(kNamesFew);
      if (selection.space) start->space = *selection.space;
    }
    const uint64_t limit = input_.Below(2) == 0 ? 0 : 1 + input_.Below(12);
    StateHold state;
    uint64_t revision = model_.revision();
    if (input_.Flag()) {
      revision -= std::min<uint64_t>(revision, input_.Byte());
      PastState past = attachment_->cache().history().At(revision, attachment_->slot());
      if (!RequirePast(past, revision)) return;
      state = std::move(past.state);
    } else {
      state = attachment_->Now();
    }
    Require(state.revision() == revision, "a state has the revision that was asked for");
    lists_.push_back(std::make_unique<ExpectedList>(*attachment_, std::move(state),
                                                    model_.At(revision), selection, start, limit));
  }

  void ReadList() {
    if (lists_.empty()) return;
    const size_t choice = input_.Below(lists_.size());
    if (!lists_[choice]->Read(1 + 4 * size_t{input_.Byte()})) {
      lists_.erase(lists_.begin() + static_cast<std::ptrdiff_t>(choice));
    }
  }

  void FinishList(size_t choice) {
    while (lists_[choice]->Read(300)) continue;
    lists_.erase(lists_.begin() + static_cast<std::ptrdiff_t>(choice));
  }

  void OpenWatch() {
    if (watches_.size() == kOpenMax) watches_.erase(watches_.begin());
    auto watch = std::make_unique<FoldedWatch>(*attachment_, model_, ReadSelection());
    const bool from_state = input_.Flag();
    const uint64_t back = std::min<uint64_t>(model_.revision(), input_.Byte());
    const uint64_t after = model_.revision() - back + input_.Below(4);
    const uint64_t oldest = attachment_->Stats(now_ms_).oldest_revision;
    const bool is_open = watch->Open(from_state, after);
    Require(is_open == (from_state || after >= oldest), "which revisions a watch may begin after");
    if (is_open) watches_.push_back(std::move(watch));
  }

  void DrainWatch() {
    if (watches_.empty()) return;
    const size_t choice = input_.Below(watches_.size());
    watches_[choice]->Drain(input_.Below(32));
    if (watches_[choice]->has_ended()) {
      watches_.erase(watches_.begin() + static_cast<std::ptrdiff_t>(choice));
    }
  }

  void Past() {
    const uint64_t revision =
        model_.revision() + 2 - std::min<uint64_t>(model_.revision() + 2, input_.Short() % 1024);
    const PastState past = attachment_->cache().history().At(revision, attachment_->slot());
    if (!RequirePast(past, revision)) return;
    ObjectCursor cursor(past.state.directory());
    const State expected = model_.At(revision);
    auto row = expected.begin();
    std::string bytes;
    while (const Version* const version = cursor.Next()) {
      Require(row != expected.end(), "how many objects a state of the past has");
      bytes.clear();
      row->Serve(bytes, row->revision, 0);
      Require(version->bytes() == bytes, "a state of the past");
      ++row;
    }
    Require(row == expected.end(), "a state of the past is whole");
  }

  // Tells whether there is such a state.
  bool RequirePast(const PastState& past, uint64_t revision) {
    const uint64_t oldest = attachment_->Stats(now_ms_).oldest_revision;
    const HistoryFault expected = revision > model_.revision() ? HistoryFault::kFuture
                                  : revision < oldest          ? HistoryFault::kExpired
                                                               : HistoryFault::kNone;
    Require(past.fault == expected, "which states there are");
    return past.fault == HistoryFault::kNone;
  }

  Input& input_;
  ReadyList ready_;
  Cache* cache_ = nullptr;
  std::unique_ptr<Attachment> attachment_;
  std::span<const uint8_t> spaces_ = kNamespaced;
  bool is_small_ = false;
  // In large batches: so far, and at most.
  size_t large_changes_ = 0;
  size_t changes_max_ = kChangesMax;
  HistoryModel model_;
  double now_ms_ = 0;
  std::vector<std::unique_ptr<ExpectedList>> lists_;
  std::vector<std::unique_ptr<FoldedWatch>> watches_;
  // Of the batch at hand.
  std::vector<Row> rows_;
  std::vector<std::string> jsons_;
  std::vector<Change> changes_;
};

}  // namespace

void FuzzHistory(Bytes bytes) {
  Input input(bytes);
  CacheHistory history(input);
  for (int step = 0; !input.is_at_end(); ++step) {
    history.Step();
    if (step % 8 == 7) history.Check();
  }
}

}  // namespace shardwatch::fuzz
