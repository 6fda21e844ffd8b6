/** Code of a user in TypeScript: it compiles only if types are found, and are what they say. */

import { createServer, defineResource } from 'shardwatch';
import { WatchCache, type CachedObject } from 'shardwatch/cache';
import { engineReport } from 'shardwatch/engine';
import type { PriorityQueue } from 'shardwatch/queue';

interface Widget {
  readonly kind: 'Widget';
  readonly metadata: { readonly name: string };
}

export async function names(cache: WatchCache<Widget>): Promise<string[]> {
  const got: CachedObject<Widget> | undefined = await cache.get('shop', 'a');
  const list = await cache.list({ limit: 2 });
  return [...list.items(), ...(got === undefined ? [] : [got.parse()])].map(
    ({ metadata }) => metadata.name,
  );
}

export async function serve(): Promise<number> {
  const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });
  const server = createServer({ resources: [widgets] });
  const { status } = await server.inject({ method: 'GET', path: '/healthz' });
  await server.close();
  return status;
}

export function first(queue: PriorityQueue<string>): string | undefined {
  return engineReport().kind === 'native' ? queue.dequeue() : undefined;
}

// @ts-expect-error: an engine that there is not
export const wrong = new WatchCache({ engine: 'rust' });
