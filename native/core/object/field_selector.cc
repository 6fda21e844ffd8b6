// Compiling and matching field requirements; see field_selector.h. Thread rule: any thread.

#include "native/core/object/field_selector.h"

#include <algorithm>

namespace shardwatch {

namespace {

constexpr std::string_view kName = "metadata.name";
constexpr std::string_view kNamespace = "metadata.namespace";

bool IsBefore(const InternedString* left, const InternedString* right) {
  return left->text() < right->text();
}

}  // namespace

FieldSelector::~FieldSelector() {
  for (const Term& term : terms_) table_.Release(term.value);
}

bool FieldSelector::IsKnown(std::string_view path, Declared declared) {
  return path == kName || path == kNamespace ||
         std::find(declared.begin(), declared.end(), path) != declared.end();
}

bool FieldSelector::Add(const FieldRequirement& requirement, Declared declared) {
  const InternedString* const value = table_.Acquire(requirement.value);
  if (value == nullptr) return false;
  Term term{.target = Target::kDeclared, .op = requirement.op, .index = 0, .value = value};
  if (requirement.path == kName) {
    term.target = Target::kName;
  } else if (requirement.path == kNamespace) {
    term.target = Target::kNamespace;
  } else {
    const auto found = std::find(declared.begin(), declared.end(), requirement.path);
    term.index = static_cast<size_t>(found - declared.begin());
  }
  terms_.push_back(term);
  return true;
}

void FieldSelector::Finish() {
  if (terms_.size() <= kScannedMax) return;
  for (const Term& term : terms_) {
    auto rule = std::find_if(rules_.begin(), rules_.end(), [&term](const Rule& one) {
      return one.target == term.target && one.index == term.index;
    });
    if (rule == rules_.end()) {
      rule = rules_.insert(rule, Rule{.target = term.target, .index = term.index});
    }
    if (term.op == FieldOperator::kNotEquals) {
      rule->refused.push_back(term.value);
    } else if (rule->required == nullptr) {
      rule->required = term.value;
    } else if (rule->required != term.value) {
      rule->is_never = true;
    }
  }
  for (Rule& rule : rules_) {
    std::sort(rule.refused.begin(), rule.refused.end(), IsBefore);
  }
}

std::string_view FieldSelector::TextOf(const Rule& rule, const Version& version) {
  if (rule.target == Target::kName) return version.name();
  const InternedString* const value =
      rule.target == Target::kNamespace ? version.namespace_name() : version.fields()[rule.index];
  return value == nullptr ? std::string_view() : value->text();
}

bool FieldSelector::Holds(const Rule& rule, const Version& version) {
  if (rule.is_never) return false;
  const std::string_view text = TextOf(rule, version);
  if (rule.required != nullptr && rule.required->text() != text) return false;
  const auto refused = std::lower_bound(
      rule.refused.begin(), rule.refused.end(), text,
      [](const InternedString* one, std::string_view wanted) { return one->text() < wanted; });
  return refused == rule.refused.end() || (*refused)->text() != text;
}

bool FieldSelector::Matches(const Version& version) const {
  if (!rules_.empty()) {
    return std::all_of(rules_.begin(), rules_.end(),
                       [&version](const Rule& rule) { return Holds(rule, version); });
  }
  return std::all_of(terms_.begin(), terms_.end(), [&version](const Term& term) {
    return IsEqual(term, version) == (term.op == FieldOperator::kEquals);
  });
}

bool FieldSelector::IsEqual(const Term& term, const Version& version) {
  switch (term.target) {
    case Target::kName:
      return version.name() == term.value->text();
    case Target::kNamespace:
      return version.namespace_name() == term.value;
    case Target::kDeclared:
      break;
  }
  const InternedString* const value = version.fields()[term.index];
  return value == nullptr ? term.value->text().empty() : value == term.value;
}

const InternedString* FieldSelector::Required(Target target) const {
  for (const Term& term : terms_) {
    if (term.target == target && term.op == FieldOperator::kEquals) return term.value;
  }
  return nullptr;
}

void FieldSelector::AddTo(SignatureFilter& filter) const {
  for (const Term& term : terms_) {
    if (term.target != Target::kDeclared || term.op != FieldOperator::kEquals) continue;
    // An object may lack a field that is to be ''.
    if (!term.value->text().empty()) filter.Require(FieldSignature(term.index, *term.value));
  }
}

std::optional<FieldEquality> FieldSelector::Equality() const {
  for (const Term& term : terms_) {
    if (term.target == Target::kDeclared && term.op == FieldOperator::kEquals) {
      return FieldEquality{term.index, term.value};
    }
  }
  return std::nullopt;
}

}  // namespace shardwatch
