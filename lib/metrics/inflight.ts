/**
 * How many requests are being served, as a high-water mark of the last second (upstream's
 * `apiserver_current_inflight_requests`): a burst between two scrapes is seen.
 */

import type { MetricsRegistry } from './registry.js';

export type RequestKind = 'readOnly' | 'mutating';

const KINDS: readonly RequestKind[] = ['readOnly', 'mutating'];
const WINDOW_MS = 1_000;

export class InflightRequests {
  readonly #now: () => number;
  readonly #marks: { readonly [Kind in RequestKind]: HighWaterMark } = {
    readOnly: new HighWaterMark(),
    mutating: new HighWaterMark(),
  };

  /** `now` tells milliseconds. */
  constructor(registry: MetricsRegistry, now: () => number) {
    this.#now = now;
    const definition = {
      name: 'apiserver_current_inflight_requests',
      help: 'Most requests that were served at once in the last second, watches left aside.',
      labels: ['request_kind'],
    };
    registry.observed('gauge', definition, () =>
      KINDS.map((kind) => ({ labels: [kind], value: this.#marks[kind].highest(this.#window()) })),
    );
  }

  begin(kind: RequestKind): void {
    this.#marks[kind].add(1, this.#window());
  }

  end(kind: RequestKind): void {
    this.#marks[kind].add(-1, this.#window());
  }

  #window(): number {
    return Math.floor(this.#now() / WINDOW_MS);
  }
}

/** The highest a number has been in the present window of time and in the one before. */
class HighWaterMark {
  #value = 0;
  #window = 0;
  #present = 0;
  #before = 0;

  add(step: number, window: number): void {
    this.#enter(window);
    this.#value += step;
    this.#present = Math.max(this.#present, this.#value);
  }

  highest(window: number): number {
    this.#enter(window);
    return Math.max(this.#present, this.#before);
  }

  #enter(window: number): void {
    if (window === this.#window) return;
    this.#before = window === this.#window + 1 ? this.#present : this.#value;
    this.#present = this.#value;
    this.#window = window;
  }
}
