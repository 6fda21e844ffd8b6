/**
 * A further thread's place in a server: the storage and the caches that are the first thread's, and
 * what only that one knows.
 */

import type { CacheShare } from '../../cache/index.js';
import type { InflightShare } from '../../flowcontrol/index.js';
import type { Clock, Storage } from '../../storage/index.js';
import type { SourceKey } from '../../rest/index.js';
import type { HealthCheck } from '../health.js';
import type { ThreadChannel } from './channel.js';
import type { FromThread, ThreadStart, ToThread } from './contract.js';

export interface ThreadPlace {
  readonly thread: number;
  readonly inflight: InflightShare;
  readonly storage: Storage;
  /** By the name of the resource. */
  readonly caches: Readonly<Record<string, CacheShare>>;
  /** Of the types, to be compared; see types.ts. */
  readonly types: Readonly<Record<string, string>>;
  /** The first thread's, as it told at the last `refreshChecks`. */
  readonly checks: readonly HealthCheck[];
  readonly refreshChecks: () => Promise<void>;
  /** The metrics of all threads. */
  readonly exposition: () => Promise<string>;
  /** Whether what was written to the system behind a type has been seen in its cache. */
  readonly settle: (
    resource: string,
    key: SourceKey,
    content: Uint8Array | undefined,
  ) => Promise<boolean>;
}

/** Longer than a first thread that is busy takes to answer, shorter than a probe waits. */
const HEALTH_TIMEOUT_MS = 900;

export function threadPlace(
  start: ThreadStart,
  storage: Storage,
  channel: ThreadChannel<FromThread, ToThread>,
  clock: Clock,
): ThreadPlace {
  let failing: Readonly<Record<string, string>> = {};
  return {
    thread: start.thread,
    inflight: start.inflight,
    storage,
    caches: start.caches,
    types: start.types,
    checks: start.checks.map(({ name, endpoints }) => ({
      name,
      endpoints,
      check: () => failing[name],
    })),
    refreshChecks: async () => {
      if (start.checks.length === 0) return;
      failing = await inTime(
        channel.ask({ type: 'health' }) as Promise<Record<string, string>>,
        Object.fromEntries(start.checks.map(({ name }) => [name, SILENT])),
        clock,
      );
    },
    exposition: () => channel.ask({ type: 'metrics' }) as Promise<string>,
    settle: (resource, key, content) =>
      channel.ask({ type: 'settle', resource, key, content }) as Promise<boolean>,
  };
}

const SILENT = 'the thread that checks it does not answer';

function inTime<Value>(asked: Promise<Value>, otherwise: Value, clock: Clock): Promise<Value> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(HEALTH_TIMEOUT_MS, () => resolve(otherwise));
    const settle = (value: Value): void => {
      timer.cancel();
      resolve(value);
    };
    asked.then(settle, () => settle(otherwise));
  });
}
