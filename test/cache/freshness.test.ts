/** Waiting reads: who is woken when, what is left of those that give up, and one timer for all. */

import { getEventListeners } from 'node:events';

import test from 'ava';
import fc from 'fast-check';

import { FreshnessGate } from '../../lib/cache/freshness.js';
import { CacheError } from '../../lib/cache/index.js';
import { retryAfter } from '../../lib/cache/readiness.js';
import { ManualClock } from '../clock.js';
import { rejects, turn } from './fixture.js';

const TIMEOUT_MS = 3_000;

interface Wait {
  readonly revision: bigint;
  readonly deadline: number;
  readonly abort: AbortController;
  outcome: string;
}

test('each waiter ends for the reason that comes first', async (t) => {
  const operation = fc.oneof(
    fc.record({ type: fc.constant('wait' as const), by: fc.integer({ min: -2, max: 12 }) }),
    fc.record({ type: fc.constant('advance' as const), by: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ type: fc.constant('pass' as const), by: fc.integer({ min: 0, max: 2_000 }) }),
    fc.record({ type: fc.constant('abort' as const), by: fc.nat(30) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
      const clock = new ManualClock(0);
      let current = 10n;
      const gate = new FreshnessGate(clock, TIMEOUT_MS, () => current);
      const waits: (Wait & { expected: string })[] = [];
      const settle = (matches: (wait: Wait) => boolean, expected: string): void => {
        for (const wait of waits) {
          if (wait.expected === 'waits' && matches(wait)) wait.expected = expected;
        }
      };
      for (const { type, by } of operations) {
        if (type === 'wait') {
          const revision = current + BigInt(by);
          const abort = new AbortController();
          const deadline = clock.now() + TIMEOUT_MS;
          const wait = { revision, deadline, abort, outcome: 'waits', expected: 'waits' };
          gate.wait(revision, abort.signal).then(
            () => (wait.outcome = 'reached'),
            (error: unknown) => (wait.outcome = (error as CacheError).code),
          );
          waits.push(wait);
        } else if (type === 'advance') {
          current += BigInt(by);
          gate.advance();
        } else if (type === 'pass') {
          clock.advance(by);
        } else {
          const wait = waits[by];
          wait?.abort.abort();
          settle((other) => other === wait && other.revision > current, 'aborted');
        }
        settle(({ revision }) => revision <= current, 'reached');
        settle(({ deadline }) => deadline <= clock.now(), 'resource-version-too-large');
        const waiting = waits.filter(({ expected }) => expected === 'waits').length;
        t.is(gate.size, waiting);
        t.is(clock.pending, waiting === 0 ? 0 : 1);
      }
      gate.fail(new CacheError('closed', 'closed'));
      settle(() => true, 'closed');
      await turn();
      for (const wait of waits) t.is(wait.outcome, wait.expected);
      t.is(clock.pending, 0);
    }),
    { numRuns: 60 },
  );
});

test('an advance wakes those it satisfies, lowest first', async (t) => {
  let current = 1n;
  const gate = new FreshnessGate(new ManualClock(), TIMEOUT_MS, () => current);
  const woken: bigint[] = [];
  for (const revision of [9n, 3n, 7n, 2n, 5n]) {
    void gate.wait(revision).then(() => woken.push(revision));
  }
  current = 5n;
  gate.advance();
  await turn();
  t.deepEqual(woken, [2n, 3n, 5n]);
  t.is(gate.size, 2);
});

test('a signal that was aborted before is not waited on', async (t) => {
  const clock = new ManualClock();
  const gate = new FreshnessGate(clock, TIMEOUT_MS, () => 1n);
  await rejects(t, () => gate.wait(2n, AbortSignal.abort()), 'aborted');
  t.is(gate.size, 0);
});

test('a signal is not listened to when the wait is over, whichever way', async (t) => {
  const clock = new ManualClock();
  let current = 1n;
  const gate = new FreshnessGate(clock, TIMEOUT_MS, () => current);
  const { signal } = new AbortController();
  const waits = [2n, 3n].map((revision) => gate.wait(revision, signal));
  t.is(getEventListeners(signal, 'abort').length, 2);
  current = 2n;
  gate.advance();
  await waits[0];
  t.is(getEventListeners(signal, 'abort').length, 1);
  clock.advance(TIMEOUT_MS);
  await rejects(t, () => waits[1], 'resource-version-too-large');
  t.is(getEventListeners(signal, 'abort').length, 0);
});

test('the advised pause follows upstream’s curve', (t) => {
  const curve = [0, 5, 30, 45, 56, 57, 1_000, -1].map(retryAfter);
  t.deepEqual(curve, [1, 1, 6, 14, 28, 30, 30, 1]);
});

test('a wall clock that is set back makes no wait longer', async (t) => {
  let now = 3_600_000;
  let timer: { delayMs: number; callback: () => void } | undefined;
  const clock = {
    now: () => now,
    setTimer: (delayMs: number, callback: () => void) => {
      timer = { delayMs, callback };
      return { cancel: () => {} };
    },
  };
  const gate = new FreshnessGate(clock, TIMEOUT_MS, () => 1n);
  const early = gate.wait(2n);
  now = 0;
  const late = gate.wait(3n);
  now += timer!.delayMs;
  timer!.callback();
  for (const wait of [early, late]) await rejects(t, () => wait, 'resource-version-too-large');
  t.is(gate.size, 0);
  const next = gate.wait(4n);
  now -= 1_000_000;
  // Set while the clock was ahead: never for longer than a wait.
  timer!.callback();
  await rejects(t, () => next, 'resource-version-too-large');
});
