import test, { type ExecutionContext } from 'ava';

import { EventLog, type EventRecord } from '../../../lib/engine/javascript/log.js';
import { HeldRoots, RetiredVersions } from '../../../lib/engine/javascript/retired.js';
import type { Version } from '../../../lib/engine/javascript/version.js';
import { HISTORY_LIMITS } from '../engines.js';

// Only the length of a version matters here.
function version(length: number): Version {
  return { length } as Version;
}

function fill(log: EventLog, count: number, timeMs = 0, previousLength = 0): void {
  for (let index = 0; index < count; index++) {
    const previous = previousLength > 0 ? version(previousLength) : undefined;
    log.append(BigInt(10 * (log.end + 1)), timeMs, version(1), previous);
  }
}

const LIMIT_CASES = [
  { title: 'nothing over its limits stays', limits: {}, nowMs: 0, left: 10 },
  {
    title: 'no more entries than entriesMax',
    limits: { entriesMin: 0, entriesMax: 7 },
    nowMs: 0,
    left: 7,
  },
  { title: 'old entries go', limits: { entriesMin: 0, windowMs: 50 }, nowMs: 51, left: 0 },
  {
    title: 'entries as old as the window stay',
    limits: { entriesMin: 0, windowMs: 50 },
    nowMs: 50,
    left: 10,
  },
  {
    title: 'the newest entriesMin stay however old',
    limits: { entriesMin: 4, windowMs: 50 },
    nowMs: 999,
    left: 4,
  },
  { title: 'bytes beat entriesMin', limits: { entriesMin: 8, bytesMax: 350 }, nowMs: 0, left: 3 },
  { title: 'no bytes, no history', limits: { bytesMax: 0 }, nowMs: 0, left: 0 },
] as const;

for (const { title, limits, nowMs, left } of LIMIT_CASES) {
  test(`limits: ${title}`, (t) => {
    const log = new EventLog({ ...HISTORY_LIMITS, ...limits });
    fill(log, 10, 0, 100);
    const dropped: EventRecord[] = [];
    log.trim(nowMs, (record) => dropped.push(record));
    t.is(log.length, left);
    t.deepEqual([log.first, log.end], [10 - left, 10]);
    t.deepEqual(
      dropped.map(({ sequence }) => sequence),
      Array.from({ length: 10 - left }, (_, at) => at),
    );
    t.is(log.oldestRevision, BigInt(10 * (10 - left)));
    t.is(log.at(log.first - 1), undefined);
  });
}

test('records are found by revision: the first above it', (t) => {
  const log = new EventLog({ ...HISTORY_LIMITS, entriesMin: 0, entriesMax: 5 });
  fill(log, 8);
  log.trim(0, () => {});
  const expect = (revision: bigint, sequence: number): void =>
    void t.is(log.find(revision), sequence, `above ${revision}`);
  expect(0n, 3);
  expect(30n, 3);
  expect(40n, 4);
  expect(41n, 4);
  expect(79n, 7);
  expect(80n, 8);
  expect(1000n, 8);
});

test('a clock that is set back makes no entry younger than new', (t) => {
  const log = new EventLog(HISTORY_LIMITS);
  fill(log, 1, 1000);
  t.is(log.oldestAgeMs(400), 0);
  t.is(log.oldestAgeMs(1600), 600);
});

test('a restart drops everything and leaves one sequence out', (t) => {
  const log = new EventLog(HISTORY_LIMITS);
  fill(log, 3, 0, 100);
  const dropped: number[] = [];
  log.restart(77n, ({ sequence }) => dropped.push(sequence));
  t.deepEqual(dropped, [0, 1, 2]);
  t.deepEqual([log.first, log.end, log.length, log.oldestRevision], [4, 4, 0, 77n]);
  t.is(log.append(80n, 0, version(1), undefined).sequence, 4);
});

test('a version is freed when all held roots are above the record that replaced it', (t) => {
  const held = new HeldRoots();
  const retired = new RetiredVersions();
  const versions = [8, 11, 15, 31].map((sequence) => ({ sequence, version: version(sequence) }));
  for (const { sequence, version: entry } of versions) retired.add(entry, sequence);
  const freed = (): number[] => {
    const lengths: number[] = [];
    retired.collect(held.oldest(), ({ length }) => lengths.push(length));
    return lengths;
  };
  held.acquire(12);
  held.acquire(30);
  t.deepEqual(freed(), [8, 11]);
  held.release(12);
  t.deepEqual(freed(), [15]);
  held.release(30);
  t.deepEqual(freed(), [31]);
});

test('the oldest held root is known over any order of acquiring and releasing', (t) => {
  checkHeldRoots(t, [5, 3, 9, 3, 7, 1, 9, 5]);
  checkHeldRoots(t, [1, 2, 3, 4, 5, 6, 7, 8]);
  checkHeldRoots(t, [8, 7, 6, 5, 4, 3, 2, 1, 1, 1]);
});

function checkHeldRoots(t: ExecutionContext, sequences: readonly number[]): void {
  for (let rotation = 0; rotation < sequences.length; rotation++) {
    const held = new HeldRoots();
    for (const sequence of sequences) held.acquire(sequence);
    const left = [...sequences.slice(rotation), ...sequences.slice(0, rotation)];
    while (left.length > 0) {
      t.is(held.oldest(), Math.min(...left));
      t.is(held.count, left.length);
      held.release(left.shift()!);
    }
    t.is(held.oldest(), Infinity);
    t.is(held.count, 0);
  }
}

test('a root that is held for long does not keep the sequences of later ones', (t) => {
  const held = new HeldRoots();
  held.acquire(0);
  for (let sequence = 1; sequence <= 10_000; sequence++) {
    held.acquire(sequence);
    if (sequence % 100 > 0) held.release(sequence);
  }
  t.true(held.size < 400, `${held.size} kept`);
  t.is(held.count, 101);
  // One that was swept, one that is idle, one that is held.
  for (const sequence of [50, 9_999, 100]) held.acquire(sequence);
  held.release(0);
  t.is(held.oldest(), 50);
  held.release(50);
  t.is(held.oldest(), 100);
  held.release(100);
  t.is(held.oldest(), 100);
});
