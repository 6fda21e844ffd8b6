// Signatures: an object's labels and declared fields in one word. A tree keeps the signatures of
// a leaf's objects side by side, so that a selector passes over what it can't want without touching
// the objects, which lie anywhere in memory.
//
//   app=web      ..1.....1...    two bits of each label, and of each field's value
//   tier=front   ....1......1
//   signature    ..1.1...1..1
//
//  1. An object that a selector keeps has all bits of what the selector demands. Another object may
//     have them too: whoever passes is still asked itself.
//  2. Only demands on what must be there count: one of some labels, the value of a field. What must
//     not be there, or may have any value, tells nothing.
// Thread rule: a filter is immutable once made; any thread may ask it.

#ifndef NATIVE_CORE_OBJECT_SIGNATURE_H_
#define NATIVE_CORE_OBJECT_SIGNATURE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "native/core/object/intern_table.h"
#include "native/core/object/text_hash.h"

namespace shardwatch {

using Signature = uint64_t;

inline Signature SignatureOfHash(uint64_t hash) {
  constexpr uint64_t kBits = 64;
  return uint64_t{1} << (hash % kBits) | uint64_t{1} << (hash / kBits % kBits);
}

inline Signature LabelSignature(const InternedString& label) {
  return SignatureOfHash(label.hash());
}

// Of the declared field of that index. Fields often share values (names of nodes, say).
inline Signature FieldSignature(size_t index, const InternedString& value) {
  return SignatureOfHash(MixHash(value.hash() + index));
}

class SignatureFilter {
 public:
  // So many alternatives are told apart; of more, none is demanded.
  static constexpr size_t kChoicesMax = 4;

  // Demands these bits.
  void Require(Signature bits) { required_ |= bits; }

  // Demands the bits of one alternative at least. REQUIRES: not called before.
  void RequireOneOf(const Signature* choices, size_t count) {
    if (count == 0 || count > kChoicesMax) return;
    for (choice_count_ = 0; choice_count_ < count; ++choice_count_) {
      choices_[choice_count_] = choices[choice_count_];
    }
  }

  bool Passes(Signature signature) const {
    if ((signature & required_) != required_) return false;
    for (size_t index = 0; index < choice_count_; ++index) {
      if ((signature & choices_[index]) == choices_[index]) return true;
    }
    return choice_count_ == 0;
  }

  // Whether everything passes.
  bool is_empty() const { return required_ == 0 && choice_count_ == 0; }

  // Bit i tells whether the signature i passes. REQUIRES: at most 32.
  uint32_t Select(const Signature* signatures, uint32_t count) const {
    uint32_t passing = 0;
    for (uint32_t index = 0; index < count; ++index) {
      const bool is_passing = (signatures[index] & required_) == required_;
      passing |= static_cast<uint32_t>(is_passing) << index;
    }
    if (choice_count_ == 0 || passing == 0) return passing;
    uint32_t chosen = 0;
    for (size_t choice = 0; choice < choice_count_; ++choice) {
      for (uint32_t index = 0; index < count; ++index) {
        const bool is_chosen = (signatures[index] & choices_[choice]) == choices_[choice];
        chosen |= static_cast<uint32_t>(is_chosen) << index;
      }
    }
    return passing & chosen;
  }

 private:
  Signature required_ = 0;
  std::array<Signature, kChoicesMax> choices_{};
  size_t choice_count_ = 0;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_SIGNATURE_H_
