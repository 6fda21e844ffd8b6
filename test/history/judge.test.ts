/** The judge finds nothing in a true history, and each kind of lie in a falsified one. */

import test from 'ava';

import type { Attempt, Change, Present, SeenList, SeenStream } from './history.js';
import { judge, type Bounds } from './judge.js';

interface Draft {
  attempts: Attempt[];
  lists: SeenList[];
  streams: (SeenStream & { changes: Change[] })[];
  last: { revision: bigint; items: Map<string, Present> };
}

const FIRST = { revision: 10n, items: new Map<string, Present>() };

/**
 * Two writers, three keys, eight changes; two watches, one of which begins in the middle; lists in
 * between. The write of `w2-4` has no answer and happened, that of `w1-6` has none and did not.
 */
function trueHistory(): Draft {
  const attempts: Attempt[] = [
    attempt('w1', 'a', 'w1-1', 0n, 11n),
    attempt('w2', 'b', 'w2-2', 0n, 12n),
    attempt('w1', 'a', 'w1-3', 11n, 13n),
    { ...attempt('w2', 'b', 'w2-4', 12n, 0n), outcome: { kind: 'unknown' } },
    { ...attempt('w2', 'a', 'w2-5', 11n, 0n), outcome: { kind: 'refused' } },
    { ...attempt('w1', 'b', 'w1-6', 12n, 0n), outcome: { kind: 'unknown' } },
    attempt('w1', 'a', null, 13n, 15n),
    { ...attempt('w2', 'a', null, 13n, 0n), outcome: { kind: 'unknown' } },
    attempt('w2', 'c', 'w2-7', 0n, 16n),
    attempt('w1', 'a', 'w1-8', 0n, 17n),
    { ...attempt('w2', 'c', null, 16n, 0n), outcome: { kind: 'applied' } },
  ];
  const changes: Change[] = [
    put('a', 'w1-1', 11n),
    put('b', 'w2-2', 12n),
    put('a', 'w1-3', 13n),
    put('b', 'w2-4', 14n),
    { type: 'delete', key: 'a', value: 'w1-3', revision: 15n },
    put('c', 'w2-7', 16n),
    put('a', 'w1-8', 17n),
    { type: 'delete', key: 'c', value: 'w2-7', revision: 18n },
  ];
  return {
    attempts,
    streams: [
      { reader: 'r1', after: 10n, changes: [...changes], through: 18n },
      { reader: 'r2', after: 13n, changes: changes.slice(3, 7), through: 17n },
    ],
    lists: [
      list('r1', 12n, 12n, { a: ['w1-1', 11n], b: ['w2-2', 12n] }),
      list('r2', 15n, 13n, { b: ['w2-4', 14n] }),
      list('r2', 16n, 0n, { b: ['w2-4', 14n], c: ['w2-7', 16n] }),
    ],
    last: { revision: 18n, items: itemsOf({ a: ['w1-8', 17n], b: ['w2-4', 14n] }) },
  };
}

test('a true history has no fault', (t) => {
  const verdict = judged(trueHistory());
  t.deepEqual(verdict, { faults: [], changes: 8, acknowledged: 7, foundOut: 1 });
});

const LIES: {
  readonly [lie: string]: readonly [falsify: (draft: Draft) => void, says: RegExp];
} = {
  'an acknowledged write that is nowhere': [
    (draft) => draft.attempts.push(attempt('w1', 'd', 'w1-9', 0n, 18n)),
    /w1's w1-9 of d was acknowledged and is lost/,
  ],
  'an acknowledged deletion that is nowhere': [
    (draft) => draft.attempts.push(attempt('w1', 'b', null, 14n, 18n)),
    /w1's deletion of b was acknowledged and is lost/,
  ],
  'a deletion acknowledged without a revision that is nowhere': [
    ({ attempts }) =>
      attempts.push({ ...attempt('w1', 'b', null, 14n, 0n), outcome: { kind: 'applied' } }),
    /w1's deletion of b was acknowledged and is lost/,
  ],
  'a write acknowledged at another revision': [
    ({ attempts }) => (attempts[0]!.outcome = { kind: 'applied', revision: 12n }),
    /w1-1 of a was acknowledged at 12 and happened at 11/,
  ],
  'a refused write that happened': [
    ({ attempts }) => (attempts[3]!.outcome = { kind: 'refused' }),
    /"put b w2-4 at 14" was told not to have happened/,
  ],
  'a refused deletion that happened': [
    ({ attempts }) => {
      attempts[6]!.outcome = { kind: 'refused' };
      attempts[7]!.outcome = { kind: 'refused' };
    },
    /"delete a w1-3 at 15" was told not to have happened/,
  ],
  'a change that nobody made': [
    ({ attempts }) => attempts.splice(8, 1),
    /nobody has made "put c w2-7 at 16"/,
  ],
  'a deletion that nobody made': [
    ({ attempts }) => attempts.splice(6, 2),
    /nobody has made "delete a w1-3 at 15"/,
  ],
  'a write that was made twice': [
    ({ streams }) => streams[0]!.changes.splice(6, 1, put('b', 'w2-4', 17n)),
    /"put b w2-4 at 17" was made at 14 before/,
  ],
  'a write over what it did not expect': [
    ({ attempts }) => (attempts[3] = { ...attempts[3]!, expected: 11n }),
    /"put b w2-4 at 14" was to replace 11, and replaced 12/,
  ],
  'a write at another key': [
    ({ attempts }) => (attempts[0] = { ...attempts[0]!, key: 'z' }),
    /"put a w1-1 at 11" was meant for z/,
  ],
  'a deletion that tells another last value': [
    ({ streams }) =>
      streams[0]!.changes.splice(7, 1, { ...streams[0]!.changes[7]!, value: 'w2-2' }),
    /"delete c w2-2 at 18" took w2-7/,
  ],
  'a doubled event': [
    ({ streams }) => streams[0]!.changes.splice(2, 0, streams[0]!.changes[1]!),
    /r1 was told 12 of b twice/,
  ],
  'a doubled event of one revision with several': [
    ({ attempts, streams }) => {
      attempts.push({ ...attempt('w1', 'd', 'w1-9', 0n, 18n) });
      streams[0]!.changes.push(put('d', 'w1-9', 18n), streams[0]!.changes[7]!);
    },
    /r1 was told 18 of c twice/,
  ],
  'two events in the wrong order': [
    ({ streams }) => streams[1]!.changes.reverse(),
    /r2 was told 16 after 17/,
  ],
  'an event from before the watch': [
    ({ streams }) => streams[1]!.changes.unshift(put('a', 'w1-3', 13n)),
    /r2 was told 13 after 13/,
  ],
  'a missed event': [
    ({ streams }) => streams[1]!.changes.splice(1, 1),
    /r2 missed "delete a w1-3 at 15"/,
  ],
  'an event that comes after progress was told': [
    ({ streams }) => streams[1]!.changes.splice(3, 1),
    /r2 missed "put a w1-8 at 17"/,
  ],
  'two watches that disagree': [
    ({ streams }) => streams[1]!.changes.splice(0, 1, put('b', 'w1-6', 14n)),
    /r2 was told "put b w1-6 at 14", r1 "put b w2-4 at 14"/,
  ],
  'a time that nobody watched': [
    ({ streams }) => (streams[0] = { ...streams[0]!, through: 17n }),
    /nobody watched from 17 to 18/,
  ],
  'a gap between two watches': [
    ({ streams }) =>
      (streams[0] = {
        ...streams[0]!,
        changes: streams[0]!.changes.slice(0, 2),
        through: 12n,
      }),
    /nobody watched from 12 to 18/,
  ],
  'a list without something': [
    ({ lists }) => (lists[0] = list('r1', 12n, 12n, { a: ['w1-1', 11n] })),
    /r1's list at 12: b is not in it/,
  ],
  'a list with something deleted': [
    ({ lists }) => (lists[1] = list('r2', 15n, 0n, { a: ['w1-3', 13n], b: ['w2-4', 14n] })),
    /r2's list at 15: a is in it/,
  ],
  'a list with an old version': [
    ({ lists }) => (lists[1] = list('r2', 15n, 0n, { b: ['w2-2', 12n] })),
    /r2's list at 15: b is w2-2@12, not w2-4@14/,
  ],
  'a stale list': [
    ({ lists }) => (lists[1] = { ...lists[1]!, notBefore: 16n }),
    /r2 was given 15, though 16 had been acknowledged/,
  ],
  'an end that is another one': [
    ({ last }) => last.items.delete('b'),
    /the store's list at 18: b is not in it/,
  ],
};

for (const [lie, [falsify, says]] of Object.entries(LIES)) {
  test(`the judge finds ${lie}`, (t) => {
    const draft = trueHistory();
    falsify(draft);
    t.regex(judged(draft).faults.join('\n'), says);
  });
}

test('a key that expires is deleted by nobody, and only that', (t) => {
  const draft = trueHistory();
  draft.attempts.splice(6, 2);
  const isA = (key: string): boolean => key === 'a';
  t.deepEqual(judged(draft, { mayExpire: isA }).faults, []);
  t.is(judged(draft, { mayExpire: (key) => !isA(key) }).faults.length, 1);
});

test('of a key that expires somebody may have been refused to delete it', (t) => {
  const draft = trueHistory();
  for (const entry of draft.attempts.slice(6, 8)) entry.outcome = { kind: 'refused' };
  t.deepEqual(judged(draft, { mayExpire: () => true }).faults, []);
});

test('a revision may have several changes, and two may have deleted the same version', (t) => {
  const draft = trueHistory();
  draft.attempts.push(
    attempt('w1', 'd', 'w1-9', 0n, 18n),
    { ...attempt('w1', 'c', null, 16n, 18n) },
    { ...attempt('w2', 'c', null, 16n, 18n), outcome: { kind: 'unknown' } },
  );
  draft.streams[0]!.changes.push(put('d', 'w1-9', 18n));
  draft.last.items.set('d', { value: 'w1-9', revision: 18n });
  t.deepEqual(judged(draft).faults, []);
});

function judged(draft: Draft, more: Partial<Bounds> = {}): ReturnType<typeof judge> {
  return judge(draft, { first: FIRST, last: draft.last, ...more });
}

function attempt(
  writer: string,
  key: string,
  value: string | null,
  expected: bigint,
  revision: bigint,
): Attempt {
  return { writer, key, value, expected, outcome: { kind: 'applied', revision } };
}

function put(key: string, value: string, revision: bigint): Change {
  return { type: 'put', key, value, revision };
}

type Items = Readonly<Record<string, readonly [value: string, revision: bigint]>>;

function itemsOf(items: Items): Map<string, Present> {
  return new Map(
    Object.entries(items).map(([key, [value, revision]]) => [key, { value, revision }]),
  );
}

function list(reader: string, revision: bigint, notBefore: bigint, items: Items): SeenList {
  return { reader, revision, notBefore, items: itemsOf(items) };
}
