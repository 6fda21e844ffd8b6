/**
 * Clients of a fleet: writers and followers that go from one server to another at any moment with
 * what they know, and informers that stay with one. What they write and are told is one history.
 */

import { setTimeout as pause } from 'node:timers/promises';

import { type ApiClient, type Reflector, startReflector } from '../../../lib/client/index.js';
import { isStatusError } from '../../../lib/request/index.js';
import { type Clock, systemClock } from '../../../lib/storage/index.js';
import type { Chance } from '../../chance.js';
import type { Attempt, History, Outcome, Present } from '../../history/history.js';
import { type FleetServer, OBJECTS } from './fleet.js';

/** As much of an object as is looked at. */
interface Sample {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: { readonly image: string };
}

interface SampleList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly Sample[];
}

const RETRY_MS = 20;
const REQUEST_TIMEOUT_MS = 10_000;
/** A follower stays with a server for no longer than this. */
const STAY_MAX_MS = 4_000;
/** Of so many objects: few enough for writers to meet. */
const NAMES = 40;

/** An informer's pauses, which grow with every failure: servers come and go faster here. */
const HASTE = 20;
const HASTY: Clock = {
  now: () => systemClock.now(),
  setTimer: (delayMs, callback) => systemClock.setTimer(delayMs / HASTE, callback),
};

/** What the writers know together of each object's revision; absent: it has to be read. */
export type Known = Map<string, bigint>;

export class Writer {
  readonly #name: string;
  readonly #servers: readonly FleetServer[];
  readonly #history: History;
  readonly #known: Known;
  readonly #chance: Chance;

  constructor(
    name: string,
    servers: readonly FleetServer[],
    history: History,
    known: Known,
    chance: Chance,
  ) {
    this.#name = name;
    this.#servers = servers;
    this.#history = history;
    this.#known = known;
    this.#chance = chance;
  }

  async run(signal: AbortSignal, pauseMs: number): Promise<void> {
    while (!signal.aborted) {
      const { client } = this.#chance.of(this.#servers);
      const key = `app-${this.#chance.below(NAMES)}`;
      const expected = this.#known.get(key) ?? (await revisionOf(client, key));
      if (expected === undefined) await pause(RETRY_MS);
      else await this.#change(client, key, expected);
      if (pauseMs > 0) await pause(pauseMs);
    }
  }

  async #change(client: ApiClient, key: string, expected: bigint): Promise<void> {
    const removes = expected !== 0n && this.#chance.holds(0.2);
    const value = removes ? null : this.#history.newValue(this.#name);
    const attempt = { writer: this.#name, key, value, expected };
    const outcome = await this.#history.write(attempt, () => send(client, attempt));
    if (outcome.kind !== 'applied') {
      this.#known.delete(key);
      await pause(RETRY_MS);
    } else this.#known.set(key, outcome.revision ?? 0n);
  }
}

async function send(
  client: ApiClient,
  { key, value, expected }: Omit<Attempt, 'outcome'>,
): Promise<Outcome> {
  const path = `${OBJECTS}/${key}`;
  const resourceVersion = String(expected);
  const timeoutMs = REQUEST_TIMEOUT_MS;
  try {
    if (value === null) {
      const body = { preconditions: { resourceVersion } };
      await client.request({ method: 'DELETE', path, body, timeoutMs });
      return { kind: 'applied' };
    }
    const isNew = expected === 0n;
    const metadata = { name: key, ...(isNew ? {} : { resourceVersion }) };
    const identity = { apiVersion: 'platform.example.com/v1', kind: 'App' };
    const body = { ...identity, metadata, spec: { image: value } };
    const where = isNew ? { method: 'POST', path: OBJECTS } : { method: 'PUT', path };
    const made = (await client.request({ ...where, body, timeoutMs })).body as Sample;
    return { kind: 'applied', revision: BigInt(made.metadata.resourceVersion) };
  } catch (error) {
    const isRefused = isStatusError(error) && (error.code === 409 || error.code === 404);
    return { kind: isRefused ? 'refused' : 'unknown' };
  }
}

async function revisionOf(client: ApiClient, key: string): Promise<bigint | undefined> {
  try {
    const path = `${OBJECTS}/${key}`;
    const { body } = await client.request({ path, timeoutMs: REQUEST_TIMEOUT_MS });
    return BigInt((body as Sample).metadata.resourceVersion);
  } catch (error) {
    return isStatusError(error) && error.code === 404 ? 0n : undefined;
  }
}

/** Lists at one server and watches at others, each for a while, from where the last one came to. */
export class Follower {
  readonly #name: string;
  readonly #servers: readonly FleetServer[];
  readonly #history: History;
  readonly #chance: Chance;
  #revision = 0n;
  /** Watches that were begun, and how often history was lost. */
  watches = 0;
  expired = 0;

  constructor(name: string, servers: readonly FleetServer[], history: History, chance: Chance) {
    this.#name = name;
    this.#servers = servers;
    this.#history = history;
    this.#chance = chance;
  }

  /** Everything up to here has been told, or listed. */
  get revision(): bigint {
    return this.#revision;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { client } = this.#chance.of(this.#servers);
      try {
        if (this.#revision === 0n || this.#chance.holds(0.3)) await this.#list(client);
        await this.#watch(this.#chance.of(this.#servers).client, signal);
      } catch (error) {
        if (isStatusError(error) && error.code === 410) {
          this.expired++;
          this.#revision = 0n;
        }
        await pause(RETRY_MS);
      }
    }
  }

  // Every now and then a list beside what is watched, to be judged.
  async #list(client: ApiClient): Promise<void> {
    const notBefore = this.#history.acknowledged;
    const { body } = await client.request({ path: OBJECTS, timeoutMs: REQUEST_TIMEOUT_MS });
    const { metadata, items } = body as SampleList;
    const revision = BigInt(metadata.resourceVersion);
    this.#history.listed({ reader: this.#name, revision, notBefore, items: presentOf(items) });
    if (this.#revision === 0n) this.#revision = revision;
  }

  async #watch(client: ApiClient, over: AbortSignal): Promise<void> {
    this.watches++;
    const stream = this.#history.stream(this.#name, this.#revision);
    const stay = AbortSignal.timeout(1 + this.#chance.below(STAY_MAX_MS));
    const signal = AbortSignal.any([over, stay]);
    const query = { resourceVersion: String(this.#revision), allowWatchBookmarks: 'true' };
    try {
      for await (const { type, object } of client.watch<Sample>({ path: OBJECTS, query, signal })) {
        const revision = BigInt(object.metadata.resourceVersion);
        if (type === 'BOOKMARK') stream.reached(revision);
        else {
          stream.change({
            type: type === 'DELETED' ? 'delete' : 'put',
            key: object.metadata.name,
            value: object.spec.image,
            revision,
          });
        }
        this.#revision = revision;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** An informer of one server: its objects have to become those of the store. */
export class Informer {
  readonly #reflector: Reflector;
  readonly #objects = new Map<string, Present>();
  replaced = 0;
  events = 0;

  constructor({ client }: FleetServer) {
    this.#reflector = startReflector<Sample>({
      client,
      path: OBJECTS,
      clock: HASTY,
      onReplace: (objects) => {
        this.replaced++;
        this.#objects.clear();
        for (const [name, present] of presentOf(objects)) this.#objects.set(name, present);
      },
      onEvent: (type, object) => {
        this.events++;
        const { name } = object.metadata;
        if (type === 'DELETED') this.#objects.delete(name);
        else this.#objects.set(name, presentOf([object]).get(name)!);
      },
    });
  }

  /** What differs; empty where nothing does. */
  differenceFrom(state: ReadonlyMap<string, Present>): string {
    const describe = (objects: ReadonlyMap<string, Present>): readonly string[] =>
      [...objects].map(([name, { value, revision }]) => `${name}=${value}@${revision}`);
    const [mine, theirs] = [new Set(describe(this.#objects)), new Set(describe(state))];
    const missing = [...theirs].filter((text) => !mine.has(text)).map((text) => `no ${text}`);
    return [...missing, ...[...mine].filter((text) => !theirs.has(text))].join(', ');
  }

  close(): void {
    this.#reflector.close();
  }
}

function presentOf(objects: readonly Sample[]): Map<string, Present> {
  return new Map(
    objects.map(({ metadata: { name, resourceVersion }, spec }) => [
      name,
      { value: spec.image, revision: BigInt(resourceVersion) },
    ]),
  );
}
