/** How etcd is reached, as the flags of the command say. */

import { FlagError } from './flag-error.js';
import { readFlagFile } from './flag-file.js';

export interface EtcdFlags {
  readonly etcdServers?: readonly string[];
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly etcdUser?: string;
  readonly etcdPasswordFile?: string;
}

/** What of a client's options tells where etcd is and how to get in. */
export interface EtcdAccess {
  readonly endpoints: readonly string[];
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly auth?: { readonly user: string; readonly password: string };
}

/** Throws a FlagError for files that can't be read, and half of a user. */
export async function etcdAccess(flags: EtcdFlags): Promise<EtcdAccess> {
  return {
    endpoints: flags.etcdServers ?? [],
    tls: await tlsOf(flags),
    ...(await authOf(flags)),
  };
}

async function tlsOf(options: EtcdFlags): Promise<EtcdAccess['tls']> {
  const { etcdCafile, etcdCertfile, etcdKeyfile } = options;
  return {
    ...(etcdCafile !== undefined && { ca: await readFlagFile('--etcd-cafile', etcdCafile) }),
    ...(etcdCertfile !== undefined && {
      cert: await readFlagFile('--etcd-certfile', etcdCertfile),
    }),
    ...(etcdKeyfile !== undefined && { key: await readFlagFile('--etcd-keyfile', etcdKeyfile) }),
  };
}

async function authOf(options: EtcdFlags): Promise<Pick<EtcdAccess, 'auth'>> {
  const { etcdUser, etcdPasswordFile } = options;
  if ((etcdUser === undefined) !== (etcdPasswordFile === undefined)) {
    throw new FlagError('--etcd-user and --etcd-password-file belong together');
  }
  if (etcdUser === undefined || etcdPasswordFile === undefined) return {};
  const text = await readFlagFile('--etcd-password-file', etcdPasswordFile);
  // Editors end a file with a line end, and passwords have none.
  return { auth: { user: etcdUser, password: text.replace(/\r?\n$/, '') } };
}
