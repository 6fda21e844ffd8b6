/** Our side where it is measured over sockets: a whole API server of pods, and what feeds it. */

import { tokenAuthenticator } from '../../lib/auth/index.js';
import type { EngineKind } from '../../lib/engine/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { type ApiServer, createServer } from '../../lib/server/index.js';
import type { TlsOptions } from '../../lib/transport/index.js';
import { Churn, type ChurnSize } from '../workload/churn.js';
import { TOKEN } from './load-client.js';
import { PodStorage } from './pod-storage.js';

const pods = defineResource({ group: '', version: 'v1', kind: 'Pod' });

const user = { username: 'bench', uid: '', groups: [], extra: {} };

export interface PodServer {
  readonly server: ApiServer;
  readonly storage: PodStorage;
  readonly port: number;
  close(): Promise<void>;
}

export interface PodServerOptions {
  readonly engine: EngineKind;
  readonly size: ChurnSize & { readonly updates: number };
  readonly seed: number;
  readonly tls?: TlsOptions;
}

/** Starts a server with what the workload leaves, behind all filters, as `serve` does. */
export async function startPodServer(options: PodServerOptions): Promise<PodServer> {
  const { engine, size, seed, tls } = options;
  const storage = new PodStorage();
  const churn = new Churn(size, seed, storage);
  churn.load();
  churn.update(size.updates);
  storage.fill();
  const server = createServer({
    resources: [pods],
    storage,
    engine,
    authenticator: tokenAuthenticator([{ token: TOKEN, user }]),
    consistencyCheckIntervalMs: 0,
  });
  await server.ready();
  const { port } = await server.listen(tls === undefined ? {} : { tls });
  return { server, storage, port, close: () => server.close({ graceMs: 0 }) };
}
