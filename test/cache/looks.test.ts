/** Searches through many objects for few: others have their turns, and nothing is missed. */

import test from 'ava';

import { WatchCache } from '../../lib/cache/index.js';
import { LOOKS_MAX } from '../../lib/cache/looks.js';
import type { EngineKind } from '../../lib/engine/index.js';
import type { PullSource } from '../../lib/request/index.js';
import { drain, keys, pullText, rejects, serialCacheTest, type Widget, widget } from './fixture.js';

/** A search through so many takes more than two turns. */
const OBJECTS = 2 * LOOKS_MAX + 100;

/** Met by the last object alone, and known of no other without asking it. */
const LAST = { labelSelector: 'app!=common' };

/** Every so many objects have a colour. */
const EVERY = 1_000;
const FOUND = Math.ceil(OBJECTS / EVERY);

const LAST_NAME = `w${OBJECTS - 1}`;

/** One for all tests of an engine: filling it takes longer than they do. */
const filled = new Map<EngineKind, WatchCache<Widget>>();

function cacheOf(engine: EngineKind): WatchCache<Widget> {
  const known = filled.get(engine);
  if (known !== undefined) return known;
  const cache = new WatchCache<Widget>({ engine, fields: ['spec.color'] });
  filled.set(engine, cache);
  const text = JSON.stringify(widget('ns', 'w00000', { labels: { app: 'common' }, color: 'C' }));
  for (let index = 0; index < OBJECTS; index++) {
    const object = text
      .replace('w00000', `w${String(index).padStart(5, '0')}`)
      .replace('"C"', index % EVERY === 0 ? '"red"' : '""')
      .replace('common', index === OBJECTS - 1 ? 'rare' : 'common');
    cache.apply({ type: 'put', object });
  }
  return cache;
}

test.after.always(() => {
  for (const cache of filled.values()) cache.close();
});

/** Counts the event loop's turns until it is stopped. */
function countTurns(): { readonly count: number; stop(): void } {
  let isStopped = false;
  const turns = { count: 0, stop: () => void (isStopped = true) };
  const next = (): void => {
    if (isStopped) return;
    turns.count++;
    setImmediate(next);
  };
  setImmediate(next);
  return turns;
}

/** Everything that a source has, pulled as a transport does, and how often that had to wait. */
async function pullAll(source: PullSource): Promise<{ text: string; waits: number }> {
  let text = '';
  for (let waits = 0; ;) {
    const pulled = source.pull(64 * 1024);
    if (pulled.type === 'chunks') {
      text += Buffer.concat(pulled.chunks).toString();
      pulled.release?.();
    } else if (pulled.type === 'wait') {
      waits++;
      await new Promise<void>((resolve) => source.onReadable(resolve));
    } else {
      return { text, waits };
    }
  }
}

serialCacheTest('a list is searched for turn by turn', async (t, engine) => {
  const cache = cacheOf(engine);
  const { roots } = cache.stats();
  const turns = countTurns();
  const list = await cache.list(LAST);
  const { text, waits } = await pullAll(list.body('WidgetList', 'example.com/v1'));
  turns.stop();
  const { items } = JSON.parse(text) as { items: Widget[] };
  t.deepEqual(
    items.map(({ metadata }) => metadata.name),
    [LAST_NAME],
  );
  t.true(waits >= 2, `${waits} waits`);
  t.true(turns.count >= 2);
  t.is(cache.stats().roots, roots, 'it holds no state any more');
});

/** Met by some objects, few in any turn. */
const SOME = { fieldSelector: 'spec.color!=' };

serialCacheTest('what is found on the way does not make a turn longer', async (t, engine) => {
  const cache = cacheOf(engine);
  const list = await cache.list(SOME);
  const { text, waits } = await pullAll(list.body('WidgetList', 'example.com/v1'));
  t.is((JSON.parse(text) as { items: unknown[] }).items.length, FOUND);
  t.true(waits >= 2, `${waits} waits`);
  const stream = await cache.watch({ ...SOME, resourceVersion: '0' });
  const frames = stream.frames({ apiVersion: 'example.com/v1', kind: 'Widget' });
  let length = 0;
  for (let turns = 0; length < FOUND; turns++) {
    t.true(turns <= 4, 'each turn gives what it has found');
    // All that there is in one turn of the loop.
    const inTurn = pullText(frames).split('\n').length - 1;
    t.true(inTurn < LOOKS_MAX / EVERY + 2, `${inTurn} in one turn`);
    length += inTurn;
    if (length < FOUND) await new Promise<void>((resolve) => frames.onReadable(resolve));
  }
  stream.close();
});

serialCacheTest('whoever takes objects one by one gets them all', async (t, engine) => {
  const cache = cacheOf(engine);
  t.deepEqual(keys(await cache.list(LAST)), [`ns/${LAST_NAME}@${cache.resourceVersion}`]);
});

serialCacheTest('a page is searched for turn by turn, before it is answered', async (t, engine) => {
  const cache = cacheOf(engine);
  const turns = countTurns();
  const list = await cache.list({ ...LAST, limit: 1 });
  turns.stop();
  t.true(turns.count >= 2, `${turns.count} turns`);
  t.is(list.continue, undefined);
  t.is(keys(list).length, 1);
  const common = await cache.list({ labelSelector: 'app!=rare', limit: OBJECTS - 2 });
  t.true(common.continue !== undefined, 'what follows is known by then');
  common.close();
});

serialCacheTest('a search that nobody waits for any more is given up', async (t, engine) => {
  const cache = cacheOf(engine);
  const { roots } = cache.stats();
  const controller = new AbortController();
  const listed = cache.list({ ...LAST, limit: 1, signal: controller.signal });
  setImmediate(() => controller.abort());
  await rejects(t, () => listed, 'aborted');
  t.is(cache.stats().roots, roots, 'it holds no state');
});

serialCacheTest(
  'the initial events of a watch are searched for turn by turn',
  async (t, engine) => {
    const cache = cacheOf(engine);
    const stream = await cache.watch({ ...LAST, sendInitialEvents: true, allowBookmarks: true });
    const source = stream.source();
    const turns = countTurns();
    const events: string[] = [];
    let waits = 0;
    while (!events.some((event) => event.startsWith('INITIAL-END'))) {
      events.push(...drain(source));
      waits++;
      await new Promise<void>((resolve) => {
        if (events.length > 0) resolve();
        else source.onReadable(resolve);
      });
    }
    turns.stop();
    const revision = cache.resourceVersion;
    t.deepEqual(events, [`ADDED ns/${LAST_NAME}@${revision}`, `INITIAL-END @${revision}`]);
    t.true(waits >= 2, `${waits} waits`);
    t.true(turns.count >= 2, `${turns.count} turns`);
    stream.close();
  },
);
