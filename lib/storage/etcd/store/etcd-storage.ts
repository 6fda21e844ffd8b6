/**
 * The storage for more than one machine: any number of servers over one etcd, each with caches of
 * its own. Revisions are etcd's, so a client may go from one server to another with what it has.
 *
 *  1. A write is acknowledged when etcd has it; what became of one without an answer is found out.
 *  2. All that is read is read from etcd's quorum.
 *  3. One watch of all keys feeds the storage's watches (`change-feed.ts`).
 *  4. Keys with a time to live are deleted by the storage that wrote them, when its clock says so,
 *     and by etcd's leases where that storage is gone (`lease-groups.ts`).
 *
 * Others may write to the same etcd, at other prefixes: revisions have gaps then. Owned by one
 * event loop.
 */

import { compareUtf8 } from '../../../object/index.js';
import { systemClock, type Clock } from '../../clock.js';
import {
  StorageError,
  type ListOptions,
  type Storage,
  type StorageWatch,
  type StoredList,
  type StoredValue,
  type WatchObserver,
  type Write,
  type WriteResult,
} from '../../contract.js';
import type { Compaction, CompactionOptions } from '../../compaction.js';
import { Expirer } from '../../expirer.js';
import { KnownValues } from '../../known-values.js';
import {
  checkKey,
  checkListOptions,
  checkPrefix,
  checkWrite,
  VALUE_BYTES_MAX,
} from '../../limits.js';
import { EtcdClient } from '../client/client.js';
import type { EtcdClientOptions } from '../client/options.js';
import { ProcessHold } from '../client/process-hold.js';
import type { EtcdWatch } from '../client/watcher.js';
import type { Event } from '../rpc/watch_pb.js';
import { ChangeFeed, EVENT_PUT } from './change-feed.js';
import { followCompaction, startSharedCompaction } from './compaction-key.js';
import { KeySpace } from './keys.js';
import { LeaseGroups } from './lease-groups.js';
import { PointReads } from './point-reads.js';
import { ProgressAsker } from './progress-asker.js';
import { RangeReads } from './range-reads.js';
import { RequestMeter, type EtcdOperation, type OnEtcdRequest } from './request-meter.js';
import { RevisionReader } from './revision-reader.js';
import { storageError } from './storage-error.js';
import { checkVersions } from './version-check.js';
import { fateOf } from './write-fate.js';
import { currentOf, ownWrite, Writer, type OwnWrite } from './writer.js';
import { WritesUnderWay } from './writes-under-way.js';

export interface EtcdStorageOptions {
  readonly client: EtcdClientOptions;
  /** Where the keys are, without a slash at its end. Default `/registry`, as kube-apiserver's. */
  readonly prefix?: string;
  /** For times to live. Default: the system's. */
  readonly clock?: Clock;
  /** A number in [0, 1), for the IDs of leases. Default Math.random. */
  readonly random?: () => number;
  /** Larger values are refused with `too-large`. Default 1.5 MiB, etcd's own limit of a request. */
  readonly valueBytesMax?: number;
  /** Bytes of recent changes that are held for watches that begin behind. Default 32 MiB. */
  readonly recentBytesMax?: number;
  /** Bytes of values that are remembered, to find writes that change nothing. Default 16 MiB. */
  readonly knownBytesMax?: number;
  /** Told of every request to etcd when it is over, for metrics. */
  readonly onRequest?: OnEtcdRequest;
}

const PREFIX = '/registry';
const RECENT_BYTES_MAX = 32 * 1024 * 1024;
const KNOWN_BYTES_MAX = 16 * 1024 * 1024;

export class EtcdStorage implements Storage {
  readonly kind: string = 'etcd';
  /** The client that it works with; closed with it. */
  readonly client: EtcdClient;
  readonly #keys: KeySpace;
  readonly #clock: Clock;
  readonly #valueBytesMax: number;
  readonly #known: KnownValues;
  readonly #revisions: RevisionReader;
  readonly #ranges: RangeReads;
  readonly #writer: Writer;
  readonly #feed: ChangeFeed;
  readonly #expirer: Expirer;
  readonly #asker: ProgressAsker;
  readonly #meter: RequestMeter;
  readonly #writes = new WritesUnderWay();
  readonly #compactions: EtcdWatch;
  readonly #underWay = new Set<Promise<unknown>>();
  #seen: bigint;
  // The highest revision of a write of this storage's own.
  #written = 0n;
  #compacted = 0n;
  #compaction: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /**
   * Connects, and learns where etcd is.
   *
   * @throws StorageError `unavailable`, naming endpoint and cause, where etcd can't be reached or
   * refuses, `unsupported-format` where a member is older than 3.4; `invalid-key` for a prefix that
   * is none. EtcdError `invalid-argument` for endpoints
   * and TLS material that can't be used.
   */
  static async open(options: EtcdStorageOptions): Promise<EtcdStorage> {
    const keys = new KeySpace(options.prefix ?? PREFIX);
    const client = new EtcdClient(options.client);
    try {
      const { header } = await client.kv.range({ key: keys.emptyKey });
      await checkVersions(client.maintenance, client.endpoints);
      const storage = new EtcdStorage(options, client, keys, header?.revision ?? 1n);
      await new ProcessHold().during(() => storage.#feed.opened);
      return storage;
    } catch (error) {
      await client.close();
      throw storageError(error);
    }
  }

  private constructor(
    options: EtcdStorageOptions,
    client: EtcdClient,
    keys: KeySpace,
    revision: bigint,
  ) {
    const clock = options.clock ?? systemClock;
    this.client = client;
    this.#clock = clock;
    this.#keys = keys;
    this.#seen = revision;
    this.#meter = new RequestMeter(clock, options.onRequest);
    this.#valueBytesMax = options.valueBytesMax ?? VALUE_BYTES_MAX;
    this.#known = new KnownValues(options.knownBytesMax ?? KNOWN_BYTES_MAX);
    this.#revisions = new RevisionReader(() =>
      this.#meter.measure('getCurrentResourceVersion', '/', this.#readRevision()),
    );
    this.#asker = new ProgressAsker({ client, clock, progressKey: keys.progressKey });
    this.#feed = new ChangeFeed(
      {
        client,
        keys,
        clock,
        recentBytesMax: options.recentBytesMax ?? RECENT_BYTES_MAX,
        currentRevision: () => this.#revisions.current(),
        compactedRevision: () => this.#compacted,
        onCompacted: (compacted) => this.#noteCompacted(compacted),
        onEvents: (events) => this.#learn(events),
        askForProgress: (watch, position) => this.#asker.ask(watch, position),
      },
      revision,
    );
    this.#ranges = new RangeReads({ client, keys, saw: (reached) => this.#saw(reached) });
    this.#writer = new Writer({
      client,
      reads: new PointReads(client),
      keys,
      known: this.#known,
      leases: new LeaseGroups(client.lease, clock, options.random ?? Math.random),
      seenRevision: () => this.#seen,
      fateOf: (question) =>
        fateOf(
          question,
          (prefix, after, observer) => this.#feed.open(prefix, after, observer),
          () => this.#asker.pause(),
        ),
    });
    this.#expirer = new Expirer({
      clock,
      remove: (key, revision) => this.#expire(key, revision),
    });
    this.#compactions = followCompaction(client, (compacted) => this.#noteCompacted(compacted));
  }

  async committedRevision(): Promise<bigint> {
    if (this.#closing !== undefined) return this.#seen;
    return this.#asked(this.#revisions.current());
  }

  compactedRevision(): bigint {
    return this.#compacted;
  }

  /** Why nothing can be read or written just now; `undefined` where it can, as far as is known. */
  problem(): string | undefined {
    const { endpoints } = this.client.stats();
    if (endpoints.some(({ circuit }) => circuit === 'closed')) return undefined;
    return `no member of etcd answers: ${endpoints.map(({ endpoint }) => endpoint).join(', ')}`;
  }

  /** How many watches are open. */
  get watchCount(): number {
    return this.#feed.size;
  }

  async get(key: string): Promise<StoredValue | undefined> {
    this.#checkOpen();
    checkKey(key);
    const current = await this.#asked(this.#meter.measure('get', key, this.#writer.read(key)));
    if (current === undefined) return undefined;
    const { value, revision, createRevision } = current;
    return { key, value, revision, createRevision };
  }

  async list(prefix: string, options: ListOptions = {}): Promise<StoredList> {
    this.#checkOpen();
    checkPrefix(prefix);
    checkListOptions(options);
    const { revision = 0n, limit = 0 } = options;
    if (revision !== 0n && revision < this.#compacted) {
      const message = `revision ${revision} is compacted; the oldest is ${this.#compacted}`;
      throw new StorageError('compacted', message);
    }
    const first = options.start ?? prefix;
    const range = this.#keys.range(prefix, compareUtf8(first, prefix) < 0 ? prefix : first);
    const list = this.#ranges.list({ range, revision, limit });
    return this.#asked(this.#meter.measure('list', prefix, list));
  }

  async write(write: Write): Promise<WriteResult> {
    this.#checkOpen();
    checkWrite(write, this.#valueBytesMax);
    return this.#write(write);
  }

  watch(prefix: string, after: bigint, observer: WatchObserver): StorageWatch {
    checkPrefix(prefix);
    if (after < 0n) throw new RangeError(`after must not be negative, but it is ${after}`);
    return this.#feed.open(prefix, after, observer);
  }

  async compact(revision: bigint): Promise<void> {
    this.#checkOpen();
    if (revision <= this.#compacted) return this.#compaction;
    const compaction = this.#compaction.then(() => this.#compact(revision));
    this.#compaction = compaction.catch(() => undefined);
    return compaction;
  }

  /**
   * Compacts every interval, in turn with all servers that share the etcd, until stopped. The
   * caller stops it before closing the storage.
   */
  startCompaction(options: CompactionOptions = {}): Compaction {
    return startSharedCompaction(this.client, (revision) => this.compact(revision), options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #write(write: Write): Promise<WriteResult> {
    const own = ownWrite(write);
    return this.#asked(this.#writes.run(own.key, () => this.#writeNow(own)));
  }

  async #expire(key: string, revision: bigint): Promise<void> {
    // Whoever renews the key just now has come first.
    await this.#asked(this.#writes.settled(key));
    if (this.#closing === undefined) await this.#write({ key, expected: revision, value: null });
  }

  async #writeNow(write: OwnWrite): Promise<WriteResult> {
    const operation = operationOf(write);
    const written = this.#writer.write(write);
    const result = await this.#meter.measure(operation, write.key, written);
    if (result.ok && result.changed) {
      const { key, ttlSeconds } = write;
      const { revision } = result;
      this.#saw(revision);
      if (revision > this.#written) this.#written = revision;
      const expiresAtMs = ttlSeconds === 0 ? 0 : this.#clock.now() + ttlSeconds * 1_000;
      this.#expirer.track({ key, revision, expiresAtMs });
    }
    return result;
  }

  async #compact(revision: bigint): Promise<void> {
    const committed = await this.#asked(this.#revisions.current());
    if (revision > committed) {
      const message = `revision ${revision} is not there yet; the newest is ${committed}`;
      throw new StorageError('future-revision', message);
    }
    // Before anything is dropped: no read may meet a history with holes.
    this.#noteCompacted(revision);
    try {
      await this.#asked(this.client.kv.compact({ revision }));
    } catch (error) {
      if ((error as StorageError).code !== 'compacted') throw error;
    }
  }

  async #readRevision(): Promise<bigint> {
    const { header } = await this.client.kv.range({ key: this.#keys.emptyKey });
    const revision = header?.revision ?? 0n;
    this.#saw(revision);
    return revision;
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#underWay, this.#compaction]);
    this.#expirer.close();
    // What was acknowledged is told before the watches end, if etcd still tells anything.
    if (this.#feed.size > 0) await this.#feed.reached(this.#written, CLOSE_PATIENCE_MS);
    this.#compactions.close();
    this.#feed.end(new StorageError('closed', 'the storage is closed'));
    await this.client.close();
  }

  // Waited for by `close`, and with the errors of a storage.
  #asked<Result>(answer: Promise<Result>): Promise<Result> {
    const told = answer.catch((error: unknown) => {
      throw storageError(error);
    });
    this.#underWay.add(told);
    const forget = (): void => void this.#underWay.delete(told);
    told.then(forget, forget);
    return told;
  }

  #saw(revision: bigint | undefined): void {
    if (revision !== undefined && revision > this.#seen) this.#seen = revision;
  }

  // What other servers write need not be read before it is written over.
  #learn(events: readonly Event[]): void {
    this.#saw(events.at(-1)?.kv?.modRevision);
    for (const { type, kv } of events) {
      const key = kv === undefined ? undefined : this.#keys.fromEtcd(kv.key);
      if (kv === undefined || key === undefined) continue;
      if (type === EVENT_PUT) this.#known.add(key, currentOf(kv));
      else this.#known.delete(key);
    }
  }

  #noteCompacted(revision: bigint): void {
    if (revision > this.#compacted) this.#compacted = revision;
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new StorageError('closed', 'the storage is closed');
  }
}

function operationOf({ value, expected }: OwnWrite): EtcdOperation {
  if (value === null) return 'delete';
  return expected === 0n ? 'create' : 'update';
}

/** How long closing waits for events of what was written. */
const CLOSE_PATIENCE_MS = 2_000;
