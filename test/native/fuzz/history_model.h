// What a cache holds and has held, as plain as can be: the state at the beginning of a generation,
// and every change since.
//
//  1. A row's bytes are those that are stored: canonical, with their own resourceVersion.
//  2. Any state of the generation can be made again; nothing is ever forgotten.
//  3. Words are numbers here, for the fuzzer's sake, which runs the model more than the cache: a
//     row is a few bytes, a state an array of rows.
// Thread rule: a model belongs to one thread.

#ifndef TEST_NATIVE_FUZZ_HISTORY_MODEL_H_
#define TEST_NATIVE_FUZZ_HISTORY_MODEL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace shardwatch::fuzz {

// Namespaces in the order of whole keys, whose bytes are the order: "a-b/" comes before "a/". The
// first is that of cluster-scoped objects.
inline constexpr std::string_view kSpaces[] = {"", "a-b", "a", "b"};

// The first of each stands for none: no such label, no such field, no other version.
inline constexpr std::string_view kApps[] = {"", "web", "api"};
inline constexpr std::string_view kColors[] = {"", "red", "blue"};
inline constexpr std::string_view kApiVersions[] = {"", "g/v2"};

// Enough for a tree of two levels.
inline constexpr size_t kNamesMax = 200;

// Three letters. The order of names is that of their numbers.
inline std::string_view NameOf(size_t name) {
  static const std::string texts = [] {
    std::string all;
    for (size_t index = 0; index < kNamesMax; ++index) {
      all += {'n', static_cast<char>('a' + index / 26), static_cast<char>('a' + index % 26)};
    }
    return all;
  }();
  return std::string_view(texts).substr(3 * name, 3);
}

struct Row {
  uint8_t space = 0;
  uint8_t name = 0;
  uint8_t app = 0;
  uint8_t color = 0;
  uint64_t revision = 0;

  bool operator==(const Row&) const = default;

  std::pair<uint8_t, uint8_t> key() const { return {space, name}; }

  // Before it is stored.
  std::string Json() const {
    std::string text;
    Print(text, 0, 0);
    return text;
  }

  // Appends it as it is served at a revision, and in another apiVersion.
  void Serve(std::string& text, uint64_t at, size_t api_version) const {
    Print(text, at, api_version);
  }

 private:
  // Revision 0: not stored.
  void Print(std::string& text, uint64_t at, size_t api_version) const {
    text.reserve(text.size() + 160);
    text += '{';
    if (api_version > 0)
      text.append(R"("apiVersion":")").append(kApiVersions[api_version]) += "\",";
    text += R"("metadata":{)";
    if (app > 0) text.append(R"("labels":{"app":")").append(kApps[app]) += "\"},";
    text.append(R"("name":")").append(NameOf(name)) += '"';
    if (space > 0) text.append(R"(,"namespace":")").append(kSpaces[space]) += '"';
    if (at > 0) text.append(R"(,"resourceVersion":")").append(std::to_string(at)) += '"';
    text += '}';
    if (color > 0) text.append(R"(,"spec":{"color":")").append(kColors[color]) += "\"}";
    text += '}';
  }
};

using Key = std::pair<uint8_t, uint8_t>;

// Rows in the order of keys.
class State {
 public:
  bool operator==(const State&) const = default;

  size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }
  const Row& back() const { return rows_.back(); }

  auto LowerBound(Key key) const {
    return std::lower_bound(rows_.begin(), rows_.end(), key,
                            [](const Row& row, Key wanted) { return row.key() < wanted; });
  }

  // Null where there is none.
  const Row* Find(Key key) const {
    const auto at = LowerBound(key);
    return at != rows_.end() && at->key() == key ? &*at : nullptr;
  }

  void Put(const Row& row) {
    const auto at = rows_.begin() + (LowerBound(row.key()) - rows_.begin());
    if (at != rows_.end() && at->key() == row.key()) {
      *at = row;
    } else {
      rows_.insert(at, row);
    }
  }

  // Whether it was there.
  bool Erase(Key key) {
    const auto at = rows_.begin() + (LowerBound(key) - rows_.begin());
    if (at == rows_.end() || at->key() != key) return false;
    rows_.erase(at);
    return true;
  }

 private:
  std::vector<Row> rows_;
};

// Which objects are asked for, and how they are served.
struct Selection {
  std::optional<uint8_t> space;
  std::optional<uint8_t> name;
  std::optional<uint8_t> app;
  std::optional<uint8_t> color;
  size_t api_version = 0;

  bool has_selector() const { return app || color; }

  // By place alone.
  bool Covers(const Row& row) const {
    return (!space || *space == row.space) && (!name || *name == row.name);
  }

  bool Matches(const Row& row) const {
    return Covers(row) && (!app || *app == row.app) && (!color || *color == row.color);
  }

  State Of(const State& state) const {
    State selected;
    for (const Row& row : state) {
      if (Matches(row)) selected.Put(row);
    }
    return selected;
  }

  // Whether these are the rows of the state that match.
  bool IsOf(const State& state, const State& selected) const {
    auto next = selected.begin();
    for (const Row& row : state) {
      if (!Matches(row)) continue;
      if (next == selected.end() || *next != row) return false;
      ++next;
    }
    return next == selected.end();
  }

  // One text for each selection.
  std::string GroupKey() const {
    std::string text = std::to_string(api_version);
    for (const auto& part : {space, name, app, color}) {
      text.append(part ? std::to_string(*part) : "-") += ';';
    }
    return text;
  }
};

class HistoryModel {
 public:
  uint64_t revision() const { return revision_; }
  uint64_t base_revision() const { return base_revision_; }
  // Raised by Replace.
  uint64_t generation() const { return generation_; }
  // Of the generation.
  size_t changes() const { return changes_.size(); }
  const State& now() const { return now_; }

  void Put(const Row& row) {
    revision_ = row.revision;
    now_.Put(row);
    Note({.row = row, .is_deletion = false});
  }

  void Delete(Key key, uint64_t revision) {
    revision_ = revision;
    if (!now_.Erase(key)) return;
    Note({.row = {.space = key.first, .name = key.second, .revision = revision},
          .is_deletion = true});
  }

  void Raise(uint64_t revision) { revision_ = std::max(revision_, revision); }

  void Replace(State state, uint64_t revision) {
    now_ = std::move(state);
    states_ = {now_};
    base_revision_ = revision_ = revision;
    changes_.clear();
    ++generation_;
  }

  // What the change at that revision made of the object; null where it made nothing of it.
  const Row* ChangedTo(Key key, uint64_t revision) const {
    const size_t index = ChangesUpTo(revision);
    if (index == 0) return nullptr;
    const Change& change = changes_[index - 1];
    const bool is_it = change.row.revision == revision && change.row.key() == key;
    return is_it && !change.is_deletion ? &change.row : nullptr;
  }

  // REQUIRES: base_revision() <= revision.
  State At(uint64_t revision) const {
    const size_t end = ChangesUpTo(revision);
    State state = states_[end / kStateEvery];
    for (size_t index = end - end % kStateEvery; index < end; ++index) {
      const Change& change = changes_[index];
      if (change.is_deletion) {
        state.Erase(change.row.key());
      } else {
        state.Put(change.row);
      }
    }
    return state;
  }

 private:
  // Changes between states that are kept.
  static constexpr size_t kStateEvery = 32;

  struct Change {
    // Of a deletion the key and the revision.
    Row row;
    bool is_deletion;
  };

  void Note(const Change& change) {
    changes_.push_back(change);
    if (changes_.size() % kStateEvery == 0) states_.push_back(now_);
  }

  // How many changes are not above the revision.
  size_t ChangesUpTo(uint64_t revision) const {
    const auto end = std::upper_bound(
        changes_.begin(), changes_.end(), revision,
        [](uint64_t wanted, const Change& change) { return wanted < change.row.revision; });
    return static_cast<size_t>(end - changes_.begin());
  }

  State now_;
  uint64_t base_revision_ = 0;
  uint64_t revision_ = 0;
  uint64_t generation_ = 0;
  // Revisions rise.
  std::vector<Change> changes_;
  // Before the change of each index that kStateEvery divides.
  std::vector<State> states_ = {State()};
};

}  // namespace shardwatch::fuzz

#endif  // TEST_NATIVE_FUZZ_HISTORY_MODEL_H_
