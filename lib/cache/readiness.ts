/**
 * Whether a cache can answer: Pending (being filled), Ready, Stopped (closed).
 *
 * Rules:
 *  1. Only a Ready cache answers from its own objects.
 *  2. A refusal says how long to stay away: the longer the cache has been away, the longer, e^(0.06
 *     s) seconds between 1 and 30 (upstream's curve: at once 1, after half a minute 6, after a
 *     minute 30).
 *  3. Stopped is for ever.
 *  4. Who waits for a cache keeps the process alive, which the timers of a feed that tries again do
 *     not: a program that begins with `await server.ready()` must not end there without a word.
 */

import { CorruptValuesError, type Clock } from '../storage/index.js';
import { CacheError } from './contract.js';
import { aborted } from './freshness.js';

export type CacheState = 'pending' | 'ready' | 'stopped';

/** How fast the advised pause grows, per second of absence. */
const RETRY_GROWTH = 0.06;
const RETRY_SECONDS_MIN = 1;
const RETRY_SECONDS_MAX = 30;

const KEEP_ALIVE_MS = 2 ** 31 - 1;

export class Readiness {
  readonly #clock: Clock;
  readonly #waiters = new Set<(error?: Error) => void>();
  // Those who don't wait for what somebody has to mend.
  readonly #impatient = new Set<(error?: Error) => void>();
  readonly #owner: (() => CacheState) | undefined;
  #state: CacheState;
  #since: number;
  #cause: unknown;
  #keepAlive: NodeJS.Timeout | undefined;

  /** With an `owner`, whose state it is, this one follows when it is looked at. */
  constructor(clock: Clock, state: 'pending' | 'ready', owner?: () => CacheState) {
    this.#clock = clock;
    this.#state = state;
    this.#since = clock.now();
    this.#owner = owner;
  }

  get state(): CacheState {
    if (this.#owner !== undefined && this.#state !== 'stopped') this.#set(this.#owner());
    return this.#state;
  }

  /** Why it is pending, where that is known. */
  get cause(): unknown {
    return this.#cause;
  }

  setReady(): void {
    this.#set('ready');
  }

  setPending(cause: unknown): void {
    this.#cause = cause;
    this.#set('pending');
    if (!this.#isBlocked()) return;
    for (const settle of [...this.#impatient]) settle();
  }

  stop(): void {
    this.#set('stopped');
  }

  /** What to tell callers of a cache that is not ready; `undefined` when it is. */
  error(): CacheError | undefined {
    const { state } = this;
    if (state === 'ready') return undefined;
    const retryAfterSeconds = retryAfter((this.#clock.now() - this.#since) / 1_000);
    if (state === 'stopped') {
      return new CacheError('closed', 'apiserver cacher is stopped', { retryAfterSeconds });
    }
    const why = this.#cause instanceof Error ? `: ${this.#cause.message}` : '';
    return new CacheError('not-ready', `storage is (re)initializing${why}`, {
      retryAfterSeconds,
      cause: this.#cause,
    });
  }

  /** Throws what `error` gives. */
  check(): void {
    const error = this.error();
    if (error !== undefined) throw error;
  }

  /** Resolves when ready; rejects with a CacheError, `closed` or `aborted`, when that won't be. */
  wait(signal?: AbortSignal): Promise<void> {
    return this.#wait(this.#waiters, signal);
  }

  /** As `wait`; resolves, too, when something that can't be read is in the way. */
  settled(signal?: AbortSignal): Promise<void> {
    return this.#isBlocked() ? Promise.resolve() : this.#wait(this.#impatient, signal);
  }

  #isBlocked(): boolean {
    return this.state === 'pending' && this.#cause instanceof CorruptValuesError;
  }

  #wait(waiters: Set<(error?: Error) => void>, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal));
    const { state } = this;
    if (state === 'ready') return Promise.resolve();
    if (state === 'stopped') return Promise.reject(this.error() as CacheError);
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        waiters.delete(settle);
        this.#holdProcess();
        signal?.removeEventListener('abort', onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      const onAbort = (): void => settle(aborted(signal as AbortSignal));
      signal?.addEventListener('abort', onAbort, { once: true });
      waiters.add(settle);
      this.#holdProcess();
    });
  }

  #holdProcess(): void {
    if (this.#waiters.size + this.#impatient.size === 0) {
      clearInterval(this.#keepAlive);
      this.#keepAlive = undefined;
    } else {
      // It tells no time, so it is none of the clock's.
      this.#keepAlive ??= setInterval(() => undefined, KEEP_ALIVE_MS);
    }
  }

  #set(state: CacheState): void {
    if (this.#state === 'stopped' || this.#state === state) return;
    this.#since = this.#clock.now();
    this.#state = state;
    if (state === 'pending') return;
    this.#cause = undefined;
    const error = this.error();
    for (const settle of [...this.#waiters, ...this.#impatient]) settle(error);
  }
}

/** The advised pause in whole seconds after an absence of `seconds`. */
export function retryAfter(seconds: number): number {
  const pause = Math.exp(RETRY_GROWTH * Math.max(0, seconds));
  return Math.trunc(Math.min(Math.max(pause, RETRY_SECONDS_MIN), RETRY_SECONDS_MAX));
}
