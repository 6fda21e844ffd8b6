/**
 * Random histories against a plain model: one Map for each revision, and the list of changes.
 *
 * Every answer of the storage is compared: results of writes, lists at any revision (from a key,
 * with a limit), values, watches from any revision, compaction; and after reopening, all of it
 * again.
 */

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';

import {
  MemoryStorage,
  StorageError,
  type Storage,
  type StoredValue,
} from '../../lib/storage/index.js';
import { LmdbStorage } from '../../lib/storage/lmdb/index.js';
import { bytes, text } from './conformance/subject.js';
import { makeFolder } from './folder.js';
import { record } from './recorder.js';

const KEYS = ['/g/a', '/g/a/x', '/g/a-b/x', '/g/a/\u{1f600}', '/g/a/\uffee', '/h/a/x', '/g/a0/x'];
const PREFIXES = ['/', '/g/', '/g/a/', '/h/', '/none/'];
// Where lists begin: keys, places between them, and outside of the prefix.
const STARTS = [undefined, '/', '/g/a/x', '/g/a/x\0', '/g/a/y', '/g/a-b', '/z'];

interface Stored {
  readonly value: string;
  readonly revision: bigint;
  readonly createRevision: bigint;
  readonly ttlSeconds: number;
}

interface Change {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly value: string;
  readonly revision: bigint;
}

class Model {
  readonly states: Map<string, Stored>[] = [new Map(), new Map()];
  readonly changes: Change[] = [];
  compacted = 0n;

  get revision(): bigint {
    return BigInt(this.states.length - 1);
  }

  get current(): Map<string, Stored> {
    return this.states.at(-1)!;
  }

  write(key: string, expected: bigint, value: string | null, ttlSeconds: number): string {
    const stored = this.current.get(key);
    if ((stored?.revision ?? 0n) !== expected) return `conflict ${describe(key, stored)}`;
    const isSame = stored?.value === value && stored.ttlSeconds === ttlSeconds;
    if (isSame || (value === null && stored === undefined)) {
      return `unchanged ${stored?.revision ?? 0n}`;
    }
    const revision = this.revision + 1n;
    const next = new Map(this.current);
    if (value === null) next.delete(key);
    else {
      const createRevision = stored?.createRevision ?? revision;
      next.set(key, { value, revision, createRevision, ttlSeconds });
    }
    this.states.push(next);
    const type = value === null ? 'delete' : 'put';
    this.changes.push({ type, key, value: value ?? stored!.value, revision });
    return `changed ${revision}`;
  }

  list(prefix: string, revision: bigint, start: string | undefined, limit: number): string[] {
    const found = [...this.states[Number(revision)]!]
      .filter(([key]) => key.startsWith(prefix))
      .filter(([key]) => start === undefined || Buffer.compare(utf8(key), utf8(start)) >= 0)
      .sort(([left], [right]) => Buffer.compare(utf8(left), utf8(right)));
    const page = limit > 0 ? found.slice(0, limit) : found;
    const more = page.length < found.length;
    return [...page.map(([key, stored]) => describe(key, stored)), `more ${more}`];
  }
}

const part = fc.integer({ min: 0, max: 999 }).map((thousandth) => thousandth / 1000);
const key = fc.constantFrom(...KEYS);
const operation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      key,
      value: fc.option(fc.constantFrom('', '1', '2', '3'), { nil: null, freq: 4 }),
      // Mostly what is there; else some other revision.
      expected: fc.option(fc.bigInt({ min: 0n, max: 9n }), { nil: 'current' as const, freq: 3 }),
      ttlSeconds: fc.constantFrom(0, 0, 0, 5, 6),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), part }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      part,
      prefix: fc.constantFrom(...PREFIXES),
      start: fc.constantFrom(...STARTS),
      limit: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('watch' as const),
      part,
      prefix: fc.constantFrom(...PREFIXES),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);
// Without `size` fast-check makes ten or so.
const operations = fc.array(operation, { maxLength: 60, size: 'max' });
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

for (const [name, numRuns, open] of [
  ['memory', 100, async () => ({ storage: new MemoryStorage(), reopen: undefined })],
  ['lmdb', 25, openLmdb],
] as const) {
  test(`${name}: random histories answer as the model does`, async (t) => {
    await fc.assert(
      fc.asyncProperty(operations, async (operations) => {
        const opened = await open(t);
        let storage: Storage = opened.storage;
        const model = new Model();
        try {
          for (const each of operations) {
            if (each.kind !== 'reopen') await perform(storage, model, each);
            else if (opened.reopen !== undefined) storage = await opened.reopen(storage);
          }
          if (opened.reopen !== undefined) storage = await opened.reopen(storage);
          await compareAll(storage, model);
        } finally {
          await storage.close();
        }
      }),
      { numRuns },
    );
    t.pass();
  });
}

async function openLmdb(
  t: ExecutionContext,
): Promise<{ storage: Storage; reopen: (storage: Storage) => Promise<Storage> }> {
  const path = await makeFolder(t);
  const open = (): Promise<Storage> => LmdbStorage.open({ path });
  return {
    storage: await open(),
    reopen: async (storage) => {
      await storage.close();
      return open();
    },
  };
}

async function perform(
  storage: Storage,
  model: Model,
  operation: Exclude<Operation, { kind: 'reopen' }>,
): Promise<void> {
  if (operation.kind === 'write') {
    const { key, value, ttlSeconds } = operation;
    const current = model.current.get(key)?.revision ?? 0n;
    const expected = operation.expected === 'current' ? current : operation.expected;
    const stored = value === null ? null : bytes(value);
    const result = await storage.write({ key, expected, value: stored, ttlSeconds });
    const found = result.ok
      ? `${result.changed ? 'changed' : 'unchanged'} ${result.revision}`
      : `conflict ${describeStored(key, result.current)}`;
    same(found, model.write(key, expected, value, ttlSeconds));
  } else if (operation.kind === 'compact') {
    const revision = pick(operation.part, model);
    await storage.compact(revision);
    if (revision > model.compacted) model.compacted = revision;
  } else if (operation.kind === 'list') {
    const { prefix, start, limit } = operation;
    await compareList(storage, model, prefix, pick(operation.part, model), start, limit);
  } else {
    await compareWatch(storage, model, operation.prefix, pick(operation.part, model));
  }
  same(await storage.committedRevision(), model.revision);
  same(storage.compactedRevision(), model.compacted);
}

async function compareAll(storage: Storage, model: Model): Promise<void> {
  same(await storage.committedRevision(), model.revision);
  same(storage.compactedRevision(), model.compacted);
  for (let revision = 1n; revision <= model.revision; revision++) {
    await compareList(storage, model, '/', revision, undefined, 0);
    await compareWatch(storage, model, '/g/', revision);
  }
  for (const key of KEYS) {
    const found = await storage.get(key);
    same(describeStored(key, found), describe(key, model.current.get(key)));
  }
}

async function compareList(
  storage: Storage,
  model: Model,
  prefix: string,
  revision: bigint,
  start: string | undefined,
  limit: number,
): Promise<void> {
  const options = { revision, limit, ...(start !== undefined && { start }) };
  const found = await storage.list(prefix, options).then(
    ({ values, more }) => [
      ...values.map((value) => describeStored(value.key, value)),
      `more ${more}`,
    ],
    (error: unknown) => [error instanceof StorageError ? error.code : String(error)],
  );
  const isCompacted = revision < model.compacted;
  same(found, isCompacted ? ['compacted'] : model.list(prefix, revision, start, limit));
}

async function compareWatch(
  storage: Storage,
  model: Model,
  prefix: string,
  after: bigint,
): Promise<void> {
  const recorder = record(storage, prefix, after);
  if (after < model.compacted) {
    same((await recorder.ended()).code, 'compacted');
    return;
  }
  if (after < model.revision) await recorder.reached(model.revision);
  const found = recorder.changes.map((change) => ({ ...change, value: text(change.value) }));
  const expected = model.changes.filter(
    (change) => change.revision > after && change.key.startsWith(prefix),
  );
  same(
    found.map(({ type, key, value, revision }) => ({ type, key, value, revision })),
    expected,
  );
  recorder.watch.close();
}

// A property fails by an exception; ava's own assertions would fail the test at the first shrink.
function same(found: unknown, expected: unknown): void {
  const [left, right] = [render(found), render(expected)];
  if (left !== right) throw new Error(`found ${left}, expected ${right}`);
}

function render(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? `${part}n` : part,
  );
}

function pick(part: number, model: Model): bigint {
  return 1n + BigInt(Math.floor(part * Number(model.revision)));
}

function describe(
  key: string,
  stored: { value: string; revision: bigint; createRevision: bigint } | undefined,
): string {
  if (stored === undefined) return 'nothing';
  return `${key}=${stored.value}@${stored.revision} since ${stored.createRevision}`;
}

function describeStored(key: string, stored: StoredValue | undefined): string {
  return describe(key, stored && { ...stored, value: text(stored.value) });
}

function utf8(text: string): Buffer {
  return Buffer.from(text);
}
