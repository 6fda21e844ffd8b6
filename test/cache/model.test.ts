/**
 * Random histories of a stand-alone cache against a plain model: a map of objects for every
 * revision. What is checked after each is in model-checks.ts.
 */

import fc from 'fast-check';

import { encodeContinue } from '../../lib/cache/continue-token.js';
import { CacheError, WatchCache } from '../../lib/cache/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { ManualClock } from '../clock.js';
import { cacheTest, type Widget, widget } from './fixture.js';
import {
  checkExact,
  checkInconsistent,
  checkPages,
  checkWatches,
  type Entry,
  follow,
  line,
  type ModelledCache,
  type Page,
  readPage,
  show,
  type State,
  type Step,
  steps,
  VIEWS,
} from './model-checks.js';

/** A cache and what it should be: the state at every revision since the last replacement. */
class Model implements ModelledCache {
  readonly cache: WatchCache<Widget>;
  readonly states = new Map<bigint, State>();
  revision = 1n;
  #number = 0;

  constructor(engine: EngineKind, entriesMax: number) {
    this.cache = new WatchCache<Widget>({
      engine,
      fields: ['spec.color'],
      clock: new ManualClock(),
      history: { entriesMin: 1, entriesMax, windowMs: 75_000 },
    });
    this.states.set(1n, new Map());
  }

  get state(): State {
    return this.states.get(this.revision)!;
  }

  get oldestListed(): bigint {
    return BigInt(this.cache.stats().oldestResourceVersion);
  }

  run(history: readonly Step[]): void {
    let batch: Step[] = [];
    for (const step of history) {
      if (!step.batched || step.replace) {
        this.#apply(batch);
        batch = [];
      }
      if (step.replace) this.#replace();
      batch.push(step);
    }
    this.#apply(batch);
  }

  #apply(batch: readonly Step[]): void {
    const changes = batch.map((step) => {
      const { type, namespace, name, tier, color } = step;
      const next = new Map(this.state);
      this.revision++;
      const key = `${namespace}/${name}`;
      const object = widget(namespace, name, { labels: { tier }, color, value: this.#number++ });
      if (type === 'put') next.set(key, { revision: this.revision, object });
      else next.delete(key);
      this.states.set(this.revision, next);
      return type === 'put' ? { type, object } : { type, namespace, name };
    });
    this.cache.apply(changes);
  }

  #replace(): void {
    this.revision += 3n;
    const state = new Map(this.states.get(this.revision - 3n));
    state.delete([...state.keys()][0] ?? '');
    this.states.clear();
    this.states.set(this.revision, state);
    const objects = Array.from(state.values(), ({ revision, object }) => ({
      ...object,
      metadata: { ...object.metadata, resourceVersion: revision.toString() },
    }));
    this.cache.replace(objects, { resourceVersion: this.revision.toString() });
  }
}
function property(
  engine: EngineKind,
  check: (model: Model, history: readonly Step[], more: readonly Step[]) => Promise<void>,
): Promise<void> {
  const entries = fc.constantFrom(3, 10, 1_000);
  return fc.assert(
    fc.asyncProperty(steps, steps, entries, async (history, more, entriesMax) => {
      const model = new Model(engine, entriesMax);
      model.run(history);
      await check(model, history, more);
      await model.cache.close();
    }),
    { numRuns: 30 },
  );
}

cacheTest('exact lists are the states of their revisions', (t, engine) =>
  property(engine, (model) => checkExact(t, model)),
);

cacheTest('pages chain to one state, whatever is written meanwhile', (t, engine) =>
  property(engine, async (model, _history, more) => {
    for (const limit of [1, 3, 100]) await checkPages(t, model, limit);
    const page = await readPage(model.cache, { limit: 2 });
    const expected = show(model.state, {});
    model.run(more);
    if (page.token === undefined) return;
    const rest = await readPage(model.cache, { continue: page.token }).catch(
      (error: unknown) => error,
    );
    if (rest instanceof CacheError) {
      t.is(rest.code, 'continue-expired');
      await checkInconsistent(t, model, {}, rest.continue!);
    } else {
      t.deepEqual([...page.lines, ...(rest as Page).lines], expected);
    }
  }),
);

cacheTest('a list and the events after it add up to every later state', (t, engine) =>
  property(engine, (model) => checkWatches(t, model)),
);

cacheTest('a stream of the state and of changes adds up, however it is drained', (t, engine) =>
  property(engine, async (model, history, more) => {
    const { cache } = model;
    const streams = await Promise.all(VIEWS.map((view) => cache.watch(view)));
    const generation = cache.stats().generation;
    const sources = streams.map((stream) => stream.source());
    const known = VIEWS.map(() => new Map<string, Entry>());
    const ended = VIEWS.map(() => false);
    const look = (max: number): void => {
      for (const [index, source] of sources.entries()) {
        const drained = source.drain(max);
        ended[index] = drained.type === 'end';
        if (drained.type !== 'events') continue;
        for (const event of drained.events) follow(t, event, known[index]!);
      }
    };
    look(1 + (history.length % 4));
    model.run(more);
    for (let count = 0; count < 500; count++) look(3);
    for (const [index, view] of VIEWS.entries()) {
      const { endReason } = streams[index]!;
      if (cache.stats().generation !== generation) t.is(endReason, 'replaced');
      else if (endReason !== undefined) t.is(endReason, 'expired');
      else t.deepEqual(show(known[index]!, {}), show(model.state, view));
    }
  }),
);

cacheTest('snapshots stay what they were', (t, engine) =>
  property(engine, async (model, _history, more) => {
    const { cache } = model;
    const held = VIEWS.map((view) => ({ view, snapshot: cache.snapshot() }));
    const expected = VIEWS.map((view) => show(model.state, view));
    model.run(more);
    for (const [index, { view, snapshot }] of held.entries()) {
      const lines = Array.from(snapshot.list(view).objects(), (object) =>
        line(`${object.namespace}/${object.name}`, object.resourceVersion, object.parse()),
      );
      t.deepEqual(lines, expected[index]);
      snapshot.close();
    }
  }),
);

cacheTest('a token for the newest revision gives the rest of the state, and goes on', (t, engine) =>
  property(engine, async (model) => {
    for (const [key] of model.state) {
      const token = encodeContinue(
        { revision: -1n, start: `${key}\0` },
        { cache: 'objects', namespace: undefined },
      );
      const all = show(model.state, {});
      const rest = all.slice(all.findIndex((text) => text.startsWith(`${key}@`)) + 1);
      const page = await readPage(model.cache, { continue: token, limit: 2 });
      t.deepEqual(page.lines, rest.slice(0, 2));
      if (page.token === undefined) continue;
      const next = await readPage(model.cache, { continue: page.token });
      t.is(next.resourceVersion, page.resourceVersion);
      t.deepEqual(next.lines, rest.slice(2));
    }
  }),
);
