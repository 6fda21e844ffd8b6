/** Writes of caches that number their own revisions. */

import { EngineError, REVISION_MAX } from '../../lib/engine/index.js';

import { engineTest } from './engines.js';
import { drainAll, put, text, widgetSource, widgetText } from './widget.js';

const WEB = { namespace: 'a', name: 'web', value: 1 };
const KEY = { namespace: 'a', name: 'web' };

engineTest('a write takes the next revision, and is an event like any other', (t, engine) => {
  const cache = engine.create();
  cache.progress(6n);
  const watch = cache.watch({ from: { type: 'after', revision: 6n }, wake: () => {} });
  t.is(cache.write({ ...KEY, object: widgetSource(WEB) }), 7n);
  t.is(text(cache.get(KEY)?.object), widgetText(WEB, 7n));
  t.is(cache.write({ ...KEY, object: widgetSource({ ...WEB, value: 2 }) }), 8n);
  t.is(cache.write(KEY), 9n);
  t.is(cache.get(KEY), undefined);
  t.deepEqual(drainAll(watch), ['ADDED a/web 7', 'MODIFIED a/web 8', 'DELETED a/web 9']);
  t.is(cache.revision, 9n);
});

engineTest('deleting what is not there writes nothing and uses up a revision', (t, engine) => {
  const cache = engine.create();
  t.is(cache.write(KEY), 0n);
  t.is(cache.write(KEY, 0n), 0n);
  t.is(cache.revision, 2n);
  t.is(cache.stats().logEntries, 0);
});

const EXPECTATIONS: readonly {
  title: string;
  exists: boolean;
  expected: bigint;
  writes: boolean;
}[] = [
  { title: 'the present revision', exists: true, expected: 5n, writes: true },
  { title: 'an older revision', exists: true, expected: 4n, writes: false },
  { title: 'a revision that is yet to come', exists: true, expected: 6n, writes: false },
  { title: 'no object where there is one', exists: true, expected: 0n, writes: false },
  { title: 'no object where there is none', exists: false, expected: 0n, writes: true },
  { title: 'an object where there is none', exists: false, expected: 5n, writes: false },
  { title: 'a negative revision', exists: false, expected: -1n, writes: false },
  {
    title: 'the present one in the low 64 bits',
    exists: true,
    expected: 2n ** 64n + 5n,
    writes: false,
  },
];

for (const { title, exists, expected, writes } of EXPECTATIONS) {
  engineTest(
    `a write that expects ${title} ${writes ? 'is done' : 'is a conflict'}`,
    (t, engine) => {
      const cache = engine.create();
      if (exists) cache.apply([put(WEB, 5n)]);
      else cache.progress(5n);
      const change = { ...KEY, object: widgetSource({ ...WEB, value: 2 }) };
      const before = text(cache.get(KEY)?.object);
      if (writes) {
        t.is(cache.write(change, expected), 6n);
        t.is(text(cache.get(KEY)?.object), widgetText({ ...WEB, value: 2 }, 6n));
        return;
      }
      const presentRevision = exists ? 5n : 0n;
      const error = t.throws(() => cache.write(change, expected), { instanceOf: EngineError });
      t.like(error, {
        code: 'conflict',
        presentRevision,
        message: `revision ${expected} of a/web was expected, not ${presentRevision}`,
      });
      t.throws(() => cache.write(KEY, expected), { code: 'conflict' });
      t.is(text(cache.get(KEY)?.object), before);
      t.is(cache.stats().bytesRetained, 0, 'nothing remains of what was refused');
      t.is(cache.write(change), 8n, 'each took a revision');
    },
  );
}

engineTest('a write that is a conflict drops history like any other', (t, engine) => {
  let nowMs = 0;
  const cache = engine.create({ now: () => nowMs, history: { windowMs: 10, entriesMin: 0 } });
  cache.apply([put(WEB, 5n)]);
  nowMs = 11;
  t.throws(() => cache.write(KEY, 4n), { code: 'conflict' });
  t.like(cache.stats(), { logEntries: 0, oldestRevision: 5n, revision: 6n });
});

engineTest('an object that is refused uses up no revision', (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 5n)]);
  const object = Buffer.from('{"metadata":');
  t.throws(() => cache.write({ ...KEY, object }, 1n), { code: 'invalid-object' });
  const other = { ...KEY, name: 'other', object: widgetSource(WEB) };
  t.throws(() => cache.write(other), { code: 'key-mismatch' });
  t.is(cache.revision, 5n);
  cache.close();
  t.throws(() => cache.write({ ...KEY, object }), { code: 'closed' });
});

engineTest('revisions have 64 bits', (t, engine) => {
  const cache = engine.create();
  const range = { instanceOf: RangeError, message: /64 bits/ };
  t.throws(() => cache.apply([put(WEB, REVISION_MAX + 1n)]), range);
  t.throws(() => cache.apply([put(WEB, 1n), put(WEB, 2n ** 64n + 2n)]), range);
  t.throws(() => cache.replace([], REVISION_MAX + 1n), range);
  t.throws(() => cache.replace([put(WEB, -1n)], 3n), range);
  t.throws(() => cache.progress(REVISION_MAX + 1n), range);
  cache.progress(-1n);
  t.is(cache.revision, 0n);
  t.throws(() => cache.root(-1n), { code: 'revision-expired' });
  t.throws(() => cache.root(2n ** 64n), { code: 'revision-future' });
  const from = { type: 'after' as const, revision: -1n };
  t.throws(() => cache.watch({ from, wake: () => {} }), { code: 'revision-expired' });
  const never = { type: 'after' as const, revision: 2n ** 64n };
  const watch = cache.watch({ from: never, wake: () => t.fail() });
  t.is(watch.revision, 2n ** 64n);
  cache.apply([put(WEB, REVISION_MAX)]);
  t.is(cache.revision, REVISION_MAX);
  t.is(text(cache.get(KEY)?.object), widgetText(WEB, REVISION_MAX));
  t.deepEqual(drainAll(watch), []);
  t.throws(() => cache.write(KEY), range, 'there is no next one');
});
