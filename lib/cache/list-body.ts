/**
 * A list as a JSON document, pulled in chunks: head, objects' bytes joined by commas, tail.
 *
 * Rules:
 *  1. Nothing is parsed or stringified, and a slow client holds a root and one chunk, never the
 *     document.
 *  2. A pull gives one chunk: a slot, filled and lent to whoever pulls. Two kinds of chunks have
 *     memory of their own: a short document, which would hold a whole slot for a few bytes, and an
 *     object that is longer than a slot.
 *  3. A list that hardly has an object among those that it looks at pauses now and then: what there
 *     is by then is given, and the event loop gets its turn before the next pull.
 *  4. A slot is with this list inside a pull only: between two of them `close` has none to return.
 */

import type { EngineList } from '../engine/index.js';
import type { BodyIdentity, Pulled, PullSource } from '../request/index.js';
import { typeMeta } from '../watch/index.js';
import { SLOT_BYTES, SlotPool } from './slot-pool.js';

/** Copying this much costs less than lending a slot for it: some microseconds. */
export const SHORT_BYTES_MAX: number = 32 * 1024;

/** The slots of all lists of this thread. */
export const LIST_SLOTS: SlotPool = new SlotPool();

/** What the document says about itself. */
export interface ListHead {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
  /** Of a list of a shard: the selector. */
  readonly shard?: string | undefined;
}

export interface ListBodyOptions {
  /** Default LIST_SLOTS. */
  readonly slots?: SlotPool;
  readonly identity?: () => BodyIdentity | undefined;
}

const encoder = new TextEncoder();
const TAIL = encoder.encode(']}\n');

export class ListBody implements PullSource {
  readonly type = 'pull';
  readonly flushHeaders = false;
  readonly #list: EngineList;
  readonly #slots: SlotPool;
  readonly #identity: ListBodyOptions['identity'];
  #head: Uint8Array | undefined;
  #isOver = false;
  // Whether the list has paused, and others have not had their turn since.
  #isResting = false;

  /** Throws a TypeError for a kind or apiVersion that is not a plain name. */
  constructor(list: EngineList, head: ListHead, options: ListBodyOptions = {}) {
    this.#head = encoder.encode(headText(head));
    this.#list = list;
    this.#slots = options.slots ?? LIST_SLOTS;
    this.#identity = options.identity;
  }

  pull(maxBytes: number): Pulled {
    if (this.#isOver) return { type: 'end' };
    if (this.#isResting) return { type: 'wait' };
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined && head.length + TAIL.length > SLOT_BYTES) return ownChunk(head);
    const { bytes, release } = this.#slots.take();
    if (head !== undefined) bytes.set(head);
    const start = head?.length ?? 0;
    const limit = Math.max(Math.min(maxBytes, SLOT_BYTES) - TAIL.length, start);
    const { end, needed } = this.#fill(bytes, start, limit);
    if (end === 0 && needed === 0) {
      release();
      return { type: 'wait' };
    }
    if (end === 0 && needed > SLOT_BYTES - TAIL.length) {
      release();
      return ownChunk(this.#list.read(needed)!);
    }
    const length = end === 0 ? this.#fill(bytes, 0, needed).end : end;
    if ((this.#isOver || this.#isResting) && length <= SHORT_BYTES_MAX) {
      const chunk = bytes.slice(0, length);
      release();
      return ownChunk(chunk);
    }
    return { type: 'chunks', chunks: [bytes.subarray(0, length)], release };
  }

  /**
   * Writes objects from `start` on, as many as fit before `limit`, and the tail behind the last
   * one, which may stand behind the limit. Tells the end of what is written, and how long the next
   * object is: 0 where that is not known, because the list has paused.
   */
  #fill(bytes: Uint8Array, start: number, limit: number): { end: number; needed: number } {
    let end = start;
    for (;;) {
      const written = this.#list.readInto(bytes.subarray(end, limit));
      if (written < 0) return { end, needed: -written };
      end += written;
      if (this.#list.isPaused) {
        this.#isResting = true;
        return { end, needed: 0 };
      }
      if (written > 0) continue;
      bytes.set(TAIL, end);
      this.close();
      return { end: end + TAIL.length, needed: 0 };
    }
  }

  identity(): BodyIdentity | undefined {
    return this.#identity?.();
  }

  /** Others have their turn, and the search goes on. */
  onReadable(callback: () => void): void {
    setImmediate(() => {
      this.#isResting = false;
      callback();
    });
  }

  close(): void {
    this.#isOver = true;
    this.#list.close();
  }
}

function ownChunk(chunk: Uint8Array): Pulled {
  return { type: 'chunks', chunks: [chunk] };
}

// In the order in which upstream writes the fields.
function headText(head: ListHead): string {
  const metadata = [`"resourceVersion":"${head.resourceVersion}"`];
  if (head.continue !== undefined) metadata.push(`"continue":"${head.continue}"`);
  if (head.remainingItemCount !== undefined) {
    metadata.push(`"remainingItemCount":${head.remainingItemCount}`);
  }
  // Made of plain names and digits.
  if (head.shard !== undefined) metadata.push(`"shardInfo":{"selector":"${head.shard}"}`);
  const type = typeMeta(head.kind, head.apiVersion);
  return `{${type},"metadata":{${metadata.join(',')}},"items":[`;
}
