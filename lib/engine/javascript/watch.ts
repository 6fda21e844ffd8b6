/**
 * One watch: the initial state, if it was asked for, then live events, then the reason why it
 * ended.
 *
 *   initial ──(state drained)──▶ live ──▶ ended
 *      └──────(a live event was lost meanwhile, replace, close)──▶ ended
 *
 * Invariants:
 *  1. While the initial state is drained its root is held, and let go once. A root that the log
 *     has left behind is changed for a newer one now and then (`moveInitial`): a consumer that
 *     stalls holds no more than the history does.
 *  2. A watch leaves all registries when it ends, not only when it is closed.
 *  3. `wake` is signalled at most once between two drains.
 */

import type { ObjectKey } from '../../object/index.js';
import type { EngineEvent, EngineWatch, WatchBatch, WatchEnd, WatchQuery } from '../contract.js';
import type { LiveCursor } from './cursor.js';
import type { FrameCache } from './frame.js';
import type { WatchGroup } from './group.js';
import type { Scope } from './scope.js';
import { EventSink, FrameSink, type Sink } from './sink.js';
import type { Rendering } from './version.js';
import { Lookahead, Looks } from './walk.js';

/** What a watch needs of its cache. */
export interface WatchHost {
  readonly frames: FrameCache;
  /** The cache's revision. */
  readonly revision: bigint;
  /** Calls the function soon, from the event loop. */
  callSoon(call: () => void): void;
  /** The watch has ended and leaves the registries. */
  remove(watch: JavaScriptWatch): void;
}

/** The state that a watch begins with. */
export interface InitialState {
  readonly objects: Lookahead;
  /** What `objects` may look at; renewed for each drain, and none before the first. */
  readonly looks: Looks;
  /** Where they begin. */
  readonly start: ObjectKey | undefined;
  /** That of the root. */
  readonly sequence: number;
  /** Lets the root go. */
  release(): void;
}

/** Opens the state of some root: the objects of the scope, from the first one not below `start`. */
export type OpenState = (scope: Scope, start?: ObjectKey) => InitialState;

/** What a watch that has ended has in the place of its initial state. */
const NOTHING_LEFT: InitialState = {
  objects: new Lookahead(() => undefined),
  looks: new Looks(),
  start: undefined,
  sequence: Infinity,
  release: () => {},
};

type WakeState = 'quiet' | 'signalled' | 'called';

export class JavaScriptWatch implements EngineWatch {
  readonly revision: bigint;
  readonly group: WatchGroup;
  readonly #host: WatchHost;
  readonly #wake: WatchQuery['wake'];
  readonly #looksMax: number;
  #cursor: LiveCursor | undefined;
  #initial: InitialState | undefined;
  #position = 0n;
  #end: WatchEnd | undefined;
  #wakeState: WakeState = 'quiet';
  #isPaused = false;

  constructor(
    group: WatchGroup,
    revision: bigint,
    { wake, looksMax = Infinity }: Pick<WatchQuery, 'wake' | 'looksMax'>,
    initial: InitialState | undefined,
    host: WatchHost,
  ) {
    this.group = group;
    this.revision = revision;
    this.#host = host;
    this.#wake = wake;
    this.#looksMax = Math.max(1, looksMax);
    this.#initial = initial;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Goes on with this cursor, which stands behind the initial state. Called once, at the start. */
  start(cursor: LiveCursor): void {
    this.#cursor = cursor;
    if (this.#initial !== undefined || cursor.peek() !== undefined) this.signal();
    else cursor.wait();
  }

  drainEvents(maxEvents: number): WatchBatch<EngineEvent> {
    return this.#drain((rendering) => new EventSink(rendering, maxEvents));
  }

  drainFrames(maxBytes: number): WatchBatch<Uint8Array> {
    return this.#drain((rendering) => new FrameSink(rendering, maxBytes, this.#host.frames));
  }

  close(): void {
    this.#leave();
    this.#end ??= 'closed';
    this.#wakeState = 'quiet';
  }

  /** Ends the watch; the next drain tells why. */
  end(reason: WatchEnd): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#leave();
    this.signal();
  }

  /**
   * Changes the root of an initial state for the one at `sequence`, where the log begins, if its
   * own is older. What is left to drain is the same in both: events between them have left the log,
   * so none of them matched, or the watch has lost one and delivers nothing any more.
   */
  moveInitial(sequence: number, open: OpenState): void {
    const initial = this.#initial;
    if (initial === undefined || initial.sequence >= sequence) return;
    if (this.#cursor!.hasLost) this.#initial = NOTHING_LEFT;
    else this.#initial = open(this.group.scope, nextKey(initial));
    initial.release();
  }

  /** Has `wake` called, unless that has happened since the last drain. */
  signal(): void {
    if (this.#wakeState !== 'quiet') return;
    this.#wakeState = 'signalled';
    this.#host.callSoon(() => this.#callWake());
  }

  #callWake(): void {
    // A drain or close may have come between.
    if (this.#wakeState !== 'signalled') return;
    this.#wakeState = 'called';
    this.#wake();
  }

  #drain<Item>(makeSink: (rendering: Rendering) => Sink<Item>): WatchBatch<Item> {
    this.#wakeState = 'quiet';
    const phase = this.#initial === undefined ? 'live' : 'initial';
    if (this.#end === undefined && this.#cursor!.hasLost) {
      this.#end = 'expired';
      this.#leave();
    }
    const cursor = this.#cursor;
    if (this.#end !== undefined || cursor === undefined) {
      const position = this.#position;
      return { items: [], bytes: 0, phase, position, more: false, end: this.#end };
    }
    this.#isPaused = false;
    const sink = makeSink(this.group.scope.rendering);
    if (this.#initial === undefined) this.#drainLive(cursor, sink);
    else this.#drainInitial(this.#initial, sink);
    cursor.wait();
    const more = this.#initial !== undefined || cursor.peek() !== undefined;
    return { ...sink.finish(), phase, position: this.#position, more, end: undefined };
  }

  #drainInitial<Item>({ objects, looks, release }: InitialState, sink: Sink<Item>): void {
    looks.renew(this.#looksMax);
    for (let version = objects.peek(); version !== undefined; version = objects.peek()) {
      if (!sink.addObject(version)) return;
      objects.advance();
    }
    this.#isPaused = objects.isPaused;
    if (this.#isPaused) return;
    this.#initial = undefined;
    this.#position = this.revision;
    release();
  }

  #drainLive<Item>(cursor: LiveCursor, sink: Sink<Item>): void {
    for (let event = cursor.peek(); event !== undefined; event = cursor.peek()) {
      if (!sink.addEvent(event.record, event.type)) {
        this.#position = event.record.revision - 1n;
        return;
      }
      cursor.advance();
    }
    this.#position = this.#host.revision;
  }

  #leave(): void {
    if (this.#initial !== undefined) {
      this.#initial.release();
      this.#initial = NOTHING_LEFT;
    }
    if (this.#cursor === undefined) return;
    this.#cursor.close();
    this.#cursor = undefined;
    this.#host.remove(this);
  }
}

/** The lowest that the next object can have, as far as is known without looking for it. */
function nextKey({ objects, looks, start }: InitialState): ObjectKey | undefined {
  if (!objects.isPaused) return objects.peek();
  const { passed } = looks;
  return passed === undefined ? start : { namespace: passed.namespace, name: `${passed.name}\0` };
}
