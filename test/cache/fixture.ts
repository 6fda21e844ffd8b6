/** Widgets, caches over storages, and short ways to read what caches answer. */

import test, { type ExecutionContext } from 'ava';

import {
  type CachedList,
  CacheError,
  type CacheErrorCode,
  WatchCache,
  type WatchCacheOptions,
  type WatchStream,
} from '../../lib/cache/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import type { PullSource } from '../../lib/request/index.js';
import type { Storage } from '../../lib/storage/index.js';
import { ENGINES } from '../engine/engines.js';

export interface Widget {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly namespace?: string;
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
  };
  readonly spec?: { readonly color?: string; readonly value?: number };
}

export const PREFIX = '/example.com/widgets/';

export function widget(
  namespace: string,
  name: string,
  rest: { labels?: Record<string, string>; color?: string; value?: number } = {},
): Widget {
  const { labels, ...spec } = rest;
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: {
      ...(labels === undefined ? {} : { labels }),
      name,
      ...(namespace === '' ? {} : { namespace }),
    },
    spec,
  };
}

/** Declares a test that runs once for every engine. */
export function cacheTest(
  behaviour: string,
  run: (t: ExecutionContext, engine: EngineKind) => void | Promise<void>,
): void {
  for (const { kind } of ENGINES) test(`${kind}: ${behaviour}`, (t) => run(t, kind));
}

/** The same, one after the other and nothing beside it: for what the whole thread shares. */
export function serialCacheTest(
  behaviour: string,
  run: (t: ExecutionContext, engine: EngineKind) => void | Promise<void>,
): void {
  for (const { kind } of ENGINES) test.serial(`${kind}: ${behaviour}`, (t) => run(t, kind));
}

/** A stand-alone cache that ends with the test. */
export function standAlone(
  t: ExecutionContext,
  engine: EngineKind,
  options: WatchCacheOptions = {},
): WatchCache<Widget> {
  const cache = new WatchCache<Widget>({ engine, fields: ['spec.color'], ...options });
  t.teardown(() => cache.close());
  return cache;
}

/** A cache fed by the widgets of a storage; ends with the test. */
export function fed(
  t: ExecutionContext,
  engine: EngineKind,
  storage: Storage,
  options: WatchCacheOptions = {},
): WatchCache<Widget> {
  return standAlone(t, engine, {
    feed: { storage, prefix: PREFIX, namespaced: true },
    random: () => 0,
    ...options,
  });
}

/** Writes a widget, whatever version is there; tells the revision. */
export async function store(storage: Storage, object: Widget, ttlSeconds = 0): Promise<string> {
  const { namespace, name } = object.metadata;
  const key = `${PREFIX}${namespace}/${name}`;
  const current = await storage.get(key);
  const value = Buffer.from(JSON.stringify(object));
  const expected = current?.revision ?? 0n;
  const result = await storage.write({ key, expected, value, ttlSeconds });
  if (!result.ok) throw new Error(`${key} was written meanwhile`);
  return result.revision.toString();
}

/** Deletes a widget; tells the revision. */
export async function unstore(storage: Storage, namespace: string, name: string): Promise<string> {
  const key = `${PREFIX}${namespace}/${name}`;
  const current = await storage.get(key);
  if (current === undefined) throw new Error(`${key} is not there`);
  const result = await storage.write({ key, expected: current.revision, value: null });
  if (!result.ok) throw new Error(`${key} was written meanwhile`);
  return result.revision.toString();
}

/** `namespace/name@resourceVersion` of all objects of a list. */
export function keys(list: CachedList<Widget>): string[] {
  return Array.from(
    list.objects(),
    ({ namespace, name, resourceVersion }) => `${namespace}/${name}@${resourceVersion}`,
  );
}

/** The text of everything that a source has at once. */
export function pullText(source: PullSource, maxBytes = 64 * 1024): string {
  let text = '';
  for (;;) {
    const pulled = source.pull(maxBytes);
    if (pulled.type !== 'chunks') return text;
    text += Buffer.concat(pulled.chunks).toString();
  }
}

/** What a stream has at once, in short: `ADDED a/b@17`, `INITIAL-END @17`, `BOOKMARK @18`. */
export function drain(source: ReturnType<WatchStream<Widget>['source']>): string[] {
  const events: string[] = [];
  for (;;) {
    const drained = source.drain(3);
    if (drained.type !== 'events') return events;
    for (const event of drained.events) {
      events.push(
        event.type === 'BOOKMARK'
          ? `${event.isInitialEventsEnd ? 'INITIAL-END' : 'BOOKMARK'} @${event.object.resourceVersion}`
          : `${event.type} ${event.object.namespace}/${event.object.name}` +
              `@${event.object.resourceVersion}`,
      );
    }
  }
}

/** Asserts that an act fails with a CacheError of that code; gives the error. */
export async function rejects(
  t: ExecutionContext,
  act: () => unknown,
  code: CacheErrorCode,
  message?: string | RegExp,
): Promise<CacheError> {
  const error = await t.throwsAsync(async () => await act(), { instanceOf: CacheError });
  t.is(error.code, code, error.message);
  if (typeof message === 'string') t.is(error.message, message);
  else if (message !== undefined) t.regex(error.message, message);
  return error;
}

/** Lets promises settle and watches be woken. */
export async function turn(): Promise<void> {
  for (let count = 0; count < 3; count++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Whether a promise is still pending after a turn of the loop. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const settle = (): void => void (pending = false);
  promise.then(settle, settle);
  await turn();
  return pending;
}
