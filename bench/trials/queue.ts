/**
 * The priority queue at a depth: one entry leaves and one comes, one by one (`single`) and 64 at a
 * time (`batch64`). Time goes on by one with each entry, and an entry's priority is a random time
 * ahead. Each entry has been replaced once, as a mean, before anything is measured: the entries are
 * then as those of a queue of events, and lie in memory as they came.
 *
 *  - `flatqueue` keeps priorities and items in two arrays; what has equal priorities leaves in any
 *    order.
 *  - `objectHeap` is the best of npm's heaps of objects that are compared by a function, chosen by
 *    a trial at that depth. What it compares is an entry of item and priority, made when an item is
 *    pushed, as for whoever queues keys, or items whose priority is not theirs.
 *  - `itemHeap` is the best of the same heaps for items that carry their priority themselves and
 *    are compared as they are: nothing is made, and what comes is the item that has just left,
 *    which memory has at hand.
 *
 * Items are objects on all sides, the same all the time. None of the others has handles, deadlines
 * or a capacity. What they have no batches for they do one by one.
 */

import { createHash } from 'node:crypto';

import { PriorityQueue as DatastructuresQueue } from '@datastructures-js/priority-queue';
import FastPriorityQueue from 'fastpriorityqueue';
import FlatQueue from 'flatqueue';
import { Heap } from 'heap-js';
import TinyQueue from 'tinyqueue';

import { PriorityQueue } from '../../lib/queue/index.js';
import { timeCalls } from '../kernel.js';
import { seededRandom } from '../workload/random.js';
import type { Effort, Operation, Operations, RowPlan, Setup, Trial } from './contract.js';

const BATCH = 64;

/** So many random times are drawn beforehand; a power of two. */
const TIMES = 65_536;

/** Batches that are compared. */
const COMPARED = 200;

/** What the heaps of objects are chosen by, for each of them. */
const CHOICE_MS = 150;

interface Item {
  readonly id: number;
  /** For `itemHeap`, which compares items. */
  priority: number;
}

/** A queue as these trials use one. */
interface Subject {
  push(item: Item, priority: number): void;
  pop(): Item;
  /** Of the first entries and for as many others; absent where it is done one by one. */
  popBatch?(items: Item[]): void;
  pushBatch?(items: readonly Item[], priorities: Float64Array): void;
}

export const queueTrials: readonly Trial[] = [
  trial('1e3', 1_000),
  trial('1e5', 100_000),
  trial('1e6', 1_000_000),
];

function trial(name: string, objects: number): Trial {
  const effort = (sets: number, rounds: number, budgetMs: number): Effort => ({
    size: { objects, objectBytes: 0, updates: 0 },
    sets,
    rounds,
    budgetMs,
  });
  const row = (operation: string, rival: string, hasNoGoal = false): RowPlan => ({
    kind: 'ratio',
    case: `queue/${operation}-${name}`,
    against: rival,
    rival,
    operation,
    metric: 'wallUs',
    metricUnit: 'us',
    ...(hasNoGoal ? { hasNoGoal } : {}),
  });
  return {
    name: `queue/${name}`,
    full: effort(3, 5, 200),
    quick: effort(1, 10, 60),
    engine: (setup) => operations(setup, ours(setup)),
    rivals: {
      flatqueue: (setup) => operations(setup, flatQueue()),
      objectHeap: (setup) => operations(setup, bestHeap(setup, heapsOfEntries)),
      itemHeap: (setup) => operations(setup, bestHeap(setup, heapsOfItems)),
    },
    rows: [
      row('batch64', 'flatqueue'),
      row('batch64', 'objectHeap'),
      row('batch64', 'itemHeap', true),
      row('single', 'flatqueue'),
    ],
  };
}

function operations(setup: Setup, subject: Subject): Operations {
  const load = new Load(setup, subject);
  load.mix();
  return {
    single: operation(() => load.single(), load),
    batch64: operation(() => load.batch(), load),
  };
}

function operation(step: () => void, load: Load): Operation {
  return {
    digest: () => load.digest(),
    sample: (budgetMs) => timeCalls(step, budgetMs),
  };
}

/** Fills a queue, and has entries leave and come. */
class Load {
  readonly #subject: Subject;
  readonly #times = new Float64Array(TIMES);
  readonly #batch: Item[] = Array.from({ length: BATCH }, () => ({ id: -1, priority: 0 }));
  readonly #priorities = new Float64Array(BATCH);
  readonly #count: number;
  #now = 0;

  constructor({ size, seed }: Setup, subject: Subject) {
    this.#subject = subject;
    this.#count = size.objects;
    const random = seededRandom(seed);
    // On average as far ahead as there are entries: one leaves in each unit of time. Fractions of
    // their own keep any two from being equal, which not all of the others tell apart.
    for (let at = 0; at < TIMES; at++) this.#times[at] = random() * 2 * size.objects;
    for (let id = 0; id < size.objects; id++) {
      subject.push({ id, priority: 0 }, this.#next());
    }
  }

  /** As many entries leave and come as there are. */
  mix(): void {
    for (let mixed = 0; mixed < this.#count; mixed += BATCH) this.batch();
  }

  single(): void {
    const item = this.#subject.pop();
    this.#subject.push(item, this.#next());
  }

  batch(): void {
    const subject = this.#subject;
    const items = this.#batch;
    if (subject.popBatch === undefined) {
      for (let at = 0; at < BATCH; at++) items[at] = subject.pop();
    } else {
      subject.popBatch(items);
    }
    if (subject.pushBatch === undefined) {
      for (const item of items) subject.push(item, this.#next());
    } else {
      for (let at = 0; at < BATCH; at++) this.#priorities[at] = this.#next();
      subject.pushBatch(items, this.#priorities);
    }
  }

  /** Who leaves, in order. */
  digest(): string {
    const hash = createHash('sha256');
    for (let count = 0; count < COMPARED; count++) {
      this.batch();
      hash.update(this.#batch.map(({ id }) => id).join());
    }
    return hash.digest('hex');
  }

  // The priority of the next entry.
  #next(): number {
    const now = this.#now++;
    return now + this.#times[now & (TIMES - 1)]!;
  }
}

function ours({ engine }: Setup): Subject {
  const queue = new PriorityQueue<Item>({ engine });
  return {
    push: (item, priority) => void queue.enqueue(item, priority),
    pop: () => queue.dequeue()!,
    popBatch: (items) => void queue.dequeueBatch(items, BATCH),
    pushBatch: (items, priorities) => queue.enqueueBatch(items, priorities),
  };
}

function flatQueue(): Subject {
  const queue = new FlatQueue<Item>();
  return {
    push: (item, priority) => queue.push(item, priority),
    pop: () => queue.pop()!,
  };
}

/** What a heap of objects compares. */
interface Prioritized {
  readonly priority: number;
}

/** A heap of objects. */
interface ObjectHeap<T> {
  push(object: T): void;
  pop(): T;
}

/** An item and its priority, as an object of its own. */
interface Entry extends Prioritized {
  readonly item: Item;
}

const heapsOfEntries: readonly (() => Subject)[] = objectHeaps<Entry>().map((make) => () => {
  const heap = make();
  return {
    push: (item, priority) => heap.push({ item, priority }),
    pop: () => heap.pop().item,
  };
});

const heapsOfItems: readonly (() => Subject)[] = objectHeaps<Item>().map((make) => () => {
  const heap = make();
  return {
    push: (item, priority) => {
      item.priority = priority;
      heap.push(item);
    },
    pop: () => heap.pop(),
  };
});

function objectHeaps<T extends Prioritized>(): readonly (() => ObjectHeap<T>)[] {
  const byPriority = (left: T, right: T): number => left.priority - right.priority;
  return [
    () => {
      const heap = new Heap<T>(byPriority);
      return { push: (object) => void heap.push(object), pop: () => heap.pop()! };
    },
    () => {
      const queue = new DatastructuresQueue<T>(byPriority);
      return { push: (object) => void queue.enqueue(object), pop: () => queue.dequeue()! };
    },
    () => {
      const queue = new TinyQueue<T>([], byPriority);
      return { push: (object) => queue.push(object), pop: () => queue.pop()! };
    },
    () => {
      const queue = new FastPriorityQueue<T>((left, right) => left.priority < right.priority);
      return { push: (object) => queue.add(object), pop: () => queue.poll()! };
    },
  ];
}

function bestHeap(setup: Setup, heaps: readonly (() => Subject)[]): Subject {
  const times = heaps.map((make) => {
    const load = new Load(setup, make());
    load.mix();
    return timeCalls(() => load.batch(), CHOICE_MS)['wallUs']!;
  });
  return heaps[times.indexOf(Math.min(...times))]!();
}
