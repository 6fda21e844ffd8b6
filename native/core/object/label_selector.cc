// Compiling and matching label requirements; see label_selector.h. Thread rule: any thread.

#include "native/core/object/label_selector.h"

#include <algorithm>
#include <array>
#include <utility>

namespace shardwatch {

std::optional<int64_t> ParseInt64(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  // One more than the largest positive number is the magnitude of the lowest negative one.
  const uint64_t magnitude_max = static_cast<uint64_t>(INT64_MAX) + (is_negative ? 1 : 0);
  uint64_t magnitude = 0;
  for (const char byte : text) {
    if (byte < '0' || byte > '9') return std::nullopt;
    const auto digit = static_cast<uint64_t>(byte - '0');
    if (magnitude > (magnitude_max - digit) / 10) return std::nullopt;
    magnitude = magnitude * 10 + digit;
  }
  return static_cast<int64_t>(is_negative ? ~magnitude + 1 : magnitude);
}

LabelSelector::~LabelSelector() {
  for (const Term& term : terms_) Release(term);
}

bool LabelSelector::Add(const LabelRequirement& requirement) {
  Term term{.op = requirement.op, .labels = {}, .key = nullptr, .bound = std::nullopt};
  bool is_made = true;
  if (requirement.op == LabelOperator::kIn || requirement.op == LabelOperator::kNotIn) {
    for (const std::string_view value : requirement.values) {
      const InternedString* const label = table_.AcquireLabel(requirement.key, value);
      is_made = is_made && label != nullptr;
      term.labels.push_back(label);
    }
  } else {
    term.key = table_.Acquire(requirement.key);
    is_made = term.key != nullptr;
    if (requirement.values.size() == 1) term.bound = ParseInt64(requirement.values.front());
  }
  if (is_made) {
    terms_.push_back(std::move(term));
  } else {
    Release(term);
  }
  return is_made;
}

bool LabelSelector::Matches(LabelSpan labels) const {
  return std::all_of(terms_.begin(), terms_.end(),
                     [labels](const Term& term) { return Meets(term, labels); });
}

std::optional<LabelSpan> LabelSelector::OneOf() const {
  for (const Term& term : terms_) {
    if (term.op == LabelOperator::kIn) return term.labels;
  }
  return std::nullopt;
}

void LabelSelector::AddTo(SignatureFilter& filter) const {
  bool has_choice = false;
  for (const Term& term : terms_) {
    if (term.op != LabelOperator::kIn) continue;
    if (term.labels.size() == 1) {
      filter.Require(LabelSignature(*term.labels.front()));
    } else if (!has_choice && !term.labels.empty() &&
               term.labels.size() <= SignatureFilter::kChoicesMax) {
      has_choice = true;
      std::array<Signature, SignatureFilter::kChoicesMax> choices{};
      std::transform(term.labels.begin(), term.labels.end(), choices.begin(),
                     [](const InternedString* label) { return LabelSignature(*label); });
      filter.RequireOneOf(choices.data(), term.labels.size());
    }
  }
}

bool LabelSelector::Meets(const Term& term, LabelSpan labels) {
  switch (term.op) {
    case LabelOperator::kIn:
      return HasOneOf(term, labels);
    case LabelOperator::kNotIn:
      return !HasOneOf(term, labels);
    case LabelOperator::kExists:
      return FindKey(term, labels) != nullptr;
    case LabelOperator::kDoesNotExist:
      return FindKey(term, labels) == nullptr;
    case LabelOperator::kGreaterThan:
    case LabelOperator::kLessThan:
      break;
  }
  const InternedString* const label = FindKey(term, labels);
  if (label == nullptr || !term.bound) return false;
  const std::optional<int64_t> value = ParseInt64(label->text());
  if (!value) return false;
  return term.op == LabelOperator::kGreaterThan ? *value > *term.bound : *value < *term.bound;
}

bool LabelSelector::HasOneOf(const Term& term, LabelSpan labels) {
  for (const InternedString* const wanted : term.labels) {
    if (std::find(labels.begin(), labels.end(), wanted) != labels.end()) return true;
  }
  return false;
}

const InternedString* LabelSelector::FindKey(const Term& term, LabelSpan labels) {
  for (const InternedString* const label : labels) {
    if (label->key() == term.key) return label;
  }
  return nullptr;
}

void LabelSelector::Release(const Term& term) {
  for (const InternedString* const label : term.labels) table_.Release(label);
  table_.Release(term.key);
}

}  // namespace shardwatch
