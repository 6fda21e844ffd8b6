/** Code of a user in TypeScript who keeps objects in LMDB. */

import { createServer, type ApiServer } from 'shardwatch/server';
import { LmdbStorage } from 'shardwatch/storage/lmdb';

export async function open(path: string): Promise<ApiServer> {
  return createServer({ resources: [], storage: await LmdbStorage.open({ path }) });
}

// @ts-expect-error: a storage is in a folder
export const wrong: Promise<LmdbStorage> = LmdbStorage.open({});
