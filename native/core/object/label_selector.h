// Label requirements, compiled once: what they name is interned, so that an object's labels are
// matched by comparing addresses, before any of its bytes are touched. (Their text is parsed in
// TypeScript, and both engines share the semantics of lib/object/match.ts.)
//
//  1. All requirements must hold; none means that everything matches.
//  2. Without the key, In, Exists, GreaterThan and LessThan fail, NotIn and DoesNotExist hold.
//  3. GreaterThan and LessThan compare 64-bit integers; a label or bound that is none fails.
//  4. A selector holds counts on what it names, also where no object has it: an object that gets
//     such a label later gets the same address.
// Thread rule: immutable after construction; any thread may match. The table outlives it.

#ifndef NATIVE_CORE_OBJECT_LABEL_SELECTOR_H_
#define NATIVE_CORE_OBJECT_LABEL_SELECTOR_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "native/core/object/intern_table.h"
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

// A decimal integer of 64 bits with an optional sign and leading zeros; none for anything else.
std::optional<int64_t> ParseInt64(std::string_view text);

class LabelSelector {
 public:
  // Matches everything.
  explicit LabelSelector(InternTable& table) : table_(table) {}
  ~LabelSelector();
  LabelSelector(const LabelSelector&) = delete;
  LabelSelector& operator=(const LabelSelector&) = delete;

  // Adds a requirement; false when memory is out, and then nothing has changed.
  bool Add(const LabelRequirement& requirement);

  bool Matches(LabelSpan labels) const;

  bool empty() const { return terms_.empty(); }

  // Demands of an object's signature what the requirements demand of its labels.
  void AddTo(SignatureFilter& filter) const;

  // The labels of the first kIn, of which an object must have one, if there is such a
  // requirement.
  std::optional<LabelSpan> OneOf() const;

 private:
  struct Term {
    LabelOperator op;
    // Of kIn and kNotIn one of these labels; of the others none.
    std::vector<const InternedString*> labels;
    // Of the others the key; null for kIn and kNotIn.
    const InternedString* key = nullptr;
    std::optional<int64_t> bound;
  };

  static bool Meets(const Term& term, LabelSpan labels);
  static bool HasOneOf(const Term& term, LabelSpan labels);
  static const InternedString* FindKey(const Term& term, LabelSpan labels);
  void Release(const Term& term);

  InternTable& table_;
  std::vector<Term> terms_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_LABEL_SELECTOR_H_
