/**
 * Compare-and-swap over etcd's transactions.
 *
 *  1. A write that would leave value and TTL as they are changes nothing: found by what is known of
 *     the revision that it expects, else by reading it first.
 *  2. Of a write that got no answer is found out what became of it (`write-fate.ts`), before it is
 *     told or sent again. It is acknowledged exactly when it has been applied.
 *
 * Owned by one event loop.
 */

import type { Write, WriteResult } from '../../contract.js';
import type { KnownValue, KnownValues } from '../../known-values.js';
import type { EtcdClient } from '../client/client.js';
import { EtcdError } from '../client/error.js';
import { COMPARE_RESULT, COMPARE_TARGET, type TxnInit } from '../client/kv.js';
import type { TxnResponse } from '../rpc/kv_pb.js';
import type { KeyValue } from '../rpc/range_pb.js';
import { CreationFence } from './creation-fence.js';
import type { KeySpace } from './keys.js';
import { leaseTtlSeconds, type LeaseGroups } from './lease-groups.js';
import type { PointReads } from './point-reads.js';
import type { Fate, FateQuestion } from './write-fate.js';

export interface WriterOptions {
  readonly client: Pick<EtcdClient, 'kv'>;
  readonly reads: PointReads;
  readonly keys: KeySpace;
  readonly known: KnownValues;
  readonly leases: LeaseGroups;
  /** The highest revision that has been seen. */
  readonly seenRevision: () => bigint;
  readonly fateOf: (question: FateQuestion) => Promise<Fate>;
}

/** What is to become of a key: checked, and with bytes of its own. */
export interface OwnWrite {
  readonly key: string;
  readonly expected: bigint;
  readonly value: Uint8Array | null;
  readonly ttlSeconds: number;
}

/** Times that a write is sent after it was found not to have been applied. */
const SENDS_MAX = 4;

/** What is there now. */
export interface Current extends KnownValue {
  readonly createRevision: bigint;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #fence: CreationFence;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#fence = new CreationFence(options.client, options.keys.fenceKey);
  }

  /** Rejects with an EtcdError or a StorageError. */
  async write(write: OwnWrite): Promise<WriteResult> {
    const { key, expected, value, ttlSeconds } = write;
    if (expected === 0n) return value === null ? this.#unchanged(write) : this.#send(write);
    if (value === null) return this.#send(write);
    let present: KnownValue | undefined = this.#options.known.at(key, expected);
    if (present === undefined) {
      const current = await this.read(key);
      if (current?.revision !== expected) return refused(key, current);
      present = current;
    }
    const isSame = present.ttlSeconds === ttlSeconds && areEqual(present.value, value);
    return isSame ? this.#unchanged(write) : this.#send(write);
  }

  /** What the key holds now. */
  async read(key: string): Promise<Current | undefined> {
    return (await this.#readAt(key)).current;
  }

  async #readAt(key: string): Promise<{ current: Current | undefined; revision: bigint }> {
    const { reads, keys, known } = this.#options;
    const { kv, revision } = await reads.read(keys.toEtcd(key));
    const current = kv === undefined ? undefined : currentOf(kv);
    if (current !== undefined) known.add(key, current);
    return { current, revision };
  }

  // It writes nothing, if the key is where it is expected to be.
  async #unchanged({ key, expected }: OwnWrite): Promise<WriteResult> {
    const current = await this.read(key);
    if ((current?.revision ?? 0n) !== expected) return refused(key, current);
    return { ok: true, revision: expected, changed: false };
  }

  async #send(write: OwnWrite): Promise<WriteResult> {
    const { client, leases, seenRevision } = this.#options;
    const seen = seenRevision();
    const after = seen > write.expected ? seen : write.expected;
    let doubt: EtcdError | undefined;
    for (let sends = 1; ; sends++) {
      const lease = await leases.take(write.ttlSeconds).catch((error: unknown) => {
        throw doubt ?? error;
      });
      const fence = this.#fence.revision;
      try {
        const response = await client.kv.txn(this.#transactionOf(write, lease));
        if (response.succeeded) return this.#applied(write, response.header?.revision ?? 0n);
        if (this.#isFenceRaised(write, response)) continue;
        // What is in its way may be the write itself, sent before and applied late.
        if (doubt === undefined) return refused(write.key, currentIn(response));
        return (await this.#settle(write, after, fence)) ?? refused(write.key, undefined);
      } catch (error) {
        if (!(error instanceof EtcdError)) throw doubt ?? error;
        if (error.mayBeApplied) doubt = error;
        const isLeaseLost = error.code === 'lease-not-found';
        if (isLeaseLost) leases.drop(write.ttlSeconds);
        // One that was sent before may still be applied, whatever became of this one.
        else if (!error.mayBeApplied) throw doubt ?? error;
        else {
          const settled = await this.#settled(write, after, fence, error);
          if (settled !== undefined) return settled;
        }
        // It would be told the same.
        if (sends >= SENDS_MAX || error.code === 'no-space') throw doubt ?? error;
      }
    }
  }

  // As `#settle`; where that can't be found out either, rejects with what left the doubt.
  async #settled(
    write: OwnWrite,
    after: bigint,
    fence: bigint,
    doubt: EtcdError,
  ): Promise<WriteResult | undefined> {
    try {
      return await this.#settle(write, after, fence);
    } catch {
      throw doubt;
    }
  }

  // Its result, where it was applied or can't be any more; `undefined`: it was not applied so far,
  // and of two that are sent one at most will be.
  async #settle(write: OwnWrite, after: bigint, fence: bigint): Promise<WriteResult | undefined> {
    const { key, value, expected } = write;
    if (expected === 0n) await this.#fence.raise(fence);
    const { current, revision } = await this.#readAt(key);
    if (expected !== 0n && current?.revision === expected) return undefined;
    const fate = await this.#options.fateOf({ key, value, expected, after, through: revision });
    if (fate.kind === 'applied') return this.#applied(write, fate.revision);
    // Nothing has happened since, and yet it is not at what is expected: it never was.
    if (fate.kind === 'overtaken' || expected !== 0n) return refused(key, current);
    return current === undefined ? undefined : refused(key, current);
  }

  #transactionOf({ key, expected, value }: OwnWrite, lease: bigint): TxnInit {
    const { keys } = this.#options;
    const at = keys.toEtcd(key);
    const isAsExpected = {
      key: at,
      result: COMPARE_RESULT.equal,
      target: COMPARE_TARGET.mod,
      targetUnion: { case: 'modRevision' as const, value: expected },
    };
    const isCreation = expected === 0n;
    return {
      compare: isCreation ? [isAsExpected, this.#fence.compare()] : [isAsExpected],
      success: [
        {
          request:
            value === null
              ? { case: 'requestDeleteRange', value: { key: at } }
              : { case: 'requestPut', value: { key: at, value, lease } },
        },
      ],
      failure: (isCreation ? [at, this.#fence.key] : [at]).map((read) => ({
        request: { case: 'requestRange', value: { key: read } },
      })),
    };
  }

  // Whether that was what was in the way of a creation.
  #isFenceRaised({ expected }: OwnWrite, response: TxnResponse): boolean {
    if (expected !== 0n || kvIn(response, 0) !== undefined) return false;
    this.#fence.found(kvIn(response, 1)?.modRevision ?? 0n);
    return true;
  }

  #applied({ key, value, ttlSeconds }: OwnWrite, revision: bigint): WriteResult {
    if (value === null) this.#options.known.delete(key);
    else this.#options.known.add(key, { revision, value, ttlSeconds });
    return { ok: true, revision, changed: true };
  }
}

/** As much as the storage keeps of what etcd tells. */
export function currentOf({ value, modRevision, createRevision, lease }: KeyValue): Current {
  return { value, revision: modRevision, createRevision, ttlSeconds: leaseTtlSeconds(lease) };
}

/** A write with everything filled in, and bytes that nobody else changes. */
export function ownWrite({ key, expected, value, ttlSeconds = 0 }: Write): OwnWrite {
  const own = value === null ? null : new Uint8Array(value);
  return { key, expected, value: own, ttlSeconds: value === null ? 0 : ttlSeconds };
}

function refused(key: string, current: Current | undefined): WriteResult {
  if (current === undefined) return { ok: false, current };
  const { value, revision, createRevision } = current;
  return { ok: false, current: { key, value, revision, createRevision } };
}

function currentIn(response: TxnResponse): Current | undefined {
  const kv = kvIn(response, 0);
  return kv === undefined ? undefined : currentOf(kv);
}

function kvIn({ responses }: TxnResponse, place: number): KeyValue | undefined {
  const answer = responses[place]?.response;
  return answer?.case === 'responseRange' ? answer.value.kvs[0] : undefined;
}

function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
