/**
 * How many requests are being served, as a high-water mark of the last second (upstream's
 * `apiserver_current_inflight_requests`): a burst between two scrapes is seen.
 *
 * Threads count their requests together, and each marks what it sees of that number: after it has
 * risen here and, once a second, before it falls here. So every number that stood at some moment of
 * a second was marked in that second by some thread, or stands still; the highest mark of all
 * threads is the number itself.
 */

import type { MetricsRegistry } from './registry.js';

export type RequestKind = 'readOnly' | 'mutating';

const KINDS: readonly RequestKind[] = ['readOnly', 'mutating'];
const WINDOW_MS = 1_000;

export class InflightRequests {
  readonly #now: () => number;
  readonly #count: (kind: RequestKind) => number;
  readonly #marks: { readonly [Kind in RequestKind]: HighWaterMark } = {
    readOnly: new HighWaterMark(),
    mutating: new HighWaterMark(),
  };

  /** `now` tells milliseconds, `count` how many there are now in all threads. */
  constructor(registry: MetricsRegistry, now: () => number, count: (kind: RequestKind) => number) {
    this.#now = now;
    this.#count = count;
    const definition = {
      name: 'apiserver_current_inflight_requests',
      help: 'Most requests that were served at once in the last second, watches left aside.',
      labels: ['request_kind'],
      over: 'max',
    } as const;
    registry.observed('gauge', definition, () =>
      KINDS.map((kind) => ({ labels: [kind], value: this.#highest(kind) })),
    );
  }

  /** One has been added here; there are `count` now in all threads. */
  entered(kind: RequestKind, count: number): void {
    this.#marks[kind].mark(count, this.#window());
  }

  /** One is about to be taken off here. */
  leaving(kind: RequestKind): void {
    const window = this.#window();
    const mark = this.#marks[kind];
    if (!mark.isIn(window)) mark.mark(this.#count(kind), window);
  }

  #highest(kind: RequestKind): number {
    const mark = this.#marks[kind];
    mark.mark(this.#count(kind), this.#window());
    return mark.highest;
  }

  #window(): number {
    return Math.floor(this.#now() / WINDOW_MS);
  }
}

/** The highest marks of the last window of time in which there was one, and of the one before. */
class HighWaterMark {
  #window = -1;
  #present = 0;
  #before = 0;

  get highest(): number {
    return Math.max(this.#present, this.#before);
  }

  isIn(window: number): boolean {
    return window === this.#window;
  }

  mark(value: number, window: number): void {
    if (window !== this.#window) {
      // Without a mark nothing has changed here: what others changed, they have marked.
      this.#before = window === this.#window + 1 ? this.#present : value;
      this.#present = value;
      this.#window = window;
    }
    this.#present = Math.max(this.#present, value);
  }
}
