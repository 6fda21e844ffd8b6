/**
 * What must hold of a cache whose every state is known: its lists, pages and watches against the
 * state at each revision. Of a stand-alone cache, and of one that a storage feeds.
 */

import type { ExecutionContext } from 'ava';
import fc from 'fast-check';

import { decodeContinue } from '../../lib/cache/continue-token.js';
import { CacheError, type WatchCache, type WatchEvent } from '../../lib/cache/index.js';
import type { Widget } from './fixture.js';

export interface Step {
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

export const steps: fc.Arbitrary<Step[]> = fc.array(
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

/** One object's new version, for what has to happen in each history. */
export function plainStep(color: string): Step {
  const key = { namespace: 'one', name: 'a' };
  return { type: 'put', ...key, tier: 'gold', color, batched: false, replace: false };
}

export interface Entry {
  readonly revision: bigint;
  readonly object: Widget;
}

export type State = ReadonlyMap<string, Entry>;
/** A cache, and what it should be at every revision that there was. */
export interface ModelledCache {
  readonly cache: WatchCache<Widget>;
  readonly states: ReadonlyMap<bigint, State>;
  readonly revision: bigint;
  /** At `revision`. */
  readonly state: State;
  /** The lowest revision that a list is answered at exactly. */
  readonly oldestListed: bigint;
}

export interface View {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export const VIEWS: readonly View[] = [
  {},
  { namespace: 'one' },
  { labelSelector: 'tier=gold' },
  { fieldSelector: 'spec.color=red' },
  { namespace: 'two', labelSelector: 'tier!=gold' },
];

export function isIn(
  { namespace, labelSelector, fieldSelector }: View,
  { object }: Entry,
): boolean {
  const { metadata, spec } = object;
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  if (labelSelector === 'tier=gold' && metadata.labels?.['tier'] !== 'gold') return false;
  if (labelSelector === 'tier!=gold' && metadata.labels?.['tier'] === 'gold') return false;
  return fieldSelector === undefined || fieldSelector === `spec.color=${spec?.color}`;
}

/** The state as a list shows it, `key@revision value`, in the order of keys' bytes. */
export function show(state: State, view: View): string[] {
  return [...state]
    .filter(([, entry]) => isIn(view, entry))
    .sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .map(([key, entry]) => line(key, entry.revision, entry.object));
}

export function line(key: string, revision: bigint | string, object: Widget): string {
  return `${key}@${revision} ${object.spec?.value}`;
}

export interface Page {
  readonly lines: string[];
  readonly resourceVersion: string;
  readonly token: string | undefined;
  readonly remaining: number | undefined;
}

export async function readPage(
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

export async function checkExact(t: ExecutionContext, model: ModelledCache): Promise<void> {
  const { cache } = model;
  const oldest = model.oldestListed;
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
export async function checkPages(
  t: ExecutionContext,
  model: ModelledCache,
  limit: number,
): Promise<void> {
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

/** After a token's revision is lost: the rest of the newest state, from the token's key on. */
export async function checkInconsistent(
  t: ExecutionContext,
  model: ModelledCache,
  view: View,
  token: string,
): Promise<void> {
  const scope = { cache: 'objects', namespace: view.namespace };
  const { revision, start } = decodeContinue(token, scope);
  t.true(revision < 0n);
  const from = Buffer.from(view.namespace === undefined ? start : `${view.namespace}/${start}`);
  const rest = new Map(
    [...model.state].filter(([key]) => Buffer.compare(Buffer.from(key), from) >= 0),
  );
  const suffix = show(rest, view);
  const page = await readPage(model.cache, { ...view, continue: token, limit: 1 });
  t.is(page.resourceVersion, model.revision.toString());
  if (page.token === undefined) return void t.deepEqual(page.lines, suffix);
  t.is(
    decodeContinue(page.token, scope).revision,
    model.revision,
    'what follows is of one revision again',
  );
  const next = await readPage(model.cache, { ...view, continue: page.token });
  t.is(next.resourceVersion, page.resourceVersion);
  t.deepEqual([...page.lines, ...next.lines], suffix);
}

/** A list and the events after it add up to every later state. */
export async function checkWatches(t: ExecutionContext, model: ModelledCache): Promise<void> {
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

export function follow(
  t: ExecutionContext,
  event: WatchEvent<Widget>,
  known: Map<string, Entry>,
): void {
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
