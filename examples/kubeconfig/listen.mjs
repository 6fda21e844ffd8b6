/**
 * A server that kubectl can talk to: over TLS, with certificates made in a folder and a kubeconfig
 * beside them. Who shows the client's certificate in there may do everything.
 */

import { join } from 'node:path';
import { createServer, systemClock } from 'shardwatch';
import {
  clientCertificateAuthenticator,
  generateCertificates,
  writeKubeconfig,
} from 'shardwatch/auth';

/** Serves the types; gives the server and the kubeconfig's file. */
export async function listenForKubectl(resources, { folder, port = 0 }) {
  const directory = join(folder, 'pki');
  const clock = systemClock;
  const { authority, serving, client } = await generateCertificates({
    directory,
    hosts: ['127.0.0.1'],
    clock,
  });
  const authenticator = await clientCertificateAuthenticator({
    authorities: authority.cert,
    clock,
  });
  const server = createServer({ resources, authenticator });
  await server.ready();
  const tls = { key: serving.key, cert: serving.cert, clientCa: authority.cert };
  const { url } = await server.listen({ port, tls });
  const kubeconfig = join(folder, 'kubeconfig');
  writeKubeconfig(kubeconfig, { server: url, ca: authority.cert, ...client });
  return { server, kubeconfig };
}
