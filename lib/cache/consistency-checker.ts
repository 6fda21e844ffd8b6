/**
 * Compares a cache with its storage from time to time, and has it filled anew where they differ.
 *
 * Rules:
 *  1. The first comparison comes a whole period after the start, and each period is between one and
 *     one and a half intervals long (upstream's): many servers over one storage do not read it all
 *     at once.
 *  2. A comparison that can't be made (the cache is not ready, or is filled anew meanwhile; the
 *     storage can't be read, or has compacted the revision) says nothing of the cache, and changes
 *     nothing.
 *  3. There is one comparison at a time: who asks while one is under way gets that one's report.
 *  4. After `close` nothing is called back and no timer is left.
 */

import type { EngineCache } from '../engine/index.js';
import type { Clock, Timer } from '../storage/index.js';
import { compareContent, type ConsistencyDifference } from './consistency.js';
import { CacheError } from './contract.js';
import type { Readiness } from './readiness.js';
import type { StoredSource } from './stored.js';

/** A period is up to this part longer than the interval. */
const INTERVAL_JITTER = 0.5;

/** What a comparison of a cache with its storage found. */
export interface ConsistencyReport {
  /** `success`: they are equal; `failure`: they are not; `error`: they could not be compared. */
  readonly status: 'success' | 'failure' | 'error';
  /** The revision that was compared. */
  readonly resourceVersion: string;
  /** How many objects of the storage were compared. */
  readonly objects: number;
  readonly durationMs: number;
  /** With `failure`: the first difference in key order. */
  readonly difference?: ConsistencyDifference;
  /** With `error`: why. */
  readonly error?: unknown;
}

export interface ConsistencyCheckerOptions {
  readonly engine: EngineCache;
  readonly source: StoredSource;
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly random: () => number;
  /** 0: only when it is asked for. */
  readonly intervalMs: number;
  readonly onReport: (report: ConsistencyReport) => void;
  /** The cache is not to be relied on. */
  readonly onDifference: (cause: Error) => void;
}

export class ConsistencyChecker {
  readonly #options: ConsistencyCheckerOptions;
  readonly #closing = new AbortController();
  #timer: Timer | undefined;
  #running: Promise<ConsistencyReport> | undefined;

  constructor(options: ConsistencyCheckerOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Compares now. Rejects with a CacheError `closed` when the cache is closed before the end. */
  check(): Promise<ConsistencyReport> {
    this.#running ??= this.#check().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** `error` is what a comparison under way rejects with. */
  close(error: Error): void {
    this.#timer?.cancel();
    this.#closing.abort(error);
  }

  #schedule(): void {
    const { clock, random, intervalMs } = this.#options;
    if (intervalMs === 0 || this.#closing.signal.aborted) return;
    const again = (): void => this.#schedule();
    const run = (): void => void this.check().then(again, again);
    this.#timer = clock.setTimer(intervalMs, () => {
      this.#timer = clock.setTimer(intervalMs * INTERVAL_JITTER * random(), run);
    });
  }

  async #check(): Promise<ConsistencyReport> {
    const { engine, clock, readiness } = this.#options;
    const { signal } = this.#closing;
    const startedAt = clock.now();
    const { generation, revision } = engine;
    let outcome: Pick<ConsistencyReport, 'status' | 'objects' | 'difference' | 'error'>;
    try {
      outcome = await this.#compare();
      signal.throwIfAborted();
      readiness.check();
      if (engine.generation !== generation) {
        throw new CacheError('not-ready', 'the cache was filled anew meanwhile');
      }
    } catch (error) {
      signal.throwIfAborted();
      outcome = { status: 'error', objects: 0, error };
    }
    const durationMs = Math.max(0, clock.now() - startedAt);
    const report = { ...outcome, resourceVersion: revision.toString(), durationMs };
    this.#options.onReport(report);
    if (report.difference !== undefined) {
      this.#options.onDifference(new CacheError('not-ready', differenceText(report.difference)));
    }
    return report;
  }

  async #compare(): Promise<Pick<ConsistencyReport, 'status' | 'objects' | 'difference'>> {
    const { engine, source, readiness } = this.#options;
    readiness.check();
    const root = engine.root();
    try {
      const comparison = await compareContent(root, source, this.#closing.signal);
      const status = comparison.difference === undefined ? 'success' : 'failure';
      return { status, ...comparison };
    } finally {
      root.close();
    }
  }
}

function differenceText(difference: ConsistencyDifference): string {
  const { namespace, name, cached, stored } = difference;
  const object = namespace === '' ? name : `${namespace}/${name}`;
  if (cached === undefined) return `the cache lacks ${object}, which its storage has`;
  if (stored === undefined) return `the cache has ${object}, which its storage has not`;
  if (cached !== stored) return `the cache has ${object} at ${cached}, its storage at ${stored}`;
  return `the cache has another ${object} at ${cached} than its storage`;
}
