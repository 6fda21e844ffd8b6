import test from 'ava';

import { ReviewCache } from '../../lib/auth/review-cache.js';

interface Asked {
  readonly cache: ReviewCache<string>;
  readonly questions: string[];
  at(ms: number): void;
  ask(key: string, ttlMs?: number): Promise<string>;
}

function asked(capacity = 3): Asked {
  const questions: string[] = [];
  let nowMs = 1_000;
  const cache = new ReviewCache<string>({ capacity, now: () => nowMs });
  return {
    cache,
    questions,
    at: (ms) => void (nowMs = ms),
    ask: (key, ttlMs = 100) =>
      cache.get(key, async () => {
        questions.push(key);
        return { value: `${key}${questions.length}`, ttlMs };
      }),
  };
}

test('an answer is used again until its time is over', async (t) => {
  const { ask, at, questions } = asked();
  t.is(await ask('a'), 'a1');
  at(1_099);
  t.is(await ask('a'), 'a1');
  at(1_100);
  t.is(await ask('a'), 'a2');
  t.deepEqual(questions, ['a', 'a']);
});

test('an answer of the future is not used: the clock was set back', async (t) => {
  const { ask, at, questions } = asked();
  await ask('a');
  at(999);
  await ask('a');
  t.is(questions.length, 2);
});

test('an answer without time is for those who wait for it only', async (t) => {
  const { ask, cache, questions } = asked();
  t.deepEqual(await Promise.all([ask('a', 0), ask('a', 0)]), ['a1', 'a1']);
  t.is(cache.size, 0);
  await ask('a', 0);
  t.is(questions.length, 2);
});

test('the answer used longest ago goes first', async (t) => {
  const { ask, cache, questions } = asked(2);
  await ask('a');
  await ask('b');
  await ask('a');
  await ask('c');
  t.is(cache.size, 2);
  await ask('a');
  t.deepEqual(questions, ['a', 'b', 'c']);
  await ask('b');
  t.deepEqual(questions, ['a', 'b', 'c', 'b']);
});

test('equal questions at the same time are one, and a failure is told to all and forgotten', async (t) => {
  const { cache } = asked();
  let count = 0;
  let fail: (error: Error) => void = () => undefined;
  const ask = (): Promise<string> =>
    cache.get('a', () => {
      count++;
      return new Promise((_resolve, reject) => (fail = reject));
    });
  const answers = [ask(), ask(), ask()];
  t.is(count, 1);
  fail(new Error('down'));
  for (const answer of answers) await t.throwsAsync(answer, { message: 'down' });
  t.is(await cache.get('a', async () => ({ value: 'up', ttlMs: 1 })), 'up');
});
