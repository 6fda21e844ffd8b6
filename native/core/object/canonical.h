// Writes the canonical form of a scanned document: no white space, keys ordered by their UTF-8
// bytes, the fewest escapes, numbers as they were written.
//
// The tape goes along: every entry is moved to its place in the output, so that afterwards it reads
// as if the canonical bytes had been scanned. Containers that are canonical already are copied
// whole.
//  1. The canonical form is never longer than the document, and each byte is written once.
//  2. A document that is canonical is left where it is.
// Thread rule: a writer is used by one thread at a time.

#ifndef NATIVE_CORE_OBJECT_CANONICAL_H_
#define NATIVE_CORE_OBJECT_CANONICAL_H_

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

#include "native/core/object/scanner.h"

namespace shardwatch {

class CanonicalWriter {
 public:
  // Makes the scanner's document and tape canonical. The bytes stay until the next Write. False
  // when memory is out.
  bool Write(JsonScanner& scanner);

  // Lets go of memory that is too large to keep.
  void Release();

 private:
  // A container whose children are being written, and the next of them.
  struct OpenContainer {
    EntryIndex container;
    EntryIndex child;
  };
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  // Most objects are far smaller; 256 KiB.
  static constexpr size_t kBytesKeptMax = 256 * 1024;

  bool Reserve(size_t bytes);
  void Value(EntryIndex index);
  void NextChild();
  void Quoted(TapeEntry& entry);
  void MoveText(TapeEntry& entry);
  void MoveWhole(EntryIndex container);
  void Copy(uint32_t start, uint32_t end);
  uint32_t at() const { return static_cast<uint32_t>(end_ - target_.get()); }

  std::unique_ptr<char[], Free> target_;
  size_t capacity_ = 0;
  // During one Write.
  JsonScanner* scanner_ = nullptr;
  char* end_ = nullptr;
  std::vector<OpenContainer> open_;
};

}  // namespace shardwatch

#endif  // NATIVE_CORE_OBJECT_CANONICAL_H_
