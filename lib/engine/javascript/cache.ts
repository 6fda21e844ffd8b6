/**
 * The JavaScript engine: a cache on one thread, in plain TypeScript, its objects' bytes outside the
 * V8 heap.
 *
 *   apply ─▶ batch (check, scan, store) ─▶ shards ─▶ log ─▶ watches ─▶ trim
 *   get ─▶ shards        list, root, watch of a state ─▶ root        watch after a revision ─▶ log
 *
 * Invariants (beside those of the contract):
 *  1. Between two calls shards and log hold the same state: the root is made of them when it is
 *     wanted, and never changes afterwards.
 *  2. Versions are freed by `#retire` and `#collect` and nowhere else, except those of a refused
 *     batch.
 */

import type { ObjectKey } from '../../object/index.js';
import { checkNotBelow, checkRange, closed, conflict, expired, future } from '../checks.js';
import {
  type Change,
  type EngineCache,
  type EngineCacheOptions,
  type EngineKind,
  type EngineList,
  type EngineObject,
  type EngineRoot,
  type EngineShare,
  type EngineStats,
  type EngineWatch,
  type ListQuery,
  type ObjectWrite,
  type Put,
  type WatchQuery,
} from '../contract.js';
import { EngineError } from '../engine-error.js';
import { indexesOf } from '../indexes.js';
import { Arena, SLAB_BYTES } from './arena.js';
import { prepareChanges, prepareState, type VersionStore } from './batch.js';
import { Directory } from './directory.js';
import { JavaScriptRoot, openList, readObject, readObjectInto } from './held-root.js';
import { History } from './history.js';
import { EventLog, type EventRecord } from './log.js';
import { Indexes } from './object-index.js';
import { HeldRoots, RetiredVersions } from './retired.js';
import type { Root } from './root.js';
import { Shards } from './shard.js';
import { StringPool } from './strings.js';
import type { Version } from './version.js';
import type { OpenState } from './watch.js';
import { Watches } from './watches.js';
import type { Schedule } from './waker.js';
import { Lookahead, Looks, scopeSource } from './walk.js';

/** Bytes that one write may move to compact slabs, so that no write takes long. */
const COMPACTED_BYTES_MAX: number = SLAB_BYTES / 2;

/** What tests set and users do not. */
export interface JavaScriptEngineInternals {
  /** Runs a task soon, from the event loop. Default setImmediate. */
  readonly schedule?: Schedule;
  /** Bytes of encoded frames to keep. Default 16 MiB. */
  readonly frameBytesMax?: number;
}

export class JavaScriptEngineCache implements EngineCache {
  readonly kind: EngineKind = 'javascript';
  readonly #options: EngineCacheOptions;
  readonly #arena = new Arena();
  readonly #strings = new StringPool();
  readonly #indexes: Indexes;
  readonly #store: VersionStore;
  readonly #shards: Shards;
  readonly #log: EventLog;
  readonly #history: History;
  readonly #held = new HeldRoots();
  readonly #retired = new RetiredVersions();
  readonly #watches: Watches;
  #generation = 0;
  #revision = 0n;
  // The last one that was made.
  #made: Root;
  // Whether shards and log went on since then.
  #isAhead = false;
  #isClosed = false;

  constructor(options: EngineCacheOptions, internals: JavaScriptEngineInternals = {}) {
    this.#options = options;
    this.#store = { arena: this.#arena, strings: this.#strings, fields: options.fields };
    this.#indexes = new Indexes(options.fields, indexesOf(options));
    this.#shards = new Shards(options.shardCount, this.#indexes);
    const directory = Directory.empty(this.#indexes);
    this.#made = { generation: 0, revision: 0n, sequence: 0, directory };
    this.#log = new EventLog(options.history);
    this.#history = new History(this.#log);
    this.#watches = new Watches(this.#log, options.fields, () => this.#revision, internals);
  }

  get generation(): number {
    return this.#generation;
  }

  get revision(): bigint {
    return this.#revision;
  }

  get oldestRevision(): bigint {
    return this.#log.oldestRevision;
  }

  /** The watches, for tests that count what the contract does not show. */
  get watches(): Watches {
    return this.#watches;
  }

  /** Number of different strings kept of all objects, for tests. */
  get stringCount(): number {
    return this.#strings.size;
  }

  replace(objects: readonly Put[], revision: bigint): void {
    this.#assertOpen();
    checkNotBelow(revision, this.#revision);
    const versions = prepareState(objects, revision, this.#store);
    this.#drop(revision);
    for (const version of versions) this.#shards.put(version);
    this.#publish(revision, this.#generation + 1);
    this.#watches.endAll('replaced');
    this.#reclaim(Infinity);
  }

  apply(changes: readonly Change[]): void {
    this.#assertOpen();
    const revision = changes.at(-1)?.revision;
    if (revision === undefined) return;
    const nowMs = this.#options.now();
    const versions = prepareChanges(changes, this.#revision, this.#store);
    this.#change(changes, versions, revision, nowMs);
  }

  write(change: ObjectWrite, expected?: bigint): bigint {
    this.#assertOpen();
    const nowMs = this.#options.now();
    const revision = this.#revision + 1n;
    const changes = [numbered(change, revision)];
    const versions = prepareChanges(changes, this.#revision, this.#store);
    const present = this.#shards.get(change)?.revision ?? 0n;
    if (expected !== undefined && expected !== present) {
      versions[0]?.free(this.#arena, this.#strings);
      this.#change([], [], revision, nowMs);
      throw conflict(change, expected, present);
    }
    const sequence = this.#log.end;
    this.#change(changes, versions, revision, nowMs);
    return this.#log.end === sequence ? 0n : revision;
  }

  progress(revision: bigint): void {
    this.#assertOpen();
    if (revision <= this.#revision) return;
    checkRange(revision);
    this.#revision = revision;
    this.#made = { ...this.#made, revision };
  }

  get(key: ObjectKey, apiVersion?: string): EngineObject | undefined {
    this.#assertOpen();
    return readObject(this.#shards, key, apiVersion);
  }

  getInto(
    key: ObjectKey,
    target: Uint8Array,
    apiVersion?: string,
    revision?: BigUint64Array,
  ): number {
    this.#assertOpen();
    return readObjectInto(this.#shards, key, target, apiVersion, revision);
  }

  list(query: ListQuery): EngineList {
    this.#assertOpen();
    return openList(this.#root, query, this.#options.fields, this.#hold);
  }

  root(revision?: bigint): EngineRoot {
    this.#assertOpen();
    return new JavaScriptRoot(this.#rootAt(revision), this.#options.fields, this.#hold);
  }

  watch(query: WatchQuery): EngineWatch {
    this.#assertOpen();
    const { from } = query;
    if (from.type === 'state') {
      const root = this.#root;
      return this.#watches.open(query, root.revision, this.#stateOf(root));
    }
    this.#assertNotExpired(from.revision);
    return this.#watches.open(query, from.revision, undefined);
  }

  trim(): void {
    this.#assertOpen();
    this.#trim(this.#options.now());
    this.#moveInitialStates();
    this.#reclaim(Infinity);
  }

  stats(): EngineStats {
    const { directory, generation, revision } = this.#root;
    const bytesLive = this.#shards.bytes;
    return {
      kind: this.kind,
      objects: directory.count,
      shards: this.#shards.count,
      namespaces: this.#shards.namespaces,
      bytesLive,
      bytesRetained: this.#arena.live - bytesLive,
      bytesFree: this.#arena.allocated - this.#arena.live,
      bytesReserved: this.#arena.allocated,
      generation,
      revision,
      oldestRevision: this.#log.oldestRevision,
      oldestAgeMs: this.#log.oldestAgeMs(this.#options.now()),
      logEntries: this.#log.length,
      logStart: this.#log.first,
      logEnd: this.#log.end,
      roots: this.#held.count + this.#history.count,
      watches: this.#watches.count,
      watchGroups: this.#watches.groupCount,
      epochsBehind: 0,
      attachments: 1,
      indexEntries: directory.index.texts.size,
    };
  }

  share(): EngineShare {
    this.#assertOpen();
    throw new EngineError(
      'not-shareable',
      `the cache ${this.#options.name} is on the JavaScript engine, which keeps it on one thread`,
    );
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watches.endAll('closed');
    this.#drop(this.#revision);
    this.#reclaim(Infinity);
  }

  /** Brings in changes that nothing can be wrong with any more. */
  #change(
    changes: readonly Change[],
    versions: readonly (Version | undefined)[],
    revision: bigint,
    nowMs: number,
  ): void {
    const sequence = this.#log.end;
    for (let index = 0; index < changes.length; index++) {
      const change = changes[index]!;
      const version = versions[index];
      const previous =
        version === undefined ? this.#shards.delete(change) : this.#shards.put(version);
      if (version === undefined && previous === undefined) continue;
      this.#log.append(change.revision, nowMs, version, previous);
    }
    this.#publish(revision, this.#generation);
    this.#watches.offer(sequence);
    this.#trim(nowMs);
    this.#reclaim(COMPACTED_BYTES_MAX);
  }

  /** Makes what shards and log hold the state that everybody sees. */
  #publish(revision: bigint, generation: number): void {
    this.#revision = revision;
    this.#generation = generation;
    this.#isAhead = true;
    if (this.#history.isDue) this.#history.retain(this.#root);
  }

  // Made when somebody wants it: a root copies the paths to all that has changed since the last.
  get #root(): Root {
    if (this.#isAhead) {
      const edit = this.#made.directory.edit();
      this.#shards.publish(edit);
      this.#made = {
        generation: this.#generation,
        revision: this.#revision,
        sequence: this.#log.end,
        directory: edit.finish(),
      };
      this.#isAhead = false;
    }
    return this.#made;
  }

  /** Drops all objects and all history, and leaves an empty root that nobody has seen yet. */
  #drop(oldestRevision: bigint): void {
    const sequence = this.#log.end;
    const current = this.#root.directory;
    this.#log.restart(oldestRevision, this.#retire);
    this.#history.clear();
    const walk = current.namespaces();
    for (let entry = walk.next(); entry !== undefined; entry = walk.next()) {
      const objects = entry.objects.cursor();
      for (let version = objects.next(); version !== undefined; version = objects.next()) {
        this.#retired.add(version, sequence);
      }
    }
    this.#shards.clear();
    const directory = Directory.empty(this.#indexes);
    this.#made = { ...this.#made, sequence: this.#log.end, directory };
  }

  #rootAt(revision: bigint | undefined): Root {
    if (revision === undefined || revision === this.#revision) return this.#root;
    if (revision > this.#revision) throw future(revision, this.#revision);
    this.#assertNotExpired(revision);
    return this.#history.at(revision, this.#root);
  }

  /** Opens the objects of a scope, from a root that is held until they are drained. */
  #stateOf(root: Root): OpenState {
    return (scope, start) => {
      const looks = new Looks(0);
      const source = scopeSource(root.directory, scope, start, undefined, looks);
      const objects = new Lookahead(source, looks);
      return { objects, looks, start, sequence: root.sequence, release: this.#hold(root) };
    };
  }

  /** Watches whose consumer stalls keep no versions alive that have left the history. */
  #moveInitialStates(): void {
    if (this.#held.oldest() >= this.#log.first) return;
    const root = this.#rootAt(this.#log.oldestRevision);
    this.#watches.moveInitial(root.sequence, this.#stateOf(root));
  }

  readonly #hold = (root: Root): (() => void) => {
    const { sequence } = root;
    let isHeld = true;
    this.#held.acquire(sequence);
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#held.release(sequence);
      this.#collect();
    };
  };

  #trim(nowMs: number): void {
    this.#log.trim(nowMs, this.#retire);
    this.#history.trim();
  }

  /** A record has left the log: what it replaced is history. */
  readonly #retire = (record: EventRecord): void => {
    this.#watches.frames.forget(record);
    const { previous, sequence } = record;
    if (previous === undefined) return;
    // In order: behind what waits it waits too.
    if (this.#retired.isEmpty && sequence < this.#held.oldest()) this.#free(previous);
    else this.#retired.add(previous, sequence);
  };

  #reclaim(copiedBytesMax: number): void {
    this.#collect();
    this.#arena.compact(copiedBytesMax);
  }

  #collect(): void {
    this.#retired.collect(this.#held.oldest(), this.#free);
  }

  readonly #free = (version: Version): void => version.free(this.#arena, this.#strings);

  #assertNotExpired(revision: bigint): void {
    const { oldestRevision } = this.#log;
    if (revision < oldestRevision) throw expired(revision, oldestRevision);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closed(`the cache ${this.#options.name}`);
  }
}

function numbered({ namespace, name, object }: ObjectWrite, revision: bigint): Change {
  return object === undefined
    ? { type: 'delete', namespace, name, revision }
    : { type: 'put', namespace, name, object, revision };
}
