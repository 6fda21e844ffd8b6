// Finding and reading values on the tape of a scanned document.
//
// Keys are found by walking an object's links: the objects that are looked into (the root,
// metadata, labels, the way to a declared field) have few. A value is named by its entry; kNoEntry
// is none, and has no keys. Thread rule: that of the scanner that is read.

#ifndef NATIVE_CORE_OBJECT_LOOKUP_H_
#define NATIVE_CORE_OBJECT_LOOKUP_H_

#include <cstddef>
#include <string_view>

#include "native/core/object/fault.h"
#include "native/core/object/scanner.h"

namespace shardwatch {

// The entry of an object's key, or kNoEntry. The key's value is the entry after it.
EntryIndex FindKey(const JsonScanner& scanner, EntryIndex container, std::string_view wanted);

// Where a value begins and ends, quotes included.
size_t ValueStart(const JsonScanner& scanner, EntryIndex value);
size_t ValueEnd(const JsonScanner& scanner, EntryIndex value);

// The offset of a key's opening quote.
size_t MemberStart(const JsonScanner& scanner, EntryIndex key);

// Where a key that an object lacks would be inserted.
size_t PlaceOf(const JsonScanner& scanner, EntryIndex container, std::string_view wanted);

// A value's text as it is written, without quotes.
std::string_view LexemeOf(const JsonScanner& scanner, EntryIndex value);

// The fault of a field of the wrong type.
Fault InvalidField(const JsonScanner& scanner, EntryIndex value, std::string_view path,
                   std::string_view expected);

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_LOOKUP_H_
