// A recursive parser and printer; see json_model.h.

#include "test/native/fuzz/json_model.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "native/core/object/limits.h"

namespace shardwatch::fuzz {

namespace {

constexpr uint32_t kNoCodePoint = UINT32_MAX;

void AppendUtf8(std::string& text, uint32_t code_point) {
  const auto add = [&text](uint32_t byte) { text += static_cast<char>(byte); };
  const auto add_rest = [&add, code_point](int shift) { add(0x80 | (code_point >> shift & 0x3f)); };
  if (code_point < 0x80) {
    add(code_point);
  } else if (code_point < 0x800) {
    add(0xc0 | code_point >> 6);
    add_rest(0);
  } else if (code_point < 0x10000) {
    add(0xe0 | code_point >> 12);
    add_rest(6);
    add_rest(0);
  } else {
    add(0xf0 | code_point >> 18);
    add_rest(12);
    add_rest(6);
    add_rest(0);
  }
}

// Reads one value after the other; each step tells whether it could.
class Parser {
 public:
  explicit Parser(std::string_view document) : rest_(document) {}

  bool Document(JsonValue& value) {
    SkipSpace();
    if (!Value(value, 0)) return false;
    SkipSpace();
    return rest_.empty();
  }

 private:
  bool Value(JsonValue& value, uint32_t depth) {
    if (rest_.starts_with('{') || rest_.starts_with('[')) {
      if (depth == kNestingMax) return false;
      return Take("{") ? Members(value, depth + 1) : Take("[") && Elements(value, depth + 1);
    }
    if (Take("\"")) {
      value.kind = JsonKind::kString;
      return Text(value.text);
    }
    if (Take("null")) return true;
    if (Take("true")) {
      value.kind = JsonKind::kTrue;
      return true;
    }
    if (Take("false")) {
      value.kind = JsonKind::kFalse;
      return true;
    }
    value.kind = JsonKind::kNumber;
    return Number(value.text);
  }

  bool Members(JsonValue& value, uint32_t depth) {
    value.kind = JsonKind::kObject;
    SkipSpace();
    if (Take("}")) return true;
    for (;;) {
      SkipSpace();
      std::string key;
      if (!Take("\"") || !Text(key)) return false;
      SkipSpace();
      if (!Take(":")) return false;
      SkipSpace();
      const auto [place, is_new] = value.members.try_emplace(std::move(key));
      if (!is_new || !Value(place->second, depth)) return false;
      SkipSpace();
      if (Take("}")) return true;
      if (!Take(",")) return false;
    }
  }

  bool Elements(JsonValue& value, uint32_t depth) {
    value.kind = JsonKind::kArray;
    SkipSpace();
    if (Take("]")) return true;
    for (;;) {
      SkipSpace();
      if (!Value(value.elements.emplace_back(), depth)) return false;
      SkipSpace();
      if (Take("]")) return true;
      if (!Take(",")) return false;
    }
  }

  // What follows the opening quote.
  bool Text(std::string& text) {
    while (!rest_.empty()) {
      if (Take("\"")) return true;
      const uint32_t code_point = Take("\\") ? Escaped() : Character();
      if (code_point == kNoCodePoint) return false;
      AppendUtf8(text, code_point);
    }
    return false;
  }

  // One character of UTF-8: no longer than need be, no surrogate, nothing beyond U+10FFFF.
  uint32_t Character() {
    const uint32_t lead = TakeByte();
    if (lead < 0x20) return kNoCodePoint;
    if (lead < 0x80) return lead;
    const int length = lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0;
    if (length == 0) return kNoCodePoint;
    uint32_t code_point = lead & (0x7fU >> length);
    for (int index = 1; index < length; ++index) {
      const uint32_t byte = TakeByte();
      if (byte >> 6 != 2) return kNoCodePoint;
      code_point = code_point << 6 | (byte & 0x3f);
    }
    constexpr uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_good = code_point >= kLowest[length] && code_point <= 0x10ffff &&
                         (code_point < 0xd800 || code_point > 0xdfff);
    return is_good ? code_point : kNoCodePoint;
  }

  // What follows a backslash.
  uint32_t Escaped() {
    constexpr std::pair<std::string_view, uint32_t> kShort[] = {
        {"\"", '"'}, {"\\", '\\'}, {"/", '/'},  {"b", '\b'},
        {"f", '\f'}, {"n", '\n'},  {"r", '\r'}, {"t", '\t'}};
    for (const auto& [letter, code_point] : kShort) {
      if (Take(letter)) return code_point;
    }
    if (!Take("u")) return kNoCodePoint;
    const uint32_t unit = HexUnit();
    if (unit == kNoCodePoint || unit < 0xd800 || unit > 0xdfff) return unit;
    if (unit > 0xdbff || !Take("\\u")) return kNoCodePoint;
    const uint32_t low = HexUnit();
    if (low < 0xdc00 || low > 0xdfff) return kNoCodePoint;
    return 0x10000 + (unit - 0xd800) * 0x400 + (low - 0xdc00);
  }

  uint32_t HexUnit() {
    uint32_t unit = 0;
    for (int index = 0; index < 4; ++index) {
      const size_t digit = std::string_view("0123456789abcdef").find(Lower(TakeByte()));
      if (digit == std::string_view::npos) return kNoCodePoint;
      unit = unit * 16 + static_cast<uint32_t>(digit);
    }
    return unit;
  }

  bool Number(std::string& lexeme) {
    const std::string_view start = rest_;
    Take("-");
    if (!Take("0") && !Digits()) return false;
    if (Take(".") && !Digits()) return false;
    if (Take("e") || Take("E")) {
      if (!Take("+")) Take("-");
      if (!Digits()) return false;
    }
    lexeme = start.substr(0, start.size() - rest_.size());
    return std::isfinite(std::strtod(lexeme.c_str(), nullptr));
  }

  bool Digits() {
    const size_t before = rest_.size();
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') rest_.remove_prefix(1);
    return rest_.size() < before;
  }

  void SkipSpace() {
    while (Take(" ") || Take("\t") || Take("\n") || Take("\r")) continue;
  }

  bool Take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  // 0 at the end, which no text may contain.
  unsigned char TakeByte() {
    if (rest_.empty()) return 0;
    const char byte = rest_.front();
    rest_.remove_prefix(1);
    return static_cast<unsigned char>(byte);
  }

  static char Lower(unsigned char byte) {
    return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
  }

  std::string_view rest_;
};

void PrintText(std::string_view text, std::string& target) {
  target += '"';
  for (const char byte : text) {
    const size_t place = std::string_view("\b\t\n\f\r\"\\").find(byte);
    if (place != std::string_view::npos) {
      target += '\\';
      target += "btnfr\"\\"[place];
    } else if (static_cast<unsigned char>(byte) < 0x20) {
      char escape[7];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(byte));
      target += escape;
    } else {
      target += byte;
    }
  }
  target += '"';
}

void Print(const JsonValue& value, std::string& target) {
  const char* comma = "";
  switch (value.kind) {
    case JsonKind::kNull:
      target += "null";
      return;
    case JsonKind::kFalse:
      target += "false";
      return;
    case JsonKind::kTrue:
      target += "true";
      return;
    case JsonKind::kNumber:
      target += value.text;
      return;
    case JsonKind::kString:
      PrintText(value.text, target);
      return;
    case JsonKind::kArray:
      target += '[';
      for (const JsonValue& element : value.elements) {
        target += std::exchange(comma, ",");
        Print(element, target);
      }
      target += ']';
      return;
    case JsonKind::kObject:
      target += '{';
      for (const auto& [key, member] : value.members) {
        target += std::exchange(comma, ",");
        PrintText(key, target);
        target += ':';
        Print(member, target);
      }
      target += '}';
      return;
  }
}

}  // namespace

const JsonValue* JsonValue::Find(const std::string& key) const {
  const auto found = members.find(key);
  return found == members.end() ? nullptr : &found->second;
}

std::optional<JsonValue> ParseJson(std::string_view document) {
  JsonValue value;
  if (!Parser(document).Document(value)) return std::nullopt;
  return value;
}

std::string PrintJson(const JsonValue& value) {
  std::string text;
  Print(value, text);
  return text;
}

}  // namespace shardwatch::fuzz
