// What the index proves of a group and what is left to be asked of it (GroupCheck): every way for
// an object to come, change and go, told to watches that are found by namespace, name, field or
// label and have requirements beside, against a model that compares texts.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "test/native/watch_world.h"

namespace shardwatch {
namespace {

using enum LabelOperator;

struct Requirement {
  std::string key;
  LabelOperator op;
  std::vector<std::string> values = {};

  bool Holds(const Widget& widget) const {
    const auto found = std::find_if(widget.labels.begin(), widget.labels.end(),
                                    [this](const auto& label) { return label.first == key; });
    const bool is_there = found != widget.labels.end();
    const bool has_one =
        is_there && std::find(values.begin(), values.end(), found->second) != values.end();
    switch (op) {
      case kIn:
        return has_one;
      case kNotIn:
        return !has_one;
      case kExists:
        return is_there;
      case kDoesNotExist:
        return !is_there;
      case kGreaterThan:
      case kLessThan:
        break;
    }
    return false;
  }
};

// A way to be found by the index.
struct Index {
  std::optional<std::string> namespace_name = {};
  std::optional<std::string> name = {};
  std::optional<std::string> node = {};
};

struct Case {
  Index index;
  std::vector<Requirement> labels;

  bool Matches(const Widget* widget) const {
    if (widget == nullptr) return false;
    if (index.namespace_name && *index.namespace_name != widget->namespace_name) return false;
    if (index.name && *index.name != widget->name) return false;
    if (index.node && *index.node != widget->node.value_or("")) return false;
    return std::all_of(labels.begin(), labels.end(), [widget](const Requirement& requirement) {
      return requirement.Holds(*widget);
    });
  }
};

std::vector<Case> AllCases() {
  const std::vector<Index> indexes{
      {},
      {.namespace_name = "a"},
      {.namespace_name = "b"},
      {.name = "web"},
      {.namespace_name = "a", .name = "web"},
      {.node = "n1"},
      {.namespace_name = "a", .node = "n1"},
  };
  const std::vector<std::vector<Requirement>> labels{
      {},
      {{"app", kIn, {"x"}}},
      {{"app", kIn, {"x", "y"}}},
      {{"app", kIn}},
      {{"app", kNotIn, {"x"}}},
      {{"app", kNotIn, {"x", "y"}}},
      {{"app", kExists}},
      {{"app", kIn, {"x"}}, {"app", kIn, {"x"}}},
      {{"app", kIn, {"x"}}, {"track", kIn, {"c"}}},
      {{"track", kIn, {"c"}}, {"app", kIn, {"x", "y"}}},
      {{"app", kIn, {"x", "y"}}, {"track", kIn, {"c"}}},
      {{"app", kIn, {"x", "y"}}, {"track", kNotIn, {"c"}}},
      {{"app", kIn, {"x"}}, {"track", kNotIn, {"c"}}},
      {{"track", kNotIn, {"c"}}, {"app", kIn, {"x"}}},
      {{"app", kIn, {"x"}}, {"track", kNotIn, {"c", "d"}}},
      {{"app", kIn, {"x"}}, {"track", kDoesNotExist}},
      {{"track", kDoesNotExist}, {"app", kIn, {"x"}}},
      {{"app", kIn, {"x"}}, {"app", kNotIn, {"y"}}, {"track", kIn, {"c"}}},
  };
  std::vector<Case> cases;
  for (const Index& index : indexes) {
    for (const std::vector<Requirement>& requirements : labels) {
      cases.push_back({index, requirements});
    }
  }
  return cases;
}

std::vector<Widget> AllWidgets() {
  std::vector<Widget> widgets;
  for (const std::string app : {"", "x", "y"}) {
    for (const std::string track : {"", "c", "d"}) {
      for (const std::string node : {"n1", "n2"}) {
        Widget widget{.node = node};
        if (!app.empty()) widget.labels.emplace_back("app", app);
        if (!track.empty()) widget.labels.emplace_back("track", track);
        widgets.push_back(widget);
      }
    }
  }
  return widgets;
}

class WatchCheckTest : public testing::Test {
 protected:
  WatchCheckTest() {
    for (const Case& one : cases_) watches_.push_back(Open(one));
  }
  ~WatchCheckTest() override {
    for (Watch* const watch : watches_) world_.watches().Close(watch);
  }

  Watch* Open(const Case& one) {
    std::vector<std::vector<std::string_view>> values;
    values.reserve(one.labels.size());
    std::vector<LabelRequirement> labels;
    for (const Requirement& requirement : one.labels) {
      values.emplace_back(requirement.values.begin(), requirement.values.end());
      labels.push_back({requirement.key, requirement.op, values.back()});
    }
    std::vector<FieldRequirement> fields;
    if (one.index.node) fields.push_back({"spec.node", FieldOperator::kEquals, *one.index.node});
    const std::string key = std::to_string(watches_.size());
    WatchRequest request;
    request.group_key = key;
    request.ready = &world_.ready();
    if (one.index.namespace_name) request.scope.namespace_name = *one.index.namespace_name;
    if (one.index.name) request.scope.name = *one.index.name;
    request.scope.labels = labels;
    request.scope.fields = fields;
    const WatchOpened opened = world_.watches().Open(request, world_.slot());
    EXPECT_EQ(opened.fault, WatchFault::kNone);
    return opened.watch;
  }

  // Brings the object from one state to another, and looks what everybody is told. Null: none.
  void Change(const Widget* before, const Widget* after) {
    ++revision_;
    if (after == nullptr) {
      world_.Delete(*before, revision_);
    } else {
      world_.Put(*after, revision_);
    }
    for (size_t index = 0; index < cases_.size(); ++index) {
      const bool did_match = cases_[index].Matches(before);
      const bool does_match = cases_[index].Matches(after);
      Texts expected;
      if (did_match || does_match) {
        const char* const type = !does_match ? "DELETED" : did_match ? "MODIFIED" : "ADDED";
        expected.push_back(type + (" a/web " + std::to_string(revision_)));
      }
      EXPECT_EQ(world_.DrainAll(*watches_[index]), expected) << "case " << index;
    }
  }

  const std::vector<Case> cases_ = AllCases();
  World world_;
  std::vector<Watch*> watches_;
  uint64_t revision_ = 0;
};

TEST_F(WatchCheckTest, EveryChangeIsToldToThoseWhomItConcernsAsWhatItIsToThem) {
  const std::vector<Widget> widgets = AllWidgets();
  for (const Widget& before : widgets) {
    for (const Widget& after : widgets) {
      Change(nullptr, &before);
      Change(&before, &after);
      Change(&after, nullptr);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace shardwatch
