/**
 * Serving threads that are ended at any moment, under load: clients that reconcile lose nothing.
 *
 *  1. What was acknowledged is there at the end; what nobody knows about is there whole or not.
 *  2. Watches that go on from where they were see rising revisions, none twice, and end up with
 *     what a list has.
 *  3. Descriptors and watches return: a process that waits for them in vain does not end.
 *
 * A program of its own, `chaos.js COUNT`: what it counts is the process'.
 */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';

import { systemClock, type Clock } from '../../../lib/storage/index.js';
import { FollowingWatch } from './following-watch.js';
import { Line, startThreaded, until, widget, WIDGETS } from './fixture.js';
import type { Widget } from './module.js';

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
async function chaos(count: number): Promise<void> {
  const before = descriptors();
  const { server, url } = await startThreaded(THREADS, { clock: fastClock });
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
  await server.close({ graceMs: 5_000 });
  await until(() => descriptors() <= before + SLACK);
}

/** What else the process opens meanwhile. */
const SLACK = 8;

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Creates, changes and deletes objects of its own, and knows what was acknowledged of them. */
class Writer {
  count = 0;
  readonly #url: string;
  readonly #index: number;
  readonly #stop: { readonly isStopped: boolean };
  /** The last acknowledged value, or undefined where there is none. */
  readonly #known = new Map<string, number | undefined>();
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
    for (const [name, value] of this.#known) assert.equal(state.get(name), value, name);
  }

  async #write(name: string, value: number): Promise<void> {
    const present = await this.#read(name);
    if (this.#known.has(name)) assert.equal(present?.spec.value, this.#known.get(name), name);
    const isEnd = present !== undefined && value % 7 === 0;
    try {
      if (isEnd) await this.#expect(200, `${WIDGETS}/${name}`, 'DELETE');
      else if (present === undefined) await this.#expect(201, WIDGETS, 'POST', widget(name, value));
      else {
        const next = widget(name, value, present.metadata.resourceVersion);
        await this.#expect(200, `${WIDGETS}/${name}`, 'PUT', next);
      }
      this.#known.set(name, isEnd ? undefined : value);
    } catch (error) {
      if (error instanceof Unexpected) throw error;
      // Nobody knows: it was done, or it was not, and then it stays so.
      this.#reconnect();
      const found = (await this.#read(name))?.spec.value;
      const either = [present?.spec.value, isEnd ? undefined : value];
      assert.ok(either.includes(found), `${name} is ${found}, not one of ${either.join()}`);
      this.#known.set(name, found);
    }
  }

  async #expect(status: number, path: string, method: string, body?: object): Promise<void> {
    const reply = await this.#line.request(path, method, body);
    if (reply.status !== status) throw new Unexpected(`${method} ${reply.status}: ${reply.text}`);
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

/** An answer that no end of a thread explains. */
class Unexpected extends Error {}

await chaos(Number(process.argv[2]));
process.stdout.write('nothing is lost\n');
