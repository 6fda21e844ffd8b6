/**
 * Reads of ranges of keys: in pages of one revision, and one for all who ask for the same.
 *
 *  1. An answer is exact at one revision, however many pages it takes: the first page's, at which
 *     the others are read. Where history is compacted below it meanwhile, a list of the newest
 *     begins anew.
 *  2. Pages are sized by the bytes that the last one had, so that one answer neither holds up a
 *     connection for long nor runs into the time an attempt may take.
 *  3. Who asks for a range at a revision shares the read of it that is under way. Who asks for the
 *     newest shares the next one: the present one may have been answered before the question.
 *
 * Owned by one event loop.
 */

import type { StoredList, StoredValue } from '../../contract.js';
import type { EtcdClient } from '../client/client.js';
import { EtcdError } from '../client/error.js';
import type { KeyRange } from '../client/key-range.js';
import type { RangeResponse } from '../rpc/range_pb.js';
import type { KeySpace } from './keys.js';

export interface RangeRead {
  readonly range: KeyRange;
  /** 0: the newest. */
  readonly revision: bigint;
  /** 0: all keys. */
  readonly limit: number;
}

export interface RangeReadsOptions {
  readonly client: EtcdClient;
  readonly keys: KeySpace;
  /** Told of the revision that etcd has reached, with every page. */
  readonly saw: (revision: bigint) => void;
}

/** Keys of a first page, and of any; the latter is upstream's. */
export const PAGE_KEYS_FIRST = 1_000;
const PAGE_KEYS_MAX = 10_000;
/** What a page is to have at most, going by the one before it. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** Times that a list begins anew since its revision was compacted. */
const RESTARTS_MAX = 3;

export class RangeReads {
  readonly #options: RangeReadsOptions;
  readonly #pinned = new Map<string, Promise<StoredList>>();
  readonly #newest = new Map<
    string,
    { running: Promise<StoredList>; next?: Promise<StoredList> }
  >();

  constructor(options: RangeReadsOptions) {
    this.#options = options;
  }

  /** Rejects with an EtcdError. The answer may be shared: its bytes are not to be changed. */
  list(read: RangeRead): Promise<StoredList> {
    const { range, revision, limit } = read;
    const name = `${text(range.key)}\0${text(range.rangeEnd)}\0${limit}`;
    return revision === 0n
      ? this.#listNewest(name, read)
      : this.#listPinned(`${name}\0${revision}`, read);
  }

  #listPinned(name: string, read: RangeRead): Promise<StoredList> {
    const present = this.#pinned.get(name);
    if (present !== undefined) return present;
    const running = this.#pages(read);
    this.#pinned.set(name, running);
    const forget = (): void => void this.#pinned.delete(name);
    running.then(forget, forget);
    return running;
  }

  #listNewest(name: string, read: RangeRead): Promise<StoredList> {
    const present = this.#newest.get(name);
    if (present === undefined) return this.#run(name, read);
    if (present.next !== undefined) return present.next;
    const begin = (): Promise<StoredList> => this.#run(name, read);
    return (present.next = present.running.then(begin, begin));
  }

  #run(name: string, read: RangeRead): Promise<StoredList> {
    const running = this.#anew(read);
    const entry = { running };
    this.#newest.set(name, entry);
    // Whoever waits for the next one has put it in its place by then.
    const forget = (): void => {
      if (this.#newest.get(name) === entry) this.#newest.delete(name);
    };
    running.then(forget, forget);
    return running;
  }

  async #anew(read: RangeRead): Promise<StoredList> {
    for (let restarts = 0; ; restarts++) {
      try {
        return await this.#pages(read);
      } catch (error) {
        const isCompacted = error instanceof EtcdError && error.code === 'compacted';
        if (!isCompacted || restarts === RESTARTS_MAX) throw error;
      }
    }
  }

  async #pages({ range, revision: asked, limit }: RangeRead): Promise<StoredList> {
    const { client, saw } = this.#options;
    const values: StoredValue[] = [];
    let { key } = range;
    let revision = asked;
    let left = limit === 0 ? Infinity : limit;
    let pageKeys = PAGE_KEYS_FIRST;
    for (;;) {
      const keys = Math.min(left, pageKeys);
      const request = { key, rangeEnd: range.rangeEnd, revision, limit: BigInt(keys) };
      const page = await client.kv.range(request);
      const reached = page.header?.revision ?? 0n;
      saw(reached);
      if (revision === 0n) revision = reached;
      this.#addTo(values, page);
      left -= page.kvs.length;
      const last = page.kvs.at(-1);
      if (!page.more || left === 0 || last === undefined) {
        return { revision, values, more: page.more };
      }
      key = keyAfter(last.key);
      pageKeys = keysOfNextPage(page);
    }
  }

  #addTo(values: StoredValue[], { kvs }: RangeResponse): void {
    for (const { key: bytes, value, modRevision: revision, createRevision } of kvs) {
      const key = this.#options.keys.fromEtcd(bytes);
      if (key !== undefined) values.push({ key, value, revision, createRevision });
    }
  }
}

/** The next key there can be. */
export function keyAfter(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, NUL]);
}

const NUL: Uint8Array = Uint8Array.of(0);

/** How many keys the page behind this one is to have, so that it is of PAGE_BYTES. */
export function keysOfNextPage({ kvs }: RangeResponse): number {
  const bytes = kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const fitting = Math.floor((PAGE_BYTES * kvs.length) / Math.max(bytes, 1));
  return Math.max(1, Math.min(PAGE_KEYS_MAX, fitting));
}

function text(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
