/**
 * Automatic compaction: every interval, history older than one interval is dropped, so that between
 * one and two intervals of it remain. Never on the first round, which only remembers the revision;
 * so a restart leaves at least one interval to whoever resumes.
 */

import { systemClock, type Clock, type Timer } from './clock.js';
import type { Storage } from './contract.js';

export interface CompactionOptions {
  /** Default 300 000 (five minutes, as kube-apiserver's `--etcd-compaction-interval`). */
  readonly intervalMs?: number;
  readonly clock?: Clock;
  /** A round failed; the next one tries again. Default: nothing is reported. */
  readonly onError?: (error: unknown) => void;
}

export interface Compaction {
  /** No further round begins. */
  stop(): void;
}

/** Compacts `storage` until stopped. The caller stops it before closing the storage. */
export function startCompaction(storage: Storage, options: CompactionOptions = {}): Compaction {
  const clock = options.clock ?? systemClock;
  const intervalMs = options.intervalMs ?? COMPACTION_INTERVAL_MS;
  if (!(intervalMs > 0))
    throw new RangeError(`intervalMs must be above 0, but it is ${intervalMs}`);
  let stopped = false;
  let seen: bigint | undefined;
  let timer: Timer = clock.setTimer(intervalMs, () => void round());
  return {
    stop: () => {
      stopped = true;
      timer.cancel();
    },
  };

  async function round(): Promise<void> {
    try {
      const committed = await storage.committedRevision();
      if (!stopped && seen !== undefined && seen > storage.compactedRevision()) {
        await storage.compact(seen);
      }
      seen = committed;
    } catch (error) {
      if (!stopped) options.onError?.(error);
    }
    if (!stopped) timer = clock.setTimer(intervalMs, () => void round());
  }
}

/** Upstream's default. */
export const COMPACTION_INTERVAL_MS = 300_000;
