/**
 * A thread that attaches to the cache whose token it was started with, and does what it is told,
 * one command after the other.
 */

import { parentPort, workerData } from 'node:worker_threads';

import {
  attachEngineCache,
  type EngineCache,
  EngineError,
  type EngineShare,
  type EngineWatch,
} from '../../../lib/engine/index.js';
import { type Answer, type Command, COUNTER } from './commands.js';
import { Fold } from './fold.js';

const port = parentPort!;
const cache: EngineCache = attachEngineCache(workerData as EngineShare, { now: () => 0 });
const held: unknown[] = [];
let follower: Follower | undefined;

port.on('message', (command: Command) => {
  run(command).then(
    (value) => port.postMessage({ value } satisfies Answer),
    (error: unknown) =>
      port.postMessage({ error: error instanceof EngineError ? error.code : String(error) }),
  );
});

async function run(command: Command): Promise<unknown> {
  switch (command.type) {
    case 'ready':
      return true;
    case 'get':
      return textOf(cache.get(command)?.object);
    case 'write':
      return cache.write(command.change, command.expected);
    case 'churn':
      return churn(command.name, command.writes);
    case 'count':
      return count(command.times);
    case 'follow':
      follower = new Follower();
      return follower.watch.revision;
    case 'state':
      return follower!.stateAt(command.revision);
    case 'end':
      return follower!.end();
    case 'await':
      return new Promise((resolve) => {
        cache.onRevision!(command.revision, () => resolve(cache.revision));
      });
    case 'hold':
      return hold();
    case 'stats':
      return cache.stats();
    case 'close':
      return cache.close();
    case 'leave':
      return port.close();
  }
}

function churn(name: string, writes: number): bigint {
  let revision = 0n;
  for (let at = 0; at < writes; at++) {
    const key = { namespace: `ns-${at % 7}`, name: `${name}-${at % 30}` };
    const isPut = at % 3 !== 2;
    const written = cache.write(isPut ? { ...key, object: objectOf(key, at) } : key);
    if (written !== 0n) revision = written;
  }
  return revision;
}

function count(times: number): number {
  let retries = 0;
  for (let done = 0; done < times;) {
    const found = cache.get(COUNTER);
    const value = found === undefined ? 0 : valueOf(found.object);
    try {
      const object = objectOf(COUNTER, value + 1);
      cache.write({ ...COUNTER, object }, found?.revision ?? 0n);
      done++;
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'conflict') throw error;
      retries++;
    }
  }
  return retries;
}

function hold(): bigint {
  const root = cache.root();
  const list = root.list({});
  list.read(1);
  held.push(root, list, cache.watch({ from: { type: 'state' }, wake: () => {} }));
  return root.revision;
}

/** A watch of everything, folded into the state that it tells. */
class Follower {
  readonly watch: EngineWatch;
  readonly #fold = new Fold();
  #next: () => void = () => {};

  constructor() {
    this.watch = cache.watch({
      from: { type: 'state' },
      wake: () => {
        this.#fold.drain(this.watch);
        this.#next();
      },
    });
  }

  async stateAt(revision: bigint): Promise<readonly string[]> {
    await this.#until(() => this.#fold.position >= revision || this.#fold.end !== undefined);
    return this.#fold.lines();
  }

  async end(): Promise<string | undefined> {
    await this.#until(() => this.#fold.end !== undefined);
    return this.#fold.end;
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#next = resolve;
      });
    }
  }
}

function objectOf(metadata: { namespace: string; name: string }, value: number): Uint8Array {
  return Buffer.from(JSON.stringify({ metadata, spec: { value } }));
}

function valueOf(object: Uint8Array): number {
  return (JSON.parse(textOf(object)!) as { spec: { value: number } }).spec.value;
}

function textOf(object: Uint8Array | undefined): string | undefined {
  return object === undefined ? undefined : Buffer.from(object).toString();
}
