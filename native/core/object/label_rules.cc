// Putting label demands together, and asking them; see label_rules.h. Thread rule: any thread.

#include "native/core/object/label_rules.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "native/core/object/label_selector.h"

namespace shardwatch {

void LabelRules::RequireOneOf(Labels labels) {
  if (labels.empty()) {
    is_never_ = true;
    return;
  }
  Rule& rule = RuleOf(labels.front()->key());
  rule.is_required = true;
  rule.has_choices = true;
  rule.choices.assign(labels.begin(), labels.end());
  std::sort(rule.choices.begin(), rule.choices.end(), std::less<>());
}

void LabelRules::Refuse(Labels labels) {
  if (labels.empty()) return;
  Rule& rule = RuleOf(labels.front()->key());
  rule.refused.assign(labels.begin(), labels.end());
}

void LabelRules::RequireAbove(const InternedString* key, std::optional<int64_t> bound) {
  Rule& rule = RuleOf(key);
  rule.is_required = true;
  rule.is_refused = !bound.has_value();
  rule.above = bound;
}

void LabelRules::RequireBelow(const InternedString* key, std::optional<int64_t> bound) {
  Rule& rule = RuleOf(key);
  rule.is_required = true;
  rule.is_refused = !bound.has_value();
  rule.below = bound;
}

void LabelRules::Seal() {
  std::stable_sort(rules_.begin(), rules_.end(), [](const Rule& left, const Rule& right) {
    return std::less<>()(left.key, right.key);
  });
  std::vector<Rule> merged;
  for (Rule& rule : rules_) {
    if (!merged.empty() && merged.back().key == rule.key) {
      Merge(merged.back(), rule);
    } else {
      merged.push_back(std::move(rule));
    }
  }
  rules_ = std::move(merged);
  for (Rule& rule : rules_) {
    std::sort(rule.refused.begin(), rule.refused.end(), std::less<>());
    if (rule.is_required) ++required_;
  }
}

void LabelRules::Merge(Rule& rule, Rule& other) {
  rule.is_required = rule.is_required || other.is_required;
  rule.is_refused = rule.is_refused || other.is_refused;
  rule.refused.insert(rule.refused.end(), other.refused.begin(), other.refused.end());
  if (other.above && (!rule.above || *other.above > *rule.above)) rule.above = other.above;
  if (other.below && (!rule.below || *other.below < *rule.below)) rule.below = other.below;
  if (!other.has_choices) return;
  if (!rule.has_choices) {
    rule.has_choices = true;
    rule.choices = std::move(other.choices);
    return;
  }
  // The shorter list is looked up in the longer one: many long ones together cost their length.
  if (rule.choices.size() > other.choices.size()) std::swap(rule.choices, other.choices);
  std::erase_if(rule.choices, [&other](const InternedString* choice) {
    return !std::binary_search(other.choices.begin(), other.choices.end(), choice, std::less<>());
  });
}

bool LabelRules::Matches(Labels labels) const { return Visit(labels, std::less<>()); }

size_t LabelRules::TEST_Comparisons(Labels labels) const {
  size_t comparisons = 0;
  Visit(labels, [&comparisons](const InternedString* left, const InternedString* right) {
    ++comparisons;
    return std::less<>()(left, right);
  });
  return comparisons;
}

template <typename Before>
bool LabelRules::Visit(Labels labels, Before is_before) const {
  // An object has no key twice.
  if (is_never_ || required_ > labels.size()) return false;
  size_t required = 0;
  for (const InternedString* const label : labels) {
    const auto rule = std::lower_bound(
        rules_.begin(), rules_.end(), label->key(),
        [&](const Rule& one, const InternedString* key) { return is_before(one.key, key); });
    if (rule == rules_.end() || rule->key != label->key()) continue;
    if (!Holds(*rule, label, std::ref(is_before))) return false;
    if (rule->is_required) ++required;
  }
  return required == required_;
}

template <typename Before>
bool LabelRules::Holds(const Rule& rule, const InternedString* label, Before is_before) {
  if (rule.is_refused) return false;
  const auto is_in = [&](const std::vector<const InternedString*>& sorted) {
    return std::binary_search(sorted.begin(), sorted.end(), label, is_before);
  };
  if (rule.has_choices && !is_in(rule.choices)) return false;
  if (!rule.refused.empty() && is_in(rule.refused)) return false;
  if (!rule.above && !rule.below) return true;
  const std::optional<int64_t> number = ParseInt64(label->text());
  if (!number) return false;
  return (!rule.above || *number > *rule.above) && (!rule.below || *number < *rule.below);
}

}  // namespace shardwatch
