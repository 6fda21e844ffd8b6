/**
 * Random histories against a plain model: a map of objects for every revision.
 *
 * Checked after each history, for the whole and for parts of it: exact lists are the state of their
 * revision, pages chain to one state, lists and watches add up, snapshots stay, tokens that have
 * lost their revision go on at the newest.
 */

import type { ExecutionContext } from 'ava';
import fc from 'fast-check';

import { encodeContinue } from '../../lib/cache/continue-token.js';
import { CacheError, WatchCache } from '../../lib/cache/index.js';
import type { WatchEvent } from '../../lib/cache/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { ManualClock } from '../clock.js';
import { cacheTest, type Widget, widget } from './fixture.js';

interface Step {
  readonly type: 'put' | 'delete';
  readonly namespace: string;
  readonly name: string;
  readonly tier: string;
  readonly color: string;
  /** Whether the step shares its call with the one before it. */
  readonly batched: boolean;
  readonly replace: boolean;
}

// Neighbours in byte order that UTF-16 or naive prefixes would put elsewhere.
const NAMES = ['a', 'a-b', 'a.b', 'ab', 'b', 'é', '\uffee', '\u{1f600}'];

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    type: fc.constantFrom('put' as const, 'put' as const, 'delete' as const),
    namespace: fc.constantFrom('one', 'one-x', 'two'),
    name: fc.constantFrom(...NAMES),
    tier: fc.constantFrom('gold', 'tin'),
    color: fc.constantFrom('red', 'blue'),
    batched: fc.boolean(),
    replace: fc.integer({ min: 0, max: 30 }).map((number) => number === 0),
  }),
  // Without `size` fast-check makes ten or so.
  { minLength: 1, maxLength: 40, size: 'max' },
);

interface Entry {
  readonly revision: bigint;
  readonly object: Widget;
}

type State = ReadonlyMap<string, Entry>;

/** A cache and what it should be: the state at every revision since the last replacement. */
class Model {
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

interface View {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

const VIEWS: readonly View[] = [
  {},
  { namespace: 'one' },
  { labelSelector: 'tier=gold' },
  { fieldSelector: 'spec.color=red' },
  { namespace: 'two', labelSelector: 'tier!=gold' },
];

function isIn({ namespace, labelSelector, fieldSelector }: View, { object }: Entry): boolean {
  const { metadata, spec } = object;
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  if (labelSelector === 'tier=gold' && metadata.labels?.['tier'] !== 'gold') return false;
  if (labelSelector === 'tier!=gold' && metadata.labels?.['tier'] === 'gold') return false;
  return fieldSelector === undefined || spec?.color === 'red';
}

/** The state as a list shows it, `key@revision value`, in the order of keys' bytes. */
function show(state: State, view: View): string[] {
  return [...state]
    .filter(([, entry]) => isIn(view, entry))
    .sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .map(([key, entry]) => line(key, entry.revision, entry.object));
}

function line(key: string, revision: bigint | string, object: Widget): string {
  return `${key}@${revision} ${object.spec?.value}`;
}

interface Page {
  readonly lines: string[];
  readonly resourceVersion: string;
  readonly token: string | undefined;
  readonly remaining: number | undefined;
}

async function readPage(
  cache: WatchCache<Widget>,
  options: Parameters<WatchCache<Widget>['list']>[0],
): Promise<Page> {
  const list = await cache.list(options);
  const lines = Array.from(list.objects(), (object) =>
    line(`${object.namespace}/${object.name}`, object.resourceVersion, object.parse()),
  );
  const { resourceVersion, continue: token, remainingItemCount: remaining } = list;
  return { lines, resourceVersion, token, remaining };
}

async function checkExact(t: ExecutionContext, model: Model): Promise<void> {
  const { cache } = model;
  const oldest = BigInt(cache.stats().oldestResourceVersion);
  for (const [revision, state] of model.states) {
    const resourceVersion = revision.toString();
    for (const view of VIEWS) {
      const options = { ...view, resourceVersion, resourceVersionMatch: 'Exact' as const };
      if (revision < oldest) {
        const error = await t.throwsAsync(cache.list(options), { instanceOf: CacheError });
        t.is(error.code, 'expired');
        continue;
      }
      const page = await readPage(cache, options);
      t.is(page.resourceVersion, resourceVersion);
      t.deepEqual(page.lines, show(state, view));
      const first = await readPage(cache, { ...view, resourceVersion, limit: 2 });
      t.is(first.resourceVersion, resourceVersion);
      t.deepEqual(first.lines, page.lines.slice(0, 2));
      const newer = await readPage(cache, { ...view, resourceVersion });
      t.true(BigInt(newer.resourceVersion) >= revision);
      t.deepEqual(newer.lines, show(model.state, view));
    }
  }
}

/** Pages, with writes between them, are the state of the first page's revision. */
async function checkPages(t: ExecutionContext, model: Model, limit: number): Promise<void> {
  const { cache } = model;
  for (const view of VIEWS) {
    const expected = show(model.state, view);
    const lines: string[] = [];
    let page = await readPage(cache, { ...view, limit });
    const { resourceVersion } = page;
    for (;;) {
      lines.push(...page.lines);
      t.is(page.resourceVersion, resourceVersion);
      t.true(page.lines.length <= limit);
      const isSelective = view.labelSelector !== undefined || view.fieldSelector !== undefined;
      const isCounted = page.token !== undefined && !isSelective;
      t.is(page.remaining, isCounted ? expected.length - lines.length : undefined);
      if (page.token === undefined) break;
      try {
        page = await readPage(cache, { ...view, limit, continue: page.token });
      } catch (error) {
        // History went on without the page: the token for the newest revision says so.
        t.true(error instanceof CacheError && error.code === 'continue-expired');
        await checkInconsistent(t, model, view, (error as CacheError).continue!);
        return;
      }
    }
    t.deepEqual(lines, expected);
  }
}

/** After a token's revision is lost: the rest of the newest state. */
async function checkInconsistent(
  t: ExecutionContext,
  model: Model,
  view: View,
  token: string,
): Promise<void> {
  const page = await readPage(model.cache, { ...view, continue: token });
  const suffix = show(model.state, view).slice(-page.lines.length || Infinity);
  t.deepEqual(page.lines, suffix);
  t.is(page.resourceVersion, model.revision.toString());
}

/** A list and the events after it add up to every later state. */
async function checkWatches(t: ExecutionContext, model: Model): Promise<void> {
  const { cache } = model;
  const oldest = BigInt(cache.stats().oldestResourceVersion);
  for (const [start, state] of model.states) {
    if (start < oldest) {
      await t.throwsAsync(cache.watch({ resourceVersion: start.toString() }), {
        instanceOf: CacheError,
      });
      continue;
    }
    for (const view of VIEWS) {
      const stream = await cache.watch({ ...view, resourceVersion: start.toString() });
      const known = new Map([...state].filter(([, entry]) => isIn(view, entry)));
      let reached = start;
      const source = stream.source();
      for (let drained = source.drain(5); drained.type === 'events'; drained = source.drain(5)) {
        for (const event of drained.events) {
          const revision = BigInt(event.object.resourceVersion);
          t.true(revision > reached);
          reached = revision;
          follow(t, event, known);
          const expected = model.states.get(revision)!;
          t.deepEqual(show(known, {}), show(expected, view));
        }
      }
      t.deepEqual(show(known, {}), show(model.state, view));
      stream.close();
    }
  }
}

function follow(t: ExecutionContext, event: WatchEvent<Widget>, known: Map<string, Entry>): void {
  if (event.type === 'BOOKMARK') return t.fail('a bookmark that nobody asked for');
  const { namespace, name, resourceVersion } = event.object;
  const key = `${namespace}/${name}`;
  const object = event.object.parse();
  t.is(object.metadata.resourceVersion, resourceVersion);
  const before = known.get(key);
  t.is(before !== undefined, event.type !== 'ADDED');
  if (event.type === 'DELETED') {
    t.is(object.spec?.value, before?.object.spec?.value, 'the last version that matched');
    known.delete(key);
  } else {
    known.set(key, { revision: BigInt(resourceVersion), object });
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
      const token = encodeContinue({ revision: -1n, start: `${key}\0` });
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
