/** TTL: one deletion with a revision of its own, cancelled by any newer version. */

import type { TestFn } from 'ava';

import { record } from '../recorder.js';
import { openSubject, put, remove, turns, type StorageFactory } from './subject.js';

export function registerExpiryTests(test: TestFn, name: string, factory: StorageFactory): void {
  test(`${name}: a key with a TTL is deleted once, when it has run out and not before`, async (t) => {
    const { storage, clock, base } = await openSubject(t, factory);
    const recorder = record(storage, '/g/r/', base);
    const revision = await put(storage, '/g/r/a', 'last', 10);
    const kept = await put(storage, '/g/r/b', 'stays');
    clock.advance(9_999);
    await turns();
    t.not(await storage.get('/g/r/a'), undefined);
    clock.advance(101);
    await recorder.reached(kept + 1n);
    t.deepEqual(
      recorder.changes.map((change) => `${change.type} ${change.key} ${change.revision}`),
      [`put /g/r/a ${revision}`, `put /g/r/b ${kept}`, `delete /g/r/a ${kept + 1n}`],
    );
    t.is(Buffer.from(recorder.changes.at(-1)!.value).toString(), 'last');
    clock.advance(3_600_000);
    await turns();
    t.is(await storage.committedRevision(), kept + 1n);
    t.is(await storage.get('/g/r/a'), undefined);
    t.not(await storage.get('/g/r/b'), undefined);
  });

  test(`${name}: a clock may count in parts of a millisecond`, async (t) => {
    const { storage, clock, base } = await openSubject(t, factory);
    const recorder = record(storage, '/g/r/', base);
    clock.advance(0.3);
    await put(storage, '/g/r/a', 'x', 1);
    clock.advance(999.8);
    await turns();
    t.not(await storage.get('/g/r/a'), undefined);
    clock.advance(200);
    await recorder.reached(base + 2n);
    t.is(await storage.get('/g/r/a'), undefined);
  });

  test(`${name}: a write without a TTL makes the key permanent, one with a TTL counts anew`, async (t) => {
    const { storage, clock } = await openSubject(t, factory);
    await put(storage, '/g/r/permanent', '1', 10);
    await put(storage, '/g/r/renewed', '1', 10);
    clock.advance(5_000);
    await put(storage, '/g/r/permanent', '2');
    const revision = await put(storage, '/g/r/renewed', '2', 10);
    clock.advance(9_900);
    await turns();
    t.is(await storage.committedRevision(), revision);
    const recorder = record(storage, '/g/r/', revision);
    clock.advance(200);
    await recorder.reached(revision + 1n);
    t.deepEqual(recorder.calls, [
      `delete /g/r/renewed ${revision + 1n}`,
      `progress ${revision + 1n}`,
    ]);
    clock.advance(3_600_000);
    await turns();
    t.not(await storage.get('/g/r/permanent'), undefined);
  });

  test(`${name}: a write that changes nothing does not prolong the TTL`, async (t) => {
    const { storage, clock } = await openSubject(t, factory);
    const revision = await put(storage, '/g/r/a', 'same', 10);
    clock.advance(8_000);
    t.is(await put(storage, '/g/r/a', 'same', 10), revision);
    const recorder = record(storage, '/g/r/', revision);
    clock.advance(2_100);
    await recorder.reached(revision + 1n);
    t.is(recorder.changes[0]?.type, 'delete');
  });

  test(`${name}: a write that races the expiry wins or loses, and loses nothing`, async (t) => {
    const { storage, clock } = await openSubject(t, factory);
    const revision = await put(storage, '/g/r/a', '1', 1);
    // Submitted before the wheel turns. Where it gets there first, the deletion finds another
    // revision; where the storage is another thread's, it may come too late.
    const value = new TextEncoder().encode('2');
    const writing = storage.write({ key: '/g/r/a', expected: revision, value });
    clock.advance(2_000);
    const { ok } = await writing;
    await turns();
    const current = await storage.get('/g/r/a');
    t.is(current?.revision, ok ? revision + 1n : undefined);
    t.is(await storage.committedRevision(), revision + 1n);
  });

  test(`${name}: a key deleted before its TTL and made again lives on`, async (t) => {
    const { storage, clock } = await openSubject(t, factory);
    await put(storage, '/g/r/a', '1', 10);
    await remove(storage, '/g/r/a');
    const revision = await put(storage, '/g/r/a', '1');
    clock.advance(20_000);
    await turns();
    t.is((await storage.get('/g/r/a'))?.revision, revision);
  });

  test(`${name}: many keys that expire together are all deleted`, async (t) => {
    const { storage, clock, base } = await openSubject(t, factory);
    const COUNT = 1000;
    await Promise.all(Array.from({ length: COUNT }, (_, i) => put(storage, `/g/r/${i}`, 'x', 5)));
    const recorder = record(storage, '/g/r/', base + BigInt(COUNT));
    clock.advance(5_100);
    await recorder.reached(base + BigInt(2 * COUNT));
    t.is(new Set(recorder.changes.map((change) => change.key)).size, COUNT);
    t.deepEqual((await storage.list('/g/r/')).values, []);
  });
}
