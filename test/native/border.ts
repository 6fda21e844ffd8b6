/**
 * The border as tests cross it: the addon with a connection of its own, the exchange in front of
 * it, and calls that are made of a test's few words.
 */

import {
  EVENT_LANE,
  EXPECTATION,
  FRAME_LANE,
  HEAD_LANE,
  LIMIT,
  OBJECT_LANE,
  STATS_LANE,
} from '../../lib/engine/wire.js';
import type { PackedScope } from '../../lib/engine/native/addon.js';
import { type Addon, loadAddon } from './addon.js';

/** All objects. */
export const ALL: PackedScope = [undefined, undefined, undefined, 0, 0];

/** The objects of one namespace. */
export function inNamespace(namespace: string): PackedScope {
  return [namespace, undefined, undefined, 0, 0];
}

export const NONCE = 0xdead_beef_0123_4567n;

export interface Item {
  readonly namespace: string;
  readonly name: string;
  readonly revision: bigint;
  readonly object: string;
}

type Head = keyof typeof HEAD_LANE;

export class Border {
  readonly addon: Addon;
  readonly exchange: ArrayBuffer = new ArrayBuffer(LIMIT.exchangeBytes);
  readonly numbers: Float64Array = new Float64Array(this.exchange);
  readonly revisions: BigUint64Array = new BigUint64Array(this.exchange);
  readonly page: Uint8Array;
  readonly connection: number;
  /** Calls of `wake`. */
  wakes = 0;
  #whenWoken: (() => void) | undefined;

  constructor(addon: Addon = loadAddon(), pageBytes = 65_536) {
    this.addon = addon;
    this.page = new Uint8Array(pageBytes);
    this.connection = addon.connect(this.exchange, () => {
      this.wakes++;
      this.#whenWoken?.();
    });
  }

  /** Resolves with the next call of `wake`. */
  woken(): Promise<void> {
    return new Promise((resolve) => (this.#whenWoken = resolve));
  }

  number(lane: Head): number {
    return this.numbers[HEAD_LANE[lane]]!;
  }

  revision(lane: Head = 'revision'): bigint {
    return this.revisions[HEAD_LANE[lane]]!;
  }

  stat(cache: number, lane: keyof typeof STATS_LANE): number {
    const status = this.addon.stats(cache, 0);
    if (status < 0) throw new Error(`stats answered ${status}`);
    return this.numbers[STATS_LANE[lane]]!;
  }

  /** Fills the head for `openCache`. */
  setLimits(limits: Partial<Record<Head, number>> = {}): void {
    const all: Partial<Record<Head, number>> = {
      shardCount: 2,
      windowMs: 1000,
      entriesMin: 10,
      entriesMax: 1000,
      bytesMax: Infinity,
      ...limits,
    };
    for (const [lane, value] of Object.entries(all)) this.numbers[HEAD_LANE[lane as Head]] = value;
    this.revisions[HEAD_LANE.seed] = 1n;
    this.revisions[HEAD_LANE.nonce] = NONCE;
  }

  openCache(fields: readonly string[] = ['spec.node']): number {
    this.setLimits();
    return succeed(this.addon.openCache(this.connection, fields, fields, []));
  }

  openHeap(capacity = 1000, sequences = Infinity): number {
    this.revisions[HEAD_LANE.nonce] = NONCE;
    return succeed(this.addon.openHeap(this.connection, capacity, sequences));
  }

  /** Puts an object, or deletes it where there are no `fields`. Tells the status. */
  apply(
    cache: number,
    revision: bigint,
    namespace: string,
    name: string,
    fields: object | undefined = {},
  ): number {
    const object = fields === undefined ? undefined : objectBytes(namespace, name, fields);
    return this.addon.apply(cache, 0, [namespace, name], [object], BigUint64Array.of(revision));
  }

  delete(cache: number, revision: bigint, namespace: string, name: string): number {
    const revisions = BigUint64Array.of(revision);
    return this.addon.apply(cache, 0, [namespace, name], [undefined], revisions);
  }

  write(cache: number, name: string, fields: object | undefined, expected?: bigint): number {
    this.revisions[HEAD_LANE.expectedRevision] = expected ?? 0n;
    const expectation = expected === undefined ? EXPECTATION.any : EXPECTATION.revision;
    const object = fields === undefined ? undefined : objectBytes('', name, fields);
    return this.addon.write(cache, 0, '', name, object, expectation);
  }

  replace(cache: number, revision: bigint, keys: readonly string[]): number {
    const objects: Uint8Array[] = [];
    for (let at = 0; at < keys.length; at += 2) objects.push(objectBytes(keys[at]!, keys[at + 1]!));
    this.revisions[HEAD_LANE.revision] = revision;
    const revisions = new BigUint64Array(objects.length).fill(revision);
    return this.addon.replace(cache, keys, objects, revisions);
  }

  get(cache: number, namespace: string, name: string, apiVersion?: string): string | number {
    const length = this.addon.get(cache, namespace, name, apiVersion, this.page, 0);
    return length < 0 ? length : this.text(0, length);
  }

  openRoot(cache: number, revision?: bigint): number {
    if (revision !== undefined) this.revisions[HEAD_LANE.revision] = revision;
    return this.addon.openRoot(cache, revision !== undefined);
  }

  openList(cache: number, scope: PackedScope = ALL, limit = 0, root = -1): number {
    return this.addon.openList(cache, root, scope, undefined, limit, 0);
  }

  openWatch(cache: number, scope: PackedScope = ALL, after?: bigint): number {
    this.revisions[HEAD_LANE.afterRevision] = after ?? 0n;
    return this.addon.openWatch(cache, JSON.stringify(scope), scope, after === undefined, 0);
  }

  /** The next objects of a list. */
  readObjects(list: number, objectsMax = 1000): readonly Item[] {
    const count = succeed(this.addon.readListObjects(list, this.page, 0, objectsMax));
    return Array.from({ length: count }, (_, index) => this.item(index));
  }

  /** The next events of a watch, as `ADDED a/x@5`. */
  drainEvents(watch: number, eventsMax = 1000): readonly string[] {
    const count = succeed(this.addon.drainEvents(watch, this.page, 0, eventsMax));
    const types = ['ADDED', 'MODIFIED', 'DELETED'];
    return Array.from({ length: count }, (_, index) => {
      const { namespace, name, revision } = this.item(index);
      const type = types[this.record(index, EVENT_LANE.type)];
      return `${type} ${namespace}/${name}@${revision}`;
    });
  }

  /** The next frames of a watch: those that are new as text, the others by their numbers. */
  drainFrames(watch: number, bytesMax = 65_536, isContinued = false): readonly (string | number)[] {
    const count = succeed(this.addon.drainFrames(watch, this.page, 0, bytesMax, isContinued));
    return Array.from({ length: count }, (_, index) => {
      if (this.record(index, FRAME_LANE.isNew) === 0) {
        return this.record(index, FRAME_LANE.frameId);
      }
      const offset = this.record(index, FRAME_LANE.offset);
      return this.text(offset, this.record(index, FRAME_LANE.length));
    });
  }

  /** The handles of what is ready. */
  takeReady(): readonly number[] {
    const count = succeed(this.addon.takeReady(this.connection));
    return Array.from(this.numbers.subarray(LIMIT.headLanes, LIMIT.headLanes + count));
  }

  /** A lane of a record. */
  record(index: number, lane: number): number {
    return this.numbers[LIMIT.headLanes + index * LIMIT.recordLanes + lane]!;
  }

  text(offset: number, length: number): string {
    return Buffer.from(this.page.subarray(offset, offset + length)).toString();
  }

  /** What an object's or event's record says. */
  item(index: number): Item {
    const start = this.record(index, OBJECT_LANE.objectOffset);
    const length = this.record(index, OBJECT_LANE.objectLength);
    const namespaceLength = this.record(index, OBJECT_LANE.namespaceLength);
    const at = LIMIT.headLanes + index * LIMIT.recordLanes + OBJECT_LANE.revision;
    return {
      object: this.text(start, length),
      namespace: this.text(start + length, namespaceLength),
      name: this.text(start + length + namespaceLength, this.record(index, OBJECT_LANE.nameLength)),
      revision: this.revisions[at]!,
    };
  }
}

/** An object's JSON; `fields` are beside its metadata. */
export function objectBytes(namespace: string, name: string, fields: object = {}): Uint8Array {
  const metadata = namespace === '' ? { name } : { name, namespace };
  return Buffer.from(JSON.stringify({ apiVersion: 'example.com/v1', metadata, ...fields }));
}

/** The result of a call that has to succeed. */
export function succeed(result: number): number {
  if (result < 0) throw new Error(`the call answered ${result}`);
  return result;
}
