/**
 * Reads of single keys: those of one turn of the event loop go out as one transaction.
 *
 *     get a ─┐
 *     get b ─┼─ one turn ─> Txn [Range a, Range b] ─> one revision, an answer for each
 *     get a ─┘
 *
 *  1. A read sees everything that was acknowledged before it was asked for: it never joins one that
 *     is on its way.
 *  2. Where etcd refuses the transaction as a whole (one of its keys may not be read, say), each
 *     read is made by itself and fails or succeeds by itself.
 *
 * Owned by one event loop.
 */

import type { EtcdClient } from '../client/client.js';
import { EtcdError, isTransient } from '../client/error.js';
import type { KeyValue } from '../rpc/range_pb.js';

export interface PointRead {
  /** What the key holds, if it is there. */
  readonly kv: KeyValue | undefined;
  /** The revision at which it does. */
  readonly revision: bigint;
}

/**
 * Reads in one transaction. etcd takes 128 unless configured otherwise; fewer keep an answer of
 * the largest values below 100 MiB.
 */
const READS_MAX = 64;

interface Waiting {
  readonly key: Uint8Array;
  readonly answer: Promise<PointRead>;
  readonly resolve: (read: PointRead) => void;
  readonly reject: (error: unknown) => void;
}

export class PointReads {
  readonly #client: EtcdClient;
  #waiting = new Map<string, Waiting>();

  constructor(client: EtcdClient) {
    this.#client = client;
  }

  /** Rejects with an EtcdError. */
  read(key: Uint8Array): Promise<PointRead> {
    const name = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
    const present = this.#waiting.get(name);
    if (present !== undefined) return present.answer;
    if (this.#waiting.size === 0) setImmediate(() => this.#send());
    const waiting = waitingFor(key);
    this.#waiting.set(name, waiting);
    if (this.#waiting.size === READS_MAX) this.#send();
    return waiting.answer;
  }

  #send(): void {
    const reads = [...this.#waiting.values()];
    this.#waiting = new Map();
    const [first] = reads;
    if (first === undefined) return;
    if (reads.length === 1) void this.#readOne(first);
    else void this.#readAll(reads);
  }

  async #readAll(reads: readonly Waiting[]): Promise<void> {
    const success = reads.map(({ key }) => ({
      request: { case: 'requestRange' as const, value: { key } },
    }));
    try {
      const { responses, header } = await this.#client.kv.txn({ success });
      const revision = header?.revision ?? 0n;
      reads.forEach(({ resolve }, index) => {
        const answer = responses[index]?.response;
        const kv = answer?.case === 'responseRange' ? answer.value.kvs[0] : undefined;
        resolve({ kv, revision });
      });
    } catch (error) {
      if (error instanceof EtcdError && (isTransient(error) || error.code === 'closed')) {
        for (const { reject } of reads) reject(error);
      } else {
        for (const read of reads) void this.#readOne(read);
      }
    }
  }

  async #readOne({ key, resolve, reject }: Waiting): Promise<void> {
    try {
      const { kvs, header } = await this.#client.kv.range({ key });
      resolve({ kv: kvs[0], revision: header?.revision ?? 0n });
    } catch (error) {
      reject(error);
    }
  }
}

function waitingFor(key: Uint8Array): Waiting {
  let resolve!: Waiting['resolve'];
  let reject!: Waiting['reject'];
  const answer = new Promise<PointRead>((resolveAnswer, rejectAnswer) => {
    resolve = resolveAnswer;
    reject = rejectAnswer;
  });
  return { key, answer, resolve, reject };
}
