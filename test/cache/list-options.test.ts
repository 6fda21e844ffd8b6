/** What LIST means for every combination of its options, row by row of upstream's table. */

import type { ExecutionContext } from 'ava';

import type { CacheErrorCode, CacheListOptions, WatchCache } from '../../lib/cache/index.js';
import { encodeContinue } from '../../lib/cache/continue-token.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { ManualClock } from '../clock.js';
import { cacheTest, fed, isPending, keys, rejects, store, unstore, widget } from './fixture.js';
import type { Widget } from './fixture.js';
import { GatedStorage } from './gated-storage.js';

interface Scene {
  readonly storage: GatedStorage;
  readonly cache: WatchCache<Widget>;
  readonly clock: ManualClock;
}

/**
 * Revisions: 2 a, 3 b, 4 c, (cache begins) 5 a again, 6 b deleted, 7 d; 2 is compacted. The cache's
 * history has 4 to 7, the storage's 3 to 7.
 */
async function scene(t: ExecutionContext, engine: EngineKind): Promise<Scene> {
  const storage = new GatedStorage();
  const clock = new ManualClock();
  for (const name of ['a', 'b', 'c']) await store(storage, widget('ns', name));
  const cache = fed(t, engine, storage, { clock });
  await cache.ready();
  await store(storage, widget('ns', 'a', { value: 2 }));
  await unstore(storage, 'ns', 'b');
  await store(storage, widget('ns', 'd'));
  await storage.compact(3n);
  await cache.list();
  storage.reads.length = 0;
  return { storage, cache, clock };
}

const NEWEST = ['ns/a@5', 'ns/c@4', 'ns/d@7'];
const AT_5 = ['ns/a@5', 'ns/b@3', 'ns/c@4'];
const AT_3 = ['ns/a@2', 'ns/b@3'];
const AFTER_A = 'ns/a\0';

interface AnsweredRow {
  readonly row: string;
  readonly options: CacheListOptions;
  readonly objects: readonly string[];
  readonly resourceVersion: string;
  /** Where the next page begins. */
  readonly next?: string;
  readonly remaining?: number;
  readonly fromStorage?: boolean;
}

/** Of all namespaces, in a cache without a name of its own. */
const SCOPE = { cache: 'objects', namespace: undefined };

const token = (revision: bigint, start = AFTER_A): string =>
  encodeContinue({ revision, start }, SCOPE);

const ANSWERED: readonly AnsweredRow[] = [
  { row: '1', options: {}, objects: NEWEST, resourceVersion: '7' },
  {
    row: '2',
    options: { limit: 2 },
    objects: NEWEST.slice(0, 2),
    resourceVersion: '7',
    next: 'ns/c\0',
    remaining: 1,
  },
  { row: '3', options: { resourceVersion: '0' }, objects: NEWEST, resourceVersion: '7' },
  { row: '4', options: { resourceVersion: '0', limit: 1 }, objects: NEWEST, resourceVersion: '7' },
  { row: '5', options: { resourceVersion: '5' }, objects: NEWEST, resourceVersion: '7' },
  {
    row: '6',
    options: { resourceVersion: '5', limit: 2 },
    objects: AT_5.slice(0, 2),
    resourceVersion: '5',
    next: 'ns/b\0',
    remaining: 1,
  },
  {
    row: '6, history gone',
    options: { resourceVersion: '3', limit: 1 },
    objects: AT_3.slice(0, 1),
    resourceVersion: '3',
    next: 'ns/a\0',
    fromStorage: true,
  },
  {
    row: '7',
    options: { resourceVersion: '0', resourceVersionMatch: 'NotOlderThan' },
    objects: NEWEST,
    resourceVersion: '7',
  },
  {
    row: '8',
    options: { resourceVersion: '0', resourceVersionMatch: 'NotOlderThan', limit: 1 },
    objects: NEWEST,
    resourceVersion: '7',
  },
  {
    row: '9',
    options: { resourceVersion: '5', resourceVersionMatch: 'NotOlderThan' },
    objects: NEWEST,
    resourceVersion: '7',
  },
  {
    row: '10',
    options: { resourceVersion: '5', resourceVersionMatch: 'NotOlderThan', limit: 1 },
    objects: NEWEST.slice(0, 1),
    resourceVersion: '7',
    next: 'ns/a\0',
    remaining: 2,
  },
  {
    row: '11',
    options: { resourceVersion: '5', resourceVersionMatch: 'Exact' },
    objects: AT_5,
    resourceVersion: '5',
  },
  {
    row: '11, history gone',
    options: { resourceVersion: '3', resourceVersionMatch: 'Exact' },
    objects: AT_3,
    resourceVersion: '3',
    fromStorage: true,
  },
  {
    row: '12',
    options: { resourceVersion: '5', resourceVersionMatch: 'Exact', limit: 2 },
    objects: AT_5.slice(0, 2),
    resourceVersion: '5',
    next: 'ns/b\0',
    remaining: 1,
  },
  {
    row: '15',
    options: { continue: token(5n), limit: 1 },
    objects: AT_5.slice(1, 2),
    resourceVersion: '5',
    next: 'ns/b\0',
    remaining: 1,
  },
  {
    row: '15, without a limit',
    options: { continue: token(5n) },
    objects: AT_5.slice(1),
    resourceVersion: '5',
  },
  {
    row: '15, history gone',
    options: { continue: token(3n) },
    objects: AT_3.slice(1),
    resourceVersion: '3',
    fromStorage: true,
  },
  {
    row: '16',
    options: { continue: token(-1n), limit: 1 },
    objects: NEWEST.slice(1, 2),
    resourceVersion: '7',
    next: 'ns/c\0',
    remaining: 1,
  },
  {
    row: '17',
    options: { resourceVersion: '0', continue: token(5n), limit: 1 },
    objects: AT_5.slice(1),
    resourceVersion: '5',
  },
  {
    row: '17, inconsistent',
    options: { resourceVersion: '0', continue: token(-1n), limit: 1 },
    objects: NEWEST.slice(1),
    resourceVersion: '7',
  },
];

for (const { row, options, objects, resourceVersion, next, remaining, fromStorage } of ANSWERED) {
  cacheTest(`row ${row}: LIST ${describe(options)}`, async (t, engine) => {
    const { cache, storage } = await scene(t, engine);
    const list = await cache.list(options);
    t.is(list.resourceVersion, resourceVersion);
    const revision = BigInt(resourceVersion);
    t.is(list.continue, next === undefined ? undefined : token(revision, next));
    t.is(list.remainingItemCount, remaining);
    t.deepEqual(keys(list), [...objects]);
    t.is(storage.reads.length > 0, fromStorage ?? false);
  });
}

interface RefusedRow {
  readonly row: string;
  readonly options: CacheListOptions;
  readonly code: CacheErrorCode;
  readonly message: string | RegExp;
}

const REFUSED: readonly RefusedRow[] = [
  {
    row: '13',
    options: { resourceVersion: '0', resourceVersionMatch: 'Exact' },
    code: 'invalid-options',
    message: 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
  },
  {
    row: '14',
    options: { resourceVersionMatch: 'NotOlderThan' },
    code: 'invalid-options',
    message: 'resourceVersionMatch is forbidden unless resourceVersion is provided',
  },
  {
    row: '14, Exact',
    options: { resourceVersionMatch: 'Exact', limit: 1 },
    code: 'invalid-options',
    message: 'resourceVersionMatch is forbidden unless resourceVersion is provided',
  },
  {
    row: '18',
    options: { resourceVersion: '5', continue: token(5n) },
    code: 'invalid-options',
    message: 'specifying resource version is not allowed when using continue',
  },
  {
    row: '19',
    options: { resourceVersion: '5', resourceVersionMatch: 'Exact', continue: token(5n) },
    code: 'invalid-options',
    message: 'resourceVersionMatch is forbidden when continue is provided',
  },
  {
    row: '22, Exact',
    options: { resourceVersion: '2', resourceVersionMatch: 'Exact' },
    code: 'expired',
    message: 'The resourceVersion for the provided list is too old.',
  },
  {
    row: '22, exact by the limit',
    options: { resourceVersion: '2', limit: 1 },
    code: 'expired',
    message: 'The resourceVersion for the provided list is too old.',
  },
  {
    row: '22, continued',
    options: { continue: token(2n), limit: 1 },
    code: 'continue-expired',
    message: /^The provided continue parameter is too old to display a consistent list result\./,
  },
  {
    row: '23',
    options: { resourceVersion: '5', resourceVersionMatch: 'Newest' as 'Exact' },
    code: 'invalid-options',
    message: 'unknown ResourceVersionMatch value: Newest',
  },
  {
    row: '24',
    options: { resourceVersion: 'abc' },
    code: 'invalid-resource-version',
    message: /^invalid resource version: 'abc'/,
  },
  {
    row: '24, negative',
    options: { resourceVersion: '-1' },
    code: 'invalid-resource-version',
    message: /^invalid resource version: '-1'/,
  },
  {
    row: '24, beyond 64 bits',
    options: { resourceVersion: '18446744073709551616' },
    code: 'invalid-resource-version',
    message: /^invalid resource version/,
  },
  {
    row: 'limit that is no integer',
    options: { limit: 1.5 },
    code: 'invalid-options',
    message: 'limit is not an integer: 1.5',
  },
];

for (const { row, options, code, message } of REFUSED) {
  cacheTest(`row ${row}: LIST ${describe(options)} is refused`, async (t, engine) => {
    const { cache } = await scene(t, engine);
    const error = await rejects(t, () => cache.list(options), code, message);
    if (code !== 'continue-expired') return;
    t.is(error.continue, token(-1n));
    t.deepEqual(keys(await cache.list({ continue: error.continue! })), NEWEST.slice(1));
  });
}

const FUTURE: readonly { row: string; options: CacheListOptions }[] = [
  { row: '20', options: { resourceVersion: '9' } },
  {
    row: '20, NotOlderThan',
    options: { resourceVersion: '9', resourceVersionMatch: 'NotOlderThan' },
  },
  { row: '21', options: { resourceVersion: '9', resourceVersionMatch: 'Exact' } },
  { row: '21, exact by the limit', options: { resourceVersion: '9', limit: 1 } },
  { row: '21, continued', options: { continue: token(9n) } },
];

for (const { row, options } of FUTURE) {
  cacheTest(`row ${row}: LIST ${describe(options)} waits 3 s and is refused`, async (t, engine) => {
    const { cache, clock } = await scene(t, engine);
    const answer = cache.list(options);
    t.true(await isPending(answer));
    clock.advance(2_999);
    t.true(await isPending(answer));
    clock.advance(1);
    const error = await rejects(
      t,
      () => answer,
      'resource-version-too-large',
      'Timeout: Too large resource version: 9, current: 7',
    );
    t.is(error.requested, '9');
    t.is(error.current, '7');
    t.is(error.retryAfterSeconds, 1);
  });

  cacheTest(
    `row ${row}: LIST ${describe(options)} is answered when it comes`,
    async (t, engine) => {
      const { cache, storage } = await scene(t, engine);
      const answer = cache.list(options);
      await store(storage, widget('ns', 'e'));
      await store(storage, widget('ns', 'f'));
      t.is((await answer).resourceVersion, '9');
    },
  );
}

cacheTest('what the storage has compacted is expired, history or not', async (t, engine) => {
  const { cache, storage } = await scene(t, engine);
  const exact = { resourceVersion: '5', resourceVersionMatch: 'Exact' as const };
  t.deepEqual(keys(await cache.list(exact)), AT_5);
  await storage.compact(6n);
  await rejects(t, () => cache.list(exact), 'expired');
  const error = await rejects(t, () => cache.list({ continue: token(5n) }), 'continue-expired');
  t.is(error.continue, token(-1n));
  t.is((await cache.list({ ...exact, resourceVersion: '6' })).resourceVersion, '6');
});

cacheTest('a negative limit, like 0, is none', async (t, engine) => {
  const { cache } = await scene(t, engine);
  for (const limit of [0, -1]) t.deepEqual(keys(await cache.list({ limit })), NEWEST);
  t.is((await cache.list({ resourceVersion: '5', limit: 0 })).resourceVersion, '7');
});

function describe(options: CacheListOptions): string {
  const shown = options.continue === undefined ? options : { ...options, continue: 'token' };
  return JSON.stringify(shown).replaceAll('"', '');
}
