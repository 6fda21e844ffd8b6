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
  /** A bearer token, instead of a certificate or beside it. */
  readonly token?: string;
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
  return stringify(kubeconfigDocument(options), { lineWidth: 0 });
}

/** A kubeconfig (`v1` Config) as an object. Data is base64 of PEM. */
export interface KubeconfigDocument {
  readonly apiVersion: 'v1';
  readonly kind: 'Config';
  readonly clusters: readonly [
    {
      readonly name: string;
      readonly cluster: {
        readonly server: string;
        readonly 'certificate-authority-data'?: string;
      };
    },
  ];
  readonly users: readonly [
    {
      readonly name: string;
      readonly user: {
        readonly 'client-certificate-data'?: string;
        readonly 'client-key-data'?: string;
        readonly token?: string;
      };
    },
  ];
  readonly contexts: readonly [
    {
      readonly name: string;
      readonly context: { readonly cluster: string; readonly user: string };
    },
  ];
  readonly 'current-context': string;
  readonly preferences: { readonly [preference: string]: never };
}

/** What `kubeconfigText` is the text of. */
export function kubeconfigDocument(options: KubeconfigOptions): KubeconfigDocument {
  const { server, ca, cert, key, token, name = 'shardwatch' } = options;
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, ...data('certificate-authority-data', ca) } }],
    users: [
      {
        name,
        user: {
          ...data('client-certificate-data', cert),
          ...data('client-key-data', key),
          ...(token === undefined ? {} : { token }),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
    preferences: {},
  };
}

function data<Field extends string>(
  field: Field,
  pem: string | undefined,
): { readonly [_ in Field]?: string } {
  if (pem === undefined) return {};
  return { [field]: Buffer.from(pem).toString('base64') } as { [_ in Field]: string };
}
