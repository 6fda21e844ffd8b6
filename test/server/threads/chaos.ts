/**
 * Serving threads that are ended at any moment, under load: clients that reconcile lose nothing.
 *
 *  1. What was acknowledged is there at the end; what nobody knows about is there whole or not, and
 *     comes before the next write that is acknowledged, or never.
 *  2. Watches that go on from where they were see rising revisions, none twice, and end up with
 *     what a list has.
 *  3. Descriptors and watches return: a process that waits for them in vain does not end.
 *
 * A program of its own, `chaos.js COUNT [STORE…]`: what it counts is the process'. It does the same
 * on each store: `memory` (the default), `lmdb`, `etcd`.
 */

import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { createServer } from '../../../lib/server/index.js';
import { EtcdStorage } from '../../../lib/storage/etcd/index.js';
import {
  MemoryStorage,
  systemClock,
  type Clock,
  type Storage,
} from '../../../lib/storage/index.js';
import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import { FollowingWatch } from './following-watch.js';
import { Line, MODULE, type Reply, startThreaded, until, widget, WIDGETS } from './fixture.js';
import { serverOptions, type Widget } from './module.js';

const THREADS = 3;
const WRITERS = 2;
const WATCHERS = 4;
const NAMES = 10;
/** Threads die here far more often than pauses before their successors are meant for. */
const TIME_FACTOR = 20;

const fastClock: Clock = {
  now: () => Date.now() * TIME_FACTOR,
  setTimer: (delayMs, callback) => systemClock.setTimer(delayMs / TIME_FACTOR, callback),
};

/** Ends `count` threads, two at a time. Throws where anything is lost. */
async function chaos(count: number, storage: Storage): Promise<void> {
  const before = descriptors().length;
  const { server, url } = await startThreaded(THREADS, {
    clock: fastClock,
    storage,
    requestTimeoutMs: 60_000 * TIME_FACTOR,
  });
  const stop = { isStopped: false };
  const writers = Array.from({ length: WRITERS }, (_, index) => new Writer(url, index, stop));
  const watches = Array.from({ length: WATCHERS }, () => new FollowingWatch(`${url}${WIDGETS}`));
  const running = [...writers.map((writer) => writer.run()), ...watches.map((each) => each.run())];
  const written = (): number => writers.reduce((sum, writer) => sum + writer.count, 0);
  for (let ended = 0; ended < count; ended += server.threads.length) {
    const before = written();
    // At least some requests between one end and the next.
    await until(
      () => written() > before && server.threads.every(({ state }) => state === 'serving'),
    );
    await Promise.all(server.threads.map(({ thread }) => server.replaceThread(thread)));
  }
  stop.isStopped = true;
  await Promise.all(running.slice(0, WRITERS));
  const list = await server.inject({ path: WIDGETS });
  const { items, metadata } = list.json() as unknown as {
    readonly items: readonly Widget[];
    readonly metadata: { readonly resourceVersion: string };
  };
  const state = new Map(items.map((item) => [item.metadata.name, item.spec.value]));
  for (const writer of writers) writer.check(state);
  const revision = Number(metadata.resourceVersion);
  // The last change was somebody's: every watch sees it.
  for (const each of watches) {
    await each.reached(revision);
    assert.deepEqual(each.state(), [...state].sort());
    each.stop();
  }
  await Promise.all(running);
  assert.ok(writers.every((writer) => writer.count > 0));
  await until(() => server.threads.reduce((sum, { restarts }) => sum + restarts, 0) === count);
  await until(() => server.cache('widgets.example.com')!.stats().watches === 0);
  // On the fast clock a close has no time for those that are still starting.
  await until(() => server.threads.every(({ state }) => state === 'serving'));
  await server.close({ graceMs: 5_000 });
  for (let round = 0; round < UNSTARTED; round++) {
    const unstarted = createServer({ ...serverOptions(), threads: { count: 2, module: MODULE } });
    await wait(Math.random() * STARTING_MS);
    await unstarted.close({ graceMs: 0 });
  }
  const deadline = Date.now() + DESCRIPTORS_MS;
  await until(() => descriptors().length <= before + SLACK || Date.now() > deadline);
  assert.ok(descriptors().length <= before + SLACK, `left open: ${descriptors().join(', ')}`);
}

async function openStorage(
  store: string,
  teardown: (end: () => Promise<void>) => void,
): Promise<Storage> {
  if (store === 'memory') return new MemoryStorage();
  if (store === 'etcd') {
    // Where there is no etcd the other stores do without.
    const { startCluster } = await import('../../storage/etcd/member.js');
    const { endpoints } = await startCluster({ teardown });
    const storage = await EtcdStorage.open({ client: { endpoints } });
    teardown(() => storage.close());
    return storage;
  }
  if (store !== 'lmdb') throw new Error(`${store} is no store: memory, lmdb or etcd`);
  const path = await mkdtemp(join(tmpdir(), 'shardwatch-threads-'));
  teardown(() => rm(path, { recursive: true, force: true }));
  const storage = await LmdbStorage.open({ path });
  teardown(() => storage.close());
  return storage;
}

/** What else the process opens meanwhile. */
const SLACK = 8;

/** Servers that are closed before their threads have started. */
const UNSTARTED = 8;
/** In which a thread starts. */
const STARTING_MS = 300;
/** In which what has been closed is given back. */
const DESCRIPTORS_MS = 20_000;

function descriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return 'closed';
    }
  });
}

/** Creates, changes and deletes objects of its own, and knows what was acknowledged of them. */
class Writer {
  count = 0;
  readonly #url: string;
  readonly #index: number;
  readonly #stop: { readonly isStopped: boolean };
  /**
   * The value that was acknowledged or read last, undefined where there is none; behind it those of
   * writes that broke off, as long as one of them may still be carried out.
   */
  readonly #known = new Map<string, readonly (number | undefined)[]>();
  #line: Line;

  constructor(url: string, index: number, stop: { readonly isStopped: boolean }) {
    this.#url = url;
    this.#index = index;
    this.#stop = stop;
    this.#line = new Line(url);
  }

  async run(): Promise<void> {
    for (let value = 1; !this.#stop.isStopped; value++) {
      await this.#write(`w${this.#index}-${value % NAMES}`, value);
      this.count++;
    }
    this.#line.close();
  }

  /** Everything that was acknowledged last is in the state. */
  check(state: ReadonlyMap<string, number>): void {
    for (const [name, values] of this.#known) assertOneOf(values, state.get(name), name);
  }

  async #write(name: string, value: number): Promise<void> {
    const present = await this.#read(name);
    const found = present?.spec.value;
    const known = this.#known.get(name) ?? [found];
    assertOneOf(known, found, name);
    // All that broke off was meant for one revision: one of it at most is carried out.
    if (found !== known[0]) this.#known.set(name, [found]);
    const next = present !== undefined && value % 7 === 0 ? undefined : value;
    try {
      const reply = await this.#send(name, present, next);
      if (reply.status < 300) this.#known.set(name, [next]);
      else if ((this.#known.get(name)?.length ?? 1) === 1 || !LATE.has(reply.status)) {
        throw new Unexpected(`${name}: ${reply.status} ${reply.text}`);
      }
    } catch (error) {
      if (error instanceof Unexpected) throw error;
      const either = new Set([...(this.#known.get(name) ?? [found]), next]);
      this.#known.set(name, [...either]);
      this.#reconnect();
    }
  }

  #send(name: string, present: Widget | undefined, value: number | undefined): Promise<Reply> {
    const path = `${WIDGETS}/${name}`;
    if (value === undefined) return this.#line.request(path, 'DELETE');
    if (present === undefined) return this.#line.request(WIDGETS, 'POST', widget(name, value));
    const { resourceVersion } = present.metadata;
    return this.#line.request(path, 'PUT', widget(name, value, resourceVersion));
  }

  // Reads are tried until somebody answers.
  async #read(name: string): Promise<Widget | undefined> {
    for (;;) {
      try {
        const reply = await this.#line.request(`${WIDGETS}/${name}`);
        if (reply.status === 404) return undefined;
        if (reply.status === 200) return reply.json<Widget>();
        throw new Unexpected(`GET ${reply.status}: ${reply.text}`);
      } catch (error) {
        if (error instanceof Unexpected) throw error;
        this.#reconnect();
      }
    }
  }

  #reconnect(): void {
    this.#line.close();
    this.#line = new Line(this.#url);
  }
}

/** What a write is answered that comes after one which had broken off: 404, 409. */
const LATE: ReadonlySet<number> = new Set([404, 409]);

function assertOneOf(
  values: readonly (number | undefined)[],
  value: number | undefined,
  name: string,
): void {
  assert.ok(values.includes(value), `${name} is ${value}, not ${values.join(' or ')}`);
}

/** An answer that no end of a thread explains. */
class Unexpected extends Error {}

const [count, ...stores] = process.argv.slice(2);
for (const store of stores.length === 0 ? ['memory'] : stores) {
  const ends: (() => Promise<void>)[] = [];
  try {
    await chaos(Number(count), await openStorage(store, (end) => void ends.push(end)));
  } finally {
    for (const end of ends.reverse()) await end();
  }
  process.stdout.write(`${store}: nothing is lost\n`);
}
