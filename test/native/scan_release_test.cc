// What a scanner keeps after a document that was far larger than the next one will be: as good as
// nothing, whatever was large about it.

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Not every compiler that has it has its header.
extern "C" size_t __sanitizer_get_current_allocated_bytes();
#else
#include <malloc.h>
#endif

#include "native/core/object/scan.h"

namespace shardwatch {
namespace {

size_t HeapBytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#endif
}

// Enough of each to exceed every limit of what is kept, by far.
constexpr size_t kCount = 300'000;
constexpr size_t kKeptMax = size_t{1} << 20;

std::string Repeat(std::string text, const char* before, const char* after) {
  for (size_t count = kCount; count > 0; --count) {
    text.append(count == kCount ? "" : ",").append(before).append(std::to_string(count));
    text.append(after);
  }
  return text;
}

struct Row {
  const char* says;
  std::string document;
};

TEST(ScanRelease, GivesBackWhatALargeDocumentTook) {
  const Row rows[] = {
      {"many values", Repeat("{\"a\":[", "", "") + "]}"},
      // Keys out of order, with escapes; values with escapes.
      {"many labels",
       Repeat(R"({"metadata":{"labels":{)", "\"\\u006b", R"(":"a value, \u0061")") + "}}}"},
      {"one long text with a needless escape",
       "{\"a\":\"\\/" + std::string(kCount * 20, 'x') + "\"}"},
  };
  for (const Row& row : rows) {
    ObjectScanner scanner;
    ScannedObject object;
    const size_t before = HeapBytes();
    ASSERT_TRUE(scanner.Scan(row.document, {}, object)) << row.says;
    EXPECT_GT(HeapBytes(), before + kKeptMax) << row.says;
    scanner.Release();
    EXPECT_LT(HeapBytes(), before + kKeptMax) << row.says;
    ASSERT_TRUE(scanner.Scan(R"({"metadata":{"name":"a"}})", {}, object)) << row.says;
    EXPECT_EQ(object.name, "a");
  }
}

TEST(ScanRelease, KeepsWhatTheNextObjectNeedsToo) {
  const std::string_view pod = R"({"metadata":{"labels":{"b":"2","\u0061":"1"},"name":"a"}})";
  ObjectScanner scanner;
  ScannedObject object;
  ASSERT_TRUE(scanner.Scan(pod, {}, object));
  scanner.Release();
  const size_t before = HeapBytes();
  ASSERT_TRUE(scanner.Scan(pod, {}, object));
  scanner.Release();
  EXPECT_EQ(HeapBytes(), before);
}

}  // namespace
}  // namespace shardwatch
