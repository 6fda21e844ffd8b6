/**
 * The connection of a pod to its cluster (client-go `rest.InClusterConfig`, restated): address out
 * of the environment, token and authorities out of the files of its service account.
 */

import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';

import type { ClientConfig } from './config.js';
import { ClientError } from './error.js';

export interface InClusterOptions {
  /** Default `process.env`. */
  readonly env?: { readonly [name: string]: string | undefined };
  /** Where the service account is mounted; Kubernetes' own place by default. */
  readonly directory?: string;
}

const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Throws a ClientError `not-in-cluster`. */
export function inClusterConfig(options: InClusterOptions = {}): ClientConfig {
  const env = options.env ?? process.env;
  const directory = options.directory ?? SERVICE_ACCOUNT_DIRECTORY;
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '';
  if (host === '' || port === '') {
    throw new ClientError(
      'not-in-cluster',
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod of a ' +
        'cluster; give a kubeconfig',
    );
  }
  const token = join(directory, 'token');
  const authority = join(directory, 'ca.crt');
  for (const file of [token, authority]) {
    if (existsSync(file)) continue;
    throw new ClientError(
      'not-in-cluster',
      `${file} is not there: the pod has no service account (automountServiceAccountToken)`,
    );
  }
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    certificateAuthority: { file: authority },
    token: { file: token },
  };
}
