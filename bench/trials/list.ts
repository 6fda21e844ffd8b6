/**
 * LIST: all objects in key order, and those that a label selector keeps, as JSON in chunks in
 * memory.
 *
 *  - `stringify`, `objects`: parsed objects in an array that is kept in key order, filtered and
 *    made text of.
 *  - `buffers`: the best that plain JavaScript can do: each object's Buffer, in an array in key
 *    order, beside its parsed labels; copied into one chunk of warm memory again and again, as ours
 *    are.
 *  - `memcpy`: the same number of bytes, one behind the other, copied into warm memory chunk by
 *    chunk: nothing can be faster.
 *
 * None of them has a history, an exact revision or pages; ours has.
 */

import { createHash } from 'node:crypto';

import type { EngineCache, EngineList, ListQuery } from '../../lib/engine/index.js';
import { timeCalls } from '../kernel.js';
import { idleLoopDelay, lessIdle, loopDelayDuring } from '../loop-delay.js';
import { median } from '../statistics.js';
import { Churn, type Store } from '../workload/churn.js';
import { EngineStore } from '../workload/engine-store.js';
import { keyOrder } from '../workload/pods.js';
import type { Effort, Operation, Operations, RowPlan, Setup, Trial } from './contract.js';

/** As large as the memory that the server reads lists into, and that is one write of its. */
const CHUNK_BYTES = 256 * 1024;

/** As much as a transport sends before the event loop gets its turn. */
const TURN_BYTES = 1024 * 1024;

const SELECTOR_KEY = 'group';
const SELECTOR_VALUE = '3';
const COMMA = 0x2c;

const OBJECT_BYTES = 2_048;

/** Takes a chunk, which is good until the next one. */
type Sink = (chunk: Uint8Array) => void;

export const listTrials: readonly Trial[] = [
  trial('1k', 1_000, [...fullRows('1k', ['stringify'])]),
  trial('10k', 10_000, [
    ...fullRows('10k', ['stringify', 'buffers', 'memcpy']),
    delayRow('10k'),
    ...selectorRows('10k', ['objects']),
  ]),
  trial('100k', 100_000, [
    ...fullRows('100k', ['stringify']),
    delayRow('100k'),
    ...selectorRows('100k', ['objects', 'buffers']),
  ]),
];

function trial(name: string, objects: number, rows: readonly RowPlan[]): Trial {
  const effort = (updates: number, sets: number, rounds: number, budgetMs: number): Effort => ({
    size: { objects, objectBytes: OBJECT_BYTES, updates },
    sets,
    rounds,
    budgetMs,
  });
  return {
    name: `list/${name}`,
    full: objects < 100_000 ? effort(10 * objects, 3, 5, 200) : effort(10 * objects, 1, 11, 400),
    quick: effort(Math.min(10 * objects, 20_000), 1, 10, 50),
    engine: prepareEngine,
    rivals: { objects: prepareObjects, buffers, memcpy },
    rows,
  };
}

function fullRows(name: string, rivals: readonly string[]): readonly RowPlan[] {
  return rivals.map((rival) => ratio(`list/full-${name}`, rival, 'full'));
}

function selectorRows(name: string, rivals: readonly string[]): readonly RowPlan[] {
  return rivals.map((rival) => ratio(`list/selector-${name}`, rival, 'selector'));
}

function ratio(name: string, against: string, operation: string): RowPlan {
  const rival = against === 'stringify' ? 'objects' : against;
  const metric = 'wallUs';
  return { kind: 'ratio', case: name, against, rival, operation, metric, metricUnit: 'us' };
}

function delayRow(name: string): RowPlan {
  return {
    kind: 'value',
    case: `list/loop-delay-${name}`,
    against: 'limit',
    operation: 'delay',
    metric: 'delayMaxMs',
    metricUnit: 'ms',
    noiseMetric: 'busyMaxMs',
  };
}

function prepareEngine({ engine, size, seed }: Setup): Operations {
  const store = new EngineStore(engine);
  grow(store, { engine, size, seed });
  const { cache } = store;
  const slot = warmChunk();
  const selective: ListQuery = {
    selector: {
      labels: [{ key: SELECTOR_KEY, operator: 'In', values: [SELECTOR_VALUE] }],
      fields: [],
    },
  };
  return {
    full: operation((sink) => readAll(cache.list({}), slot, sink)),
    selector: operation((sink) => readAll(cache.list(selective), slot, sink)),
    delay: { sample: (budgetMs) => sampleDelay(cache, slot, budgetMs) },
  };
}

function prepareObjects(setup: Setup): Operations {
  const objects: { metadata: { labels: Readonly<Record<string, string>> } }[] = [];
  const rank = ranks(setup.size.objects);
  grow({ put: (index, bytes) => (objects[rank[index]!] = JSON.parse(textOf(bytes))) }, setup);
  return {
    full: stringifyOperation(() => objects),
    selector: stringifyOperation(() =>
      objects.filter(({ metadata }) => metadata.labels[SELECTOR_KEY] === SELECTOR_VALUE),
    ),
  };
}

function buffers(setup: Setup): Operations {
  interface Entry {
    readonly labels: Readonly<Record<string, string>>;
    readonly bytes: Buffer;
  }
  const entries: Entry[] = [];
  const rank = ranks(setup.size.objects);
  const put: Store['put'] = (index, bytes) => {
    const { labels } = JSON.parse(textOf(bytes)).metadata as Pick<Entry, 'labels'>;
    entries[rank[index]!] = { labels, bytes: Buffer.from(bytes) };
  };
  grow({ put }, setup);
  const chunk = warmChunk();
  const write = (isKept: (entry: Entry) => boolean, sink: Sink): void => {
    let end = 0;
    let isFirst = true;
    for (const entry of entries) {
      if (!isKept(entry)) continue;
      const { bytes } = entry;
      if (end + 1 + bytes.length > CHUNK_BYTES) {
        sink(chunk.subarray(0, end));
        end = 0;
      }
      if (!isFirst) chunk[end++] = COMMA;
      isFirst = false;
      chunk.set(bytes, end);
      end += bytes.length;
    }
    if (end > 0) sink(chunk.subarray(0, end));
  };
  return {
    full: operation((sink) => write(() => true, sink)),
    selector: operation((sink) =>
      write(({ labels }) => labels[SELECTOR_KEY] === SELECTOR_VALUE, sink),
    ),
  };
}

function memcpy(setup: Setup): Operations {
  const { objects, objectBytes } = setup.size;
  const source = Buffer.alloc(objects * (objectBytes + 1) - 1, COMMA);
  const rank = ranks(objects);
  grow({ put: (index, bytes) => source.set(bytes, rank[index]! * (objectBytes + 1)) }, setup);
  const chunk = warmChunk();
  return {
    full: operation((sink) => {
      for (let at = 0; at < source.length; at += CHUNK_BYTES) {
        const part = source.subarray(at, at + CHUNK_BYTES);
        chunk.set(part);
        sink(part.length === CHUNK_BYTES ? chunk : chunk.subarray(0, part.length));
      }
    }),
  };
}

function grow(store: Store, { size, seed }: Setup): void {
  const churn = new Churn(size, seed, store);
  churn.load();
  churn.update(size.updates);
}

// The place of each pod in the order of keys.
function ranks(count: number): Uint32Array {
  const rank = new Uint32Array(count);
  keyOrder(count).forEach((index, at) => (rank[index] = at));
  return rank;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

// Chunks need no consumer: adding up their lengths keeps the work from being optimised away.
let bytesTaken = 0;

function operation(produce: (sink: Sink) => void): Operation {
  return {
    digest: () => {
      const hash = createHash('sha256');
      produce((chunk) => void hash.update(chunk));
      return hash.digest('hex');
    },
    sample: (budgetMs) =>
      timeCalls(() => produce((chunk) => (bytesTaken += chunk.length)), budgetMs),
  };
}

function stringifyOperation(select: () => readonly unknown[]): Operation {
  return {
    digest: () => {
      const text = JSON.stringify(select());
      return createHash('sha256').update(text.slice(1, -1)).digest('hex');
    },
    sample: (budgetMs) =>
      timeCalls(() => (bytesTaken += JSON.stringify(select()).length), budgetMs),
  };
}

// Memory whose pages are mapped, as those are that are used again and again.
function warmChunk(): Uint8Array {
  return new Uint8Array(CHUNK_BYTES).fill(0);
}

function readAll(list: EngineList, slot: Uint8Array, sink: Sink): void {
  for (let length = list.readInto(slot); length > 0; length = list.readInto(slot)) {
    sink(slot.subarray(0, length));
  }
}

/** One LIST after the other, each with an idle loop of the same length behind it. */
async function sampleDelay(
  cache: EngineCache,
  slot: Uint8Array,
  budgetMs: number,
): Promise<{ delayMaxMs: number; busyMaxMs: number }> {
  const delays: number[] = [];
  const busy: number[] = [];
  const deadlineMs = performance.now() + budgetMs;
  do {
    const during = await loopDelayDuring(() => readInTurns(cache.list({}), slot));
    const idle = await idleLoopDelay(during.durationMs);
    delays.push(lessIdle(during, idle));
    busy.push(during.maxMs);
  } while (performance.now() < deadlineMs);
  return { delayMaxMs: median(delays), busyMaxMs: median(busy) };
}

// As a transport does whose client is as fast as memory.
async function readInTurns(list: EngineList, slot: Uint8Array): Promise<void> {
  for (;;) {
    for (let bytes = 0; bytes < TURN_BYTES;) {
      const length = list.readInto(slot);
      if (length === 0) return;
      bytes += length;
      bytesTaken += length;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
