/** Compaction: what it refuses, and what it must leave exact. */

import type { TestFn } from 'ava';

import { startCompaction } from '../../../lib/storage/index.js';
import { record } from '../recorder.js';
import {
  describeList,
  openSubject,
  put,
  remove,
  throwsCode,
  turns,
  type StorageFactory,
} from './subject.js';

export function registerCompactionTests(test: TestFn, name: string, factory: StorageFactory): void {
  test(`${name}: after compaction reads at or above are exact, below they are refused`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    await put(storage, '/g/r/a', '1');
    await put(storage, '/g/r/b', '1');
    await put(storage, '/g/r/a', '2');
    await remove(storage, '/g/r/b');
    await put(storage, '/g/r/c', '1');
    await put(storage, '/g/r/b', '2');
    await remove(storage, '/g/r/c');
    const last = await put(storage, '/g/r/a', '3');
    const states = new Map<bigint, string[]>();
    for (let revision = base; revision <= last; revision++) {
      states.set(revision, await describeList(storage, '/g/r/', revision));
    }
    for (let compacted = base + 1n; compacted <= last; compacted++) {
      await storage.compact(compacted);
      t.is(storage.compactedRevision(), compacted);
      for (const [revision, state] of states) {
        if (revision < compacted) {
          await throwsCode(t, 'compacted', () => storage.list('/g/r/', { revision }));
        } else {
          const found = await describeList(storage, '/g/r/', revision);
          t.deepEqual(found, state, `${revision} after compaction at ${compacted}`);
        }
      }
    }
    t.deepEqual(await describeList(storage, '/g/r/'), states.get(last));
    t.is(await storage.committedRevision(), last);
  });

  test(`${name}: a watch from below the compacted revision ends, one from it replays`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const live = record(storage, '/g/r/', base);
    await put(storage, '/g/r/a', '1');
    const second = await put(storage, '/g/r/a', '2');
    await live.reached(second);
    await storage.compact(second);
    const third = await put(storage, '/g/r/a', '3');
    const below = record(storage, '/g/r/', second - 1n);
    const error = await below.ended();
    t.is(error.code, 'compacted');
    t.deepEqual(below.calls, ['end compacted']);
    const at = record(storage, '/g/r/', second);
    await at.reached(third);
    t.deepEqual(at.revisions, [third]);
    // A watch that has seen it all does not mind.
    t.deepEqual(live.revisions, [second - 1n, second, third]);
    t.is(live.error, undefined);
  });

  test(`${name}: a deletion above the compacted revision is replayed with its last value`, async (t) => {
    const { storage } = await openSubject(t, factory);
    const created = await put(storage, '/g/r/a', 'last');
    const compacted = await put(storage, '/g/r/b', '1');
    const deleted = await remove(storage, '/g/r/a');
    await storage.compact(compacted);
    const recorder = record(storage, '/g/r/', compacted);
    await recorder.reached(deleted);
    const [deletion] = recorder.changes;
    t.is(deletion?.type, 'delete');
    t.is(Buffer.from(deletion!.value).toString(), 'last');
    t.is(deletion?.createRevision, created);
  });

  test(`${name}: compacting again, or further back, does nothing`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    const last = await put(storage, '/g/r/a', '1');
    await storage.compact(last);
    await storage.compact(last);
    await storage.compact(base);
    t.is(storage.compactedRevision(), last);
    t.is(await put(storage, '/g/r/a', '2'), last + 1n);
  });

  test(`${name}: compaction of a long history leaves the rest of it whole`, async (t) => {
    const { storage, base } = await openSubject(t, factory);
    await Promise.all(Array.from({ length: 2200 }, (_, i) => put(storage, `/g/r/${i}`, `${i}`)));
    for (let index = 0; index < 20; index++) await remove(storage, `/g/r/${index}`);
    const last = base + 2220n;
    await Promise.all([storage.compact(last - 5n), storage.compact(last - 3n)]);
    const recorder = record(storage, '/g/r/', last - 3n);
    await recorder.reached(last);
    t.deepEqual(recorder.revisions, [last - 2n, last - 1n, last]);
    t.is((await storage.list('/g/r/')).values.length, 2180);
    t.is((await storage.list('/g/r/', { revision: last - 3n })).values.length, 2183);
  });

  test(`${name}: automatic compaction keeps what one interval ago was the newest`, async (t) => {
    const { storage, clock } = await openSubject(t, factory);
    const compaction = startCompaction(storage, { clock, intervalMs: 1000 });
    const round = async (): Promise<void> => {
      clock.advance(1000);
      await turns();
      // Asked after the compaction has asked, and so answered after it.
      await storage.committedRevision();
      // A commit of its own comes after the compaction's.
      await storage.compact(storage.compactedRevision());
    };
    const before = storage.compactedRevision();
    const first = await put(storage, '/g/r/a', '1');
    await round();
    t.is(storage.compactedRevision(), before);
    const second = await put(storage, '/g/r/a', '2');
    await round();
    t.is(storage.compactedRevision(), first);
    await round();
    t.is(storage.compactedRevision(), second);
    await put(storage, '/g/r/a', '3');
    await round();
    await put(storage, '/g/r/a', '4');
    compaction.stop();
    await round();
    t.is(storage.compactedRevision(), second);
  });
}
