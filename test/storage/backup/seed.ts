/** A store with objects of every kind that matters to a backup, and ways to look at one. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { open as openLmdb } from 'lmdb';

import type { Clock } from '../../../lib/storage/index.js';
import { LmdbStorage } from '../../../lib/storage/lmdb/index.js';
import { put, remove } from '../conformance/subject.js';

export const SHOP_A = '/example.com/widgets/shop/a';
export const SHOP_B = '/example.com/widgets/shop/b';
export const LAB_A = '/example.com/widgets/lab/a';
export const GADGET = '/example.com/gadgets/shop/a';
export const NODE = '/core/nodes/n1';
export const LEASED = '/example.com/widgets/shop/leased';

/** Canonical JSON of the object of a key; `spec` is put in as it is. */
export function objectJson(key: string, spec = '{}'): string {
  const [group, , ...rest] = key.slice(1).split('/');
  const apiVersion = group === 'core' ? 'v1' : `${group}/v1`;
  const name = JSON.stringify(rest.at(-1));
  const namespace = rest.length === 2 ? `,"namespace":${JSON.stringify(rest[0])}` : '';
  const metadata = `{"name":${name}${namespace}}`;
  return `{"apiVersion":"${apiVersion}","kind":"Thing","metadata":${metadata},"spec":${spec}}`;
}

/** What a double would change, what JSON escapes, and what needs pages of its own. */
export const NUMBERS = '{"big":123456789012345678901,"exponent":1e3,"fraction":1.0}';
export const TEXTS = '{"text":"\\u0001 \\"é\u{1f600}\\",\\"object\\":{}}"}';
const LARGE = `{"text":"${'x'.repeat(20_000)}"}`;

/** Objects, replaced and deleted ones, and one that ends in a hundred seconds. */
export async function seed(path: string, clock?: Clock): Promise<void> {
  const storage = await LmdbStorage.open({ path, ...(clock && { clock }) });
  await put(storage, SHOP_A, objectJson(SHOP_A, NUMBERS));
  await put(storage, SHOP_B, objectJson(SHOP_B, LARGE));
  await put(storage, LAB_A, objectJson(LAB_A, TEXTS));
  await put(storage, GADGET, objectJson(GADGET));
  await put(storage, NODE, objectJson(NODE));
  await put(storage, LEASED, objectJson(LEASED), 100);
  await put(storage, SHOP_A, objectJson(SHOP_A, `{"again":true,"numbers":${NUMBERS}}`));
  await put(
    storage,
    '/example.com/widgets/shop/gone',
    objectJson('/example.com/widgets/shop/gone'),
  );
  await remove(storage, '/example.com/widgets/shop/gone');
  await storage.close();
}

/** The revision that `seed` leaves. */
export const SEEDED = 10n;

export interface State {
  readonly revision: bigint;
  readonly compacted: bigint;
  /** `key=json@revision/createRevision`. */
  readonly objects: readonly string[];
}

/** Opens the store for a moment. */
export async function stateOf(path: string, clock?: Clock): Promise<State> {
  const storage = await LmdbStorage.open({ path, ...(clock && { clock }) });
  const { values } = await storage.list('/');
  const state = {
    revision: storage.committedRevision(),
    compacted: storage.compactedRevision(),
    objects: values.map(
      ({ key, value, revision, createRevision }) =>
        `${key}=${Buffer.from(value).toString()}@${revision}/${createRevision}`,
    ),
  };
  await storage.close();
  return state;
}

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const;

export type RawTable = ReturnType<typeof openLmdb<Buffer, Buffer>>;

/** Changes rows behind the store's back. */
export async function withTable<Result>(
  path: string,
  name: string,
  action: (table: Pick<RawTable, 'get' | 'put' | 'remove' | 'getKeys'>) => Result | Promise<Result>,
): Promise<Result> {
  const root = openLmdb<Buffer, Buffer>({
    path,
    noSubdir: false,
    overlappingSync: false,
    ...BINARY,
  });
  try {
    return await action(root.openDB<Buffer, Buffer>({ name, ...BINARY }));
  } finally {
    await root.close();
  }
}

/** Keeps the first `bytes` of the data file. */
export async function cutDataFile(path: string, bytes: number): Promise<void> {
  const file = join(path, 'data.mdb');
  await writeFile(file, (await readFile(file)).subarray(0, bytes));
}
