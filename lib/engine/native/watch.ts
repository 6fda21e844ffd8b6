/**
 * One watch: the addon has its initial state, its cursor and what is pending; here are its batches
 * and the end.
 *
 * Invariants:
 *  1. The handle is given up when the watch was closed, or when a drain has told its end: from then
 *     on every drain tells that end.
 *  2. A batch may take several crossings, but all of it is of the phase that it began in.
 *  3. `wake` is called at most once between two drains, and never after close.
 */

import { expired } from '../checks.js';
import {
  type EngineEvent,
  type EngineWatch,
  REVISION_MAX,
  type WatchBatch,
  type WatchEnd,
  type WatchEventType,
  type WatchQuery,
} from '../contract.js';
import { scopeKey } from '../scope-key.js';
import {
  EVENT_LANE,
  FRAME_LANE,
  HEAD_LANE,
  LIMIT,
  STATUS,
  WATCH_END,
  WATCH_PHASE,
} from '../wire.js';
import type { CacheAccess } from './access.js';
import type { Wakeable } from './connection.js';
import { statusError } from './errors.js';
import { looksOf } from './list.js';
import { packScope } from './scope.js';

const NAME = 'the watch';

/** The handle of a watch that was given up. */
const GONE = -1;

/** In the order of the wire's numbers. */
const TYPES: readonly WatchEventType[] = ['ADDED', 'MODIFIED', 'DELETED'];
const ENDS: readonly (WatchEnd | undefined)[] = [undefined, 'expired', 'replaced', 'closed'];
const PHASES = ['initial', 'live'] as const;

const NO_MEMORY = new Uint8Array(0);

export class NativeWatch implements EngineWatch, Wakeable {
  readonly revision: bigint;
  readonly #cache: CacheAccess;
  readonly #wake: WatchQuery['wake'];
  #handle: number;
  #isReady = false;
  #isPaused = false;
  #phase: 'initial' | 'live' = 'live';
  #position = 0n;
  #end: WatchEnd | undefined;

  constructor(cache: CacheAccess, query: WatchQuery) {
    const { connection } = cache;
    this.#cache = cache;
    this.#wake = query.wake;
    this.#handle = openWatch(cache, query);
    const { from } = query;
    this.revision =
      from.type === 'after' ? from.revision : connection.revisions[HEAD_LANE.revision]!;
    if (from.type === 'state') this.#phase = 'initial';
    connection.add(this.#handle, this);
    connection.noteReady();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  drainEvents(maxEvents: number): WatchBatch<EngineEvent> {
    this.#isReady = false;
    const items: EngineEvent[] = [];
    if (this.#handle === GONE) return this.#ended();
    const { addon, numbers, page } = this.#cache.connection;
    const wanted = wholeOf(maxEvents, 1);
    let bytes = 0;
    for (;;) {
      const eventsMax = Math.min(wanted - items.length, LIMIT.recordsMax);
      const count = addon.drainEvents(this.#handle, page.target, page.start, eventsMax);
      if (count < 0) {
        if (page.replaceDetached()) continue;
        throw statusError(count, NAME);
      }
      const needed = numbers[HEAD_LANE.needed]!;
      bytes += numbers[HEAD_LANE.bytes]!;
      this.#takeEvents(count, items);
      if (items.length >= wanted || !this.#goesOn(count, needed)) break;
      if (needed > 0) page.demand(needed);
    }
    return this.#batch(items, bytes);
  }

  drainFrames(maxBytes: number): WatchBatch<Uint8Array> {
    this.#isReady = false;
    const items: Uint8Array[] = [];
    if (this.#handle === GONE) return this.#ended();
    const { addon, numbers, page } = this.#cache.connection;
    const wanted = wholeOf(maxBytes, 0);
    let bytes = 0;
    for (let isContinued = false; ; isContinued = items.length > 0) {
      const bytesMax = Math.max(0, wanted - bytes);
      const count = addon.drainFrames(this.#handle, page.target, page.start, bytesMax, isContinued);
      if (count < 0) {
        if (page.replaceDetached()) continue;
        throw statusError(count, NAME);
      }
      const needed = numbers[HEAD_LANE.needed]!;
      bytes += numbers[HEAD_LANE.bytes]!;
      this.#takeFrames(count, items);
      if (bytes >= wanted && bytes > 0) break;
      if (!this.#goesOn(count, needed)) break;
      if (needed > 0) page.demand(needed);
    }
    return this.#batch(items, bytes);
  }

  close(): void {
    this.#isReady = false;
    if (this.#handle === GONE) return;
    // One that replace or close has ended says so ever after, drained or not.
    const { addon, numbers } = this.#cache.connection;
    const count = addon.drainFrames(this.#handle, NO_MEMORY, 0, 0, true);
    if (count >= 0) this.#phase = PHASES[numbers[HEAD_LANE.phase]!]!;
    const isReplaced = count >= 0 && numbers[HEAD_LANE.end] === WATCH_END.replaced;
    this.#end = isReplaced ? 'replaced' : 'closed';
    this.#letGo();
  }

  markReady(): void {
    this.#isReady = true;
  }

  callWake(): void {
    // A drain or close may have come between.
    if (!this.#isReady) return;
    this.#isReady = false;
    this.#wake();
  }

  /** Whether the batch goes on with another crossing, by what the last one left. */
  #goesOn(count: number, needed: number): boolean {
    const { numbers, revisions } = this.#cache.connection;
    if (needed > 0) return true;
    if (count === 0 || numbers[HEAD_LANE.more] === 0) return false;
    if (numbers[HEAD_LANE.paused] !== 0) return false;
    // The page or the records may be full. An initial state that is drained whole has its position,
    // and ends the batch.
    if (numbers[HEAD_LANE.phase] === WATCH_PHASE.live) return true;
    return this.revision > 0n && revisions[HEAD_LANE.position] === 0n;
  }

  /** The batch whose last crossing was the last call. */
  #batch<Item>(items: readonly Item[], bytes: number): WatchBatch<Item> {
    const { numbers, revisions } = this.#cache.connection;
    const end = ENDS[numbers[HEAD_LANE.end]!];
    const more = numbers[HEAD_LANE.more] !== 0;
    this.#isPaused = numbers[HEAD_LANE.paused] !== 0;
    const phase = PHASES[numbers[HEAD_LANE.phase]!]!;
    const position = revisions[HEAD_LANE.position]!;
    this.#phase = phase;
    this.#position = position;
    if (end === undefined) return { items, bytes, phase, position, more, end };
    // Another thread may have ended it between two crossings: the next drain tells the end.
    if (items.length > 0) return { items, bytes, phase, position, more: true, end: undefined };
    this.#end = end;
    this.#letGo();
    return this.#ended();
  }

  #ended(): WatchBatch<never> {
    const phase = this.#phase;
    return { items: [], bytes: 0, phase, position: this.#position, more: false, end: this.#end };
  }

  /** Makes events of the records that the last call left, and settles the page. */
  #takeEvents(count: number, items: EngineEvent[]): void {
    const { numbers, revisions, page } = this.#cache.connection;
    for (let index = 0; index < count; index++) {
      const at = LIMIT.headLanes + index * LIMIT.recordLanes;
      const start = numbers[at + EVENT_LANE.objectOffset]!;
      const length = numbers[at + EVENT_LANE.objectLength]!;
      const namespaceLength = numbers[at + EVENT_LANE.namespaceLength]!;
      const nameStart = start + length + namespaceLength;
      items.push({
        type: TYPES[numbers[at + EVENT_LANE.type]!]!,
        namespace: page.text(start + length, namespaceLength),
        name: page.text(nameStart, numbers[at + EVENT_LANE.nameLength]!),
        revision: revisions[at + EVENT_LANE.revision]!,
        object: page.bytes(start, length),
      });
    }
    page.settle(numbers[HEAD_LANE.pageEnd]!);
  }

  /** Makes frames of the records that the last call left, and settles the page. */
  #takeFrames(count: number, items: Uint8Array[]): void {
    const { connection, frames } = this.#cache;
    const { numbers, page } = connection;
    for (let index = 0; index < count; index++) {
      const at = LIMIT.headLanes + index * LIMIT.recordLanes;
      const id = numbers[at + FRAME_LANE.frameId]!;
      if (id > 0 && numbers[at + FRAME_LANE.isNew] === 0) {
        items.push(frames.get(id));
        continue;
      }
      const start = numbers[at + FRAME_LANE.offset]!;
      const frame = page.bytes(start, numbers[at + FRAME_LANE.length]!);
      if (id > 0) frames.add(id, frame);
      items.push(frame);
    }
    page.settle(numbers[HEAD_LANE.pageEnd]!);
    frames.dropBelow(numbers[HEAD_LANE.firstKeptFrame]!);
  }

  #letGo(): void {
    const { connection } = this.#cache;
    connection.remove(this.#handle);
    connection.addon.closeWatch(this.#handle);
    this.#handle = GONE;
  }
}

function openWatch({ connection, handle, title }: CacheAccess, query: WatchQuery): number {
  const { addon, revisions } = connection;
  const { from } = query;
  const scope = packScope(query);
  // Behind the highest revision there is nothing, nor behind one that is higher still.
  const after = from.type === 'state' ? 0n : from.revision;
  revisions[HEAD_LANE.afterRevision] = after > REVISION_MAX ? REVISION_MAX : after;
  const isFromState = from.type === 'state';
  const watch = addon.openWatch(handle, scopeKey(query), scope, isFromState, looksOf(query));
  if (watch >= 0) return watch;
  if (watch === STATUS.revisionExpired) {
    throw expired(after, revisions[HEAD_LANE.oldestRevision]!);
  }
  throw statusError(watch, title);
}

// Not below `min`, rounded up as counting up to it would; what is no number is no bound.
function wholeOf(max: number, min: number): number {
  if (Number.isNaN(max)) return Number.MAX_SAFE_INTEGER;
  return Math.min(Math.max(Math.ceil(max), min), Number.MAX_SAFE_INTEGER);
}
