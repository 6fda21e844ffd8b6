import test from 'ava';

import { MemoryStorage, startCompaction, type Storage } from '../../lib/storage/index.js';
import { ManualClock } from '../clock.js';
import { put, turns } from './conformance/subject.js';

test('the interval is five minutes unless told, and a round begins when the last one has ended', async (t) => {
  const clock = new ManualClock();
  const storage = new MemoryStorage({ clock });
  const held: (() => void)[] = [];
  const slow: Storage = wrap(storage, async (revision) => {
    await new Promise<void>((resolve) => held.push(resolve));
    await storage.compact(revision);
  });
  const compaction = startCompaction(slow, { clock });
  t.teardown(() => compaction.stop());
  const first = await put(storage, '/g/r/a', '1');
  clock.advance(299_999);
  await turns();
  clock.advance(1);
  await turns();
  await put(storage, '/g/r/a', '2');
  clock.advance(300_000);
  await turns();
  t.is(held.length, 1);
  clock.advance(3_000_000);
  await turns();
  t.is(held.length, 1);
  held[0]!();
  await turns();
  t.is(storage.compactedRevision(), first);
  t.is(clock.pending, 1);
});

test('a round that fails is reported, and the next one tries again', async (t) => {
  const clock = new ManualClock();
  const storage = new MemoryStorage({ clock });
  const errors: unknown[] = [];
  const failure = new Error('busy');
  const flaky = wrap(storage, async (revision) => {
    if (errors.length === 0) throw failure;
    await storage.compact(revision);
  });
  const onError = (error: unknown): void => void errors.push(error);
  const compaction = startCompaction(flaky, { clock, intervalMs: 10, onError });
  t.teardown(() => compaction.stop());
  const revision = await put(storage, '/g/r/a', '1');
  for (let round = 0; round < 3; round++) {
    clock.advance(10);
    await turns();
  }
  t.deepEqual(errors, [failure]);
  t.is(storage.compactedRevision(), revision);
});

test('an interval that is none is refused', (t) => {
  for (const intervalMs of [0, -1, NaN]) {
    t.throws(() => startCompaction(new MemoryStorage(), { intervalMs }), {
      instanceOf: RangeError,
    });
  }
});

function wrap(storage: MemoryStorage, compact: Storage['compact']): Storage {
  return {
    kind: storage.kind,
    committedRevision: () => storage.committedRevision(),
    compactedRevision: () => storage.compactedRevision(),
    get: (key) => storage.get(key),
    list: (prefix, options) => storage.list(prefix, options),
    write: (write) => storage.write(write),
    watch: (prefix, after, observer) => storage.watch(prefix, after, observer),
    compact,
    close: () => storage.close(),
  };
}
