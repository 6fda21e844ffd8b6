/**
 * The storage that the flags of `shardwatch serve` name: a folder, memory, or etcd.
 *
 * etcd's client is loaded only where it is used: the others need no gRPC.
 */

import { join } from 'node:path';

import { EtcdMetrics, type MetricsRegistry } from '../metrics/index.js';
import {
  MemoryStorage,
  startCompaction,
  systemClock,
  type Compaction,
  type CompactionOptions,
  type Storage,
} from '../storage/index.js';
import { LmdbStorage } from '../storage/lmdb/index.js';
import { etcdAccess, type EtcdFlags } from './etcd-flags.js';
import { FlagError } from './flag-error.js';
import type { HealthCheck } from './health.js';
import type { Logger } from './logger.js';
import { openEncryption, type EncryptionFlags } from './store-encryption.js';

/** The flags that are about the store, as `--help` explains them. */
export interface StoreOptions extends EncryptionFlags, EtcdFlags {
  readonly store?: 'lmdb' | 'memory' | 'etcd';
  readonly dataDir: string;
  readonly etcdPrefix: string;
  readonly etcdGrpcProxyConnections: number;
  readonly etcdCompactionInterval: number;
}

export interface OpenStore {
  readonly storage: Storage;
  readonly checks: readonly HealthCheck[];
  /** Compacts until stopped; not with an interval of 0. */
  startCompaction(): Compaction;
  /** Closes the storage. */
  close(): Promise<void>;
}

type PlainStore = Omit<OpenStore, 'close'>;

export interface StoreContext {
  /** Where metrics of the store go. */
  readonly metrics: MetricsRegistry;
  readonly logger: Logger;
}

/** What is in front of the keys that values are authenticated with; of etcd it is a flag. */
const PATH_PREFIX = '/registry';

/**
 * Throws a FlagError for flags that do not go together or name what can't be used, and the
 * storage's StorageError where it can't be opened.
 */
export async function openStore(options: StoreOptions, context: StoreContext): Promise<OpenStore> {
  const kind = storeKind(options);
  const encryption = await openEncryption(options, context.logger);
  try {
    const plain =
      kind === 'etcd' ? await openEtcd(options, context.metrics) : await openLocal(options, kind);
    const pathPrefix = kind === 'etcd' ? etcdPrefixOf(options) : PATH_PREFIX;
    const storage = encryption.wrap(plain.storage, pathPrefix);
    const close = async (): Promise<void> => {
      encryption.stop();
      await storage.close();
    };
    return { ...plain, storage, close };
  } catch (error) {
    encryption.stop();
    throw error;
  }
}

async function openLocal(options: StoreOptions, kind: 'lmdb' | 'memory'): Promise<PlainStore> {
  const storage =
    kind === 'memory'
      ? new MemoryStorage({ clock: systemClock })
      : await LmdbStorage.open({ path: join(options.dataDir, 'store'), clock: systemClock });
  const compact = (settings: CompactionOptions): Compaction => startCompaction(storage, settings);
  return { storage, checks: [], startCompaction: () => compacting(options, compact) };
}

/** Which of the stores it is. Throws a FlagError where the flags name two. */
export function storeKind({ store, etcdServers }: StoreOptions): 'lmdb' | 'memory' | 'etcd' {
  if (etcdServers === undefined) {
    if (store !== 'etcd') return store ?? 'lmdb';
    throw new FlagError('--store etcd needs --etcd-servers URL[,URL…]');
  }
  if (store === undefined || store === 'etcd') return 'etcd';
  throw new FlagError(`--etcd-servers and --store ${store} exclude each other`);
}

async function openEtcd(options: StoreOptions, registry: MetricsRegistry): Promise<PlainStore> {
  const { EtcdError, EtcdStorage } = await import('../storage/etcd/index.js');
  const metrics = new EtcdMetrics(registry);
  const client = {
    observer: metrics.calls,
    ...(await etcdAccess(options)),
    connections: options.etcdGrpcProxyConnections,
  };
  try {
    const prefix = etcdPrefixOf(options);
    const onRequest = metrics.requested;
    const storage = await EtcdStorage.open({ client, prefix, onRequest });
    metrics.follow(() => storage.client.stats());
    const check = (): string | undefined => storage.problem();
    const compact = (settings: CompactionOptions): Compaction => storage.startCompaction(settings);
    return {
      storage,
      checks: [{ name: 'etcd', endpoints: ['readyz'], check }],
      startCompaction: () => compacting(options, compact),
    };
  } catch (error) {
    if (error instanceof EtcdError) throw new FlagError(`--etcd-servers: ${error.message}`);
    throw error;
  }
}

function etcdPrefixOf({ etcdPrefix }: StoreOptions): string {
  return etcdPrefix.replace(/\/$/, '');
}

function compacting(
  { etcdCompactionInterval }: StoreOptions,
  start: (options: CompactionOptions) => Compaction,
): Compaction {
  if (etcdCompactionInterval === 0) return { stop: () => undefined };
  return start({ intervalMs: etcdCompactionInterval, clock: systemClock });
}
