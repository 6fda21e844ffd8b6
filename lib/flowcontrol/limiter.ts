/**
 * The plain limits of requests under way (apiserver `filters.WithMaxInFlightLimit`, restated).
 *
 *  1. Reads and writes are limited apart. There is no queue: who finds no seat is refused at once,
 *     and told to come back in a second (429).
 *  2. Watches and connections hold no seat: they are meant to last.
 *  3. Members of `system:masters` are served also where all seats are taken, and hold none then.
 *  4. A seat is held until the answer's body has been taken, or given up; of a request that has
 *     missed its deadline until its handler has come back.
 *
 * Thread rule: a limiter belongs to one thread; the seats are those of all.
 */

import {
  type Answer,
  type BodyIdentity,
  type PullSource,
  WrappedSource,
} from '../request/index.js';
import { InflightSeats, type SeatKind } from './seats.js';

/** How many may be under way at once, over all threads; 0: any number. */
export interface InflightLimits {
  /** Requests that read: GET and LIST. */
  readonly maxRequestsInflight: number;
  /** All others but watches. */
  readonly maxMutatingRequestsInflight: number;
}

/** What every thread that serves is given: plain data. */
export interface InflightShare extends InflightLimits {
  /** See InflightSeats. */
  readonly seats: SharedArrayBuffer;
}

/** Sees the number of seats that are taken, over all threads, change. */
export interface InflightObserver {
  /** A seat has been taken; so many are now. */
  readonly entered: (kind: SeatKind, taken: number) => void;
  /** A seat is about to be given back. */
  readonly leaving: (kind: SeatKind) => void;
}

/** What a request gets: a seat, or what it is without one. */
export type InflightEntry = SeatKind | 'unlimited' | 'refused';

/** Throws a RangeError for a limit that is no number of requests. */
export function inflightShare(limits: InflightLimits, threads: number): InflightShare {
  const { maxRequestsInflight, maxMutatingRequestsInflight } = limits;
  const named = { maxRequestsInflight, maxMutatingRequestsInflight };
  for (const [name, limit] of Object.entries(named)) {
    if (Number.isInteger(limit) && limit >= 0) continue;
    throw new RangeError(`${name} is a whole number of requests from 0 on: ${limit} is not`);
  }
  return { ...named, seats: InflightSeats.memory(threads) };
}

export class InflightLimiter {
  readonly #limits: { readonly [Kind in SeatKind]: number };
  readonly #seats: InflightSeats;
  readonly #thread: number;
  readonly #observer: InflightObserver;

  /** `thread` is counted from 1. */
  constructor(share: InflightShare, thread: number, observer: InflightObserver) {
    this.#limits = {
      readOnly: share.maxRequestsInflight || Infinity,
      mutating: share.maxMutatingRequestsInflight || Infinity,
    };
    this.#seats = new InflightSeats(share.seats);
    this.#thread = thread;
    this.#observer = observer;
  }

  /** A request with this verb comes, of a member of these groups. */
  enter(verb: string, groups: readonly string[]): InflightEntry {
    if (LONG_RUNNING_VERBS.has(verb)) return 'unlimited';
    const kind: SeatKind = READING_VERBS.has(verb) ? 'readOnly' : 'mutating';
    const taken = this.#seats.take(kind, this.#thread, this.#limits[kind]);
    if (taken === 0) return groups.includes(MASTERS) ? 'unlimited' : 'refused';
    this.#observer.entered(kind, taken);
    return kind;
  }

  /** The request of this entry has no answer. */
  leave(entry: InflightEntry): void {
    if (entry === 'unlimited' || entry === 'refused') return;
    this.#observer.leaving(entry);
    this.#seats.giveBack(entry, this.#thread);
  }

  /** The request of this entry has an answer; gives the one to send, whose end frees the seat. */
  answered(entry: InflightEntry, answer: Answer): Answer {
    if (entry === 'unlimited') return answer;
    if (answer.source.type === 'pull') {
      return { ...answer, source: new HeldSource(answer.source, () => this.leave(entry)) };
    }
    this.leave(entry);
    return answer;
  }
}

const READING_VERBS: ReadonlySet<string> = new Set(['get', 'list']);
const LONG_RUNNING_VERBS: ReadonlySet<string> = new Set(['watch', 'connect']);
const MASTERS = 'system:masters';

class HeldSource extends WrappedSource {
  readonly #leave: () => void;
  readonly #identity: () => BodyIdentity | undefined;
  #isHeld = true;

  constructor(source: PullSource, leave: () => void) {
    super(source);
    this.#leave = leave;
    this.#identity = (): BodyIdentity | undefined => source.identity?.();
  }

  identity(): BodyIdentity | undefined {
    return this.#identity();
  }

  override close(): void {
    super.close();
    if (this.#isHeld) this.#leave();
    this.#isHeld = false;
  }
}
