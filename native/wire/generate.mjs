/**
 * Writes both sides of the border between TypeScript and C++ from one source, `wire.json`:
 * `wire.h` and `lib/engine/wire.ts`. Neither is edited by hand; a test regenerates and compares.
 *
 *   node native/wire/generate.mjs          writes the two files
 *   node native/wire/generate.mjs --check  exits with 1 where one of them is out of date
 *
 * Rules of the border:
 *  1. `abiVersion` rises with every change that an older other side would misread.
 *  2. A status is negative; zero and above is a result. TypeScript makes the error of it.
 *  3. Results and lanes are counted from zero, in the order of the source. Lanes are elements of 8
 *     bytes: of the exchange's head, of the records behind it, of an array that C++ fills.
 *  4. A lane is a double, but for `position`, `seed`, `nonce` and those whose name ends in
 *     `revision`: these are unsigned integers of 64 bits, which no double would hold.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = new URL('wire.json', import.meta.url);
const HEADER = new URL('wire.h', import.meta.url);
const MODULE = new URL('../../lib/engine/wire.ts', import.meta.url);

const ABI_TEXT = 'Both sides compare this before anything else crosses.';

/** The texts of the generated files, by their addresses. */
export function generate(wire) {
  checkWire(wire);
  return new Map([
    [HEADER, cppText(wire)],
    [MODULE, typeScriptText(wire)],
  ]);
}

function checkWire({ abiVersion, status, results, limits, lanes }) {
  if (!Number.isSafeInteger(abiVersion) || abiVersion < 1) {
    throw new Error('wire.json: abiVersion must be a positive integer');
  }
  const codes = Object.values(status);
  if (codes.some((code) => !Number.isSafeInteger(code) || code >= 0)) {
    throw new Error('wire.json: every status must be a negative integer');
  }
  if (new Set(codes).size !== codes.length) {
    throw new Error('wire.json: two statuses have one code');
  }
  for (const [limit, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new Error(`wire.json: ${limit} must be a positive integer`);
    }
  }
  checkRoom(limits, lanes);
  for (const [list, names] of Object.entries({ ...results, ...lanes })) {
    if (names.length === 0 || new Set(names).size !== names.length) {
      throw new Error(`wire.json: ${list} must list different names`);
    }
  }
}

// The exchange is a head and records, and each has the lanes that it needs.
function checkRoom(limits, lanes) {
  const { exchangeBytes, headLanes, recordLanes, recordsMax, readyMax } = limits;
  const { heapAheadMax, heapBatchMax } = limits;
  const LANE_BYTES = 8;
  const HEAP_LISTS = 3;
  const behindHead = exchangeBytes / LANE_BYTES - headLanes;
  // A priority is a lane, a slot half of one.
  const heapLanes = Math.max(HEAP_LISTS * heapAheadMax, 1.5 * heapBatchMax);
  if (Math.max(recordsMax * recordLanes, readyMax, heapLanes) > behindHead) {
    throw new Error('wire.json: the exchange has no room for its records');
  }
  for (const [name, room] of [
    ['head', headLanes],
    ['stats', headLanes],
    ['object', recordLanes],
    ['event', recordLanes],
    ['frame', recordLanes],
  ]) {
    if (lanes[name].length > room) throw new Error(`wire.json: ${name} has no room for its lanes`);
  }
}

function cppText({ abiVersion, status, results, limits, lanes }) {
  const lines = [
    '// What crosses between TypeScript and C++. Generated from wire.json by generate.mjs; do not edit.',
    '// Constants only. Thread rule: any thread.',
    '',
    '#ifndef NATIVE_WIRE_WIRE_H_',
    '#define NATIVE_WIRE_WIRE_H_',
    '',
    '#include <cstdint>',
    '',
    'namespace shardwatch::wire {',
    '',
    `// ${ABI_TEXT}`,
    `inline constexpr int32_t kAbiVersion = ${abiVersion};`,
    '',
    'enum class Status : int32_t {',
    '  kOk = 0,',
    ...Object.entries(status).map(([name, code]) => `  k${capitalize(name)} = ${code},`),
    '};',
    '',
    ...Object.entries(limits).map(
      ([name, value]) => `inline constexpr uint32_t k${capitalize(name)} = ${value};`,
    ),
  ];
  for (const [result, names] of Object.entries(results)) {
    lines.push('', ...cppEnum(capitalize(result), names));
  }
  for (const [record, names] of Object.entries(lanes)) {
    lines.push('', ...cppEnum(`${capitalize(record)}Lane`, names));
    lines.push(`inline constexpr uint32_t k${capitalize(record)}LaneCount = ${names.length};`);
  }
  lines.push('', '}  // namespace shardwatch::wire', '', '#endif  // NATIVE_WIRE_WIRE_H_', '');
  return lines.join('\n');
}

function cppEnum(type, names) {
  return [
    `enum class ${type} : int32_t {`,
    ...names.map((name, index) => `  k${capitalize(name)} = ${index},`),
    '};',
  ];
}

function typeScriptText({ abiVersion, status, results, limits, lanes }) {
  const lines = [
    '/**',
    ' * What crosses between TypeScript and C++. Generated from native/wire/wire.json by',
    ' * native/wire/generate.mjs; do not edit.',
    ' */',
    '',
    `/** ${ABI_TEXT} */`,
    `export const ABI_VERSION = ${abiVersion};`,
    '',
    '/** What a native function answers where it has no result; results are zero and above. */',
    ...typeScriptRecord('STATUS', status),
    '',
    '/** Sizes of the exchange and its parts. */',
    ...typeScriptRecord('LIMIT', limits),
  ];
  for (const [name, names] of Object.entries(results)) {
    lines.push('', `/** A choice: ${name}. */`);
    lines.push(...typeScriptRecord(constantName(name), counted(names)));
  }
  for (const [name, names] of Object.entries(lanes)) {
    lines.push('', `/** Lanes: ${name}. */`);
    lines.push(...typeScriptRecord(`${constantName(name)}_LANE`, counted(names)));
  }
  return [...lines, ''].join('\n');
}

function counted(names) {
  return Object.fromEntries(names.map((name, index) => [name, index]));
}

function typeScriptRecord(name, entries) {
  const fields = Object.entries(entries);
  return [
    `export const ${name}: {`,
    ...fields.map(([key, value]) => `  readonly ${key}: ${value};`),
    '} = {',
    ...fields.map(([key, value]) => `  ${key}: ${value},`),
    '};',
  ];
}

function constantName(name) {
  return name.replaceAll(/[A-Z]/g, '_$&').toUpperCase();
}

function capitalize(name) {
  return name[0].toUpperCase() + name.slice(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes('--check');
  for (const [address, text] of generate(JSON.parse(readFileSync(SOURCE, 'utf8')))) {
    if (!check) {
      writeFileSync(address, text);
    } else if (readFileSync(address, 'utf8') !== text) {
      console.error(`${fileURLToPath(address)} is out of date: run node native/wire/generate.mjs`);
      process.exitCode = 1;
    }
  }
}
