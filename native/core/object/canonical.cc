// Writing the canonical form; see canonical.h. Thread rule: one thread at a time.

#include "native/core/object/canonical.h"

#include <cstring>

#include "native/core/object/escape.h"

namespace shardwatch {

bool CanonicalWriter::Write(JsonScanner& scanner) {
  if (scanner.defects() == 0) return true;
  if (!Reserve(scanner.bytes().size())) return false;
  scanner_ = &scanner;
  end_ = target_.get();
  open_.clear();
  Value(JsonScanner::kRoot);
  while (!open_.empty()) NextChild();
  scanner.ReplaceBytes({target_.get(), at()});
  scanner_ = nullptr;
  return true;
}

void CanonicalWriter::Release() {
  if (capacity_ <= kBytesKeptMax) return;
  target_.reset();
  capacity_ = 0;
}

bool CanonicalWriter::Reserve(size_t bytes) {
  if (bytes <= capacity_) return true;
  target_.reset(static_cast<char*>(std::malloc(bytes)));
  capacity_ = target_ == nullptr ? 0 : bytes;
  return target_ != nullptr;
}

// Writes a value, or opens a container whose children have to be written one by one.
void CanonicalWriter::Value(EntryIndex index) {
  TapeEntry& entry = scanner_->tape()[index];
  if (entry.kind == TapeKind::kString) return Quoted(entry);
  if (!IsContainer(entry.kind)) return MoveText(entry);
  if (!entry.needs_rewrite) return MoveWhole(index);
  entry.needs_rewrite = false;
  entry.start = at();
  *end_++ = entry.kind == TapeKind::kObject ? '{' : '[';
  open_.push_back({index, entry.first});
}

// Writes the next child of the innermost open container, or closes it.
void CanonicalWriter::NextChild() {
  Tape& tape = scanner_->tape();
  OpenContainer& innermost = open_.back();
  TapeEntry& container = tape[innermost.container];
  const EntryIndex child = innermost.child;
  const bool is_object = container.kind == TapeKind::kObject;
  if (child == kNoEntry) {
    *end_++ = is_object ? '}' : ']';
    container.end = at();
    open_.pop_back();
    return;
  }
  if (child != container.first) *end_++ = ',';
  innermost.child = tape[child].next;
  if (!is_object) return Value(child);
  Quoted(tape[child]);
  *end_++ = ':';
  Value(child + 1);
}

// A string or a key with its quotes.
void CanonicalWriter::Quoted(TapeEntry& entry) {
  *end_++ = '"';
  if (entry.needs_rewrite) {
    const std::string_view text = scanner_->bytes().substr(entry.start, entry.end - entry.start);
    entry.needs_rewrite = false;
    entry.start = at();
    end_ = WriteCanonical(text, end_);
    entry.end = at();
  } else {
    MoveText(entry);
  }
  *end_++ = '"';
}

void CanonicalWriter::MoveText(TapeEntry& entry) {
  const uint32_t start = at();
  Copy(entry.start, entry.end);
  entry.start = start;
  entry.end = at();
}

// A container that is canonical: its bytes at once, and all its entries by the same distance.
void CanonicalWriter::MoveWhole(EntryIndex container) {
  Tape& tape = scanner_->tape();
  // Wraps where the distance is negative, as unsigned numbers do.
  const uint32_t distance = at() - tape[container].start;
  Copy(tape[container].start, tape[container].end);
  const EntryIndex stop = tape[container].stop;
  for (EntryIndex index = container; index < stop; ++index) {
    tape[index].start += distance;
    tape[index].end += distance;
  }
}

void CanonicalWriter::Copy(uint32_t start, uint32_t end) {
  std::memcpy(end_, scanner_->bytes().data() + start, end - start);
  end_ += end - start;
}

}  // namespace shardwatch
