/**
 * Random histories of an engine: what is done, as plain data, so that a history which fails can be
 * printed, shrunk and read.
 *
 * Operations name roots, lists and watches by a number that is taken modulo what is open, and
 * revisions by their distance from the present one: every history has a meaning, and so has every
 * part of it.
 */

import fc from 'fast-check';

import type { EngineSelector, HistoryLimits, IndexDeclaration } from '../../lib/engine/index.js';
import type { FieldRequirement, LabelRequirement } from '../../lib/object/index.js';

/** What is wrong with the bytes of a put. */
export type Flaw = 'cut' | 'array' | 'empty' | 'other-name' | 'other-namespace' | 'twice';

/** A change; `object` is absent for a deletion. */
export interface ChangePlan {
  readonly namespace: string;
  readonly name: string;
  /** How far its revision is above the one before. */
  readonly step: number;
  readonly object?: ObjectPlan;
}

export interface ObjectPlan {
  readonly apiVersion?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly value: number;
  /** Characters that make it long. */
  readonly padding: number;
  readonly flaw?: Flaw;
}

export interface ScopePlan {
  readonly namespace?: string;
  readonly name?: string;
  readonly apiVersion?: string;
  readonly selector?: EngineSelector;
}

export interface ListPlan extends ScopePlan {
  readonly start?: { readonly namespace: string; readonly name: string };
  readonly limit?: number;
}

export type Operation =
  | { readonly op: 'apply'; readonly changes: readonly ChangePlan[] }
  | { readonly op: 'write'; readonly change: ChangePlan; readonly expected?: Expected }
  | { readonly op: 'replace'; readonly objects: readonly ChangePlan[]; readonly step: number }
  | { readonly op: 'progress'; readonly step: number }
  | { readonly op: 'trim' }
  | { readonly op: 'wait'; readonly milliseconds: number }
  | { readonly op: 'turn' }
  | { readonly op: 'stats' }
  | {
      readonly op: 'get';
      readonly key: KeyPlan;
      readonly apiVersion?: string;
      readonly at?: number;
    }
  | {
      readonly op: 'get-into';
      readonly key: KeyPlan;
      /** Bytes of the memory. */
      readonly room: number;
      readonly apiVersion?: string;
      readonly at?: number;
    }
  | { readonly op: 'root'; readonly distance?: number }
  | { readonly op: 'root-close'; readonly at: number }
  | { readonly op: 'list'; readonly query: ListPlan; readonly at?: number }
  | { readonly op: 'list-read'; readonly at: number; readonly how: ReadPlan; readonly max: number }
  | { readonly op: 'list-close'; readonly at: number }
  | { readonly op: 'watch'; readonly query: ScopePlan; readonly distance?: number }
  | { readonly op: 'drain'; readonly at: number; readonly how: DrainPlan; readonly max: number }
  | { readonly op: 'watch-close'; readonly at: number }
  | { readonly op: 'close' };

/** Of a write: the present revision, that there is no object, or a revision that is not its own. */
export type Expected = 'present' | 'none' | 'other';
export type ReadPlan = 'read' | 'into' | 'objects';
export type DrainPlan = 'events' | 'frames';

export interface KeyPlan {
  readonly namespace: string;
  readonly name: string;
}

export interface History {
  readonly shardCount: number;
  readonly indexes: IndexDeclaration;
  readonly limits: HistoryLimits;
  readonly operations: readonly Operation[];
}

// Few of each, so that objects meet; some that tell orders and encodings apart.
const NAMESPACES = ['', 'a', 'a-b', 'a.b', 'ab', '😀'];
const NAMES = ['api', 'web', 'w-1', 'w-2', 'ｚ', '😀', 'long-'.repeat(20)];
const NODES = ['', 'n1', 'n2', 'ü'];
const APPS = ['x', 'y', ''];
const API_VERSIONS = ['example.com/v1', 'example.com/v2', 'v1', 'ä"/v1'];
const LABEL_KEYS = ['app', 'tier', 'n'];
const LABEL_VALUES = [...APPS, '1', '5', '-3', 'front'];
const PATHS = ['metadata.name', 'metadata.namespace', 'spec.node', 'spec.text'];

const namespace = fc.constantFrom(...NAMESPACES);
const name = fc.constantFrom(...NAMES);
const apiVersion = fc.constantFrom(...API_VERSIONS);
const key: fc.Arbitrary<KeyPlan> = fc.record({ namespace, name });
const index = fc.nat({ max: 15 });

/** Rarely there. */
function seldom<Value>(value: fc.Arbitrary<Value>, freq = 5): fc.Arbitrary<Value | undefined> {
  return fc.option(value, { nil: undefined, freq });
}

/** Drops members that are undefined, which a history does not need to show. */
function sparse<Plan>(plan: fc.Arbitrary<object>): fc.Arbitrary<Plan> {
  return plan.map(
    (whole) =>
      Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined)) as Plan,
  );
}

// Mostly short; some that fill a page with few, some that have memory of their own.
const padding = fc.oneof(
  { weight: 40, arbitrary: fc.nat({ max: 60 }) },
  { weight: 6, arbitrary: fc.nat({ max: 3_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 7_000, max: 9_500 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 150_000 }) },
);

const object: fc.Arbitrary<ObjectPlan> = sparse(
  fc.record({
    apiVersion: fc.option(apiVersion, { nil: undefined, freq: 8 }),
    labels: fc.dictionary(fc.constantFrom(...LABEL_KEYS), fc.constantFrom(...LABEL_VALUES), {
      maxKeys: 3,
    }),
    node: fc.option(fc.constantFrom(...NODES), { nil: undefined }),
    value: fc.nat({ max: 9 }),
    padding,
    flaw: rare<Flaw>('cut', 'array', 'empty', 'other-name', 'other-namespace', 'twice'),
  }),
);

function rare<Value>(...values: Value[]): fc.Arbitrary<Value | undefined> {
  return fc.oneof(
    { weight: 60, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );
}

const step = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: -2, max: 0 }) },
);

const change: fc.Arbitrary<ChangePlan> = sparse(
  fc.record({ namespace, name, step, object: fc.option(object, { nil: undefined, freq: 3 }) }),
);

const put: fc.Arbitrary<ChangePlan> = fc.record({ namespace, name, step, object });

const label: fc.Arbitrary<LabelRequirement> = fc
  .record({
    key: fc.constantFrom(...LABEL_KEYS),
    operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'GreaterThan', 'LessThan'),
    values: fc.uniqueArray(fc.constantFrom(...LABEL_VALUES), { minLength: 1, maxLength: 3 }),
    bound: fc.constantFrom('0', '3', '-9'),
  })
  .map(({ key: labelKey, operator, values, bound }) => {
    const takesNone = operator === 'Exists' || operator === 'DoesNotExist';
    const isBound = operator === 'GreaterThan' || operator === 'LessThan';
    const list = takesNone ? [] : isBound ? [bound] : values;
    return { key: labelKey, operator, values: list } as LabelRequirement;
  });

const field: fc.Arbitrary<FieldRequirement> = fc
  .record({
    path: fc.constantFrom(...PATHS),
    operator: fc.constantFrom('Equals' as const, 'NotEquals' as const),
    at: fc.nat({ max: 20 }),
  })
  .map(({ path, operator, at }) => ({ path, operator, value: valueOf(path, at) }));

function valueOf(path: string, at: number): string {
  const values =
    path === 'metadata.name' ? NAMES : path === 'metadata.namespace' ? NAMESPACES : NODES;
  return values[at % values.length]!;
}

const selector: fc.Arbitrary<EngineSelector> = fc.record({
  labels: fc.array(label, { maxLength: 2 }),
  fields: fc.array(field, { maxLength: 2 }),
});

const scope = {
  namespace: seldom(namespace, 2),
  name: seldom(name),
  apiVersion: seldom(apiVersion),
  selector: seldom(selector, 2),
};

const query: fc.Arbitrary<ScopePlan> = sparse(fc.record(scope));

const listQuery: fc.Arbitrary<ListPlan> = sparse(
  fc.record({
    ...scope,
    start: seldom(key, 3),
    limit: seldom(fc.integer({ min: -1, max: 12 }), 2),
  }),
);

// Bytes or objects: none, less than an object, some, many, all.
const max = fc.oneof(
  fc.integer({ min: -1, max: 20 }),
  fc.integer({ min: 100, max: 5_000 }),
  fc.integer({ min: 60_000, max: 400_000 }),
  fc.constant(10_000_000),
);

// None, less than most objects, as many as they have or a few more.
const room = fc.oneof(fc.constant(0), fc.integer({ min: 100, max: 400 }), fc.constant(200_000));

const count = fc.oneof(fc.integer({ min: -1, max: 20 }), fc.constant(5_000));

// Near the present revision, where history ends, or before all of it.
const distance = fc.oneof(
  fc.integer({ min: -60, max: 0 }),
  fc.integer({ min: -12, max: 0 }),
  fc.integer({ min: 0, max: 6 }),
);

function operation<Kind extends Operation['op']>(
  op: Kind,
  members: Record<string, fc.Arbitrary<unknown>> = {},
): fc.Arbitrary<Operation> {
  return sparse(fc.record({ op: fc.constant(op), ...members }));
}

const drain = fc.constantFrom('events', 'frames').chain((how) =>
  operation('drain', {
    at: index,
    how: fc.constant(how),
    max: how === 'events' ? count : max,
  }),
);

const listRead = fc.constantFrom('read', 'into', 'objects').chain((how) =>
  operation('list-read', {
    at: index,
    how: fc.constant(how),
    max: how === 'objects' ? count : max,
  }),
);

const OPERATIONS: readonly {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Operation>;
}[] = [
  { weight: 30, arbitrary: operation('apply', { changes: fc.array(change, { maxLength: 5 }) }) },
  {
    weight: 2,
    arbitrary: operation('apply', { changes: fc.array(change, { minLength: 20, maxLength: 60 }) }),
  },
  {
    weight: 6,
    arbitrary: operation('write', {
      change,
      expected: fc.option(fc.constantFrom('present', 'present', 'none', 'other'), {
        nil: undefined,
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: operation('replace', {
      objects: fc.uniqueArray(put, {
        maxLength: 12,
        selector: (plan) => `${plan.namespace}/${plan.name}`,
      }),
      step: fc.integer({ min: -1, max: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: operation('replace', { objects: fc.array(put, { maxLength: 4 }), step }),
  },
  { weight: 3, arbitrary: operation('progress', { step: fc.integer({ min: -2, max: 5 }) }) },
  { weight: 3, arbitrary: operation('trim') },
  { weight: 3, arbitrary: operation('wait', { milliseconds: fc.nat({ max: 1_500 }) }) },
  { weight: 10, arbitrary: operation('turn') },
  { weight: 5, arbitrary: operation('stats') },
  {
    weight: 10,
    arbitrary: operation('get', { key, apiVersion: seldom(apiVersion, 3), at: seldom(index, 2) }),
  },
  {
    weight: 10,
    arbitrary: operation('get-into', {
      key,
      room,
      apiVersion: seldom(apiVersion, 3),
      at: seldom(index, 2),
    }),
  },
  { weight: 6, arbitrary: operation('root', { distance: seldom(distance, 1) }) },
  { weight: 3, arbitrary: operation('root-close', { at: index }) },
  { weight: 10, arbitrary: operation('list', { query: listQuery, at: seldom(index, 2) }) },
  { weight: 15, arbitrary: listRead },
  { weight: 3, arbitrary: operation('list-close', { at: index }) },
  { weight: 10, arbitrary: operation('watch', { query, distance: seldom(distance, 1) }) },
  { weight: 25, arbitrary: drain },
  { weight: 3, arbitrary: operation('watch-close', { at: index }) },
];

const limits: fc.Arbitrary<HistoryLimits> = fc
  .record({
    windowMs: fc.constantFrom(0, 1_000, 75_000),
    entriesMin: fc.nat({ max: 20 }),
    entriesMore: fc.oneof(fc.nat({ max: 30 }), fc.constant(100_000), fc.constant(Infinity)),
    bytesMax: fc.constantFrom(0, 5_000, 200_000, 256 * 1024 * 1024, Infinity),
  })
  .map(({ entriesMore, ...rest }) => ({ ...rest, entriesMax: rest.entriesMin + entriesMore }));

const indexes: fc.Arbitrary<IndexDeclaration> = fc.record({
  fields: fc.subarray(['spec.node']),
  labels: fc.subarray(LABEL_KEYS),
});

/** A history of about so many operations; some go on after the cache was closed. */
export function histories(length: number): fc.Arbitrary<History> {
  const operations = fc.array(fc.oneof(...OPERATIONS), { maxLength: length, size: 'max' });
  const behind = fc.array(fc.oneof(...OPERATIONS), { maxLength: 6 });
  const rest = fc.oneof(
    { weight: 4, arbitrary: fc.constant<Operation[]>([]) },
    { weight: 1, arbitrary: behind.map((after): Operation[] => [{ op: 'close' }, ...after]) },
  );
  return fc
    .record({ shardCount: fc.integer({ min: 1, max: 5 }), indexes, limits, operations, rest })
    .map(({ operations: before, rest: after, ...options }) => ({
      ...options,
      operations: [...before, ...after],
    }));
}
