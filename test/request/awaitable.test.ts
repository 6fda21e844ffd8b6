/** What is there at once, or comes. */

import test from 'ava';

import { isPromise, whenThere } from '../../lib/request/index.js';

test('what can be awaited is to come, everything else is there', (t) => {
  // oxlint-disable-next-line unicorn/no-thenable -- what is tested
  const thenable = { then: (done: (value: number) => void): void => done(1) };
  t.true(isPromise(Promise.resolve(1)));
  t.true(isPromise(thenable as unknown as Promise<number>));
  for (const value of [undefined, null, 0, '', 'then', {}]) t.false(isPromise(value));
});

test('what is there goes on at once', (t) => {
  t.is(
    whenThere(20, (value) => value + 1),
    21,
  );
  const failure = new Error('no');
  const fail = (): never => {
    throw failure;
  };
  t.is(
    t.throws(() => whenThere(1, fail)),
    failure,
  );
});

test('what only can be awaited becomes a promise', async (t) => {
  // oxlint-disable-next-line unicorn/no-thenable -- what is tested
  const thenable = { then: (done: (value: number) => void): void => done(20) };
  const result = whenThere(thenable as unknown as Promise<number>, (value) => value + 1);
  t.true(result instanceof Promise);
  t.is(await result, 21);
});

test('what comes goes on then, and a failure of either is the result', async (t) => {
  const failure = new Error('no');
  const fail = (): never => {
    throw failure;
  };
  t.is(await whenThere(Promise.resolve(20), (value) => value + 1), 21);
  t.is(await t.throwsAsync(async () => whenThere(Promise.resolve(1), fail)), failure);
  t.is(await t.throwsAsync(async () => whenThere(Promise.reject(failure), () => 1)), failure);
});
