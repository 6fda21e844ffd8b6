/**
 * Whether a member is used: closed while its calls succeed, open once several in a row have failed,
 * half-open while one probe finds out whether it is back.
 *
 *     closed ──FAILURES_MAX in a row──> open ──pause──> half-open ──probe failed──> open
 *        ^                                                  │
 *        └────────────────── any success ───────────────────┘
 */

import type { Clock, Timer } from '../../clock.js';
import { fullJitter } from './retry.js';

export type CircuitState = 'closed' | 'open' | 'half-open';

export interface CircuitOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Asks the member for anything; rejects where it does not answer. */
  readonly probe: () => Promise<unknown>;
}

/** Failures in a row that open the circuit: what one broken connection leaves behind is less. */
const FAILURES_MAX = 3;
const PROBE_DELAY_MS = 500;
const PROBE_DELAY_MAX_MS = 10_000;

export class Circuit {
  readonly #options: CircuitOptions;
  #state: CircuitState = 'closed';
  #failures = 0;
  #probes = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  get state(): CircuitState {
    return this.#state;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#probes = 0;
    this.#state = 'closed';
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  failed(): void {
    this.#failures++;
    if (this.#state === 'closed' && this.#failures >= FAILURES_MAX) this.#open();
  }

  /** No further probe begins. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #open(): void {
    this.#state = 'open';
    if (this.#closed) return;
    const { clock, random } = this.#options;
    // Never at once: a member that is down would be asked again and again.
    const delayMs = fullJitter(++this.#probes, PROBE_DELAY_MS, PROBE_DELAY_MAX_MS, random);
    this.#timer = clock.setTimer(PROBE_DELAY_MS / 2 + delayMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    this.#timer = undefined;
    this.#state = 'half-open';
    try {
      await this.#options.probe();
      this.succeeded();
    } catch {
      // A call may have succeeded meanwhile.
      if (this.#state === 'half-open') this.#open();
    }
  }
}
