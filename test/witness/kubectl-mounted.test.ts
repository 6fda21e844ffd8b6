/** kubectl against a server that is mounted under a prefix of somebody else's HTTPS server. */

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  clientCertificateAuthenticator,
  generateCertificates,
  writeKubeconfig,
} from '../../lib/auth/index.js';
import { readResourceTypes } from '../../lib/rest/index.js';
import { createServer, loadObjects } from '../../lib/server/index.js';
import { systemClock } from '../../lib/storage/index.js';
import { registerKubectlSession, type SessionServer } from './kubectl-session.js';
import { exampleFile } from './server-process.js';

const PREFIX = '/tools/k8s';

async function mountedServer(): Promise<SessionServer> {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-mounted-'));
  const { authority, serving, client } = await generateCertificates({
    directory: folder,
    clock: systemClock,
  });
  const types = await readResourceTypes([exampleFile('crds')]);
  const server = createServer({
    resources: types,
    authenticator: await clientCertificateAuthenticator({
      authorities: authority.cert,
      clock: systemClock,
    }),
  });
  await server.ready();
  await loadObjects([exampleFile('objects')], types, (request) => server.inject(request));
  const outer = createSecureServer(
    {
      key: serving.key,
      cert: serving.cert,
      allowHTTP1: true,
      requestCert: true,
      rejectUnauthorized: false,
    },
    server.nodeHandler({ prefix: PREFIX }),
  );
  const sockets = new Set<Socket>();
  outer.on('connection', (socket: Socket) => sockets.add(socket));
  outer.listen(0, '127.0.0.1');
  await once(outer, 'listening');
  const { port } = outer.address() as AddressInfo;
  const kubeconfig = join(folder, 'kubeconfig');
  const url = `https://127.0.0.1:${port}${PREFIX}`;
  writeKubeconfig(kubeconfig, { server: url, ca: authority.cert, ...client });
  return {
    kubeconfig,
    async stop() {
      await server.close();
      outer.close();
      for (const socket of sockets) socket.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

registerKubectlSession('1.35', mountedServer);
