// The faults; see faults.h. Volatile and noinline, so that the compiler neither sees nor removes
// them, and reports name the function.

#include "test/native/planted/faults.h"

#include <climits>
#include <cstddef>
#include <thread>

namespace shardwatch::planted {

namespace {

struct Fault {
  std::string_view name;
  void (*plant)();
};

constexpr Fault kFaults[] = {
    {"none", [] {}},
    {"race", PlantRace},
    {"leak", PlantLeak},
    {"overflow", PlantOverflow},
    {"undefined", PlantUndefined},
};

// More than a scheduler could keep apart.
constexpr int kWrites = 100'000;

// Some pointer to one of them may stay in a register or on the stack, where it counts as in use.
constexpr int kLeaks = 32;

constexpr size_t kBytes = 24;

}  // namespace

[[gnu::noinline]] void PlantRace() {
  volatile int written = 0;
  const auto write = [&written] {
    for (int count = 0; count < kWrites; ++count) written = count;
  };
  std::thread other(write);
  write();
  other.join();
}

[[gnu::noinline]] void PlantLeak() {
  for (int count = 0; count < kLeaks; ++count) {
    volatile char* const memory = new char[kBytes];
    memory[0] = 'x';
  }
}

[[gnu::noinline]] void PlantOverflow() {
  volatile size_t size = kBytes;
  volatile char* const memory = new char[size];
  memory[0] = 'x';
  [[maybe_unused]] const char behind = memory[size];
  delete[] memory;
}

[[gnu::noinline]] void PlantUndefined() {
  volatile int large = INT_MAX;
  large = large + 1;
}

bool Plant(std::string_view name) {
  for (const Fault& fault : kFaults) {
    if (fault.name != name) continue;
    fault.plant();
    return true;
  }
  return false;
}

}  // namespace shardwatch::planted
