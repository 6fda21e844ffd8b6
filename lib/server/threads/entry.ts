/**
 * Where a serving thread begins: makes the server of this thread around the caches of the first
 * one, and does what that one asks. What goes wrong here ends the thread, and tells why.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { inspect } from 'node:util';

import { duplicateListener } from '../../engine/index.js';
import { systemClock, ThreadStorage } from '../../storage/index.js';
import type { AggregatedServerOptions } from '../aggregated.js';
import type { ListeningServer } from '../lifecycle.js';
import type { LogFields, Logger } from '../logger.js';
import { ApiServer } from '../server.js';
import { ThreadChannel } from './channel.js';
import type {
  FromThread,
  ListenPlace,
  ThreadModule,
  ThreadServerOptions,
  ThreadStart,
  ToThread,
} from './contract.js';
import { threadPlace } from './place.js';

void serveThread(workerData as ThreadStart);

async function serveThread(start: ThreadStart): Promise<void> {
  const listeners = new Map<number, ListeningServer>();
  const starting: { server?: ApiServer } = {};
  const channel = new ThreadChannel<FromThread, ToThread>(parentPort!, async (question) => {
    const { server } = starting;
    if (server === undefined) throw new Error('the thread has not started yet');
    switch (question.type) {
      case 'listen':
        listeners.set(question.place.listener, await listen(server, question.place));
        return undefined;
      case 'unlisten':
        return listeners.get(question.listener)?.close({ graceMs: question.graceMs });
      case 'certificate':
        return listeners.get(question.listener)?.setCertificates(question.certificate);
      case 'metrics':
        return server.metricsSnapshot();
      case 'close':
        return server.close(question.options);
    }
  });
  starting.server = await makeServer(start, channel);
  channel.tell({ type: 'serving' });
}

async function makeServer(
  start: ThreadStart,
  channel: ThreadChannel<FromThread, ToThread>,
): Promise<ApiServer> {
  const given = await moduleOptions(start);
  const logger = given.logger ?? forwarding(start.thread, channel);
  const options = { ...given, logger };
  const { clock = systemClock } = options;
  const place = threadPlace(start, new ThreadStorage(start.storage), channel, clock);
  if (start.kind === 'plain') return new ApiServer(options, place);
  const { aggregatedServerAt } = await import('../aggregated.js');
  return aggregatedServerAt(options as AggregatedServerOptions, place);
}

async function moduleOptions({ module, thread, data }: ThreadStart): Promise<ThreadServerOptions> {
  const { default: options } = (await import(module)) as { readonly default?: ThreadModule };
  if (typeof options !== 'function') {
    throw new TypeError(`the module of the threads, ${module}, has no function as its default`);
  }
  const given = await options({ thread, data });
  if ('storage' in given && given.storage !== undefined) {
    throw new TypeError(`the module of the threads, ${module}, gives a storage: that is shared`);
  }
  return given;
}

function listen(
  server: ApiServer,
  { descriptor, tls, limits }: ListenPlace,
): Promise<ListeningServer> {
  return server.listen({
    descriptor: duplicateListener(descriptor),
    ...(tls === undefined ? {} : { tls }),
    ...(limits === undefined ? {} : { limits }),
  });
}

// Not what is told for every request: that would be a message each.
function forwarding(thread: number, channel: ThreadChannel<FromThread, ToThread>): Logger {
  const tell =
    (level: 'info' | 'warn' | 'error') =>
    (fields: LogFields, message: string): void =>
      channel.tell({ type: 'log', level, fields: sendable({ ...fields, thread }), message });
  return {
    debug: () => undefined,
    info: tell('info'),
    warn: tell('warn'),
    error: tell('error'),
    isLevelEnabled: (level) => level !== 'debug',
  };
}

// A logger must not fail: what has no copy (a function, a socket) is told as text.
function sendable(fields: LogFields): LogFields {
  try {
    return structuredClone(fields);
  } catch {
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, inspect(value)]),
    );
  }
}
