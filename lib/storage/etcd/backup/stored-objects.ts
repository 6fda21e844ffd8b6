/**
 * The objects below a prefix of etcd at one revision, page by page, with what their leases tell.
 *
 * etcd keeps that revision only until it is compacted: a walk that takes longer ends then.
 */

import { BackupError, checkAborted } from '../../backup/error.js';
import type { Clock } from '../../clock.js';
import { prefixEnd } from '../../limits.js';
import type { Version } from '../../transition.js';
import type { EtcdClient } from '../client/client.js';
import { EtcdError } from '../client/error.js';
import { keyBytes, type KeyRange } from '../client/key-range.js';
import type { KeyValue } from '../rpc/range_pb.js';
import { COMPACTION_KEY, compactedIn } from '../store/compaction-key.js';
import type { KeySpace } from '../store/keys.js';
import { keyAfter, keysOfNextPage, PAGE_KEYS_FIRST } from '../store/range-reads.js';
import { LeaseTimes } from './lease-times.js';

export interface StoredObjectsOptions {
  readonly client: EtcdClient;
  readonly keys: KeySpace;
  /** For the times at which leases end. */
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

export interface StoredObject {
  readonly key: string;
  /** As etcd has it; `key` is not, where it is no UTF-8. */
  readonly keyBytes: Uint8Array;
  readonly version: Version;
}

/** The state of all keys: at which revision, and how many there are. */
export interface StoredState {
  readonly revision: bigint;
  /** As the servers that share the etcd know it; 0 where they have not compacted yet. */
  readonly compactedRevision: bigint;
  readonly objects: number;
}

export class StoredObjects {
  readonly #options: StoredObjectsOptions;
  readonly #leases: LeaseTimes;

  constructor(options: StoredObjectsOptions) {
    this.#options = options;
    this.#leases = new LeaseTimes(options.client.lease, options.clock);
  }

  /** Of now. */
  async state(): Promise<StoredState> {
    const { client, signal } = this.#options;
    const request = { ...this.#range(), countOnly: true };
    const call = { ...(signal && { signal }) };
    const { kvs } = await client.kv.range({ key: keyBytes(COMPACTION_KEY) }, call);
    const { header, count } = await client.kv.range(request, call);
    return {
      revision: header?.revision ?? 1n,
      compactedRevision: compactedIn(kvs[0]) ?? 0n,
      objects: Number(count),
    };
  }

  /** From `start` on to `end`, in order. Throws `aborted`, or `unavailable` once compacted. */
  async *pages(
    revision: bigint,
    bounds: { readonly start?: string; readonly end?: string } = {},
  ): AsyncGenerator<readonly StoredObject[], void, undefined> {
    const { client, signal } = this.#options;
    const { rangeEnd, key: first } = this.#range(bounds);
    let key = first;
    let limit = PAGE_KEYS_FIRST;
    for (;;) {
      checkAborted(signal);
      const request = { key, rangeEnd, revision, limit: BigInt(limit) };
      const page = await client.kv
        .range(request, { ...(signal && { signal }) })
        .catch((error: unknown) => {
          throw readFailure(error, revision);
        });
      yield await Promise.all(page.kvs.map((kv) => this.#object(kv)));
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return;
      key = keyAfter(last.key);
      limit = keysOfNextPage(page);
    }
  }

  async #object(kv: KeyValue): Promise<StoredObject> {
    const { keys } = this.#options;
    const { value, modRevision: revision, createRevision, lease } = kv;
    const times = await this.#leases.of(lease);
    const version = { revision, createRevision, value, ...times };
    return { key: keys.fromEtcd(kv.key) ?? '', keyBytes: kv.key, version };
  }

  #range({ start = '/', end = prefixEnd('/') }: { start?: string; end?: string } = {}): KeyRange {
    const { keys } = this.#options;
    return { key: keys.toEtcd(start), rangeEnd: keys.toEtcd(end) };
  }
}

function readFailure(error: unknown, revision: bigint): unknown {
  if (!(error instanceof EtcdError) || error.code !== 'compacted') return error;
  const message =
    `revision ${revision} was compacted while it was read: begin anew, and let the servers ` +
    'compact less often meanwhile (--etcd-compaction-interval)';
  return new BackupError('unavailable', message, { cause: error });
}
