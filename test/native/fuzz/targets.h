// The fuzz targets: each takes any bytes and aborts, having said why, where the core does not keep
// its word. Built with libFuzzer, which looks for such bytes, and into `fuzz_corpus`, which runs
// what it has found so far with every compiler and sanitizer.
//
// A target is a function of its input alone, so that what it finds once it finds again.
// Thread rule: one input at a time.

#ifndef TEST_NATIVE_FUZZ_TARGETS_H_
#define TEST_NATIVE_FUZZ_TARGETS_H_

#include <cstdint>
#include <span>

namespace shardwatch::fuzz {

using Bytes = std::span<const uint8_t>;

// The bytes are JSON: what scans is canonical, stays so when it is stamped and scanned again, and
// says what a naive parser reads; what does not scan, that parser refuses too.
void FuzzScan(Bytes bytes);

// The bytes are two objects and a scope: who belongs to it, and what its watch is told.
void FuzzScope(Bytes bytes);

// The bytes are a history of edits to a directory of objects, with snapshots held on the way.
void FuzzDirectory(Bytes bytes);

// The bytes are what happens to a cache: batches, writes, new generations, progress and trimming,
// and lists, states of the past and watches meanwhile.
void FuzzHistory(Bytes bytes);

}  // namespace shardwatch::fuzz

#endif  // TEST_NATIVE_FUZZ_TARGETS_H_
