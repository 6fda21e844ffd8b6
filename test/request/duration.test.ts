import test from 'ava';
import {
  DurationError,
  isStatusError,
  parseGoDuration,
  requestDeadline,
} from '../../lib/request/index.js';

const durations: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['+0', 0],
  ['-0s', 0],
  ['32s', 32_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['5.s', 5_000],
  ['-2m', -120_000],
  ['+3ms', 3],
  ['250us', 0.25],
  ['250\u00b5s', 0.25],
  ['250\u03bcs', 0.25],
  ['1000000ns', 1],
  ['1h1m1s1ms', 3_661_001],
];

for (const [text, expected] of durations) {
  test(`the duration ${text}`, (t) => {
    t.is(parseGoDuration(text), expected);
  });
}

const malformed: readonly (readonly [string, string])[] = [
  ['', 'time: invalid duration ""'],
  ['s', 'time: invalid duration "s"'],
  ['.s', 'time: invalid duration ".s"'],
  ['--1s', 'time: invalid duration "--1s"'],
  ['10', 'time: missing unit in duration "10"'],
  ['1m10', 'time: missing unit in duration "1m10"'],
  ['10 s', 'time: unknown unit " s" in duration "10 s"'],
  ['1d', 'time: unknown unit "d" in duration "1d"'],
  ['1S', 'time: unknown unit "S" in duration "1S"'],
  ['9999999h', 'time: invalid duration "9999999h"'],
];

for (const [text, message] of malformed) {
  test(`no duration: "${text}"`, (t) => {
    t.throws(() => parseGoDuration(text), { instanceOf: DurationError, message });
  });
}

const deadlines: readonly (readonly [string, number])[] = [
  ['', 61_000],
  ['timeout=', 61_000],
  ['timeout=32s', 33_000],
  ['timeout=0', 61_000],
  ['timeout=0s', 61_000],
  ['timeout=-1s', 61_000],
  ['timeout=10m', 61_000],
];

for (const [query, expected] of deadlines) {
  test(`the deadline for "${query}"`, (t) => {
    t.is(requestDeadline(new URLSearchParams(query), 1_000), expected);
  });
}

test('a write has less time, the deletion of a collection has not', (t) => {
  const deadline = (query: string, verb: string): number => {
    return requestDeadline(new URLSearchParams(query), 0, 60_000, verb);
  };
  for (const verb of ['create', 'update', 'patch', 'delete']) {
    t.is(deadline('', verb), 34_000);
    t.is(deadline('timeout=50s', verb), 34_000);
    t.is(deadline('timeout=5s', verb), 5_000);
  }
  for (const verb of ['get', 'list', 'deletecollection']) t.is(deadline('', verb), 60_000);
  t.is(requestDeadline(new URLSearchParams(), 0, 10_000, 'create'), 10_000);
});

test('a malformed timeout is a bad request', (t) => {
  const error = t.throws(() => requestDeadline(new URLSearchParams('timeout=soon'), 0));
  t.true(isStatusError(error) && error.code === 400);
  t.is(
    error?.message,
    'invalid timeout specified in the request URL - time: invalid duration "soon"',
  );
});
