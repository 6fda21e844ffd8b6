/** Snapshots: the state of one revision, for nothing, until closed. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { CacheSnapshot, WatchCache } from '../../lib/cache/index.js';
import {
  cacheTest,
  serialCacheTest,
  keys,
  pullText,
  rejects,
  standAlone,
  turn,
  type Widget,
  widget,
} from './fixture.js';

cacheTest('a snapshot never changes, whatever is written', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.apply(['a', 'b', 'c'].map((name) => ({ type: 'put', object: widget('ns', name) })));
  const snapshot = cache.snapshot();
  const document = (): string => pullText(snapshot.list().body('WidgetList', 'v1'));
  const before = document();
  cache.apply([
    { type: 'put', object: widget('ns', 'a', { value: 7 }) },
    { type: 'delete', namespace: 'ns', name: 'b' },
    { type: 'put', object: widget('ns', 'd') },
  ]);
  cache.replace([widget('ns', 'z')]);
  t.is(document(), before);
  t.is(snapshot.resourceVersion, '4');
  t.is(snapshot.size, 3);
  t.is(snapshot.get('ns', 'b')?.resourceVersion, '3');
  t.is(snapshot.get('ns', 'a')?.parse().spec?.value, undefined);
  t.is(snapshot.get('ns', 'd'), undefined);
  t.is(snapshot.get('ns', 'a', { apiVersion: 'v9' })?.parse().apiVersion, 'v9');
  snapshot.close();
  snapshot[Symbol.dispose]();
  await rejects(t, () => snapshot.list(), 'closed');
  await rejects(t, () => snapshot.get('ns', 'a'), 'closed');
});

cacheTest('a snapshot of an earlier revision is that revision', async (t, engine) => {
  const cache = standAlone(t, engine, { history: { windowMs: 0, entriesMin: 2, entriesMax: 2 } });
  for (const name of ['a', 'b', 'c', 'd']) cache.apply({ type: 'put', object: widget('ns', name) });
  const snapshot = cache.snapshot('4');
  t.deepEqual(keys(snapshot.list()), ['ns/a@2', 'ns/b@3', 'ns/c@4']);
  snapshot.close();
  const gone = await rejects(t, () => cache.snapshot('2'), 'expired');
  t.like(gone, { requested: '2', current: '3' });
  const future = await rejects(t, () => cache.snapshot('9'), 'resource-version-too-large');
  t.like(future, { requested: '9', current: '5' });
  await rejects(t, () => cache.snapshot('x'), 'invalid-resource-version');
});

cacheTest('a snapshot lists by scope, selector and page', async (t, engine) => {
  const cache = standAlone(t, engine);
  cache.replace([
    widget('one', 'a', { labels: { tier: 'gold' } }),
    widget('one', 'b', { color: 'red' }),
    widget('two', 'a'),
  ]);
  const snapshot = cache.snapshot();
  const names = (options: Parameters<typeof snapshot.list>[0]): string[] =>
    Array.from(snapshot.list(options).objects(), ({ namespace, name }) => `${namespace}/${name}`);
  t.deepEqual(names({ namespace: 'one' }), ['one/a', 'one/b']);
  t.deepEqual(names({ labelSelector: 'tier' }), ['one/a']);
  t.deepEqual(names({ fieldSelector: 'spec.color=red' }), ['one/b']);
  t.deepEqual(names({ fieldSelector: 'metadata.name=a' }), ['one/a', 'two/a']);
  const page = snapshot.list({ limit: 1 });
  t.is(page.remainingItemCount, 2);
  t.deepEqual(names({ limit: 1, continue: page.continue! }), ['one/b']);
  await rejects(t, () => snapshot.list({ fieldSelector: 'x=1' }), 'field-not-supported');
  cache.apply({ type: 'delete', namespace: 'one', name: 'a' });
  const later = (await cache.list({ limit: 1 })).continue!;
  await rejects(t, () => snapshot.list({ continue: later }), 'invalid-continue');
  snapshot.close();
});

/** As large as small objects are in practice. */
function padded(object: Widget): Widget {
  return { ...object, spec: { ...object.spec, padding: 'p'.repeat(1_000) } } as Widget;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

// Array buffers are freed some turns after what held them.
async function bytesUsed(cache?: WatchCache<Widget>): Promise<number> {
  for (let count = 0; count < 4; count++) {
    collectGarbage();
    await turn();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  // What V8 does not know of.
  const { bytesReserved = 0, bytesFree = 0 } = cache?.engine === 'native' ? cache.stats() : {};
  return heapUsed + arrayBuffers + bytesReserved - bytesFree;
}

serialCacheTest(
  '1 000 snapshots of 100 000 objects add less than 5 % memory',
  async (t, engine) => {
    const empty = await bytesUsed();
    const cache = standAlone(t, engine);
    const objects = function* (): Generator<Widget> {
      for (let index = 0; index < 100_000; index++) {
        yield padded(widget(`ns${index % 50}`, `widget-${index}`, { color: 'red', value: index }));
      }
    };
    cache.replace(objects());
    const full = await bytesUsed(cache);
    const write = (index: number): void => {
      const object = widget(`ns${index % 50}`, `widget-${index}`, { color: 'red', value: -index });
      cache.apply({ type: 'put', object: padded(object) });
    };
    // The writes between the snapshots leave events and old versions behind, with snapshots or
    // without.
    for (let index = 1_000; index < 2_000; index++) write(index);
    const written = await bytesUsed(cache);
    const snapshots: CacheSnapshot<Widget>[] = [];
    for (let index = 0; index < 1_000; index++) {
      snapshots.push(cache.snapshot());
      write(index);
    }
    const held = await bytesUsed(cache);
    const added = held - written - (written - full);
    t.log(`${added} bytes of snapshots over ${full - empty} bytes of objects`);
    t.true(added < 0.05 * (full - empty));
    t.true(snapshots.every((snapshot) => snapshot.size === 100_000));
    t.is(snapshots[500]?.get('ns0', 'widget-500')?.parse().spec?.value, 500);
    t.is(snapshots[501]?.get('ns0', 'widget-500')?.parse().spec?.value, -500);
    for (const snapshot of snapshots) snapshot.close();
  },
);
