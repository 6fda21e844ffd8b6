// A cache with widgets in it, watches of it, and short ways to read what these tell.
//
// Thread rule: a World belongs to one thread; several may share a cache.

#ifndef TEST_NATIVE_WATCH_WORLD_H_
#define TEST_NATIVE_WATCH_WORLD_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "native/core/cache/cache.h"
#include "native/core/watch/watches.h"

namespace shardwatch {

using Texts = std::vector<std::string>;

struct Widget {
  std::string namespace_name = "a";
  std::string name = "web";
  // In the order of the keys.
  std::vector<std::pair<std::string, std::string>> labels = {};
  std::optional<std::string> node = {};
  int value = 0;
};

// As it is served.
inline std::string WidgetText(const Widget& widget, uint64_t revision,
                              std::string_view api_version = "example.com/v1") {
  std::string text = R"({"apiVersion":")" + std::string(api_version) + R"(","kind":"Widget",)";
  text += R"("metadata":{)";
  for (size_t index = 0; index < widget.labels.size(); ++index) {
    const auto& [key, value] = widget.labels[index];
    text += (index == 0 ? R"("labels":{")" : R"(,")") + key + R"(":")" + value + '"';
  }
  if (!widget.labels.empty()) text += "},";
  text += R"("name":")" + widget.name + '"';
  if (!widget.namespace_name.empty()) text += R"(,"namespace":")" + widget.namespace_name + '"';
  text += R"(,"resourceVersion":")" + std::to_string(revision) + R"("},"spec":{)";
  if (widget.node) text += R"("node":")" + *widget.node + R"(",)";
  return text + R"("value":)" + std::to_string(widget.value) + "}}";
}

inline std::string_view TypeText(WatchEventType type) {
  switch (type) {
    case WatchEventType::kAdded:
      return "ADDED";
    case WatchEventType::kModified:
      return "MODIFIED";
    case WatchEventType::kDeleted:
      break;
  }
  return "DELETED";
}

// What a watch is of.
struct Selection {
  std::optional<std::string> namespace_name = {};
  std::optional<std::string> name = {};
  // `key in (values)`
  std::vector<std::pair<std::string, std::vector<std::string>>> labels = {};
  // `path=value`, or `path!=value` where the value begins with '!'.
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::optional<std::string> api_version = {};

  static Selection App(std::vector<std::string> values) {
    return {.labels = {{"app", std::move(values)}}};
  }
  static Selection Node(std::string value) { return {.fields = {{"spec.node", std::move(value)}}}; }
};

struct Begin {
  // None: with the state.
  std::optional<uint64_t> after;
};
inline constexpr Begin kState{};
inline Begin After(uint64_t revision) { return {revision}; }

// Takes so many items, as `ADDED a/web 7`, or as frames.
class TextSink final : public DrainSink {
 public:
  explicit TextSink(size_t items_max, bool has_objects = false)
      : items_max_(items_max), has_objects_(has_objects) {}

  bool AddObject(const Version& version, const Rendering& rendering) override {
    return Add(version.revision(), WatchEventType::kAdded, version, rendering);
  }
  bool AddEvent(uint64_t, uint64_t revision, WatchEventType type, const Version& version,
                const Rendering& rendering) override {
    return Add(revision, type, version, rendering);
  }

  Texts items;

 private:
  bool Add(uint64_t revision, WatchEventType type, const Version& version,
           const Rendering& rendering) {
    if (items.size() == items_max_) return false;
    std::string text(TypeText(type));
    text += ' ';
    if (has_objects_) {
      std::string object(RenderedLength(version, rendering), '?');
      CopyVersion(version, rendering, object.data());
      text += object;
    } else {
      text += std::string(version.namespace_name()->text()) + '/' + std::string(version.name());
      text += ' ' + std::to_string(revision);
    }
    items.push_back(std::move(text));
    return true;
  }

  const size_t items_max_;
  const bool has_objects_;
};

struct Drained : DrainResult {
  Texts items;
};

class World {
 public:
  explicit World(const HistoryLimits& history = {})
      : World(Cache::Make({.shard_count = 2, .fields = {"spec.node"}, .history = history})) {}
  // Of a cache that is its own.
  explicit World(Cache* cache) : World(cache, true) {}
  // Another thread's way to the same cache.
  explicit World(Cache& cache) : World(&cache, false) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  ~World() {
    while (!watches_.empty()) Close(*watches_.back());
    if (is_owner_) attachment_->CloseCache();
    delete attachment_;
    // That of the attachment, and that of whoever made the cache.
    cache_.Release();
    if (is_owner_) cache_.Release();
    ready_.Close();
  }

  Cache& cache() { return cache_; }
  Attachment& attachment() { return *attachment_; }
  Watches& watches() { return cache_.watches(); }
  ReadyList& ready() { return ready_; }
  EpochSlot& slot() { return attachment_->slot(); }
  CacheStats Stats() { return attachment_->Stats(now_ms); }
  // Calls of the ready list's `wake`.
  size_t wakes() const { return wakes_.load(); }

  WriteOutcome Put(const Widget& widget, uint64_t revision) { return Apply({{widget, revision}}); }
  WriteOutcome Apply(const std::vector<std::pair<Widget, uint64_t>>& widgets) {
    std::vector<std::string> texts;
    for (const auto& [widget, revision] : widgets) texts.push_back(WidgetText(widget, 999));
    std::vector<Change> changes;
    for (size_t index = 0; index < widgets.size(); ++index) {
      const auto& [widget, revision] = widgets[index];
      // A value below zero stands for a deletion.
      changes.push_back({.key = {widget.namespace_name, widget.name},
                         .revision = revision,
                         .object = widget.value < 0 ? std::string_view() : texts[index]});
    }
    const WriteOutcome outcome = attachment_->writer().Apply(changes, now_ms);
    EXPECT_EQ(outcome.fault, WriteFault::kNone);
    return outcome;
  }
  void Delete(const Widget& widget, uint64_t revision) {
    Widget gone = widget;
    gone.value = -1;
    Apply({{gone, revision}});
  }
  void Progress(uint64_t revision) { attachment_->writer().Progress(revision); }
  void Replace(uint64_t revision) { attachment_->writer().Replace({}, revision); }
  void Trim() { attachment_->Trim(now_ms); }
  void CloseCache() { attachment_->CloseCache(); }

  WatchOpened TryOpen(const Selection& selection, Begin begin, uint64_t consumer = 0) {
    std::string key;
    const auto add = [&key](std::string_view text) {
      key += std::to_string(text.size()) + ':' + std::string(text);
    };
    WatchRequest request;
    request.consumer = consumer;
    request.ready = &ready_;
    request.from_state = !begin.after;
    request.after = begin.after.value_or(0);
    if (selection.namespace_name) {
      request.scope.namespace_name = *selection.namespace_name;
      add("in " + *selection.namespace_name);
    }
    if (selection.name) {
      request.scope.name = *selection.name;
      add("of " + *selection.name);
    }
    if (selection.api_version) {
      request.api_version = *selection.api_version;
      add("as " + *selection.api_version);
    }
    std::vector<std::vector<std::string_view>> values;
    std::vector<LabelRequirement> labels;
    values.reserve(selection.labels.size());
    for (const auto& [label, texts] : selection.labels) {
      values.emplace_back(texts.begin(), texts.end());
      labels.push_back({.key = label, .op = LabelOperator::kIn, .values = values.back()});
      add(label);
      for (const std::string& text : texts) add(text);
    }
    request.scope.labels = labels;
    std::vector<FieldRequirement> fields;
    for (const auto& [path, value] : selection.fields) {
      const bool is_not = value.starts_with('!');
      fields.push_back({.path = path,
                        .op = is_not ? FieldOperator::kNotEquals : FieldOperator::kEquals,
                        .value = std::string_view(value).substr(is_not ? 1 : 0)});
      add(path);
      add(value);
    }
    request.scope.fields = fields;
    request.group_key = key;
    const WatchOpened opened = watches().Open(request, slot());
    if (opened.watch != nullptr) watches_.push_back(opened.watch);
    return opened;
  }

  Watch& Open(const Selection& selection, Begin begin, uint64_t consumer = 0) {
    const WatchOpened opened = TryOpen(selection, begin, consumer);
    EXPECT_EQ(opened.fault, WatchFault::kNone);
    return *opened.watch;
  }

  void Close(Watch& watch) {
    std::erase(watches_, &watch);
    watches().Close(&watch);
  }

  Drained Drain(Watch& watch, size_t items_max, bool has_objects = false) {
    TextSink sink(items_max, has_objects);
    return {watches().Drain(watch, slot(), sink), std::move(sink.items)};
  }

  // Until there is no more; the end as the last item.
  Texts DrainAll(Watch& watch, bool has_objects = false) {
    Texts all;
    for (;;) {
      Drained drained = Drain(watch, 7, has_objects);
      for (std::string& item : drained.items) all.push_back(std::move(item));
      if (drained.end != WatchEnd::kNone) all.push_back(EndText(drained.end));
      if (!drained.more) return all;
    }
  }

  static std::string EndText(WatchEnd end) {
    switch (end) {
      case WatchEnd::kNone:
        return "";
      case WatchEnd::kExpired:
        return "expired";
      case WatchEnd::kReplaced:
        return "replaced";
      case WatchEnd::kClosed:
        break;
    }
    return "closed";
  }

  // Consumers that are to be called now.
  std::vector<uint64_t> Woken() {
    std::vector<uint64_t> woken(100);
    woken.resize(ready_.Take(woken.data(), woken.size()));
    return woken;
  }

  double now_ms = 0;

 private:
  World(Cache* cache, bool is_owner)
      : cache_(*cache),
        is_owner_(is_owner),
        ready_([](void* data) { static_cast<World*>(data)->wakes_.fetch_add(1); }, this),
        attachment_(Attachment::Open(*cache, ready_)) {}

  Cache& cache_;
  const bool is_owner_;
  std::atomic<size_t> wakes_ = 0;
  ReadyList ready_;
  Attachment* const attachment_;
  std::vector<Watch*> watches_;
};

}  // namespace shardwatch

#endif  // TEST_NATIVE_WATCH_WORLD_H_
