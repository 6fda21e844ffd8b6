/** A thread that does to a shared cache what the test tells it, one command at a time. */

import { parentPort, workerData } from 'node:worker_threads';

import {
  CacheError,
  type CacheShare,
  WatchCache,
  type WatchStream,
} from '../../lib/cache/index.js';
import type { Widget } from './fixture.js';

/** What the test asks for; each is answered by one ShareAnswer. */
export type ShareCommand =
  | { readonly type: 'list'; readonly resourceVersion?: string }
  | { readonly type: 'put'; readonly object: Widget; readonly ttlSeconds?: number }
  | { readonly type: 'puts'; readonly prefix: string; readonly count: number }
  | { readonly type: 'replace' }
  /** Answers when the watch is open; then sends every event. */
  | { readonly type: 'watch'; readonly count: number }
  | { readonly type: 'close' };

export type ShareAnswer =
  | { readonly type: 'result'; readonly value: unknown }
  | { readonly type: 'error'; readonly code: string }
  | { readonly type: 'watched'; readonly events: readonly string[]; readonly end: string };

const port = parentPort!;
const cache = new WatchCache<Widget>({
  share: workerData as CacheShare,
  freshnessTimeoutMs: 20_000,
});

port.on('message', (command: ShareCommand) => {
  void run(command).then(
    (value) => send({ type: 'result', value }),
    (error: unknown) =>
      send({ type: 'error', code: error instanceof CacheError ? error.code : String(error) }),
  );
});

async function run(command: ShareCommand): Promise<unknown> {
  switch (command.type) {
    case 'list':
      return await list(command.resourceVersion);
    case 'put':
      return cache.apply({
        type: 'put',
        object: command.object,
        ...(command.ttlSeconds === undefined ? {} : { ttlSeconds: command.ttlSeconds }),
      });
    case 'puts':
      return puts(command.prefix, command.count);
    case 'replace':
      return cache.replace([]);
    case 'watch':
      void report(await cache.watch(), command.count);
      return undefined;
    case 'close':
      await cache.close();
      // Behind the answer.
      setImmediate(() => port.close());
      return undefined;
  }
}

async function list(resourceVersion: string | undefined): Promise<unknown> {
  const listed = await cache.list(resourceVersion === undefined ? {} : { resourceVersion });
  return Array.from(
    listed.objects(),
    ({ namespace, name, resourceVersion: version }) => `${namespace}/${name}@${version}`,
  );
}

function puts(prefix: string, count: number): readonly string[] {
  const revisions: string[] = [];
  for (let index = 0; index < count; index++) {
    const metadata = { namespace: `${prefix}-${index % 3}`, name: `${prefix}-${index % 7}` };
    revisions.push(...cache.apply({ type: 'put', object: { metadata, spec: { value: index } } }));
  }
  return revisions;
}

async function report(stream: WatchStream<Widget>, count: number): Promise<void> {
  const events: string[] = [];
  let end = 'done';
  try {
    for await (const { type, object } of stream) {
      if (type !== 'BOOKMARK') events.push(`${type} ${object.name} ${object.resourceVersion}`);
      if (events.length === count) break;
    }
    if (events.length < count) end = 'ended';
  } catch (error) {
    end = error instanceof CacheError ? error.code : String(error);
  }
  send({ type: 'watched', events, end });
}

function send(answer: ShareAnswer): void {
  port.postMessage(answer);
}
