// What a cache holds and has held, as plain as can be: the state at the beginning of a generation,
// and every change since.
//
//  1. A row's bytes are those that are stored: canonical, with their own resourceVersion.
//  2. Any state of the generation can be made again; nothing is ever forgotten.
// Thread rule: a model belongs to one thread.

#ifndef TEST_NATIVE_FUZZ_HISTORY_MODEL_H_
#define TEST_NATIVE_FUZZ_HISTORY_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shardwatch::fuzz {

struct Row {
  std::string space;
  std::string name;
  // Empty: no such label, no such field.
  std::string app;
  std::string color;
  uint64_t revision = 0;

  bool operator==(const Row&) const = default;

  // Whole keys, whose bytes are the order.
  std::string key() const { return space.empty() ? name : space + '/' + name; }

  // Before it is stored.
  std::string Json() const { return Print({}, {}); }

  // As it is served at a revision, and in another apiVersion.
  std::string Served(uint64_t at, std::string_view api_version) const {
    return Print(R"(,"resourceVersion":")" + std::to_string(at) + '"', api_version);
  }

 private:
  std::string Print(const std::string& stamp, std::string_view api_version) const {
    std::string text = "{";
    if (!api_version.empty()) text.append(R"("apiVersion":")").append(api_version).append("\",");
    text.append(R"("metadata":{)");
    if (!app.empty()) text.append(R"("labels":{"app":")").append(app).append("\"},");
    text.append(R"("name":")").append(name).append("\"");
    if (!space.empty()) text.append(R"(,"namespace":")").append(space).append("\"");
    text.append(stamp).append("}");
    if (!color.empty()) text.append(R"(,"spec":{"color":")").append(color).append("\"}");
    return text.append("}");
  }
};

using State = std::map<std::string, Row>;

// Which objects are asked for, and how they are served.
struct Selection {
  std::optional<std::string> space;
  std::optional<std::string> name;
  std::optional<std::string> app;
  std::optional<std::string> color;
  std::string api_version;

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
    for (const auto& [key, row] : state) {
      if (Matches(row)) selected.emplace(key, row);
    }
    return selected;
  }

  // One text for each selection.
  std::string GroupKey() const {
    std::string text = api_version;
    for (const auto* part : {&space, &name, &app, &color}) {
      text.append(*part ? "+" + **part : "-").append(";");
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
    now_[row.key()] = row;
    changes_.push_back({revision_, row.key(), row});
  }

  void Delete(const std::string& key, uint64_t revision) {
    revision_ = revision;
    if (now_.erase(key) > 0) changes_.push_back({revision, key, std::nullopt});
  }

  void Raise(uint64_t revision) { revision_ = std::max(revision_, revision); }

  void Replace(State state, uint64_t revision) {
    base_ = now_ = std::move(state);
    base_revision_ = revision_ = revision;
    changes_.clear();
    ++generation_;
  }

  // What the change at that revision made of the object; null where it made nothing of it.
  const Row* ChangedTo(const std::string& key, uint64_t revision) const {
    const auto found =
        std::lower_bound(changes_.begin(), changes_.end(), revision,
                         [](const Change& change, uint64_t at) { return change.revision < at; });
    if (found == changes_.end() || found->revision != revision || found->key != key) return nullptr;
    return found->row ? &*found->row : nullptr;
  }

  // REQUIRES: base_revision() <= revision.
  State At(uint64_t revision) const {
    State state = base_;
    for (const Change& change : changes_) {
      if (change.revision > revision) break;
      if (change.row) {
        state[change.key] = *change.row;
      } else {
        state.erase(change.key);
      }
    }
    return state;
  }

 private:
  struct Change {
    uint64_t revision;
    std::string key;
    // None: a deletion.
    std::optional<Row> row;
  };

  State base_;
  State now_;
  uint64_t base_revision_ = 0;
  uint64_t revision_ = 0;
  uint64_t generation_ = 0;
  std::vector<Change> changes_;
};

}  // namespace shardwatch::fuzz

#endif  // TEST_NATIVE_FUZZ_HISTORY_MODEL_H_
