// The parts of the scanner, each against a simple restatement: the end of plain text, UTF-8, the
// range of numbers; and what a scanner does beyond single documents.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "native/core/object/limits.h"
#include "native/core/object/number.h"
#include "native/core/object/plain_text.h"
#include "native/core/object/scan.h"
#include "native/core/object/utf8.h"

namespace shardwatch {
namespace {

TEST(PlainText, EndsAtTheFirstByteThatEndsItWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    for (size_t size = 0; size < 40; ++size) {
      std::vector<char> text(size, 'x');
      for (size_t place = 0; place < size; ++place) {
        text[place] = static_cast<char>(byte);
        const bool ends = byte < 0x20 || byte == '"' || byte == '\\';
        const size_t expected = ends ? place : size;
        const char* const start = text.data();
        EXPECT_EQ(FindPlainTextEnd(start, start + size), start + expected);
        EXPECT_EQ(FindPlainTextEndByWords(start, start + size), start + expected);
        text[place] = static_cast<char>(0x80 | byte);
      }
    }
  }
}

// Decodes and looks at what comes out; slower and without a table.
bool IsUtf8(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[at]);
    const size_t length = lead < 0x80       ? 1
                          : lead >> 5 == 6  ? 2
                          : lead >> 4 == 14 ? 3
                          : lead >> 3 == 30 ? 4
                                            : 0;
    if (length == 0 || bytes.size() - at < length) return false;
    uint32_t code_point = length == 1 ? lead : lead & (0xffU >> (length + 1));
    for (size_t index = 1; index < length; ++index) {
      const auto byte = static_cast<unsigned char>(bytes[at + index]);
      if (byte >> 6 != 2) return false;
      code_point = code_point << 6 | (byte & 0x3f);
    }
    char written[kUtf8BytesMax];
    if (code_point > 0x10ffff || code_point >> 11 == 27) return false;
    if (static_cast<size_t>(WriteUtf8(written, code_point) - written) != length) return false;
    at += length;
  }
  return true;
}

TEST(Utf8, AgreesWithDecodingForEveryTwoLeadingBytes) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      for (const std::string_view rest : {"", "\x80", "\xbf\x80", "a",
                                          "\x80"
                                          "a"}) {
        std::string bytes = {static_cast<char>(first), static_cast<char>(second)};
        bytes += rest;
        EXPECT_EQ(FirstInvalidUtf8(bytes) == bytes.size(), IsUtf8(bytes)) << first << ' ' << second;
      }
    }
  }
}

TEST(Utf8, TellsWhereTheFirstBadSequenceBegins) {
  for (size_t place = 0; place < 100; ++place) {
    std::string bytes(100, 'x');
    bytes[place] = '\xff';
    EXPECT_EQ(FirstInvalidUtf8(bytes), place);
    bytes[0] = '\x80';
    EXPECT_EQ(FirstInvalidUtf8(bytes), 0U);
  }
}

TEST(Number, ADoubleHoldsWhatStrtodDoesNotMakeInfinite) {
  std::mt19937 random(7);
  const auto digits = [&random](size_t count) {
    std::string text;
    while (text.size() < count) text += static_cast<char>('0' + random() % 10);
    return text;
  };
  for (int round = 0; round < 20'000; ++round) {
    std::string lexeme = random() % 2 == 0 ? "-" : "";
    if (random() % 2 == 0) {
      lexeme += "0";
    } else {
      lexeme.append("1").append(digits(random() % 320));
    }
    if (random() % 2 == 0) {
      lexeme.append(".").append(random() % 20, '0').append(digits(1 + random() % 30));
    }
    if (random() % 2 == 0) {
      lexeme.append("e").append(std::to_string(static_cast<int>(random() % 700) - 350));
    }
    EXPECT_EQ(IsFiniteNumber(lexeme), std::isfinite(std::strtod(lexeme.c_str(), nullptr)))
        << lexeme;
  }
}

TEST(Number, TheBoundaryIsHalfAStepAboveTheLargestDouble) {
  const std::string largest =
      "1.7976931348623158079372897140530341507993413271003782693617377898044";
  for (const auto& [lexeme, finite] : std::vector<std::pair<std::string, bool>>{
           {"1.7976931348623157e308", true},
           {"1.7976931348623158e308", true},
           {"1.7976931348623159e308", false},
           {largest + "e308", true},
           {largest + "9e308", false},
           {"0.0017976931348623158e311", true},
           {"17976931348623159.0e292", false},
           {"0e999999999999999999999", true},
           {"-0.000e+99999", true},
           {"1e-99999999999999999999", true},
           {"1e99999999999999999999", false},
           {"0." + std::string(5000, '0') + "1e5309", true},
           {"0." + std::string(5000, '0') + "1e5310", false},
       }) {
    EXPECT_EQ(IsFiniteNumber(lexeme), finite) << lexeme;
    EXPECT_EQ(std::isfinite(std::strtod(lexeme.c_str(), nullptr)), finite) << lexeme;
  }
}

TEST(ObjectScanner, RefusesWhatIsTooLargeBeforeItIsRead) {
  const char byte = '{';
  ObjectScanner scanner;
  ScannedObject object;
  // Never read: the size alone decides.
  EXPECT_FALSE(scanner.Scan({&byte, kJsonBytesMax + 1}, {}, object));
  EXPECT_EQ(scanner.fault().code, FaultCode::kTooLarge);
  EXPECT_EQ(scanner.fault().offset, kJsonBytesMax);
  EXPECT_EQ(scanner.fault().message, "more than 1073741824 bytes");
}

TEST(ObjectScanner, OrdersAsManyKeysAsThereAre) {
  std::string source = "{";
  std::string expected = "{";
  constexpr int kKeys = 5000;
  for (int key = 0; key < kKeys; ++key) {
    const auto member = [](int number) {
      std::string text = "\"key-";
      return text.append(std::to_string(100'000 + number)).append("\":1");
    };
    source += member(kKeys - 1 - key) + (key + 1 < kKeys ? "," : "}");
    expected += member(key) + (key + 1 < kKeys ? "," : "}");
  }
  ObjectScanner scanner;
  ScannedObject object;
  ASSERT_TRUE(scanner.Scan(source, {}, object));
  EXPECT_EQ(std::string(object.head) + std::string(object.tail), expected);
}

TEST(ObjectScanner, KeysThatShareTheirFirstBytesAreOrderedByTheRest) {
  const std::string source =
      R"({"longer-than-eight-b":1,"longer-than-eight-a":2,"longer-t":3,"longer-than":4,"":5,"\u0000":6})";
  ObjectScanner scanner;
  ScannedObject object;
  ASSERT_TRUE(scanner.Scan(source, {}, object));
  EXPECT_EQ(std::string(object.head) + std::string(object.tail),
            R"({"":5,"\u0000":6,"longer-t":3,"longer-than":4,"longer-than-eight-a":2,)"
            R"("longer-than-eight-b":1})");
}

// Random corruption never reads out of bounds (AddressSanitizer looks), and what is accepted is
// canonical: it scans to itself.
TEST(ObjectScanner, CorruptedDocumentsAreRefusedOrStillHaveACanonicalForm) {
  const std::string whole =
      R"({"apiVersion":"v1","kind":"K","metadata":{"labels":{"a":"b","c":"\u00e9"},"name":"n",)"
      R"("resourceVersion":"5"},"spec":{"list":[1,-2.5e3,true,null,{"x":"\ud83d\ude00"}]}})";
  std::mt19937 random(11);
  constexpr std::string_view kBytes = "{}[]:,\"\\0123456789eE.+-truefalsn /\t\x80\xc3\xa9\xff";
  ObjectScanner scanner;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<char> bytes(whole.begin(), whole.end());
    for (auto times = 1 + random() % 3; times > 0; --times) {
      const auto place = static_cast<ptrdiff_t>(random() % bytes.size());
      const char byte = kBytes[random() % kBytes.size()];
      if (random() % 3 == 0) {
        bytes.insert(bytes.begin() + place, byte);
      } else if (random() % 2 == 0) {
        bytes.erase(bytes.begin() + place);
      } else {
        bytes[static_cast<size_t>(place)] = byte;
      }
    }
    ScannedObject object;
    if (!scanner.Scan({bytes.data(), bytes.size()}, {}, object)) continue;
    const std::string canonical = std::string(object.head) + std::string(object.tail);
    ObjectScanner second;
    ASSERT_TRUE(second.Scan(canonical, {}, object)) << canonical;
    EXPECT_EQ(std::string(object.head) + std::string(object.tail), canonical);
  }
}

}  // namespace
}  // namespace shardwatch
