/** What export, import and verification of etcd have in common: where it is, and how to get in. */

import { systemClock, type Clock } from '../../clock.js';
import { EtcdClient } from '../client/client.js';
import { EtcdError } from '../client/error.js';
import type { EtcdClientOptions } from '../client/options.js';
import { KeySpace } from '../store/keys.js';
import { storageError } from '../store/storage-error.js';
import { StoredObjects } from './stored-objects.js';

export interface EtcdBackupOptions {
  readonly client: EtcdClientOptions;
  /** Where the objects are, as that of EtcdStorage. Default `/registry`. */
  readonly prefix?: string;
  readonly signal?: AbortSignal;
  /** Called now and then; `total` is told where it is known. */
  readonly onProgress?: (objects: number, total: number | undefined) => void;
  /** For times to live. Default: the system's. */
  readonly clock?: Clock;
}

export interface Reached {
  readonly client: EtcdClient;
  readonly keys: KeySpace;
  readonly clock: Clock;
  readonly objects: StoredObjects;
  /** As messages name the store. */
  readonly name: string;
}

/** Runs the action with a client of its own. What etcd refuses is a StorageError. */
export async function withEtcd<Result>(
  options: EtcdBackupOptions,
  action: (reached: Reached) => Promise<Result>,
): Promise<Result> {
  const { prefix = PREFIX, clock = systemClock, signal } = options;
  const keys = new KeySpace(prefix);
  await using client = new EtcdClient(options.client);
  const name = `${client.endpoints.join(',')} ${keys.prefix}`;
  const objects = new StoredObjects({ client, keys, clock, signal });
  try {
    return await action({ client, keys, clock, objects, name });
  } catch (error) {
    throw error instanceof EtcdError ? storageError(error) : error;
  }
}

const PREFIX = '/registry';
