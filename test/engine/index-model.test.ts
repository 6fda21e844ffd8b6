/**
 * Lists and initial events by index, against a plain filter of everything: random declarations,
 * random objects and selectors, states of the present and of the past, pages and trimmed histories.
 * Some values are rare enough for an index to be taken, others are not.
 */

import fc from 'fast-check';

import type { Change, EngineCache, IndexDeclaration, Put } from '../../lib/engine/index.js';
import {
  type FieldRequirement,
  type LabelRequirement,
  matchesFields,
  matchesLabels,
} from '../../lib/object/index.js';
import { engineTest, type TestEngine } from './engines.js';
import { drainEvents, listKeys, put, remove, type Widget } from './widget.js';

const OBJECTS = 700;
const NAMESPACES = ['', 'a', 'a-b', 'a.b', 'é', '😀'];
const LABELS = ['app', 'tier', 'zone'];
// The first one is common, and one that no object has comes last.
const VALUES = ['common', 'x', 'y', '', 'ü', 'none'];

interface Plan {
  readonly indexes: IndexDeclaration;
  readonly batches: readonly (readonly ChangePlan[])[];
  readonly queries: readonly QueryPlan[];
  readonly entriesMax: number;
}

interface ChangePlan {
  readonly object: number;
  /** Absent: the object's end. */
  readonly values: readonly number[] | undefined;
}

interface QueryPlan {
  readonly namespace: string | undefined;
  readonly labels: readonly LabelRequirement[];
  readonly fields: readonly FieldRequirement[];
  /** Events before the newest, taken modulo what there are. */
  readonly age: number;
  readonly limit: number;
}

// Mostly the common one.
const value = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.nat(VALUES.length) },
);

const change: fc.Arbitrary<ChangePlan> = fc.record({
  object: fc.nat(OBJECTS - 1),
  values: fc.option(fc.array(value, { minLength: 4, maxLength: 4 }), { nil: undefined, freq: 8 }),
});

const label: fc.Arbitrary<LabelRequirement> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      key: fc.constantFrom(...LABELS),
      operator: fc.constant('In' as const),
      values: fc.array(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      key: fc.constantFrom(...LABELS),
      operator: fc.constantFrom('NotIn' as const, 'Exists' as const, 'DoesNotExist' as const),
      values: fc.constant(['x']),
    }),
  },
);

const field: fc.Arbitrary<FieldRequirement> = fc.record({
  path: fc.constant('spec.node'),
  operator: fc.oneof(
    { weight: 4, arbitrary: fc.constant('Equals' as const) },
    { weight: 1, arbitrary: fc.constant('NotEquals' as const) },
  ),
  value: fc.constantFrom(...VALUES),
});

const query: fc.Arbitrary<QueryPlan> = fc.record({
  namespace: fc.option(fc.constantFrom(...NAMESPACES), { nil: undefined }),
  labels: fc.array(label, { maxLength: 2 }),
  fields: fc.array(field, { maxLength: 1 }),
  age: fc.nat(2000),
  limit: fc.constantFrom(0, 1, 3, 50),
});

const plan: fc.Arbitrary<Plan> = fc.record({
  indexes: fc.record({
    fields: fc.subarray(['spec.node']),
    labels: fc.subarray(LABELS),
  }),
  batches: fc.array(fc.array(change, { minLength: 1, maxLength: 40 }), {
    minLength: 1,
    maxLength: 12,
    size: 'max',
  }),
  queries: fc.array(query, { minLength: 4, maxLength: 12, size: 'max' }),
  entriesMax: fc.constantFrom(5, 100, 100_000),
});

type State = ReadonlyMap<string, Widget>;

class Run {
  readonly #cache: EngineCache;
  /** By revision. */
  readonly #states = new Map<bigint, State>();
  #state = new Map<string, Widget>();
  #revision = 0n;

  constructor(engine: TestEngine, { indexes, entriesMax }: Plan) {
    this.#cache = engine.create({ indexes, history: { entriesMin: 0, entriesMax } });
  }

  /** All objects at once, as a cache begins that is filled from a storage. */
  replace(): void {
    const objects: Put[] = [];
    for (let number = 0; number < OBJECTS; number++) {
      const widget = widgetOf(number, [0, 0, 0, number % 100 === 0 ? 1 : 0]);
      this.#state.set(keyOf(widget), widget);
      objects.push(put(widget, ++this.#revision));
    }
    this.#cache.replace(objects, this.#revision);
    this.#states.set(this.#revision, new Map(this.#state));
  }

  apply(batch: readonly ChangePlan[]): void {
    const changes = batch.map(({ object, values }): Change => {
      this.#revision++;
      const widget = widgetOf(object, values ?? [0, 0, 0, 0]);
      if (values === undefined) this.#state.delete(keyOf(widget));
      else this.#state.set(keyOf(widget), widget);
      this.#states.set(this.#revision, new Map(this.#state));
      return values === undefined
        ? remove(widget.namespace, widget.name, this.#revision)
        : put(widget, this.#revision);
    });
    this.#cache.apply(changes);
  }

  check(plan: QueryPlan): void {
    const { oldestRevision } = this.#cache;
    const count = Number(this.#revision - oldestRevision) + 1;
    const revision = this.#revision - BigInt(plan.age % count);
    const scope = {
      ...(plan.namespace === undefined ? {} : { namespace: plan.namespace }),
      selector: { labels: plan.labels, fields: plan.fields },
    };
    const expected = select(this.#states.get(revision)!, plan);
    const root = this.#cache.root(revision);
    equal(listKeys(root.list(scope)), expected, `a list at ${revision}`);
    if (plan.limit > 0) equal(pages(root, scope, plan.limit), expected, `pages at ${revision}`);
    root.close();
    const watch = this.#cache.watch({ ...scope, from: { type: 'state' }, wake: () => {} });
    const initial = drainEvents(watch).map(({ namespace, name }) => `${namespace}/${name}`);
    equal(initial, select(this.#state, plan), 'initial events');
    watch.close();
  }

  close(): void {
    this.#cache.close();
  }
}

function pages(
  root: ReturnType<EngineCache['root']>,
  scope: object,
  limit: number,
): readonly string[] {
  const keys: string[] = [];
  let start: { namespace: string; name: string } | undefined;
  for (;;) {
    const list = root.list({ ...scope, limit, ...(start === undefined ? {} : { start }) });
    const { last } = list;
    keys.push(...listKeys(list));
    if (last === undefined) return keys;
    start = { namespace: last.namespace, name: `${last.name}\0` };
  }
}

function select(state: State, { namespace, labels, fields }: QueryPlan): readonly string[] {
  const keys: string[] = [];
  for (const [key, widget] of state) {
    const fieldOf = (path: string): string | undefined =>
      path === 'spec.node' ? widget.node : undefined;
    if (namespace !== undefined && namespace !== widget.namespace) continue;
    if (!matchesLabels(labels, (name) => widget.labels?.[name])) continue;
    if (matchesFields(fields, fieldOf)) keys.push(key);
  }
  return keys.sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}

function widgetOf(number: number, values: readonly number[]): Widget {
  const labels: Record<string, string> = {};
  LABELS.forEach((name, index) => {
    const text = VALUES[values[index]!];
    if (text !== undefined && text !== 'none') labels[name] = text;
  });
  const node = VALUES[values[3]!];
  return {
    namespace: NAMESPACES[number % NAMESPACES.length]!,
    name: `w-${number}`,
    labels,
    ...(node === undefined || node === 'none' ? {} : { node }),
  };
}

function keyOf({ namespace, name }: Widget): string {
  return `${namespace}/${name}`;
}

function equal(actual: readonly string[], expected: readonly string[], what: string): void {
  if (actual.join() === expected.join()) return;
  throw new Error(`${what}: ${actual.join()} and not ${expected.join()}`);
}

engineTest('what an index finds is what a filter of everything finds', (t, engine) => {
  fc.assert(
    fc.property(plan, (history) => {
      const run = new Run(engine, history);
      run.replace();
      for (const batch of history.batches) {
        run.apply(batch);
        run.check(history.queries[0]!);
      }
      for (const each of history.queries) run.check(each);
      run.close();
    }),
    { numRuns: 25 },
  );
  t.pass();
});
