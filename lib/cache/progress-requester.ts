/**
 * Asks a storage that does not tell every commit how far it is, while reads wait for that
 * (KEP-2340, upstream's progress requester).
 *
 * Rules:
 *  1. The first read that waits asks at once; from then on there is a request every
 *     PROGRESS_REQUEST_MS as long as any read waits, however many they are, and never two closer.
 *  2. A watch that is opened anew is asked as soon as it is there.
 *  3. A watch that tells every commit is never asked, and costs no timer.
 */

import type { Clock, StorageWatch, Timer } from '../storage/index.js';

/** Upstream's period. */
export const PROGRESS_REQUEST_MS = 100;

export class ProgressRequester {
  readonly #clock: Clock;
  readonly #isAwaited: () => boolean;
  #watch: StorageWatch | undefined;
  #timer: Timer | undefined;

  /** `isAwaited` tells whether any read waits. */
  constructor(clock: Clock, isAwaited: () => boolean) {
    this.#clock = clock;
    this.#isAwaited = isAwaited;
  }

  /** A read begins to wait. */
  awaited(): void {
    if (this.#timer === undefined) this.#request();
  }

  /** From now on this watch is asked; `undefined`: none. */
  follow(watch: StorageWatch | undefined): void {
    this.#watch = watch;
    if (watch === undefined) {
      this.#timer?.cancel();
      this.#timer = undefined;
    } else {
      this.awaited();
    }
  }

  #request(): void {
    if (this.#watch?.requestProgress === undefined || !this.#isAwaited()) return;
    this.#timer = this.#clock.setTimer(PROGRESS_REQUEST_MS, () => {
      this.#timer = undefined;
      this.#request();
    });
    this.#watch.requestProgress();
  }
}
