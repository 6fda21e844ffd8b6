// The one pass over a document; see scanner.h. Thread rule: one thread at a time.

#include "native/core/object/scanner.h"

#include <algorithm>

#include "native/core/object/escape.h"
#include "native/core/object/number.h"
#include "native/core/object/plain_text.h"
#include "native/core/object/utf8.h"

// The pass is one loop, written as functions that are read apart; called as such they would take a
// quarter more time (measured on pods of 1 760 bytes: 1.07 against 1.36 GB/s).
// Not under a sanitizer, where the one big function takes the compiler minutes.
#if defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SHARDWATCH_FLATTEN [[gnu::flatten]]
#else
#define SHARDWATCH_FLATTEN
#endif

namespace shardwatch {

namespace {

bool IsSpace(char byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

struct Literal {
  std::string_view text;
  TapeKind kind;
};

// Lower case and nothing else (RFC 8259 §3).
const Literal* LiteralFor(char first) {
  static constexpr Literal kTrue = {"true", TapeKind::kTrue};
  static constexpr Literal kFalse = {"false", TapeKind::kFalse};
  static constexpr Literal kNull = {"null", TapeKind::kNull};
  switch (first) {
    case 't':
      return &kTrue;
    case 'f':
      return &kFalse;
    case 'n':
      return &kNull;
    default:
      return nullptr;
  }
}

}  // namespace

SHARDWATCH_FLATTEN bool JsonScanner::Scan(std::string_view bytes) {
  bytes_ = bytes;
  end_ = bytes.data() + bytes.size();
  tape_.Truncate(0);
  defects_ = 0;
  depth_ = 0;
  unescaped_keys_.clear();
  if (bytes.size() > kJsonBytesMax) {
    fault_ = {FaultCode::kTooLarge, kJsonBytesMax,
              "more than " + std::to_string(kJsonBytesMax) + " bytes", std::nullopt};
    return false;
  }
  const size_t valid = FirstInvalidUtf8(bytes);
  if (valid < bytes.size()) {
    Fail(FaultCode::kInvalidUtf8, "not UTF-8", bytes.data() + valid);
    return false;
  }
  const char* at = Value(SkipSpace(bytes.data()));
  while (at != nullptr && depth_ > 0) at = AfterValue(at);
  if (at == nullptr) return false;
  at = SkipSpace(at);
  return at == end_ || FailUnexpected("after the value", at) != nullptr;
}

void JsonScanner::Release() {
  bytes_ = {};
  end_ = nullptr;
  ClearAndShrink(unescaped_keys_);
  ClearAndShrink(sorted_keys_);
  tape_.Truncate(0);
  tape_.Shrink();
}

// Reads a value; of a container that is not empty, up to and into its first child.
const char* JsonScanner::Value(const char* at) {
  for (;;) {
    switch (Peek(at)) {
      case '"':
        LinkElement(tape_.size());
        return Text(TapeKind::kString, at);
      case '{':
        at = Open(TapeKind::kObject, at);
        if (at == nullptr) return nullptr;
        if (Peek(at) == '}') return Close(at);
        at = Key(at);
        if (at == nullptr) return nullptr;
        break;
      case '[':
        at = Open(TapeKind::kArray, at);
        if (at == nullptr) return nullptr;
        if (Peek(at) == ']') return Close(at);
        break;
      default:
        return Scalar(at);
    }
  }
}

// Within a container and behind one of its values: what comes next?
const char* JsonScanner::AfterValue(const char* at) {
  at = SkipSpace(at);
  const bool is_object = open_[depth_ - 1].is_object;
  const char byte = Peek(at);
  if (byte == ',') {
    at = SkipSpace(at + 1);
    if (is_object) at = Key(at);
    return at == nullptr ? nullptr : Value(at);
  }
  if (byte == (is_object ? '}' : ']')) return Close(at);
  return FailUnexpected(is_object ? "after the value of a key" : "after an element", at);
}

const char* JsonScanner::Open(TapeKind kind, const char* at) {
  if (depth_ == kNestingMax) {
    return FailTooDeep(at);
  }
  LinkElement(tape_.size());
  const EntryIndex entry = tape_.Append(kind, OffsetOf(at));
  if (entry == kNoEntry) return FailMemory(at);
  open_[depth_++] = {entry, kNoEntry, 0, defects_, kind == TapeKind::kObject, true};
  return SkipSpace(at + 1);
}

const char* JsonScanner::Close(const char* at) {
  const OpenContainer& innermost = open_[depth_ - 1];
  if (!innermost.is_ordered && !OrderKeys()) return nullptr;
  --depth_;
  TapeEntry& entry = tape_[innermost.entry];
  entry.end = OffsetOf(at) + 1;
  entry.needs_rewrite = defects_ != innermost.defects_at_open;
  if (!entry.needs_rewrite && !innermost.is_object) {
    tape_.Truncate(innermost.entry + 1);
    entry.first = kNoEntry;
  }
  entry.stop = tape_.size();
  return at + 1;
}

// A key and its colon, up to its value.
const char* JsonScanner::Key(const char* at) {
  if (Peek(at) != '"') return FailUnexpected("where a key should begin", at);
  const EntryIndex key = tape_.size();
  at = Text(TapeKind::kKey, at);
  if (at == nullptr) return nullptr;
  LinkKey(key);
  at = SkipSpace(at);
  if (Peek(at) != ':') return FailUnexpected("where a colon should be", at);
  return SkipSpace(at + 1);
}

// Makes the key the newest of its object, and notices when it is out of order.
void JsonScanner::LinkKey(EntryIndex key) {
  TapeEntry& entry = tape_[key];
  if (entry.is_escaped) UnescapeKey(entry);
  OpenContainer& container = open_[depth_ - 1];
  const uint64_t prefix = KeyPrefix(key);
  if (container.newest == kNoEntry) {
    tape_[container.entry].first = key;
  } else {
    tape_[container.newest].next = key;
    if (container.is_ordered && !IsAfterNewestKey(prefix, key)) {
      container.is_ordered = false;
      ++defects_;
    }
  }
  container.newest = key;
  container.newest_prefix = prefix;
}

void JsonScanner::UnescapeKey(TapeEntry& key) {
  std::string text(key.end - key.start, '\0');
  const char* const end = WriteUnescaped(bytes_.substr(key.start, text.size()), text.data());
  text.resize(static_cast<size_t>(end - text.data()));
  key.first = static_cast<EntryIndex>(unescaped_keys_.size());
  unescaped_keys_.push_back(std::move(text));
}

bool JsonScanner::IsAfterNewestKey(uint64_t prefix, EntryIndex key) const {
  const OpenContainer& container = open_[depth_ - 1];
  if (prefix != container.newest_prefix) return prefix > container.newest_prefix;
  return KeyText(key) > KeyText(container.newest);
}

// The first eight bytes of a key, such that keys whose prefixes differ are ordered as these are.
uint64_t JsonScanner::KeyPrefix(EntryIndex key) const {
  constexpr size_t kBytes = sizeof(uint64_t);
  const std::string_view text = KeyText(key);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  const auto byte = [bytes](size_t index) { return uint64_t{bytes[index]} << (56 - 8 * index); };
  if (text.size() >= kBytes ||
      (!tape_[key].is_escaped && end_ - text.data() >= ptrdiff_t{kBytes})) {
    const uint64_t prefix =
        byte(0) | byte(1) | byte(2) | byte(3) | byte(4) | byte(5) | byte(6) | byte(7);
    // Of a shorter key, zero bytes in place of what follows it.
    if (text.size() >= kBytes) return prefix;
    return text.empty() ? 0 : prefix & ~uint64_t{0} << (64 - 8 * text.size());
  }
  uint64_t prefix = 0;
  for (size_t index = 0; index < text.size(); ++index) prefix |= byte(index);
  return prefix;
}

// Puts the keys of the innermost container in order. The duplicate is the key that came later in
// the document; of several, the first in the order of keys.
bool JsonScanner::OrderKeys() {
  const EntryIndex container = open_[depth_ - 1].entry;
  sorted_keys_.clear();
  for (EntryIndex key = tape_[container].first; key != kNoEntry; key = tape_[key].next) {
    sorted_keys_.push_back(key);
  }
  std::sort(sorted_keys_.begin(), sorted_keys_.end(), [this](EntryIndex left, EntryIndex right) {
    const std::strong_ordering order = KeyText(left) <=> KeyText(right);
    return order == 0 ? left < right : order < 0;
  });
  EntryIndex previous = kNoEntry;
  for (const EntryIndex key : sorted_keys_) {
    if (previous == kNoEntry) {
      tape_[container].first = key;
    } else {
      tape_[previous].next = key;
      if (KeyText(previous) == KeyText(key)) {
        std::string path = PathTo(key);
        fault_ = {FaultCode::kDuplicateKey, tape_[key].start - 1, "duplicate key " + path, path};
        return false;
      }
    }
    previous = key;
  }
  tape_[previous].next = kNoEntry;
  return true;
}

// A string, from its quote to behind its closing quote.
const char* JsonScanner::Text(TapeKind kind, const char* at) {
  const EntryIndex index = tape_.Append(kind, OffsetOf(at) + 1);
  if (index == kNoEntry) return FailMemory(at);
  TapeEntry& entry = tape_[index];
  const char* end = FindPlainTextEnd(at + 1, end_);
  if (Peek(end) != '"') [[unlikely]] {
    end = Escapes(entry, end);
    if (end == nullptr) return nullptr;
  }
  entry.end = OffsetOf(end);
  return end + 1;
}

// The rest of a string from its first escape to its closing quote.
const char* JsonScanner::Escapes(TapeEntry& entry, const char* at) {
  for (;; at = FindPlainTextEnd(at, end_)) {
    const char byte = Peek(at);
    if (byte == '"') break;
    if (byte != '\\') return FailUnexpected("in a string", at);
    const Escape escape = ReadEscape(bytes_, OffsetOf(at));
    if (escape.code_point == Escape::kNone) {
      return Fail(FaultCode::kInvalidJson, "invalid escape sequence", at);
    }
    if (escape.code_point == Escape::kHalfPair) {
      return Fail(FaultCode::kLoneSurrogate, "an escape names half of a surrogate pair", at);
    }
    entry.is_escaped = true;
    entry.needs_rewrite |= !IsCanonicalEscape(bytes_, OffsetOf(at), escape.code_point);
    at += escape.length;
  }
  defects_ += entry.needs_rewrite ? 1 : 0;
  return at;
}

const char* JsonScanner::Scalar(const char* at) {
  TapeKind kind = TapeKind::kNumber;
  const char* end = at;
  const Literal* const literal = LiteralFor(Peek(at));
  const size_t start = OffsetOf(at);
  if (literal != nullptr && bytes_.substr(start, literal->text.size()) == literal->text) {
    kind = literal->kind;
    end += literal->text.size();
  } else {
    const NumberScan number = ScanNumber(bytes_, start);
    end = bytes_.data() + number.end;
    if (number.verdict == NumberVerdict::kNotANumber) return FailUnexpected("in a value", end);
    if (number.verdict == NumberVerdict::kOutOfRange) {
      return Fail(FaultCode::kNumberOutOfRange, "a number that no double can hold", at);
    }
  }
  LinkElement(tape_.size());
  const EntryIndex entry = tape_.Append(kind, OffsetOf(at));
  if (entry == kNoEntry) return FailMemory(at);
  tape_[entry].end = OffsetOf(end);
  return end;
}

// Makes the entry, which is about to be appended, the newest of the innermost container, if that is
// an array.
void JsonScanner::LinkElement(EntryIndex entry) {
  if (depth_ == 0 || open_[depth_ - 1].is_object) return;
  OpenContainer& container = open_[depth_ - 1];
  if (container.newest == kNoEntry) {
    tape_[container.entry].first = entry;
  } else {
    tape_[container.newest].next = entry;
  }
  container.newest = entry;
}

const char* JsonScanner::SkipSpace(const char* at) {
  if (!IsSpace(Peek(at))) [[likely]] {
    return at;
  }
  ++defects_;
  while (IsSpace(Peek(at))) ++at;
  return at;
}

// As messages write it: `spec.containers[0].name`. `key` is of the innermost container.
std::string JsonScanner::PathTo(EntryIndex key) const {
  std::string path;
  for (uint32_t depth = 0; depth < depth_; ++depth) {
    const OpenContainer& container = open_[depth];
    if (container.is_object) {
      if (!path.empty()) path += '.';
      path += KeyText(depth + 1 == depth_ ? key : container.newest);
      continue;
    }
    size_t index = 0;
    for (EntryIndex child = tape_[container.entry].first; child != container.newest; ++index) {
      child = tape_[child].next;
    }
    path += '[' + std::to_string(index) + ']';
  }
  return path;
}

const char* JsonScanner::Fail(FaultCode code, const char* message, const char* at) {
  fault_ = {code, OffsetOf(at), message, std::nullopt};
  return nullptr;
}

const char* JsonScanner::FailUnexpected(const char* where, const char* at) {
  fault_ = UnexpectedByte(bytes_, OffsetOf(at), where);
  return nullptr;
}

const char* JsonScanner::FailTooDeep(const char* at) {
  const std::string message = "nesting above " + std::to_string(kNestingMax);
  return Fail(FaultCode::kTooDeep, message.c_str(), at);
}

const char* JsonScanner::FailMemory(const char* at) {
  return Fail(FaultCode::kOutOfMemory, "no memory for a document of this size", at);
}

}  // namespace shardwatch
