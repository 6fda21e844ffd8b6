/** Starts the further threads of a server: what they are given, and what they may ask. */

import { pathToFileURL } from 'node:url';
import { isAbsolute } from 'node:path';

import type { CacheShare } from '../../cache/index.js';
import { EngineError, engineReport, type EngineKind } from '../../engine/index.js';
import { InflightSeats, type InflightShare } from '../../flowcontrol/index.js';
import type { ResourceType } from '../../object/index.js';
import { type Clock, type Storage, StorageHost } from '../../storage/index.js';
import type { HealthCheck } from '../health.js';
import type { Logger } from '../logger.js';
import type { FromThread, ServerKind, ServingThreads, ThreadSettle } from './contract.js';
import { ThreadGroup } from './group.js';
import { describeTypes } from './types.js';

/** What threads need of the server that starts them. */
export interface ThreadedServer {
  readonly kind: ServerKind;
  readonly types: readonly ResourceType[];
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** What the first thread alone can check. */
  readonly checks: readonly HealthCheck[];
  readonly inflight: InflightShare;
  /** By the names of the resources. */
  readonly shares: () => Readonly<Record<string, CacheShare>>;
  readonly exposition: () => Promise<string>;
  readonly settle: (write: ThreadSettle) => Promise<boolean>;
}

/** More would only wait for each other: for processors, and for the thread that stores. */
const THREADS_MAX = 64;

/**
 * Throws a RangeError for a count that is none, a TypeError for what names no module, and an
 * EngineError `not-shareable` where more than one thread is to serve on the JavaScript engine.
 */
export function checkThreads({ count, module }: ServingThreads, engine: EngineKind | 'auto'): void {
  if (!Number.isInteger(count) || count < 1 || count > THREADS_MAX) {
    throw new RangeError(`threads.count is a number from 1 to ${THREADS_MAX}: ${count} is not`);
  }
  if (count === 1) return;
  moduleUrl(module);
  const { kind, reason } = engineReport(engine);
  if (kind === 'native') return;
  const message =
    `${count} serving threads need the native engine, whose caches threads share, ` +
    `and this is the JavaScript one: ${reason}`;
  throw new EngineError('not-shareable', message);
}

/** Undefined where one thread is enough. The options have been checked. */
export function startThreads(
  { count, module, data }: ServingThreads,
  server: ThreadedServer,
): ThreadGroup | undefined {
  if (count === 1) return undefined;
  const types = describeTypes(server.types);
  const seats = new InflightSeats(server.inflight.seats);
  const checks = server.checks.map(({ name, endpoints }) => ({ name, endpoints }));
  return new ThreadGroup({
    count,
    clock: server.clock,
    random: server.random,
    logger: server.logger,
    prepare: (thread) => {
      const host = new StorageHost(server.storage);
      const start = {
        type: 'shardwatch.thread',
        thread,
        kind: server.kind,
        module: moduleUrl(module),
        data,
        storage: host.share,
        inflight: server.inflight,
        caches: server.shares(),
        types,
        checks,
      } as const;
      return { start, host };
    },
    onEnded: (thread) => seats.clear(thread),
    answer: (question) => answer(question, server),
  });
}

function answer(question: FromThread, server: ThreadedServer): unknown {
  switch (question.type) {
    case 'health':
      return failing(server.checks);
    case 'metrics':
      return server.exposition();
    case 'settle':
      return server.settle(question);
    case 'log':
      return server.logger[question.level](question.fields, question.message);
    case 'serving':
      return undefined;
  }
}

function failing(checks: readonly HealthCheck[]): Record<string, string> {
  return Object.fromEntries(
    checks.flatMap(({ name, check }) => {
      const reason = check();
      return reason === undefined ? [] : [[name, reason]];
    }),
  );
}

function moduleUrl(module: string | URL): string {
  if (module instanceof URL) return module.href;
  if (typeof module === 'string') {
    if (module.startsWith('file:')) return module;
    if (isAbsolute(module)) return pathToFileURL(module).href;
  }
  throw new TypeError(
    `threads.module is a file's URL or absolute path: ${JSON.stringify(module)} is neither`,
  );
}
