// Label requirements, compiled once: what they name is interned, so that an object's labels are
// matched by comparing addresses, before any of its bytes are touched. (Their text is parsed in
// TypeScript, and both engines share the semantics of lib/object/match.ts.)
//
//  1. All requirements must hold; none means that everything matches.
//  2. Without the key, In, Exists, GreaterThan and LessThan fail, NotIn and DoesNotExist hold.
//  3. GreaterThan and LessThan compare 64-bit integers; a label or bound that is none fails.
//  4. A selector holds counts on what it names, also where no object has it: an object that gets
//     such a label later gets the same address.
//  5. A small selector is one piece of memory: two requirements, and a requirement's one label, lie
//     in it. Those of watches are asked out of cold memory, one after the other.
//  6. A few requirements are asked one by one; many are put together (label_rules.h).
// Thread rule: immutable once finished; any thread may match. The table outlives it.

#ifndef NATIVE_CORE_OBJECT_LABEL_SELECTOR_H_
#define NATIVE_CORE_OBJECT_LABEL_SELECTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "native/core/object/intern_table.h"
#include "native/core/object/label_rules.h"
#include "native/core/object/signature.h"

namespace shardwatch {

enum class LabelOperator : uint8_t { kIn, kNotIn, kExists, kDoesNotExist, kGreaterThan, kLessThan };

// One requirement as it comes in. `values` is empty for kExists and kDoesNotExist.
struct LabelRequirement {
  std::string_view key;
  LabelOperator op;
  std::span<const std::string_view> values;
};

// An object's labels: pairs of an InternTable, no key twice.
using LabelSpan = std::span<const InternedString* const>;

// A requirement that is about one label alone: whether an object has it.
struct LabelPresence {
  const InternedString* label;
  bool is_wanted;

  bool Holds(LabelSpan labels) const {
    for (const InternedString* const one : labels) {
      if (one == label) return is_wanted;
    }
    return !is_wanted;
  }
};

// A decimal integer of 64 bits with an optional sign and leading zeros; none for anything else.
std::optional<int64_t> ParseInt64(std::string_view text);

class LabelSelector {
 public:
  // Requirements and their values in all that are asked one by one.
  static constexpr size_t kScannedMax = 16;

  // Matches everything.
  explicit LabelSelector(InternTable& table) : table_(table) {}
  ~LabelSelector();
  LabelSelector(const LabelSelector&) = delete;
  LabelSelector& operator=(const LabelSelector&) = delete;

  // Adds a requirement; false when memory is out, and then nothing has changed.
  bool Add(const LabelRequirement& requirement);

  // Makes many requirements ready to be asked of many objects. REQUIRES: no Add comes after it.
  void Finish();

  bool Matches(LabelSpan labels) const;

  bool empty() const { return count_ == 0; }

  // Demands of an object's signature what the requirements demand of its labels.
  void AddTo(SignatureFilter& filter) const;

  // The labels of the first kIn, of which an object must have one, if there is such a
  // requirement.
  std::optional<LabelSpan> OneOf() const;

  // Calls `visit(labels)` for all of these.
  template <typename Visit>
  void VisitOneOf(const Visit& visit) const {
    for (size_t index = 0; index < count_; ++index) {
      if (At(index).op() == LabelOperator::kIn) visit(At(index).labels());
    }
  }

  // The requirement that was added as number `index`, if it is kIn or kNotIn with one value.
  std::optional<LabelPresence> PresenceAt(size_t index) const;

 private:
  class Term {
   public:
    Term() = default;

    // False when memory is out; what was acquired until then is released with the term.
    bool Compile(const LabelRequirement& requirement, InternTable& table);
    void Release(InternTable& table);

    LabelOperator op() const { return op_; }
    // Of kIn and kNotIn.
    LabelSpan labels() const { return {count_ == 1 ? &one_ : many_.get(), count_}; }
    bool Holds(LabelSpan labels) const;
    void AddTo(LabelRules& rules) const;

   private:
    bool HasOneOf(LabelSpan labels) const;
    const InternedString* FindKey(LabelSpan labels) const;

    LabelOperator op_ = LabelOperator::kIn;
    bool has_bound_ = false;
    uint32_t count_ = 0;
    // The label of kIn and kNotIn with one value; of the operators that have no labels the key.
    const InternedString* one_ = nullptr;
    std::unique_ptr<const InternedString*[]> many_;
    int64_t bound_ = 0;
  };

  static constexpr size_t kTermsInline = 2;

  const Term& At(size_t index) const {
    return index < kTermsInline ? inline_[index] : more_[index - kTermsInline];
  }

  InternTable& table_;
  size_t count_ = 0;
  std::array<Term, kTermsInline> inline_;
  std::vector<Term> more_;
  // All of them once more, where they are many.
  std::unique_ptr<LabelRules> rules_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_LABEL_SELECTOR_H_
