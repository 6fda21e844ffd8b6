/** Kubeconfig files: where a server is, how to trust it, and who to be there. */

import { stringify } from 'yaml';

import { AuthError } from './error.js';
import { writePrivateFile } from './private-file.js';

export interface KubeconfigOptions {
  /** `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM of the authority that issued the server's certificate; none for plain HTTP. */
  readonly ca?: string;
  /** PEM of the client's certificate and key; none for plain HTTP. */
  readonly cert?: string;
  readonly key?: string;
  /** Names cluster, user and context. Default `shardwatch`. */
  readonly name?: string;
}

/**
 * Writes a kubeconfig with everything embedded, readable by its owner alone; a file of that name is
 * replaced. Throws an AuthError `bad-folder`.
 */
export function writeKubeconfig(file: string, options: KubeconfigOptions): void {
  try {
    writePrivateFile(file, kubeconfigText(options));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AuthError('bad-folder', `kubeconfig ${file} can't be written: ${reason}`, error);
  }
}

/** The text of such a file (YAML). */
export function kubeconfigText(options: KubeconfigOptions): string {
  const { server, ca, cert, key, name = 'shardwatch' } = options;
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server, ...data('certificate-authority-data', ca) } }],
      users: [
        {
          name,
          user: { ...data('client-certificate-data', cert), ...data('client-key-data', key) },
        },
      ],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
      preferences: {},
    },
    { lineWidth: 0 },
  );
}

function data(field: string, pem: string | undefined): { readonly [field: string]: string } {
  return pem === undefined ? {} : { [field]: Buffer.from(pem).toString('base64') };
}
