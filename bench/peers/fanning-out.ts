/** What a contender offers whose server tells watches of events: how fast, how late, how dear. */

import { setTimeout as wait } from 'node:timers/promises';

import { cpuSince } from '../kernel.js';
import type { Operations, Sample, Setup } from '../trials/contract.js';
import { FIRST_REVISION, PodSource } from '../workload/pods.js';
import { seededRandom } from '../workload/random.js';
import { EventLog } from './event-log.js';
import { LoadClient, type Protocol } from './load-client.js';

/** An event that is published. */
export interface PublishedEvent {
  readonly index: number;
  /** The object's JSON. */
  readonly bytes: Uint8Array;
  readonly revision: number;
  /** As a line of the stream, `{"type":"MODIFIED","object":…}` and a newline. */
  readonly frame: Buffer;
}

export interface FanOutOptions {
  readonly protocol: Protocol;
  readonly port: number;
  readonly connections: number;
  /** Watches on each connection of HTTP/2. Default 1. */
  readonly streams?: number;
  /** Sends events to all watches, or begins to. */
  readonly publish: (events: readonly PublishedEvent[]) => void;
}

/** Events of the comparison before anything is timed. */
const EVENTS_COMPARED = 20;

const PACE_MS = 100;
const BACKLOG = 16;

const FRAME_HEAD = Buffer.from('{"type":"MODIFIED","object":');
const FRAME_TAIL = Buffer.from('}\n');

/** Where all contenders' watches begin, and what an engine's server has applied by then. */
export function watchTarget({ size }: Setup): string {
  const revision = FIRST_REVISION + size.objects + size.updates;
  return `/api/v1/pods?watch=1&resourceVersion=${revision}&timeoutSeconds=86400`;
}

/**
 * Of every delivery `wallUs` and `cpuUs`, the server's: `rate` of one event after the other, each
 * when all watches have had the one before, `backlog` of sixteen at a time. `paced` is ten events a
 * second: `p99Ms` from publishing to the last byte in the client's hands. Every byte that any watch
 * is sent is compared with the log of events; a difference fails the sample.
 */
export function fanOutOperations(setup: Setup, options: FanOutOptions): Operations {
  const events = new Events(setup, options);
  setup.onEnd?.(() => events.close());
  return {
    rate: {
      digest: () => events.digest(),
      sample: (budgetMs) => events.sampleRate(1, budgetMs),
    },
    backlog: { sample: (budgetMs) => events.sampleRate(BACKLOG, budgetMs) },
    paced: { sample: (budgetMs) => events.samplePaced(budgetMs) },
  };
}

class Events {
  readonly #options: FanOutOptions;
  readonly #setup: Setup;
  readonly #log = new EventLog();
  readonly #pods: PodSource;
  readonly #random: () => number;
  #client: Promise<LoadClient> | undefined;
  #revision: number;

  constructor(setup: Setup, options: FanOutOptions) {
    const { size, seed } = setup;
    this.#setup = setup;
    this.#options = options;
    this.#pods = new PodSource(size.objectBytes);
    this.#random = seededRandom(seed + 1);
    this.#revision = FIRST_REVISION + size.objects + size.updates;
  }

  async digest(): Promise<string> {
    const client = await this.#connect();
    await this.#publish(client, EVENTS_COMPARED);
    return this.#log.digest();
  }

  async sampleRate(count: number, budgetMs: number): Promise<Sample> {
    const client = await this.#connect();
    const before = process.cpuUsage();
    const startedMs = performance.now();
    let published = 0;
    do {
      await this.#publish(client, count);
      published += count;
    } while (performance.now() < startedMs + budgetMs);
    const wallUs = (performance.now() - startedMs) * 1e3;
    const deliveries = published * this.#watches;
    return { wallUs: wallUs / deliveries, cpuUs: cpuSince(before) / deliveries };
  }

  async samplePaced(budgetMs: number): Promise<Sample> {
    const client = await this.#connect();
    const count = Math.max(1, Math.round(budgetMs / PACE_MS));
    await client.latencies();
    const reached = client.reach(this.#log.count + count);
    const before = process.cpuUsage();
    const startedMs = performance.now();
    for (let published = 0; published < count; published++) {
      await wait(Math.max(0, startedMs + published * PACE_MS - performance.now()));
      this.#send(1);
    }
    await reached;
    const cpuUs = cpuSince(before) / (count * this.#watches);
    const { p50Us, p99Us, maxUs } = await client.latencies();
    return { p50Ms: p50Us / 1e3, p99Ms: p99Us / 1e3, maxMs: maxUs / 1e3, cpuUs };
  }

  async close(): Promise<void> {
    await (await this.#client)?.close();
    this.#log.close();
  }

  get #watches(): number {
    const { connections, streams = 1 } = this.#options;
    return connections * streams;
  }

  #connect(): Promise<LoadClient> {
    const { protocol, port, connections, streams = 1 } = this.#options;
    const targets = [watchTarget(this.#setup)];
    const log = this.#log.path;
    this.#client ??= LoadClient.start({ protocol, port, connections, streams, targets, log });
    return this.#client;
  }

  async #publish(client: LoadClient, count: number): Promise<void> {
    const reached = client.reach(this.#log.count + count);
    this.#send(count);
    await reached;
  }

  #send(count: number): void {
    const events = Array.from({ length: count }, () => this.#next());
    for (const { frame } of events) this.#log.write(frame);
    this.#options.publish(events);
  }

  #next(): PublishedEvent {
    const index = Math.floor(this.#random() * this.#setup.size.objects);
    const revision = ++this.#revision;
    const bytes = this.#pods.bytes(index, revision - FIRST_REVISION, revision);
    return { index, bytes, revision, frame: Buffer.concat([FRAME_HEAD, bytes, FRAME_TAIL]) };
  }
}
