// A strict JSON scanner (RFC 8259) over bytes, without recursion and without making values.
//
// One pass checks everything (UTF-8, grammar, escapes, the range of numbers, nesting, duplicate
// keys) and leaves a tape (tape.h) from which fields are read and the canonical form is written. It
// counts what deviates from the canonical form (white space, keys out of order, needless escapes):
// a container whose count did not move while it was open is canonical as it stands, and is later
// copied whole.
//
// Why not simdjson: its parsers do not keep lexemes or tell the offset of a fault, accept duplicate
// keys, lone surrogates (On-Demand) and `tru` or `01` in what nobody visits, and refuse integers
// and exponents that are to be kept. All of that would have to be done again on top of its index of
// structural characters, which is the cheap part: keys are short, and finding the end of a string
// sixteen bytes at a time brings this scanner to more than 1 GB/s on canonical pods.
//
//  1. A tape is valid until the next Scan, and only after a Scan that succeeded.
//  2. Work is linear in the bytes, plus the sorting of objects whose keys are out of order.
// Thread rule: a scanner is used by one thread at a time.

#ifndef NATIVE_CORE_OBJECT_SCANNER_H_
#define NATIVE_CORE_OBJECT_SCANNER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "native/core/object/fault.h"
#include "native/core/object/limits.h"
#include "native/core/object/tape.h"

namespace shardwatch {

class JsonScanner {
 public:
  static constexpr EntryIndex kRoot = 0;

  // Scans one document, whose bytes have to stay until the tape is done with. False: see fault().
  bool Scan(std::string_view bytes);

  const Fault& fault() const { return fault_; }

  // The document that offsets of the tape point into: the caller's bytes, until canonicalisation
  // makes it others.
  std::string_view bytes() const { return bytes_; }
  void ReplaceBytes(std::string_view bytes) { bytes_ = bytes; }

  Tape& tape() { return tape_; }
  const Tape& tape() const { return tape_; }

  // Deviations from the canonical form; 0 means that the bytes are canonical.
  uint32_t defects() const { return defects_; }

  // The UTF-8 of what a key says, unescaped.
  std::string_view KeyText(EntryIndex key) const {
    const TapeEntry& entry = tape_[key];
    if (entry.is_escaped) return unescaped_keys_[entry.first];
    return bytes_.substr(entry.start, entry.end - entry.start);
  }

  // Lets go of the document, and of memory that is too large to keep.
  void Release();

 private:
  struct OpenContainer {
    EntryIndex entry;
    // The newest child: a key of an object, an element of an array.
    EntryIndex newest;
    // Of the newest key; see KeyPrefix.
    uint64_t newest_prefix;
    uint32_t defects_at_open;
    bool is_object;
    bool is_ordered;
  };

  // Each takes the place where it begins to read and tells where it ended, or null for a fault. The
  // place is passed on and not a member, so that it stays in a register.
  const char* Value(const char* at);
  const char* AfterValue(const char* at);
  const char* Open(TapeKind kind, const char* at);
  const char* Close(const char* at);
  const char* Key(const char* at);
  const char* Text(TapeKind kind, const char* at);
  const char* Escapes(TapeEntry& entry, const char* at);
  const char* Scalar(const char* at);
  const char* SkipSpace(const char* at);

  void LinkKey(EntryIndex key);
  void UnescapeKey(TapeEntry& key);
  void LinkElement(EntryIndex entry);
  bool IsAfterNewestKey(uint64_t prefix, EntryIndex key) const;
  uint64_t KeyPrefix(EntryIndex key) const;
  bool OrderKeys();

  char Peek(const char* at) const { return at < end_ ? *at : '\0'; }
  uint32_t OffsetOf(const char* at) const { return static_cast<uint32_t>(at - bytes_.data()); }

  std::string PathTo(EntryIndex key) const;
  const char* Fail(FaultCode code, const char* message, const char* at);
  const char* FailTooDeep(const char* at);
  const char* FailUnexpected(const char* where, const char* at);
  const char* FailMemory(const char* at);

  std::string_view bytes_;
  const char* end_ = nullptr;
  Tape tape_;
  uint32_t defects_ = 0;
  uint32_t depth_ = 0;
  std::array<OpenContainer, kNestingMax> open_;
  // The text of keys with escapes. Reading order.
  std::vector<std::string> unescaped_keys_;
  // Of the object that is put in order.
  std::vector<EntryIndex> sorted_keys_;
  Fault fault_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_SCANNER_H_
