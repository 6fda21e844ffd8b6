// Faults made on purpose: one for each thing that a sanitizer is to see. A run in which one of them
// is not reported is a run of a sanitizer that sees nothing.
//
// The faults are undefined behaviour, and harmless in what compilers make of them here: they end by
// themselves without a sanitizer too. Nothing that ships contains them.
// Thread rule: each is called once in a process, by any thread.

#ifndef TEST_NATIVE_PLANTED_FAULTS_H_
#define TEST_NATIVE_PLANTED_FAULTS_H_

#include <string_view>

namespace shardwatch::planted {

// Two threads write one variable without a lock.
void PlantRace();

// Memory that nothing points to any more.
void PlantLeak();

// A read one byte behind allocated memory.
void PlantOverflow();

// A sum beyond the range of its type.
void PlantUndefined();

// Makes the fault of that name (`race`, `leak`, `overflow`, `undefined`); `none` makes none, so
// that a report can only come of the fault. False for any other name.
bool Plant(std::string_view name);

}  // namespace shardwatch::planted

#endif  // TEST_NATIVE_PLANTED_FAULTS_H_
