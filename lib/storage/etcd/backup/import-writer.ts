/**
 * Writes objects into etcd: one transaction for each, which compares what it was planned for.
 *
 *  1. Of a transaction without an answer the key tells what became of it: it holds the object, or
 *     is as before and the transaction is sent again.
 *  2. Objects that end get leases that end when they do: there is no server that deletes them.
 */

import { BackupError } from '../../backup/error.js';
import type { CheckedRow } from '../../backup/export-reader.js';
import type { Clock } from '../../clock.js';
import type { Version } from '../../transition.js';
import type { EtcdClient } from '../client/client.js';
import { EtcdError } from '../client/error.js';
import { COMPARE_RESULT, COMPARE_TARGET } from '../client/kv.js';
import type { KeyValue } from '../rpc/range_pb.js';
import type { KeySpace } from '../store/keys.js';
import { grantLease, sharedSecondsOf } from '../store/lease-groups.js';
import { ConcurrentCalls } from './concurrent-calls.js';

export interface ImportWriterOptions {
  readonly client: EtcdClient;
  readonly keys: KeySpace;
  readonly clock: Clock;
}

/** Times that a write without an answer is sent. */
const SENDS_MAX = 4;

export class ImportWriter {
  readonly #options: ImportWriterOptions;
  readonly #random: () => number;
  readonly #calls = new ConcurrentCalls();
  readonly #leases = new Map<string, Promise<bigint>>();
  #written = 0;

  constructor(options: ImportWriterOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** How many objects are written. */
  get written(): number {
    return this.#written;
  }

  /** `expected`: the revision that the key has, 0 for none. Rejects with what failed before. */
  add(row: CheckedRow, expected: bigint): Promise<void> {
    return this.#calls.add(() => this.#write(row, expected));
  }

  /** Resolves when nothing is under way any more. */
  settled(): Promise<void> {
    return this.#calls.settled();
  }

  /** As `settled`; rejects with the first failure. */
  finish(): Promise<void> {
    return this.#calls.finish();
  }

  async #write({ key, version }: CheckedRow, expected: bigint): Promise<void> {
    const lease = await this.#leaseOf(version);
    for (let sends = 1; ; sends++) {
      try {
        const there = await this.#send(key, version.value, lease, expected);
        if (there === true || isIt(there, version.value, lease)) break;
        const message = `${key} was written by somebody else meanwhile, and is left as it is`;
        throw new BackupError('conflict', message);
      } catch (error) {
        const isOpen = error instanceof EtcdError && error.mayBeApplied;
        if (!isOpen || error.code === 'no-space' || sends === SENDS_MAX) throw error;
      }
    }
    this.#written++;
  }

  // True, or what is there instead of what was expected.
  async #send(
    key: string,
    value: Uint8Array,
    lease: bigint,
    expected: bigint,
  ): Promise<true | KeyValue | undefined> {
    const { client, keys } = this.#options;
    const at = keys.toEtcd(key);
    const { succeeded, responses } = await client.kv.txn({
      compare: [
        {
          key: at,
          result: COMPARE_RESULT.equal,
          target: COMPARE_TARGET.mod,
          targetUnion: { case: 'modRevision', value: expected },
        },
      ],
      success: [{ request: { case: 'requestPut', value: { key: at, value, lease } } }],
      failure: [{ request: { case: 'requestRange', value: { key: at } } }],
    });
    if (succeeded) return true;
    const answer = responses[0]?.response;
    return answer?.case === 'responseRange' ? answer.value.kvs[0] : undefined;
  }

  // One for all that end within what a lease is shared for anyway.
  #leaseOf({ ttlSeconds, expiresAtMs }: Version): Promise<bigint> {
    if (ttlSeconds === 0) return Promise.resolve(0n);
    const { client, clock } = this.#options;
    const sharedMs = sharedSecondsOf(ttlSeconds) * 1_000;
    const endMs = Math.ceil(expiresAtMs / sharedMs) * sharedMs;
    const group = `${ttlSeconds} ${endMs}`;
    let lease = this.#leases.get(group);
    if (lease === undefined) {
      const seconds = Math.min(ttlSeconds, Math.ceil((endMs - clock.now()) / 1_000));
      lease = grantLease(client.lease, this.#random, ttlSeconds, Math.max(1, seconds));
      this.#leases.set(group, lease);
    }
    return lease;
  }
}

function isIt(there: KeyValue | undefined, value: Uint8Array, lease: bigint): boolean {
  if (there === undefined || there.lease !== lease) return false;
  return Buffer.compare(there.value, value) === 0;
}
