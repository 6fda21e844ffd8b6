/**
 * A list in progress: its page is settled in the addon when it is opened, and its objects are
 * copied out chunk by chunk.
 *
 * Invariants:
 *  1. The handle is given up when the list is closed or has been read to its end.
 *  2. A chunk has the objects that the JavaScript engine's would have, however many crossings it
 *     takes.
 */

import type { ObjectKey } from '../../object/index.js';
import { closed } from '../checks.js';
import type { EngineList, EngineObject, ListQuery, LookLimit } from '../contract.js';
import type { ListUsage } from '../list-usage.js';
import { HEAD_LANE, LIMIT, OBJECT_LANE } from '../wire.js';
import type { CacheAccess } from './access.js';
import type { Connection } from './connection.js';
import { statusError } from './errors.js';
import { packKey, packScope } from './scope.js';

const NAME = 'the list';

/** A list over the current state. */
export const CURRENT_ROOT = -1;

/** The handle of a list that was given up. */
const GONE = -1;

export class NativeList implements EngineList {
  readonly revision: bigint;
  readonly #connection: Connection;
  readonly #index: string;
  #fetched = 0;
  #returned = 0;
  #handle: number;
  #last: ObjectKey | undefined;
  #remaining: number | undefined;
  #isSettled = false;
  #isPaused = false;
  #isClosed = false;

  /** Over the root of that handle. */
  constructor({ connection, handle, title, indexes }: CacheAccess, root: number, query: ListQuery) {
    const { addon, numbers, revisions } = connection;
    const scope = packScope(query);
    this.#connection = connection;
    const start = packKey(query.start);
    const looks = looksOf(query);
    this.#handle = addon.openList(handle, root, scope, start, limitOf(query), looks);
    if (this.#handle < 0) throw statusError(this.#handle, title);
    this.revision = revisions[HEAD_LANE.revision]!;
    // 0 where there is none.
    this.#index = indexes[numbers[HEAD_LANE.index]! - 1] ?? '';
    this.#takePage();
  }

  get last(): ObjectKey | undefined {
    return this.#last;
  }

  get remaining(): number | undefined {
    return this.#remaining;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get usage(): ListUsage {
    return { index: this.#index, fetched: this.#fetched, returned: this.#returned };
  }

  settle(): boolean {
    if (this.#isSettled) return true;
    if (this.#handle === GONE) throw closed(NAME);
    const status = this.#connection.addon.settleList(this.#handle);
    if (status < 0) throw statusError(status, NAME);
    this.#takePage();
    return this.#isSettled;
  }

  read(maxBytes: number): Uint8Array | undefined {
    const chunks: Uint8Array[] = [];
    let length = 0;
    do {
      const chunk = this.#readChunk(maxBytes, length);
      if (chunk === undefined) break;
      chunks.push(chunk);
      length += chunk.length;
    } while (length < maxBytes);
    if (chunks.length <= 1) return chunks[0];
    const whole = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let end = 0;
    for (const chunk of chunks) {
      whole.set(chunk, end);
      end += chunk.length;
    }
    return whole;
  }

  readInto(target: Uint8Array): number {
    if (this.#handle === GONE) return this.#assertOpen();
    if (!this.settle()) return 0;
    const { addon, numbers } = this.#connection;
    const written = addon.readList(this.#handle, target, target.length);
    if (written < 0) throw statusError(written, NAME);
    this.#count();
    if (written > 0) return written;
    const needed = numbers[HEAD_LANE.needed]!;
    if (needed > 0) return -needed;
    if (!this.#isPaused) this.#letGo();
    return 0;
  }

  readObjects(maxObjects: number): readonly EngineObject[] {
    this.#assertOpen();
    const objects: EngineObject[] = [];
    const { addon, numbers, page } = this.#connection;
    if (!this.settle()) return objects;
    while (this.#handle !== GONE && objects.length < maxObjects) {
      const wanted = Math.min(Math.ceil(maxObjects - objects.length), LIMIT.recordsMax);
      const count = addon.readListObjects(this.#handle, page.target, page.start, wanted);
      if (count < 0) {
        if (page.replaceDetached()) continue;
        throw statusError(count, NAME);
      }
      this.#count();
      const needed = numbers[HEAD_LANE.needed]!;
      const isAtEnd = numbers[HEAD_LANE.atEnd] !== 0;
      this.#takeObjects(count, objects);
      if (this.#isPaused) break;
      if (isAtEnd) this.#letGo();
      else if (needed > 0 && objects.length < maxObjects) page.demand(needed);
    }
    return objects;
  }

  close(): void {
    this.#isClosed = true;
    this.#letGo();
  }

  /** The next objects of a chunk that has `taken` bytes, or `undefined` where it ends. */
  #readChunk(maxBytes: number, taken: number): Uint8Array | undefined {
    const rest = maxBytes - taken;
    const { scratch } = this.#connection;
    // A first object that is larger than was asked for has its memory made below.
    const target = rest < scratch.length ? scratch.subarray(0, Math.max(0, rest)) : scratch;
    let written = this.readInto(target);
    while (written === 0 && this.#isPaused) written = this.readInto(target);
    if (written > 0) return target.slice(0, written);
    if (written === 0 || (taken > 0 && -written > rest)) return undefined;
    const own = new Uint8Array(Buffer.allocUnsafeSlow(-written).buffer);
    this.readInto(own);
    return own;
  }

  /** Makes objects of the records that the last call left, and settles the page. */
  #takeObjects(count: number, objects: EngineObject[]): void {
    const { numbers, revisions, page } = this.#connection;
    const pageEnd = numbers[HEAD_LANE.pageEnd]!;
    for (let index = 0; index < count; index++) {
      const at = LIMIT.headLanes + index * LIMIT.recordLanes;
      const start = numbers[at + OBJECT_LANE.objectOffset]!;
      const length = numbers[at + OBJECT_LANE.objectLength]!;
      const namespaceLength = numbers[at + OBJECT_LANE.namespaceLength]!;
      const nameStart = start + length + namespaceLength;
      objects.push({
        namespace: page.text(start + length, namespaceLength),
        name: page.text(nameStart, numbers[at + OBJECT_LANE.nameLength]!),
        revision: revisions[at + OBJECT_LANE.revision]!,
        object: page.bytes(start, length),
      });
    }
    page.settle(pageEnd);
  }

  /** Takes what the last call has told of the list's cost. */
  #count(): void {
    const { numbers } = this.#connection;
    this.#fetched = numbers[HEAD_LANE.fetched]!;
    this.#returned = numbers[HEAD_LANE.count]!;
    this.#isPaused = numbers[HEAD_LANE.paused] !== 0;
  }

  /** Takes what the last call has told of the page. */
  #takePage(): void {
    const { numbers } = this.#connection;
    this.#count();
    this.#isSettled = !this.#isPaused;
    const hasRemaining = numbers[HEAD_LANE.hasRemaining] !== 0;
    this.#remaining = hasRemaining ? numbers[HEAD_LANE.remaining] : undefined;
    this.#last = numbers[HEAD_LANE.hasMore] === 0 ? undefined : this.#lastKey();
  }

  #lastKey(): ObjectKey {
    const key = this.#connection.addon.listLast(this.#handle);
    if (typeof key === 'number') throw statusError(key, NAME);
    return { namespace: key[0], name: key[1] };
  }

  #assertOpen(): 0 {
    if (this.#isClosed) throw closed(NAME);
    return 0;
  }

  #letGo(): void {
    if (this.#handle === GONE) return;
    this.#connection.addon.closeList(this.#handle);
    this.#handle = GONE;
  }
}

/** Absent: none, which is 0 for the addon. */
export function looksOf({ looksMax }: LookLimit): number {
  return looksMax === undefined ? 0 : Math.min(Math.max(1, looksMax), Number.MAX_SAFE_INTEGER);
}

// Absent, 0 and below: none, which is 0 for the addon.
function limitOf({ limit = 0 }: ListQuery): number {
  return limit > 0 ? Math.min(Math.ceil(limit), Number.MAX_SAFE_INTEGER) : 0;
}
