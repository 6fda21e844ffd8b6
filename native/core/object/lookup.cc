// Walking the links of a tape; see lookup.h. Thread rule: that of the scanner that is read.

#include "native/core/object/lookup.h"

namespace shardwatch {

EntryIndex FindKey(const JsonScanner& scanner, EntryIndex container, std::string_view wanted) {
  if (container == kNoEntry) return kNoEntry;
  const Tape& tape = scanner.tape();
  EntryIndex key = tape[container].first;
  while (key != kNoEntry && scanner.KeyText(key) != wanted) key = tape[key].next;
  return key;
}

size_t ValueStart(const JsonScanner& scanner, EntryIndex value) {
  const TapeEntry& entry = scanner.tape()[value];
  return entry.kind == TapeKind::kString ? entry.start - 1 : entry.start;
}

size_t ValueEnd(const JsonScanner& scanner, EntryIndex value) {
  const TapeEntry& entry = scanner.tape()[value];
  return entry.kind == TapeKind::kString ? entry.end + 1 : entry.end;
}

size_t MemberStart(const JsonScanner& scanner, EntryIndex key) {
  return scanner.tape()[key].start - 1;
}

size_t PlaceOf(const JsonScanner& scanner, EntryIndex container, std::string_view wanted) {
  const Tape& tape = scanner.tape();
  for (EntryIndex key = tape[container].first; key != kNoEntry; key = tape[key].next) {
    if (scanner.KeyText(key) > wanted) return MemberStart(scanner, key);
  }
  return tape[container].end - 1;
}

std::string_view LexemeOf(const JsonScanner& scanner, EntryIndex value) {
  const TapeEntry& entry = scanner.tape()[value];
  return scanner.bytes().substr(entry.start, entry.end - entry.start);
}

Fault InvalidField(const JsonScanner& scanner, EntryIndex value, std::string_view path,
                   std::string_view expected) {
  const std::string name(path);
  std::string message = name + " is not ";
  message += expected;
  return {FaultCode::kInvalidField, ValueStart(scanner, value), std::move(message), name};
}

}  // namespace shardwatch
