/**
 * The storage that the flags of `shardwatch serve` name: a folder, memory, or etcd.
 *
 * etcd's client is loaded only where it is used: the others need no gRPC.
 */

import { readFile } from 'node:fs/promises';
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
import { FlagError } from './flag-error.js';
import type { HealthCheck } from './health.js';
import type { Logger } from './logger.js';
import { openEncryption, type EncryptionFlags } from './store-encryption.js';

/** The flags that are about the store, as `--help` explains them. */
export interface StoreOptions extends EncryptionFlags {
  readonly store?: 'lmdb' | 'memory' | 'etcd';
  readonly dataDir: string;
  readonly etcdServers?: readonly string[];
  readonly etcdPrefix: string;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly etcdUser?: string;
  readonly etcdPasswordFile?: string;
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
    endpoints: options.etcdServers ?? [],
    tls: await tlsOf(options),
    connections: options.etcdGrpcProxyConnections,
    ...(await authOf(options)),
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

async function tlsOf(options: StoreOptions): Promise<{ ca?: string; cert?: string; key?: string }> {
  const { etcdCafile, etcdCertfile, etcdKeyfile } = options;
  return {
    ...(etcdCafile !== undefined && { ca: await readFlagFile('--etcd-cafile', etcdCafile) }),
    ...(etcdCertfile !== undefined && {
      cert: await readFlagFile('--etcd-certfile', etcdCertfile),
    }),
    ...(etcdKeyfile !== undefined && { key: await readFlagFile('--etcd-keyfile', etcdKeyfile) }),
  };
}

async function authOf(
  options: StoreOptions,
): Promise<{ auth?: { readonly user: string; readonly password: string } }> {
  const { etcdUser, etcdPasswordFile } = options;
  if ((etcdUser === undefined) !== (etcdPasswordFile === undefined)) {
    throw new FlagError('--etcd-user and --etcd-password-file belong together');
  }
  if (etcdUser === undefined || etcdPasswordFile === undefined) return {};
  const text = await readFlagFile('--etcd-password-file', etcdPasswordFile);
  // Editors end a file with a line end, and passwords have none.
  return { auth: { user: etcdUser, password: text.replace(/\r?\n$/, '') } };
}

function compacting(
  { etcdCompactionInterval }: StoreOptions,
  start: (options: CompactionOptions) => Compaction,
): Compaction {
  if (etcdCompactionInterval === 0) return { stop: () => undefined };
  return start({ intervalMs: etcdCompactionInterval, clock: systemClock });
}

/** The text of a file that a flag names. Throws a FlagError that names both. */
export async function readFlagFile(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new FlagError(`${flag} ${file}: ${(error as Error).message}`);
  }
}
