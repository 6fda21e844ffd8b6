/** Closing: what is under way finishes, what comes later is refused. */

import type { TestFn } from 'ava';

import { Recorder, record } from '../recorder.js';
import { bytes, openSubject, put, throwsCode, turns, type StorageFactory } from './subject.js';

export function registerLifecycleTests(test: TestFn, name: string, factory: StorageFactory): void {
  test(`${name}: close lets writes in flight finish, then ends the watches`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const recorder = record(storage, '/g/r/', base);
    await put(storage, '/g/r/first', 'x');
    await recorder.reached(base + 1n);
    const writing = Array.from({ length: 100 }, (_, index) =>
      storage.write({ key: `/g/r/${index}`, expected: 0n, value: bytes('x') }),
    );
    const closing = storage.close();
    const results = await Promise.all(writing);
    t.true(results.every((result) => result.ok));
    await closing;
    t.is(recorder.changes.length, 101);
    t.is(recorder.calls.at(-1), 'end closed');
    t.is(await storage.committedRevision(), base + 101n);
  });

  test(`${name}: after close every call is refused with closed`, async (t) => {
    const { storage, clock, base } = await openSubject(t, factory);
    await put(storage, '/g/r/a', 'x', 5);
    const closing = storage.close();
    const CALLS: readonly (() => Promise<unknown>)[] = [
      () => storage.get('/g/r/a'),
      () => storage.list('/g/r/'),
      () => storage.write({ key: '/g/r/b', expected: 0n, value: bytes('x') }),
      () => storage.compact(base),
    ];
    for (const call of CALLS) await throwsCode(t, 'closed', call);
    await closing;
    for (const call of CALLS) await throwsCode(t, 'closed', call);
    const recorder = record(storage, '/g/r/', base);
    const error = await recorder.ended();
    t.is(error.code, 'closed');
    // No expiry wakes up, and closing again does nothing.
    clock.advance(60_000);
    await storage.close();
    await turns();
    t.is(clock.pending, 0);
  });

  test(`${name}: onEnd is not called for a watch that was closed`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const recorder = new Recorder();
    const watch = storage.watch('/g/r/', base, recorder);
    await turns();
    watch.close();
    await storage.close();
    await turns();
    t.deepEqual(recorder.calls, []);
  });
}
