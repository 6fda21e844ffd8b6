/**
 * Clients of several storages over one etcd, while it fails: writers that get into each other's
 * way, readers that list, and followers that watch and begin anew where history was lost. All they
 * do and are told is one history, and `finish` has it judged.
 */

import { setTimeout as wait } from 'node:timers/promises';

import {
  EtcdClient,
  EtcdError,
  prefixRange,
  type EtcdStorage,
} from '../../../lib/storage/etcd/index.js';
import { StorageError, type StorageWatch } from '../../../lib/storage/index.js';
import { Chance, drawSeed, SEED_VARIABLE } from '../../chance.js';
import { History, type Outcome, type Present, type StreamRecord } from '../../history/history.js';
import { judge, type Verdict } from '../../history/judge.js';
import { bytes } from '../conformance/subject.js';

/** Where the objects are; keys that begin with EXPIRING have a time to live. */
export const PREFIX = '/g/r/';
export const EXPIRING = `${PREFIX}expiring-`;

const WRITERS = 6;
const KEYS = 12;
const TTL_SECONDS = 1_000;
const FILLER = '.';
const RETRY_MS = 5;
const LIST_PAUSE_MS = 20;

export interface TrafficOptions {
  /** Every second one of the keys has a time to live. Default false. */
  readonly hasExpiring?: boolean;
  /** Bytes that every value is filled up to. Default 0. */
  readonly valueBytes?: number;
}

export class Traffic {
  readonly history: History = new History();
  readonly #storages: readonly EtcdStorage[];
  readonly #options: TrafficOptions;
  readonly #direct: EtcdClient;
  readonly #seed = drawSeed();
  readonly #over = new AbortController();
  readonly #first: bigint;
  readonly #followers: readonly Follower[];
  readonly #running: Promise<unknown>[] = [];
  /** The newest revision of each key that a writer has heard of; absent: it has to be read. */
  readonly #known = new Map<string, bigint>();
  #applied = 0;
  /** Errors that writers were given, by their messages. */
  readonly errors: Set<string> = new Set<string>();

  private constructor(
    storages: readonly EtcdStorage[],
    endpoints: readonly string[],
    first: bigint,
    options: TrafficOptions,
  ) {
    this.#storages = storages;
    this.#options = options;
    this.#direct = new EtcdClient({ endpoints });
    this.#first = first;
    this.#followers = storages.map(
      (storage, index) => new Follower(storage, this.history, `storage ${index}`),
    );
  }

  /** `endpoints` lead to etcd itself, whatever those of the storages do. */
  static async start(
    storages: readonly EtcdStorage[],
    endpoints: readonly string[],
    options: TrafficOptions = {},
  ): Promise<Traffic> {
    const first = await storages[0]!.committedRevision();
    const traffic = new Traffic(storages, endpoints, first, options);
    for (const follower of traffic.#followers) follower.watch(first);
    for (let number = 0; number < WRITERS; number++) {
      traffic.#running.push(traffic.#write(number));
    }
    storages.forEach((storage, index) => traffic.#running.push(traffic.#list(storage, index)));
    return traffic;
  }

  /** Writes that were acknowledged. */
  get applied(): number {
    return this.#applied;
  }

  get #valueBytes(): number {
    return this.#options.valueBytes ?? 0;
  }

  /** Resolves when so many more writes were acknowledged. */
  async progress(writes: number): Promise<void> {
    const until = this.#applied + writes;
    while (this.#applied < until) await wait(1);
  }

  /** Ends the writing, lets everybody see the end, and judges. Throws where anything is wrong. */
  async finish(): Promise<Verdict> {
    this.#over.abort();
    await Promise.all(this.#running);
    const last = await this.#state();
    for (const follower of this.#followers) await follower.reached(last.revision);
    await this.stop();
    const verdict = judge(this.history, {
      first: { revision: this.#first, items: new Map() },
      last,
      mayExpire: (key) => key.startsWith(EXPIRING),
    });
    const told = `${SEED_VARIABLE}=${this.#seed}: ${verdict.faults.join('\n')}`;
    if (verdict.faults.length > 0) throw new Error(told);
    return verdict;
  }

  /** Ends it without a verdict; also after `finish`. */
  async stop(): Promise<void> {
    this.#over.abort();
    for (const follower of this.#followers) follower.close();
    await this.#direct.close();
    await Promise.all(this.#running);
  }

  async #write(number: number): Promise<void> {
    const chance = new Chance(this.#seed, number);
    const writer = `w${number}`;
    while (!this.#over.signal.aborted) {
      const storage = chance.of(this.#storages);
      const key = this.#key(chance.below(KEYS));
      const expected = this.#known.get(key) ?? (await this.#read(storage, key));
      if (expected === undefined) await wait(RETRY_MS);
      else {
        const removes = expected !== 0n && chance.holds(0.25);
        const value = removes ? null : this.history.newValue(writer);
        const attempt = { writer, key, value, expected };
        await this.history.write(attempt, () => this.#attempt(storage, attempt));
      }
    }
  }

  async #attempt(
    storage: EtcdStorage,
    write: { readonly key: string; readonly value: string | null; readonly expected: bigint },
  ): Promise<Outcome> {
    const { key, value, expected } = write;
    try {
      const ttlSeconds = key.startsWith(EXPIRING) ? TTL_SECONDS : 0;
      const stored = value === null ? null : bytes(value.padEnd(this.#valueBytes, FILLER));
      const result = await storage.write({ key, expected, value: stored, ttlSeconds });
      if (!result.ok) {
        this.#known.set(key, result.current?.revision ?? 0n);
        return { kind: 'refused' };
      }
      this.#applied++;
      this.#known.set(key, value === null ? 0n : result.revision);
      return { kind: 'applied', revision: result.revision };
    } catch (error) {
      this.#known.delete(key);
      if (!(error instanceof StorageError)) throw error;
      this.errors.add(error.message);
      const { cause } = error;
      const isRefused = cause instanceof EtcdError && !cause.mayBeApplied;
      await wait(RETRY_MS);
      return isRefused ? { kind: 'refused' } : { kind: 'unknown' };
    }
  }

  async #read(storage: EtcdStorage, key: string): Promise<bigint | undefined> {
    try {
      return (await storage.get(key))?.revision ?? 0n;
    } catch {
      return undefined;
    }
  }

  async #list(storage: EtcdStorage, index: number): Promise<void> {
    while (!this.#over.signal.aborted) {
      const notBefore = this.history.acknowledged;
      try {
        const { revision, values } = await storage.list(PREFIX);
        const items = new Map<string, Present>(
          values.map(({ key, value, revision }) => [key, { value: text(value), revision }]),
        );
        this.history.listed({ reader: `reader ${index}`, revision, notBefore, items });
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
      }
      await wait(LIST_PAUSE_MS);
    }
  }

  // Read without the storages, once etcd answers again.
  async #state(): Promise<{ revision: bigint; items: Map<string, Present> }> {
    for (;;) {
      try {
        const range = prefixRange(`/registry${PREFIX}`);
        const { kvs, header } = await this.#direct.kv.range(range);
        const items = kvs.map(({ key, value, modRevision }): [string, Present] => [
          text(key).slice('/registry'.length),
          { value: text(value), revision: modRevision },
        ]);
        return { revision: header!.revision, items: new Map(items) };
      } catch {
        await wait(RETRY_MS);
      }
    }
  }

  #key(index: number): string {
    const isExpiring = this.#options.hasExpiring === true && index % 2 === 1;
    return `${isExpiring ? EXPIRING : PREFIX}${index}`;
  }
}

// As it was meant: without what fills it up.
function text(value: Uint8Array): string {
  return Buffer.from(value).toString().replace(/\.+$/, '');
}

/** Watches all keys for as long as there is history, else lists and watches from there. */
class Follower {
  readonly #storage: EtcdStorage;
  readonly #history: History;
  readonly #name: string;
  #watch: StorageWatch | undefined;
  #stream: StreamRecord | undefined;
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(storage: EtcdStorage, history: History, name: string) {
    this.#storage = storage;
    this.#history = history;
    this.#name = name;
  }

  watch(after: bigint): void {
    if (this.#isClosed) return;
    const stream = this.#history.stream(this.#name, after);
    this.#stream = stream;
    this.#watch = this.#storage.watch(PREFIX, after, {
      onChanges: (changes) => {
        for (const { type, key, value, revision } of changes) {
          stream.change({ type, key, value: text(value), revision });
        }
      },
      onProgress: (revision) => {
        stream.reached(revision);
        this.#wake();
      },
      onEnd: (error) => void this.#again(error, stream.through),
    });
  }

  async reached(revision: bigint): Promise<void> {
    while ((this.#stream?.through ?? 0n) < revision) {
      this.#watch?.requestProgress?.();
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await Promise.race([woken, wait(LIST_PAUSE_MS)]);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
  }

  async #again({ code }: StorageError, through: bigint): Promise<void> {
    this.watch(code === 'compacted' ? await this.#listed() : through);
  }

  async #listed(): Promise<bigint> {
    for (;;) {
      try {
        return (await this.#storage.list(PREFIX)).revision;
      } catch {
        if (this.#isClosed) return 0n;
        await wait(RETRY_MS);
      }
    }
  }
}
