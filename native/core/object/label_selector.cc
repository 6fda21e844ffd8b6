// Compiling and matching label requirements; see label_selector.h. Thread rule: any thread.

#include "native/core/object/label_selector.h"

#include <algorithm>
#include <array>
#include <new>
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
  for (Term& term : inline_) term.Release(table_);
  for (Term& term : more_) term.Release(table_);
}

bool LabelSelector::Add(const LabelRequirement& requirement) {
  Term term;
  if (!term.Compile(requirement, table_)) {
    term.Release(table_);
    return false;
  }
  if (count_ < kTermsInline) {
    inline_[count_] = std::move(term);
  } else {
    more_.push_back(std::move(term));
  }
  ++count_;
  return true;
}

void LabelSelector::Finish() {
  size_t size = count_;
  for (size_t index = 0; index < count_; ++index) size += At(index).labels().size();
  if (size <= kScannedMax) return;
  rules_ = std::make_unique<LabelRules>();
  for (size_t index = 0; index < count_; ++index) At(index).AddTo(*rules_);
  rules_->Seal();
}

bool LabelSelector::Matches(LabelSpan labels) const {
  if (rules_ != nullptr) return rules_->Matches(labels);
  for (size_t index = 0; index < count_; ++index) {
    if (!At(index).Holds(labels)) return false;
  }
  return true;
}

std::optional<LabelSpan> LabelSelector::OneOf() const {
  for (size_t index = 0; index < count_; ++index) {
    if (At(index).op() == LabelOperator::kIn) return At(index).labels();
  }
  return std::nullopt;
}

void LabelSelector::AddTo(SignatureFilter& filter) const {
  bool has_choice = false;
  for (size_t index = 0; index < count_; ++index) {
    const Term& term = At(index);
    if (term.op() != LabelOperator::kIn) continue;
    const LabelSpan labels = term.labels();
    if (labels.size() == 1) {
      filter.Require(LabelSignature(*labels.front()));
    } else if (!has_choice && !labels.empty() && labels.size() <= SignatureFilter::kChoicesMax) {
      has_choice = true;
      std::array<Signature, SignatureFilter::kChoicesMax> choices{};
      std::transform(labels.begin(), labels.end(), choices.begin(),
                     [](const InternedString* label) { return LabelSignature(*label); });
      filter.RequireOneOf(choices.data(), labels.size());
    }
  }
}

std::optional<LabelPresence> LabelSelector::PresenceAt(size_t index) const {
  const Term& term = At(index);
  const bool is_in = term.op() == LabelOperator::kIn;
  if (!is_in && term.op() != LabelOperator::kNotIn) return std::nullopt;
  if (term.labels().size() != 1) return std::nullopt;
  return LabelPresence{.label = term.labels().front(), .is_wanted = is_in};
}

bool LabelSelector::Term::Compile(const LabelRequirement& requirement, InternTable& table) {
  op_ = requirement.op;
  if (op_ != LabelOperator::kIn && op_ != LabelOperator::kNotIn) {
    const std::optional<int64_t> bound =
        requirement.values.size() == 1 ? ParseInt64(requirement.values.front()) : std::nullopt;
    has_bound_ = bound.has_value();
    bound_ = bound.value_or(0);
    one_ = table.Acquire(requirement.key);
    return one_ != nullptr;
  }
  const size_t wanted = requirement.values.size();
  if (wanted > 1) {
    many_.reset(new (std::nothrow) const InternedString*[wanted]);
    if (many_ == nullptr) return false;
  }
  for (const std::string_view value : requirement.values) {
    const InternedString* const label = table.AcquireLabel(requirement.key, value);
    if (label == nullptr) return false;
    (wanted > 1 ? many_[count_] : one_) = label;
    ++count_;
  }
  return true;
}

void LabelSelector::Term::Release(InternTable& table) {
  // While many are acquired there may be one so far.
  if (many_ != nullptr) {
    for (size_t index = 0; index < count_; ++index) table.Release(many_[index]);
  }
  table.Release(one_);
}

bool LabelSelector::Term::Holds(LabelSpan labels) const {
  switch (op_) {
    case LabelOperator::kIn:
      return HasOneOf(labels);
    case LabelOperator::kNotIn:
      return !HasOneOf(labels);
    case LabelOperator::kExists:
      return FindKey(labels) != nullptr;
    case LabelOperator::kDoesNotExist:
      return FindKey(labels) == nullptr;
    case LabelOperator::kGreaterThan:
    case LabelOperator::kLessThan:
      break;
  }
  const InternedString* const label = FindKey(labels);
  if (label == nullptr || !has_bound_) return false;
  const std::optional<int64_t> value = ParseInt64(label->text());
  if (!value) return false;
  return op_ == LabelOperator::kGreaterThan ? *value > bound_ : *value < bound_;
}

void LabelSelector::Term::AddTo(LabelRules& rules) const {
  const std::optional<int64_t> bound = has_bound_ ? std::optional(bound_) : std::nullopt;
  switch (op_) {
    case LabelOperator::kIn:
      rules.RequireOneOf(labels());
      break;
    case LabelOperator::kNotIn:
      rules.Refuse(labels());
      break;
    case LabelOperator::kExists:
      rules.RequireKey(one_);
      break;
    case LabelOperator::kDoesNotExist:
      rules.RefuseKey(one_);
      break;
    case LabelOperator::kGreaterThan:
      rules.RequireAbove(one_, bound);
      break;
    case LabelOperator::kLessThan:
      rules.RequireBelow(one_, bound);
      break;
  }
}

bool LabelSelector::Term::HasOneOf(LabelSpan labels) const {
  for (const InternedString* const wanted : this->labels()) {
    if (std::find(labels.begin(), labels.end(), wanted) != labels.end()) return true;
  }
  return false;
}

const InternedString* LabelSelector::Term::FindKey(LabelSpan labels) const {
  for (const InternedString* const label : labels) {
    if (label->key() == one_) return label;
  }
  return nullptr;
}

}  // namespace shardwatch
