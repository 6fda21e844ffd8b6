/** What eventsSince tells when another thread comes between its look at a cache and its answer. */

import type { ExecutionContext } from 'ava';

import { CacheError, type CacheErrorCode } from '../../lib/cache/index.js';
import { FreshnessGate } from '../../lib/cache/freshness.js';
import { Readiness } from '../../lib/cache/readiness.js';
import { WatchCounts } from '../../lib/cache/watch-counts.js';
import { Watcher } from '../../lib/cache/watcher.js';
import {
  createEngineCache,
  type EngineCache,
  type EngineKind,
  type EngineWatch,
} from '../../lib/engine/index.js';
import { BookmarkScheduler } from '../../lib/watch/index.js';
import { ManualClock } from '../clock.js';
import { cacheOptions } from '../engine/candidates.js';
import { put } from '../engine/widget.js';
import { cacheTest } from './fixture.js';

const NAMESPACE = 'team';

function write(engine: EngineCache, revision: bigint): void {
  engine.apply([put({ namespace: NAMESPACE, name: 'lamp' }, revision)]);
}

/** The engine, whose watches are opened as `open` does it. */
function opening(
  engine: EngineCache,
  open: (query: Parameters<EngineCache['watch']>[0]) => EngineWatch,
): EngineCache {
  return new Proxy(engine, {
    get(target, property) {
      if (property === 'watch') return open;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function setUp(t: ExecutionContext, kind: EngineKind): { engine: EngineCache; clock: ManualClock } {
  const history = { entriesMin: 0, entriesMax: 4 };
  const engine = createEngineCache(kind, cacheOptions({ history }));
  t.teardown(() => engine.close());
  for (const revision of [1n, 2n, 3n]) write(engine, revision);
  return { engine, clock: new ManualClock() };
}

function watcherOf(engine: EngineCache, clock: ManualClock): Watcher {
  return new Watcher({
    engine,
    readiness: new Readiness(clock, 'ready'),
    rules: { fields: new Set(), namespaced: true },
    clock,
    bookmarks: new BookmarkScheduler(clock),
    freshness: new FreshnessGate(clock, 3_000, () => engine.revision),
    committed: () => engine.revision,
    refusesFuture: false,
    observer: {},
    counts: new WatchCounts(),
  });
}

const MEANWHILE: readonly {
  readonly title: string;
  readonly code: CacheErrorCode;
  readonly act: (engine: EngineCache) => void;
}[] = [
  {
    title: 'events that have left the history meanwhile are not passed over',
    code: 'expired',
    act: (engine) => {
      for (let revision = 4n; revision < 14n; revision++) write(engine, revision);
    },
  },
  {
    title: 'a state that was replaced meanwhile does not pass for one without events',
    code: 'expired',
    act: (engine) => engine.replace([], 9n),
  },
  {
    title: 'a cache that was closed meanwhile does not pass for one without events',
    code: 'closed',
    act: (engine) => engine.close(),
  },
];

for (const { title, code, act } of MEANWHILE) {
  cacheTest(title, (t, kind) => {
    const { engine, clock } = setUp(t, kind);
    const overtaken = opening(engine, (query) => {
      const watch = engine.watch(query);
      act(engine);
      return watch;
    });
    const watcher = watcherOf(overtaken, clock);
    const error = t.throws(() => watcher.eventsSince(NAMESPACE, 1n), { instanceOf: CacheError });
    t.is(error.code, code);
  });
}

cacheTest('a watch that has nothing to say yet is asked again', (t, kind) => {
  const { engine, clock } = setUp(t, kind);
  let isFirst = true;
  const slow = opening(engine, (query) => {
    const watch = engine.watch(query);
    return {
      isPaused: false,
      revision: watch.revision,
      drainFrames: (maxBytes) => watch.drainFrames(maxBytes),
      close: () => watch.close(),
      drainEvents: (maxEvents) => {
        if (!isFirst) return watch.drainEvents(maxEvents);
        isFirst = false;
        const nothing = { items: [], bytes: 0, more: false, end: undefined };
        return { ...nothing, phase: 'live', position: 1n };
      },
    };
  });
  const revisions = watcherOf(slow, clock)
    .eventsSince(NAMESPACE, 1n)
    .map(({ revision }) => revision);
  t.deepEqual(revisions, [2n, 3n]);
});
