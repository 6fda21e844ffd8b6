import test from 'ava';

import { MemoryStorage } from '../../lib/storage/index.js';
import { registerConformance } from './conformance.js';
import { put, throwsCode } from './conformance/subject.js';

registerConformance(test, 'memory', async (_t, clock) => new MemoryStorage({ clock }));

test('a bounded history is compacted on the way', async (t) => {
  const storage = new MemoryStorage({ historyMax: 16 });
  let oldest = 0n;
  for (let index = 0; index < 100; index++) {
    const revision = await put(storage, '/g/r/a', String(index));
    const compacted = storage.compactedRevision();
    t.true(revision - compacted <= 18n, `${revision} keeps from ${compacted}`);
    if (revision > 20n) t.true(revision - compacted >= 16n);
    oldest = compacted;
  }
  t.is((await storage.list('/g/r/', { revision: oldest })).values.length, 1);
  await throwsCode(t, 'compacted', () => storage.list('/g/r/', { revision: oldest - 1n }));
  t.throws(() => new MemoryStorage({ historyMax: 0 }), { instanceOf: RangeError });
});

test('a hundred thousand keys in a bad order are stored and listed in order', async (t) => {
  const storage = new MemoryStorage();
  const COUNT = 100_000;
  const value = new Uint8Array(1);
  const writing: Promise<unknown>[] = [];
  for (let index = COUNT - 1; index >= 0; index--) {
    const key = `/g/r/${String((index * 7919) % COUNT).padStart(6, '0')}`;
    writing.push(storage.write({ key, expected: 0n, value }));
  }
  await Promise.all(writing);
  const { values } = await storage.list('/g/r/');
  t.is(values.length, COUNT);
  t.true(values.every((value, index) => value.key === `/g/r/${String(index).padStart(6, '0')}`));
});
