/**
 * The store that the flags of `shardwatch store` name, with what can be done to it: that of a data
 * folder, or an etcd, whose client is loaded only for it.
 */

import { join } from 'node:path';
import type { Readable } from 'node:stream';

import {
  exportStore,
  importStore,
  verifyStore,
  type Existing,
  type ExportOptions,
  type ExportReport,
  type ImportReport,
  type VerifyReport,
} from '../storage/lmdb/index.js';
import { etcdAccess, type EtcdFlags } from './etcd-flags.js';
import { FlagError } from './flag-error.js';

export interface StoreFlags extends EtcdFlags {
  readonly dataDir: string;
  readonly etcdPrefix?: string;
}

interface WalkOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (objects: number, total: number | undefined) => void;
}

export interface ImportOptions extends WalkOptions {
  readonly input: string | Readable;
  readonly merge?: boolean;
  readonly existing?: Existing;
  readonly dryRun?: boolean;
}

/** Its functions reject with BackupError, StorageError or FlagError. */
export interface BackupStore {
  /** As messages name it. */
  readonly name: string;
  export(options: ExportOptions): Promise<ExportReport>;
  import(options: ImportOptions): Promise<ImportReport>;
  verify(options: WalkOptions): Promise<VerifyReport>;
}

/** Throws a FlagError for flags that don't go together. */
export async function backupStore(flags: StoreFlags): Promise<BackupStore> {
  if (flags.etcdServers !== undefined) return etcdStore(flags);
  for (const [flag, value] of Object.entries(ETCD_FLAGS)) {
    if (flags[value] !== undefined) throw new FlagError(`${flag} needs --etcd-servers URL[,URL…]`);
  }
  const path = join(flags.dataDir, 'store');
  return {
    name: path,
    export: (options) => exportStore({ ...options, path }),
    import: (options) => importStore({ ...options, path }),
    verify: (options) => verifyStore({ ...options, path }),
  };
}

async function etcdStore(flags: StoreFlags): Promise<BackupStore> {
  const etcd = await import('../storage/etcd/index.js');
  const access = await etcdAccess(flags);
  const prefix = (flags.etcdPrefix ?? '/registry').replace(/\/$/, '');
  const base = { client: access, prefix };
  const asked = async <Result>(answer: Promise<Result>): Promise<Result> => {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof etcd.EtcdError) throw new FlagError(`--etcd-servers: ${error.message}`);
      throw error;
    }
  };
  return {
    name: `${access.endpoints.join(',')} ${prefix}`,
    export: (options) => asked(etcd.exportEtcd({ ...options, ...base })),
    import: (options) => asked(etcd.importEtcd({ ...options, ...base })),
    verify: (options) => asked(etcd.verifyEtcd({ ...options, ...base })),
  };
}

const ETCD_FLAGS = {
  '--etcd-prefix': 'etcdPrefix',
  '--etcd-cafile': 'etcdCafile',
  '--etcd-certfile': 'etcdCertfile',
  '--etcd-keyfile': 'etcdKeyfile',
  '--etcd-user': 'etcdUser',
  '--etcd-password-file': 'etcdPasswordFile',
} as const satisfies { readonly [flag: string]: keyof StoreFlags };
