/** The plain limits: who gets a seat, who is refused, and when a seat is free again. */

import test from 'ava';

import {
  InflightLimiter,
  InflightSeats,
  inflightShare,
  type InflightShare,
} from '../../lib/flowcontrol/index.js';
import { InflightRequests, mergedExposition, MetricsRegistry } from '../../lib/metrics/index.js';
import { bytesAnswer, type PullSource } from '../../lib/request/index.js';

const IGNORED = { entered: () => undefined, leaving: () => undefined };
const ANA = ['makers', 'system:authenticated'];
const MASTER = ['system:masters', 'system:authenticated'];
const ANSWER = bytesAnswer(200, Buffer.from('ok'), 'text/plain');

const shareOf = (reading: number, others: number, threads = 1): InflightShare =>
  inflightShare({ maxRequestsInflight: reading, maxMutatingRequestsInflight: others }, threads);

function takenOf({ seats }: InflightShare): readonly number[] {
  const all = new InflightSeats(seats);
  return [all.taken('readOnly'), all.taken('mutating')];
}

test('reads and all other requests have seats of their own, until they are answered', (t) => {
  const share = shareOf(2, 1);
  const limiter = new InflightLimiter(share, 1, IGNORED);
  t.is(limiter.enter('list', ANA), 'readOnly');
  t.is(limiter.enter('get', ANA), 'readOnly');
  t.is(limiter.enter('get', ANA), 'refused');
  t.is(limiter.enter('patch', ANA), 'mutating');
  for (const verb of ['create', 'update', 'delete', 'deletecollection', 'post', 'head']) {
    t.is(limiter.enter(verb, ANA), 'refused', verb);
  }
  t.deepEqual(takenOf(share), [2, 1]);
  t.is(limiter.answered('readOnly', ANSWER), ANSWER);
  t.is(limiter.enter('get', ANA), 'readOnly');
  limiter.leave('mutating');
  t.deepEqual(takenOf(share), [2, 0]);
  t.is(limiter.enter('update', ANA), 'mutating');
});

test('watches and connections hold no seat and need none; masters are not refused', (t) => {
  const share = shareOf(1, 1);
  const limiter = new InflightLimiter(share, 1, IGNORED);
  t.is(limiter.enter('list', MASTER), 'readOnly');
  for (const verb of ['watch', 'connect']) t.is(limiter.enter(verb, ANA), 'unlimited');
  const entry = limiter.enter('get', MASTER);
  t.is(entry, 'unlimited');
  t.is(limiter.answered(entry, ANSWER), ANSWER);
  limiter.leave(entry);
  t.deepEqual(takenOf(share), [1, 0]);
});

test('a limit of 0 is none, and what is under way is counted all the same', (t) => {
  const share = shareOf(0, 1);
  const limiter = new InflightLimiter(share, 1, IGNORED);
  for (let count = 1; count <= 1_000; count++) t.is(limiter.enter('get', ANA), 'readOnly');
  t.deepEqual(takenOf(share), [1_000, 0]);
});

test('a body that is pulled holds its seat until it is closed, once', (t) => {
  const share = shareOf(1, 1);
  const limiter = new InflightLimiter(share, 1, IGNORED);
  const calls: string[] = [];
  const source: PullSource = {
    type: 'pull',
    flushHeaders: false,
    pull: () => ({ type: 'end' }),
    onReadable: () => void calls.push('onReadable'),
    close: () => void calls.push('close'),
    identity: () => ({ key: 'body', isGone: () => false }),
  };
  const entry = limiter.enter('list', ANA);
  const answer = limiter.answered(entry, { status: 200, headers: [], source });
  const held = answer.source as PullSource;
  t.is(held.identity?.()?.key, 'body');
  t.deepEqual(held.pull(1), { type: 'end' });
  held.onReadable(() => undefined);
  t.deepEqual(takenOf(share), [1, 0]);
  held.close();
  t.deepEqual(takenOf(share), [0, 0]);
  t.is(limiter.enter('list', ANA), 'readOnly');
  held.close();
  t.deepEqual(takenOf(share), [1, 0]);
  t.deepEqual(calls, ['onReadable', 'close', 'close']);
});

test('seats are those of all threads, and one that has ended leaves none taken', (t) => {
  const share = shareOf(3, 2, 3);
  const limiters = [1, 2, 3].map((thread) => new InflightLimiter(share, thread, IGNORED));
  for (const limiter of limiters) t.is(limiter.enter('get', ANA), 'readOnly');
  for (const limiter of limiters) t.is(limiter.enter('get', ANA), 'refused');
  t.is(limiters[1]!.enter('create', ANA), 'mutating');
  t.deepEqual(takenOf(share), [3, 1]);
  new InflightSeats(share.seats).clear(2);
  t.deepEqual(takenOf(share), [2, 0]);
  t.is(limiters[0]!.enter('get', ANA), 'readOnly');
  t.is(limiters[2]!.enter('get', ANA), 'refused');
});

for (const limit of [-1, 1.5, Number.NaN, Infinity]) {
  test(`a limit of ${limit} is refused`, (t) => {
    t.throws(() => shareOf(limit, 1), { instanceOf: RangeError, message: /maxRequestsInflight/ });
    t.throws(() => shareOf(1, limit), {
      instanceOf: RangeError,
      message: /maxMutatingRequestsInflight/,
    });
  });
}

test('the gauge of several threads is what they had at once, not what each had', async (t) => {
  let now = 0;
  const share = shareOf(100, 100, 2);
  const threads = [1, 2].map((thread) => {
    const registry = new MetricsRegistry();
    const seats = new InflightSeats(share.seats);
    const gauge = new InflightRequests(
      registry,
      () => now,
      (kind) => seats.taken(kind),
    );
    return { registry, limiter: new InflightLimiter(share, thread, gauge) };
  });
  const [one, two] = threads.map(({ limiter }) => limiter) as [InflightLimiter, InflightLimiter];
  const gauge = async (): Promise<number> => {
    const snapshots = await Promise.all(threads.map(({ registry }) => registry.snapshot()));
    const text = await mergedExposition(snapshots);
    return Number(/inflight_requests\{request_kind="readOnly"\} (\d+)/.exec(text)?.[1]);
  };
  for (const limiter of [one, two, one]) {
    limiter.enter('get', ANA);
    limiter.leave('readOnly');
  }
  t.is(await gauge(), 1, 'one after the other');
  for (const limiter of [one, two, two]) limiter.enter('get', ANA);
  t.is(await gauge(), 3);
  now += 1_000_000;
  t.is(await gauge(), 3, 'they are still there');
  now += 1_000_000;
  one.leave('readOnly');
  two.leave('readOnly');
  now += 1_000;
  t.is(await gauge(), 3, 'a second ago, before the first of them left');
  now += 1_000;
  t.is(await gauge(), 1);
});
