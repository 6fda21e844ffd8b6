// Field requirements, compiled once: over metadata.name, metadata.namespace and declared fields.
// (Their text is parsed in TypeScript; both engines share the semantics of lib/object/match.ts.)
//
//  1. All requirements must hold; none means that everything matches.
//  2. A field that an object lacks is ''.
//  3. A field that is neither metadata's nor declared is refused: no version has its value.
//  4. Values are interned and compared by address; the selector holds counts on them.
//  5. A few requirements are asked one by one. Of many, all that is said of a field is put
//     together: the work for an object is in the fields that are declared (label_rules.h).
// Thread rule: immutable once finished; any thread may match. The table outlives it.

#ifndef NATIVE_CORE_OBJECT_FIELD_SELECTOR_H_
#define NATIVE_CORE_OBJECT_FIELD_SELECTOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/object/intern_table.h"
#include "native/core/object/version.h"

namespace shardwatch {

enum class FieldOperator : uint8_t { kEquals, kNotEquals };

// One requirement as it comes in.
struct FieldRequirement {
  std::string_view path;
  FieldOperator op;
  std::string_view value;
};

// A declared field and the value that a selector demands of it.
struct FieldEquality {
  // Of the field, in the order of declaration.
  size_t index;
  const InternedString* value;
};

class FieldSelector {
 public:
  // Requirements that are asked one by one.
  static constexpr size_t kScannedMax = 16;

  // Paths of the declared fields, in the order of declaration.
  using Declared = std::span<const std::string>;

  // Matches everything.
  explicit FieldSelector(InternTable& table) : table_(table) {}
  ~FieldSelector();
  FieldSelector(const FieldSelector&) = delete;
  FieldSelector& operator=(const FieldSelector&) = delete;

  // Whether a requirement may name the field.
  static bool IsKnown(std::string_view path, Declared declared);

  // Adds a requirement; false when memory is out, and then nothing has changed.
  // REQUIRES: IsKnown(requirement.path, declared).
  bool Add(const FieldRequirement& requirement, Declared declared);

  // Makes many requirements ready to be asked of many objects. REQUIRES: no Add comes after it.
  void Finish();

  bool Matches(const Version& version) const;

  bool empty() const { return terms_.empty(); }

  // The first value that a requirement demands of metadata.name, or of metadata.namespace; null
  // where none does.
  const InternedString* RequiredName() const { return Required(Target::kName); }
  const InternedString* RequiredNamespace() const { return Required(Target::kNamespace); }

  // Demands of an object's signature what the requirements demand of its declared fields.
  void AddTo(SignatureFilter& filter) const;

  // A declared field for which exactly one value will do, if there is one.
  std::optional<FieldEquality> Equality() const;

  // Calls `visit(equality)` for all of these.
  template <typename Visit>
  void VisitEqualities(const Visit& visit) const {
    for (const Term& term : terms_) {
      if (term.target != Target::kDeclared || term.op != FieldOperator::kEquals) continue;
      visit(FieldEquality{term.index, term.value});
    }
  }

 private:
  enum class Target : uint8_t { kName, kNamespace, kDeclared };

  struct Term {
    Target target;
    FieldOperator op;
    // Of kDeclared.
    size_t index;
    const InternedString* value;
  };

  // All that is demanded of one field.
  struct Rule {
    Target target;
    size_t index;
    // Null: anything.
    const InternedString* required = nullptr;
    // Whether two values are required.
    bool is_never = false;
    // In the order of their texts.
    std::vector<const InternedString*> refused = {};
  };

  static bool IsEqual(const Term& term, const Version& version);
  // The field's text; '' where the version lacks it.
  static std::string_view TextOf(const Rule& rule, const Version& version);
  static bool Holds(const Rule& rule, const Version& version);
  const InternedString* Required(Target target) const;

  InternTable& table_;
  std::vector<Term> terms_;
  // All of them once more, where they are many.
  std::vector<Rule> rules_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_FIELD_SELECTOR_H_
