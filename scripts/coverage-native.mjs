/**
 * `npm run coverage:native`: which lines of native/core the C++ tests reach, by folder.
 *
 *     npm run coverage:native -- [--missed]          also names the lines that none reaches
 *
 * Counted by gcov, which comes with g++. A header's line counts as reached if any program that
 * includes it reaches it; lines that no program compiles (a template nobody uses) are not counted.
 */

import { readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix, relative, resolve, sep } from 'node:path';

import { ROOT, inRoot, say } from './project.mjs';
import { run, tail } from './run.mjs';

const BUILD = 'build-coverage';
const MEASURED = 'native/core/';

/** Of one gcov; each file of an object's answer is some hundred kilobytes. */
const OBJECTS_PER_RUN = 8;

try {
  await build();
  await runTests();
  const lines = await readLines();
  if (lines.size === 0) throw new Error(`gcov tells of no line of ${MEASURED}`);
  printTable(lines);
  if (process.argv.includes('--missed')) printMissed(lines);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function build() {
  say(`building the C++ tests with counters (${BUILD})`);
  const options = ['COVERAGE=ON', 'SANITIZE=', 'FUZZ=OFF', 'TESTS=ON'];
  await must('cmake', [
    ...['-S', '.', '-B', BUILD, '-DCMAKE_BUILD_TYPE=Debug'],
    ...options.map((option) => `-DSHARDWATCH_${option}`),
  ]);
  await must('cmake', ['--build', BUILD, '--parallel', String(availableParallelism())]);
}

// Counts add up from run to run, so that old ones go first.
async function runTests() {
  for (const path of filesOf('.gcda')) rmSync(path);
  say('running the C++ tests');
  await must('ctest', ['--test-dir', BUILD, '--output-on-failure', '--no-tests=error']);
}

/** File to line to whether any test reached it. */
async function readLines() {
  const lines = new Map();
  const counted = filesOf('.gcda');
  const gcov = process.env.GCOV ?? 'gcov';
  for (let first = 0; first < counted.length; first += OBJECTS_PER_RUN) {
    const some = counted.slice(first, first + OBJECTS_PER_RUN);
    const output = await must(gcov, ['--json-format', '--stdout', ...some]);
    for (const text of output.split('\n').filter((line) => line.startsWith('{'))) {
      addReport(JSON.parse(text), lines);
    }
  }
  return lines;
}

function addReport({ current_working_directory: folder, files }, lines) {
  for (const { file, lines: counts } of files) {
    const path = relative(ROOT, resolve(folder, file)).split(sep).join('/');
    if (!path.startsWith(MEASURED)) continue;
    const reached = lines.get(path) ?? new Map();
    lines.set(path, reached);
    for (const { line_number: line, count } of counts) {
      reached.set(line, reached.get(line) === true || count > 0);
    }
  }
}

function printTable(lines) {
  const folders = new Map();
  const total = { lines: 0, reached: 0 };
  for (const [path, reached] of lines) {
    const folder = posix.dirname(path);
    const sums = folders.get(folder) ?? { lines: 0, reached: 0 };
    folders.set(folder, sums);
    for (const sum of [sums, total]) {
      sum.lines += reached.size;
      sum.reached += [...reached.values()].filter(Boolean).length;
    }
  }
  for (const [folder, sums] of [...folders].toSorted(([left], [right]) =>
    left < right ? -1 : 1,
  )) {
    printRow(folder, sums);
  }
  printRow('total', total);
}

function printRow(name, { lines, reached }) {
  const percent = ((100 * reached) / lines).toFixed(1);
  const numbers = `${String(reached).padStart(6)} of ${String(lines).padStart(6)} lines`;
  say(`${name.padEnd(24)}${numbers}  ${percent.padStart(5)} %`);
}

function printMissed(lines) {
  for (const [path, reached] of [...lines].toSorted(([left], [right]) => (left < right ? -1 : 1))) {
    const missed = [...reached].filter(([, isReached]) => !isReached).map(([line]) => line);
    if (missed.length === 0) continue;
    say(`${path}: ${missed.toSorted((left, right) => left - right).join(' ')}`);
  }
}

function filesOf(ending) {
  return readdirSync(inRoot(BUILD), { recursive: true })
    .filter((path) => path.endsWith(ending))
    .map((path) => inRoot(BUILD, path));
}

async function must(command, args) {
  const { code, output, missing } = await run(command, args);
  if (missing) throw new Error(`there is no ${command}`);
  if (code !== 0) throw new Error(`${command} failed\n${tail(output, 80)}`);
  return output;
}
