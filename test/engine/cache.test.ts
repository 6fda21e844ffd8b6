import { EngineError, type EngineErrorCode, type EngineStats } from '../../lib/engine/index.js';
import { ObjectError } from '../../lib/object/index.js';
import type { ExecutionContext } from 'ava';

import { engineTest } from './engines.js';
import { drainAll, listKeys, listText, put, remove, text, widgetText } from './widget.js';

const WEB = { namespace: 'a', name: 'web', value: 1 };
const API = { namespace: 'a', name: 'api', value: 2 };

function throwsCode(
  t: ExecutionContext,
  call: () => unknown,
  code: EngineErrorCode,
  index?: number,
): EngineError | undefined {
  const error = t.throws(call, { instanceOf: EngineError });
  t.is(error?.code, code);
  t.is(error?.index, index);
  return error;
}

engineTest(
  'an object is served as canonical bytes with the revision of its change',
  (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 7n)]);
    const found = cache.get({ namespace: 'a', name: 'web' });
    t.is(text(found?.object), widgetText(WEB, 7n));
    t.deepEqual([found?.namespace, found?.name, found?.revision], ['a', 'web', 7n]);
    t.is(cache.get({ namespace: 'a', name: 'nobody' }), undefined);
    t.is(cache.get({ namespace: 'b', name: 'web' }), undefined);
  },
);

engineTest(
  'what was handed out belongs to the caller, and so does what was handed in',
  (t, engine) => {
    const cache = engine.create();
    const change = put(WEB, 1n);
    cache.apply([change]);
    change.object.fill(0);
    const first = cache.get(WEB)!;
    first.object.fill(0);
    t.is(text(cache.get(WEB)?.object), widgetText(WEB, 1n));
  },
);

engineTest('another apiVersion is served on demand, in get, list and watch', (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 1n)]);
  const apiVersion = 'example.com/v1beta1';
  const expected = widgetText(WEB, 1n, apiVersion);
  t.is(text(cache.get(WEB, apiVersion)?.object), expected);
  t.is(text(cache.root().get(WEB, apiVersion)?.object), expected);
  t.is(listText(cache.list({ apiVersion })), `[${expected}]`);
  const watch = cache.watch({ apiVersion, from: { type: 'after', revision: 0n }, wake: () => {} });
  t.is(text(watch.drainEvents(1).items[0]?.object), expected);
  t.is(text(cache.get(WEB, 'example.com/v1')?.object), widgetText(WEB, 1n));
});

engineTest('an object without apiVersion gets one where one is asked for', (t, engine) => {
  const cache = engine.create();
  const object = Buffer.from('{"metadata":{"name":"x"},"A":1}');
  cache.apply([{ type: 'put', namespace: '', name: 'x', object, revision: 5n }]);
  const key = { namespace: '', name: 'x' };
  t.is(text(cache.get(key)?.object), '{"A":1,"metadata":{"name":"x","resourceVersion":"5"}}');
  t.is(
    text(cache.get(key, 'v1')?.object),
    '{"A":1,"apiVersion":"v1","metadata":{"name":"x","resourceVersion":"5"}}',
  );
});

const REFUSED = [
  {
    title: 'a revision that is not above the last',
    bad: put(API, 10n),
    code: 'revision-not-rising' as const,
  },
  {
    title: 'a revision that falls within the batch',
    bad: remove('a', 'web', 11n),
    code: 'revision-not-rising' as const,
  },
  {
    title: 'bytes that are no JSON',
    bad: { ...put(API, 12n), object: Buffer.from('{"metadata":') },
    code: 'invalid-object' as const,
  },
  {
    title: 'JSON that is no object',
    bad: { ...put(API, 12n), object: Buffer.from('[]') },
    code: 'invalid-object' as const,
  },
  {
    title: 'an object of another name',
    bad: { ...put(API, 12n), name: 'other' },
    code: 'key-mismatch' as const,
  },
  {
    title: 'an object of another namespace',
    bad: { ...put(API, 12n), namespace: 'b' },
    code: 'key-mismatch' as const,
  },
  {
    title: 'an object without a name',
    bad: { ...put(API, 12n), namespace: '', name: '', object: Buffer.from('{}') },
    code: 'key-mismatch' as const,
  },
];

for (const { title, bad, code } of REFUSED) {
  engineTest(`a batch with ${title} applies nothing`, (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 10n)]);
    const watch = cache.watch({ from: { type: 'after', revision: 10n }, wake: () => t.fail() });
    const before = visible(cache.stats());
    const good = put({ ...WEB, value: 3 }, 11n);
    const error = throwsCode(t, () => cache.apply([good, bad, put(API, 13n)]), code, 1);
    if (code === 'invalid-object') t.true(error?.cause instanceof ObjectError);
    t.deepEqual(visible(cache.stats()), before);
    t.is(listText(cache.list({})), `[${widgetText(WEB, 10n)}]`);
    t.deepEqual(drainAll(watch), []);
    cache.apply([put(API, 11n)]);
    t.deepEqual(drainAll(watch), ['ADDED a/api 11'], 'the cache goes on as if nothing had been');
  });
}

// Free memory may grow by what the refused batch had taken.
function visible(stats: EngineStats): Omit<EngineStats, 'bytesFree'> {
  const { bytesFree: _, ...rest } = stats;
  return rest;
}

engineTest('an empty batch changes nothing', (t, engine) => {
  const cache = engine.create();
  cache.apply([]);
  t.is(cache.revision, 0n);
});

engineTest('deleting what is not there raises the revision and is no event', (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 1n)]);
  cache.apply([remove('a', 'nobody', 2n), remove('nowhere', 'web', 3n)]);
  t.is(cache.revision, 3n);
  t.is(cache.stats().logEntries, 1);
  t.is(text(cache.root(2n).get(WEB)?.object), widgetText(WEB, 1n));
});

engineTest('progress raises the revision and nothing else', (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 5n)]);
  const watch = cache.watch({ from: { type: 'after', revision: 5n }, wake: () => t.fail() });
  cache.progress(9n);
  cache.progress(7n);
  t.is(cache.revision, 9n);
  t.is(cache.list({}).revision, 9n);
  t.is(watch.drainEvents(10).position, 9n);
  t.is(cache.stats().logEntries, 1);
  throwsCode(t, () => cache.apply([put(API, 9n)]), 'revision-not-rising', 0);
});

engineTest(
  'replace begins a generation: other objects, no history, all watches ended',
  (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 1n), put(API, 2n)]);
    const root = cache.root();
    const watch = cache.watch({ from: { type: 'after', revision: 0n }, wake: () => {} });
    cache.replace([put({ ...API, value: 9 }, 4n)], 6n);
    t.deepEqual([cache.generation, cache.revision, cache.oldestRevision], [1, 6n, 6n]);
    t.is(listText(cache.list({})), `[${widgetText({ ...API, value: 9 }, 4n)}]`);
    t.is(listText(root.list({})), `[${widgetText(API, 2n)},${widgetText(WEB, 1n)}]`);
    t.is(root.generation, 0);
    t.like(watch.drainEvents(10), { items: [], end: 'replaced', more: false });
    throwsCode(t, () => cache.root(5n), 'revision-expired');
    throwsCode(
      t,
      () => cache.watch({ from: { type: 'after', revision: 5n }, wake: () => {} }),
      'revision-expired',
    );
    const next = cache.watch({ from: { type: 'after', revision: 6n }, wake: () => {} });
    cache.apply([put(WEB, 7n)]);
    t.deepEqual(drainAll(next), ['ADDED a/web 7']);
  },
);

engineTest(
  'what replace drops is freed once no root of the old generation is held',
  (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 1n), put(API, 2n), put({ ...WEB, value: 8 }, 3n)]);
    const oldRoot = cache.root();
    cache.replace([put(WEB, 1n)], 4n);
    const newRoot = cache.root();
    t.true(cache.stats().bytesRetained > 0);
    oldRoot.close();
    t.is(
      cache.stats().bytesRetained,
      0,
      'a root of the new generation keeps nothing of the old one',
    );
    newRoot.close();
  },
);

engineTest('a replace that is refused changes nothing', (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 5n)]);
  const before = visible(cache.stats());
  throwsCode(t, () => cache.replace([], 4n), 'revision-not-rising');
  throwsCode(t, () => cache.replace([put(WEB, 6n), put(API, 8n)], 7n), 'revision-not-rising', 1);
  throwsCode(t, () => cache.replace([put(WEB, 6n), put(WEB, 7n)], 7n), 'invalid-object', 1);
  const object = Buffer.from('nonsense');
  throwsCode(t, () => cache.replace([{ ...put(WEB, 6n), object }], 7n), 'invalid-object', 0);
  t.deepEqual(visible(cache.stats()), before);
});

engineTest('an undeclared field is refused by list and watch, and leaves no trace', (t, engine) => {
  const cache = engine.create();
  const selector = {
    labels: [],
    fields: [{ path: 'spec.color', operator: 'Equals' as const, value: 'red' }],
  };
  throwsCode(t, () => cache.list({ selector }), 'undeclared-field');
  throwsCode(t, () => cache.root().list({ selector }), 'undeclared-field');
  const from = { type: 'state' as const };
  throwsCode(t, () => cache.watch({ selector, from, wake: () => {} }), 'undeclared-field');
  t.like(cache.stats(), { watches: 0, watchGroups: 0 });
});

engineTest(
  'a closed cache ends its watches and refuses everything but stats and close',
  (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 1n)]);
    const watch = cache.watch({ from: { type: 'state' }, wake: () => {} });
    const root = cache.root();
    cache.close();
    cache.close();
    t.like(watch.drainFrames(1000), { items: [], end: 'closed' });
    const calls: (() => unknown)[] = [
      () => cache.apply([]),
      () => cache.replace([], 9n),
      () => cache.progress(9n),
      () => cache.get(WEB),
      () => cache.list({}),
      () => cache.root(),
      () => cache.watch({ from: { type: 'state' }, wake: () => {} }),
      () => cache.trim(),
    ];
    for (const call of calls) throwsCode(t, call, 'closed');
    t.is(listText(root.list({})), `[${widgetText(WEB, 1n)}]`, 'a held root is readable to its end');
    t.true(cache.stats().bytesRetained > 0);
    root.close();
    t.like(cache.stats(), { objects: 0, bytesLive: 0, bytesRetained: 0, roots: 0, watches: 0 });
  },
);

engineTest('a root or list that was closed refuses to be read', (t, engine) => {
  const cache = engine.create();
  cache.apply([put(WEB, 1n)]);
  const before = cache.stats().roots;
  const root = cache.root();
  const list = root.list({});
  root.close();
  root.close();
  throwsCode(t, () => root.get(WEB), 'closed');
  throwsCode(t, () => root.list({}), 'closed');
  t.deepEqual(listKeys(list), ['a/web'], 'a list holds its root by itself');
  list.close();
  list.close();
  throwsCode(t, () => list.read(10), 'closed');
  throwsCode(t, () => list.readObjects(10), 'closed');
  t.is(cache.stats().roots, before, 'nothing is held any more');
});

engineTest('history is kept for the window and dropped when the cache is idle', (t, engine) => {
  let nowMs = 0;
  const cache = engine.create({
    now: () => nowMs,
    history: { windowMs: 1000, entriesMin: 2 },
  });
  for (let revision = 1n; revision <= 5n; revision++) {
    cache.apply([put({ ...WEB, value: Number(revision) }, revision)]);
    nowMs += 400;
  }
  t.like(cache.stats(), { logEntries: 3, logStart: 2, logEnd: 5, oldestRevision: 2n });
  nowMs = 60_000;
  t.is(cache.stats().oldestAgeMs, 59_200);
  cache.trim();
  t.like(cache.stats(), { logEntries: 2, logStart: 3, logEnd: 5, oldestRevision: 3n });
  t.is(cache.oldestRevision, 3n);
  const error = throwsCode(t, () => cache.root(2n), 'revision-expired');
  t.is(error?.oldestRevision, 3n);
  t.is(error?.message, 'too old resource version: 2 (3)');
  t.is(text(cache.root(3n).get(WEB)?.object), widgetText({ ...WEB, value: 3 }, 3n));
  throwsCode(t, () => cache.root(6n), 'revision-future');
});

engineTest(
  'the state between two events is that of the earlier, at the revision asked for',
  (t, engine) => {
    const cache = engine.create();
    cache.apply([put(WEB, 10n)]);
    cache.apply([put({ ...WEB, value: 2 }, 20n), remove('a', 'web', 21n)]);
    cache.progress(30n);
    const expected = [
      [9n, '[]'],
      [10n, `[${widgetText(WEB, 10n)}]`],
      [19n, `[${widgetText(WEB, 10n)}]`],
      [20n, `[${widgetText({ ...WEB, value: 2 }, 20n)}]`],
      [21n, '[]'],
      [25n, '[]'],
      [30n, '[]'],
    ] as const;
    for (const [revision, state] of expected) {
      const root = cache.root(revision);
      t.is(root.revision, revision);
      t.is(root.list({}).revision, revision);
      t.is(listText(root.list({})), state);
      root.close();
    }
  },
);

engineTest('roots kept by the history go with the log', (t, engine) => {
  let nowMs = 0;
  const cache = engine.create({ now: () => nowMs, history: { windowMs: 10, entriesMin: 0 } });
  for (let revision = 1n; revision <= 500n; revision++) cache.apply([put(WEB, revision)]);
  for (let revision = 3n; revision <= 490n; revision += 5n) cache.root(revision).close();
  t.true(cache.stats().roots >= 500 / 64);
  // A state that was made is held, and with it the one that it was made from.
  const rootsMax = 500 / 32 + 1 + 2 * 16;
  t.true(cache.stats().roots <= rootsMax, 'not one for every revision that was read');
  nowMs = 100;
  cache.trim();
  t.like(cache.stats(), { logEntries: 0, bytesRetained: 0 });
  t.true(cache.stats().roots <= 1);
});
