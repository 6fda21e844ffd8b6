// Runs inputs through their targets, without libFuzzer: `fuzz_corpus CORPUS` all of a corpus,
// `fuzz_corpus TARGET INPUT...` some for one target. A target for which the corpus has nothing
// fails, so that a corpus that was not found does not pass for one in which nothing is wrong.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

#include "test/native/fuzz/targets.h"

namespace {

using namespace shardwatch::fuzz;
namespace fs = std::filesystem;

struct Target {
  std::string_view name;
  void (*run)(Bytes bytes);
};

constexpr Target kTargets[] = {
    {"directory", FuzzDirectory},
    {"history", FuzzHistory},
    {"scan", FuzzScan},
    {"scope", FuzzScope},
};

bool RunInput(const Target& target, const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    std::fprintf(stderr, "%s can't be read\n", path.c_str());
    return false;
  }
  // Told before, since what goes wrong ends the process.
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  target.run({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  return true;
}

bool RunFolder(const Target& target, const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> inputs;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    inputs.push_back(entry->path());
  }
  std::sort(inputs.begin(), inputs.end());
  if (error || inputs.empty()) {
    std::fprintf(stderr, "%s: no inputs\n", folder.c_str());
    return false;
  }
  return std::all_of(inputs.begin(), inputs.end(),
                     [&target](const fs::path& path) { return RunInput(target, path); });
}

bool RunCorpus(const fs::path& corpus) {
  return std::all_of(std::begin(kTargets), std::end(kTargets), [&corpus](const Target& target) {
    return RunFolder(target, corpus / target.name);
  });
}

bool RunInputs(std::string_view name, std::span<const std::string_view> paths) {
  for (const Target& target : kTargets) {
    if (target.name != name) continue;
    return std::all_of(paths.begin(), paths.end(),
                       [&target](std::string_view path) { return RunInput(target, path); });
  }
  std::fprintf(stderr, "no such target\n");
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string_view> words(arguments + 1, arguments + count);
  if (words.empty()) {
    std::fprintf(stderr, "fuzz_corpus CORPUS, or fuzz_corpus TARGET INPUT...\n");
    return 2;
  }
  const std::span<const std::string_view> rest(words);
  return (rest.size() == 1 ? RunCorpus(rest[0]) : RunInputs(rest[0], rest.subspan(1))) ? 0 : 1;
}
