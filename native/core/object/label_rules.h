// What many label requirements demand, put together key by key. A selector comes out of a URL and
// may have tens of thousands of terms, and a list asks it of every object: an object is asked label
// by label instead, so that the work for it is in its labels.
//
//   app in (a,b), app!=b, !x0, !x1, ...      app   required, one of {a, b}, none of {b}
//                                            x0    never
//                                            x1    never
//
//  1. It means what the requirements mean one by one (label_selector.h).
//  2. Rules lie in the order of their keys' addresses, and the labels of a rule in that of theirs.
//  3. It holds no counts: whoever made the requirements does.
// Thread rule: immutable once sealed; any thread may match.

#ifndef NATIVE_CORE_OBJECT_LABEL_RULES_H_
#define NATIVE_CORE_OBJECT_LABEL_RULES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "native/core/object/intern_table.h"

namespace shardwatch {

class LabelRules {
 public:
  using Labels = std::span<const InternedString* const>;

  // One of these labels, all of one key, has to be there: kIn.
  void RequireOneOf(Labels labels);
  // None of these labels, all of one key, may be there: kNotIn.
  void Refuse(Labels labels);
  // The key has to be there: kExists.
  void RequireKey(const InternedString* key) { RuleOf(key).is_required = true; }
  // The key may not be there: kDoesNotExist.
  void RefuseKey(const InternedString* key) { RuleOf(key).is_refused = true; }
  // The key has to be there with a number above or below the bound; without one nothing will do.
  void RequireAbove(const InternedString* key, std::optional<int64_t> bound);
  void RequireBelow(const InternedString* key, std::optional<int64_t> bound);

  // Puts the rules of equal keys together. REQUIRES: called once, after all demands.
  void Seal();

  // Whether an object with these labels, no key twice, meets all demands. REQUIRES: sealed.
  bool Matches(Labels labels) const;

  // How many comparisons that takes.
  size_t TEST_Comparisons(Labels labels) const;

 private:
  struct Rule {
    const InternedString* key;
    bool is_required = false;
    // Whether no label of the key will do.
    bool is_refused = false;
    bool has_choices = false;
    std::vector<const InternedString*> choices = {};
    std::vector<const InternedString*> refused = {};
    std::optional<int64_t> above = {};
    std::optional<int64_t> below = {};
  };

  // A new rule of the key: Seal merges those of one key.
  Rule& RuleOf(const InternedString* key) { return rules_.emplace_back(Rule{.key = key}); }
  static void Merge(Rule& rule, Rule& other);

  // `is_before` compares addresses, and may count that it does.
  template <typename Before>
  bool Visit(Labels labels, Before is_before) const;
  template <typename Before>
  static bool Holds(const Rule& rule, const InternedString* label, Before is_before);

  std::vector<Rule> rules_;
  // Rules that need their key to be there.
  size_t required_ = 0;
  // Whether nothing can match: one of no labels is demanded.
  bool is_never_ = false;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_LABEL_RULES_H_
