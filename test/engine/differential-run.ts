/**
 * One history over two engines, step by step: whatever one answers, the other answers too, byte for
 * byte, error for error.
 *
 * What is not compared is what engines may do in their own way: memory that is free or reserved,
 * when dead memory is found dead while somebody reads, how many states history keeps.
 */

import { createHash } from 'node:crypto';
import { inspect, isDeepStrictEqual } from 'node:util';

import {
  type Change,
  type EngineCache,
  EngineError,
  type EngineEvent,
  type EngineList,
  type EngineObject,
  type EngineRoot,
  type EngineWatch,
  type ListQuery,
  type Put,
  type WatchBatch,
} from '../../lib/engine/index.js';
import type {
  ChangePlan,
  History,
  ListPlan,
  ObjectPlan,
  Operation,
} from './differential-operations.js';
import { type TestEngine, turn } from './candidates.js';

/** Memory that was handed out, and what was in it. */
interface Handed {
  readonly bytes: Uint8Array;
  readonly copy: Uint8Array;
}

/** What lists and objects are written into: it is seen where they were. */
const FILLED = new Uint8Array(300_000).fill(7);

/** Longer texts are told by their beginning and a digest. */
const TEXT_MAX = 2_000;

class Side {
  readonly kind: string;
  readonly cache: EngineCache;
  readonly roots: EngineRoot[] = [];
  readonly lists: EngineList[] = [];
  readonly watches: EngineWatch[] = [];
  readonly handed: Handed[] = [];
  woken: number[] = [];
  nowMs = 0;
  isClosed = false;

  constructor(engine: TestEngine, { shardCount, indexes, limits }: History) {
    this.kind = engine.kind;
    this.cache = engine.create({ shardCount, indexes, history: limits, now: () => this.nowMs });
  }

  /** The bytes as text, or how long they are and what is in them. Remembers what was handed out. */
  text(bytes: Uint8Array): string {
    this.handed.push({ bytes, copy: bytes.slice() });
    return textOf(bytes);
  }
}

function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  if (text.length <= TEXT_MAX) return text;
  return `${text.slice(0, TEXT_MAX)}… ${createHash('sha1').update(bytes).digest('hex')}`;
}

/** Runs the history on both. Throws an Error that tells the first step at which they differ. */
export async function compareEngines(
  history: History,
  engines: readonly [TestEngine, TestEngine],
): Promise<void> {
  const sides = engines.map((engine) => new Side(engine, history)) as [Side, Side];
  try {
    for (const [index, operation] of history.operations.entries()) {
      await compareStep(sides, operation, `operation ${index}`);
    }
    await compareEnd(sides);
    for (const side of sides) checkHanded(side);
  } finally {
    for (const { cache } of sides) cache.close();
  }
}

async function compareStep(sides: [Side, Side], operation: Operation, at: string): Promise<void> {
  if (operation.op === 'turn') await turn();
  const [left, right] = sides.map((side) => outcomeOf(side, operation));
  if (isDeepStrictEqual(left, right)) return;
  const [first, second] = sides.map(({ kind }) => kind);
  const shown = (outcome: unknown): string =>
    inspect(outcome, { depth: 6, maxStringLength: 600, breakLength: 100 });
  throw new Error(
    `${at}, ${inspect(operation, { depth: 8, breakLength: 100 })}\n` +
      `${first}: ${shown(left)}\n${second}: ${shown(right)}`,
  );
}

/** What is open is read to its end, then let go: nothing may be left but what the log keeps. */
async function compareEnd(sides: [Side, Side]): Promise<void> {
  const step = (operation: Operation, at = 'at the end'): Promise<void> =>
    compareStep(sides, operation, at);
  await step({ op: 'turn' });
  const [{ lists, watches, roots }] = sides;
  for (const at of lists.keys()) {
    await step({ op: 'list-read', at, how: 'read', max: 100_000_000 });
    await step({ op: 'list-close', at });
  }
  for (const at of roots.keys()) {
    const list = lists.length;
    await step({ op: 'list', query: {}, at });
    if (lists.length > list) {
      await step({ op: 'list-read', at: list, how: 'into', max: 100_000_000 });
      await step({ op: 'list-read', at: list, how: 'objects', max: 1 });
      await step({ op: 'list-close', at: list });
    }
    await step({ op: 'root-close', at });
  }
  for (const at of watches.keys()) {
    await step({ op: 'drain', at, how: 'frames', max: 100_000_000 });
    await step({ op: 'drain', at, how: 'events', max: 100_000 });
    await step({ op: 'watch-close', at });
    await step({ op: 'drain', at, how: 'events', max: 1 });
  }
  await step({ op: 'trim' });
  await step({ op: 'stats' });
  const retained = sides.map(({ cache }) => cache.stats().bytesRetained);
  if (retained[0] !== retained[1]) throw new Error(`bytes are retained: ${retained.join(' ')}`);
}

function checkHanded({ kind, handed }: Side): void {
  for (const { bytes, copy } of handed) {
    if (Buffer.compare(bytes, copy) !== 0) throw new Error(`${kind}: what was returned changed`);
  }
}

function outcomeOf(side: Side, operation: Operation): unknown {
  try {
    return perform(side, operation);
  } catch (error) {
    return describeError(error);
  }
}

function describeError(error: unknown): unknown {
  if (error instanceof EngineError) {
    const { code, message, index, oldestRevision, presentRevision, cause } = error;
    const reason = cause instanceof Error ? cause.message : cause;
    return { code, message, index, oldestRevision, presentRevision, reason };
  }
  if (error instanceof RangeError) return { message: error.message };
  throw error;
}

function perform(side: Side, operation: Operation): unknown {
  switch (operation.op) {
    case 'apply':
    case 'write':
    case 'replace':
    case 'progress':
    case 'trim':
    case 'close':
      return performWrite(side, operation);
    case 'wait':
      return (side.nowMs += operation.milliseconds);
    case 'turn':
      return side.woken.splice(0).sort((left, right) => left - right);
    case 'stats':
      return comparableStats(side);
    case 'get':
      return performGet(side, operation);
    case 'get-into':
      return performGetInto(side, operation);
    case 'root':
    case 'root-close':
      return performRoot(side, operation);
    case 'list':
    case 'list-read':
    case 'list-close':
      return performList(side, operation);
    default:
      return performWatch(side, operation);
  }
}

type WriteOperation = Extract<
  Operation,
  { op: 'apply' | 'write' | 'replace' | 'progress' | 'trim' | 'close' }
>;

function performWrite({ cache }: Side, operation: WriteOperation): unknown {
  switch (operation.op) {
    case 'apply':
      return cache.apply(changesOf(operation.changes, cache.revision));
    case 'write': {
      const { change, expected } = operation;
      const { namespace, name } = change;
      const object = change.object && bytesOf(change, change.object);
      const write = { namespace, name, ...(object && { object }) };
      if (expected === undefined) return cache.write(write);
      const present = cache.get({ namespace, name })?.revision ?? 0n;
      const revision = { present, none: 0n, other: present + 1n }[expected];
      return cache.write(write, revision);
    }
    case 'replace': {
      const revision = cache.revision + BigInt(operation.step);
      const puts = operation.objects.map((plan): Put => {
        const { namespace, name } = plan;
        const object = bytesOf(plan, plan.object!);
        const above = revision - BigInt(plan.step);
        return { type: 'put', namespace, name, object, revision: above > 0n ? above : 0n };
      });
      return cache.replace(puts, revision);
    }
    case 'progress':
      return cache.progress(cache.revision + BigInt(operation.step));
    case 'trim':
      return cache.trim();
    case 'close':
      return cache.close();
  }
}

function performGet(
  side: Side,
  { key, apiVersion, at }: Extract<Operation, { op: 'get' }>,
): unknown {
  const source = at === undefined ? side.cache : side.roots[at % side.roots.length];
  const found = source?.get(key, apiVersion);
  return found === undefined ? undefined : objectOutcome(side, found);
}

function performGetInto(
  side: Side,
  { key, room, apiVersion, at }: Extract<Operation, { op: 'get-into' }>,
): unknown {
  const source = at === undefined ? side.cache : side.roots[at % side.roots.length];
  const target = FILLED.slice(0, room);
  const revision = BigUint64Array.of(7n);
  const written = source?.getInto(key, target, apiVersion, revision) ?? 0;
  return { ...targetOutcome(target, written), revision: revision[0] };
}

function performRoot(
  side: Side,
  operation: Extract<Operation, { op: 'root' | 'root-close' }>,
): unknown {
  if (operation.op === 'root-close') return closeOne(side.roots, operation.at);
  const { distance } = operation;
  const { cache } = side;
  const root =
    distance === undefined ? cache.root() : cache.root(cache.revision + BigInt(distance));
  side.roots.push(root);
  const { revision, generation, count } = root;
  return { revision, generation, count };
}

function performList(
  side: Side,
  operation: Extract<Operation, { op: 'list' | 'list-read' | 'list-close' }>,
): unknown {
  if (operation.op === 'list-close') return closeOne(side.lists, operation.at);
  if (operation.op === 'list') {
    const { query, at } = operation;
    const source = at === undefined ? side.cache : side.roots[at % side.roots.length];
    if (source === undefined) return undefined;
    const list = source.list(queryOf(query));
    side.lists.push(list);
    const { revision, last, remaining } = list;
    return { revision, last, remaining };
  }
  const list = side.lists[operation.at % side.lists.length];
  if (list === undefined) return undefined;
  const { how, max } = operation;
  if (how === 'objects') {
    return list.readObjects(max).map((object) => objectOutcome(side, object));
  }
  if (how === 'read') {
    const chunk = list.read(max);
    return chunk && side.text(chunk);
  }
  const target = FILLED.slice(0, Math.max(0, max));
  return targetOutcome(target, list.readInto(target));
}

/** What was written into memory that was filled before, and whether nothing behind it was. */
function targetOutcome(target: Uint8Array, written: number): object {
  const end = Math.max(0, written);
  const isUntouched =
    Buffer.compare(target.subarray(end), FILLED.subarray(end, target.length)) === 0;
  return { written, text: textOf(target.subarray(0, end)), isUntouched };
}

function performWatch(
  side: Side,
  operation: Extract<Operation, { op: 'watch' | 'drain' | 'watch-close' }>,
): unknown {
  const { cache, watches } = side;
  if (operation.op === 'watch') {
    const { query, distance } = operation;
    const from =
      distance === undefined
        ? ({ type: 'state' } as const)
        : ({ type: 'after', revision: cache.revision + BigInt(distance) } as const);
    const id = watches.length;
    const wake = (): void => void side.woken.push(id);
    const watch = cache.watch({ ...queryOf(query), from, wake });
    watches.push(watch);
    return watch.revision;
  }
  if (operation.op === 'watch-close') return closeOne(watches, operation.at);
  const watch = watches[operation.at % watches.length];
  if (watch === undefined) return undefined;
  const { how, max } = operation;
  if (how === 'frames') {
    return batchOutcome(watch.drainFrames(max), (frame) => side.text(frame));
  }
  return batchOutcome(watch.drainEvents(max), (event: EngineEvent) => ({
    type: event.type,
    ...objectOutcome(side, event),
  }));
}

function batchOutcome<Item>(batch: WatchBatch<Item>, show: (item: Item) => unknown): unknown {
  const { items, ...rest } = batch;
  return { ...rest, items: items.map(show) };
}

function objectOutcome(side: Side, { namespace, name, revision, object }: EngineObject): object {
  return { namespace, name, revision, object: side.text(object) };
}

function closeOne(things: readonly { close(): void }[], at: number): void {
  things[at % things.length]?.close();
}

function comparableStats({ cache }: Side): unknown {
  const stats: Record<string, unknown> = { ...cache.stats() };
  for (const own of [
    'kind',
    'bytesFree',
    'bytesReserved',
    'bytesRetained',
    'roots',
    'epochsBehind',
    'attachments',
  ]) {
    delete stats[own];
  }
  const { generation, revision, oldestRevision } = cache;
  return { ...stats, now: { generation, revision, oldestRevision } };
}

function queryOf(plan: ListPlan): ListQuery {
  return plan;
}

function changesOf(plans: readonly ChangePlan[], current: bigint): Change[] {
  let revision = current;
  return plans.map((plan) => {
    const { namespace, name, object } = plan;
    revision += BigInt(plan.step);
    return object === undefined
      ? { type: 'delete', namespace, name, revision }
      : { type: 'put', namespace, name, object: bytesOf(plan, object), revision };
  });
}

/** The object as somebody may send it: in no order, with white space, escapes and odd numbers. */
function bytesOf({ namespace, name }: ChangePlan, plan: ObjectPlan): Uint8Array {
  const { apiVersion, labels, node, value, padding, flaw } = plan;
  if (flaw === 'array') return Buffer.from('[]');
  if (flaw === 'empty') return new Uint8Array(0);
  const isOther = flaw === 'other-namespace';
  const members = [
    `"spec":${JSON.stringify({ value, node, padding: 'p'.repeat(padding) }, undefined, value % 2)}`,
    `"metadata":${JSON.stringify({
      resourceVersion: '999',
      labels: Object.keys(labels).length > 0 ? labels : undefined,
      namespace: isOther ? `${namespace}x` : namespace === '' ? undefined : namespace,
      name: flaw === 'other-name' ? `${name}x` : name,
    })}`,
    '"odd":[1e21,12345678901234567890,-0,1.50,"\\u00e9é\\ud83d\\ude00\\/\\n"]',
    ...(apiVersion === undefined ? [] : [`"apiVersion":${JSON.stringify(apiVersion)}`]),
    ...(flaw === 'twice' ? ['"metadata":{"name":"twice"}'] : []),
  ];
  const text = `{ ${members.join(',\n')} }`;
  return Buffer.from(flaw === 'cut' ? text.slice(0, text.length - 2 - value) : text);
}
