// `planted_faults NAME`: makes one fault (faults.h) in a program of its own.

#include <cstdio>

#include "test/native/planted/faults.h"

int main(int count, char** arguments) {
  if (count == 2 && shardwatch::planted::Plant(arguments[1])) return 0;
  std::fprintf(stderr, "planted_faults none|race|leak|overflow|undefined\n");
  return 2;
}
