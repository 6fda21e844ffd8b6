/** Handlers mounted in servers of Node's own modules, as their users would, for the tests. */

import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';

import type { ExecutionContext } from 'ava';

import type { Handler } from '../../lib/request/index.js';
import { mount } from '../../lib/transport/index.js';
import type { Listener, Mount, NodeHandler, TransportLimits } from '../../lib/transport/index.js';
import { clientOf, PROTOCOLS } from './clients.js';
import type { Client, Protocol } from './clients.js';
import { bench, ManualClock, testCertificates } from './fixture.js';
import type { Bench } from './fixture.js';

export interface MountedBench extends Bench {
  readonly mount: Mount;
}

/** What an outer server does with its requests: passes them on, perhaps after some work. */
export type RequestHandler = (...request: Parameters<NodeHandler>) => void;

/** As much as a listener of ours takes. */
const HEADER_BYTES_MAX = 1_048_576;

/** The ways by which a handler is served, each with what makes a bench of it. */
export const SERVED: readonly {
  readonly name: string;
  readonly protocol: Protocol;
  readonly isMounted: boolean;
  readonly bench: typeof bench;
}[] = PROTOCOLS.flatMap((protocol) => [
  { name: protocol, protocol, isMounted: false, bench },
  { name: `${protocol}, mounted`, protocol, isMounted: true, bench: mountedBench },
]);

/** A handler mounted at `prefix`, and a client of the server that it is mounted in. */
export async function mountedBench(
  t: ExecutionContext,
  protocol: Protocol,
  handler: Handler,
  limits: Partial<TransportLimits> = {},
  prefix = '',
  front: (handle: NodeHandler) => RequestHandler = (handle) => handle,
): Promise<MountedBench> {
  const clock = new ManualClock();
  const errors: Bench['errors'] = [];
  const mounted = mount({
    handler,
    prefix,
    clock,
    limits,
    onError: (error, place) => errors.push({ error, place }),
  });
  const { server, close } = await outerServer(
    protocol,
    mounted.nodeHandler,
    front(mounted.nodeHandler),
  );
  const { authority, client: own } = await testCertificates();
  const { port } = server.address() as AddressInfo;
  const listener: Listener = {
    address: '127.0.0.1',
    port,
    descriptor: undefined,
    close: (options) => mounted.close(options),
    setCertificates: () => t.fail(),
  };
  const clients: Client[] = [];
  const connect = (): Client => {
    const tls = { ca: authority.cert, cert: own.cert, key: own.key };
    const client = clientOf(protocol, listener, tls);
    clients.push(client);
    return client;
  };
  t.teardown(async () => {
    for (const client of clients) client.close();
    await mounted.close({ graceMs: 0 });
    await close();
  });
  return { listener, client: connect(), clock, errors, connect, mount: mounted };
}

/** A server that passes every request, upgrade and extended CONNECT on. */
export async function outerServer(
  protocol: Protocol,
  handle: NodeHandler,
  onRequest: RequestHandler = handle,
): Promise<{ readonly server: Server; close(): Promise<void> }> {
  const server = await serverOf(protocol);
  server.on('request', onRequest);
  if (protocol === 'HTTP/2') server.on('connect', handle);
  else server.on('upgrade', handle.upgrade);
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function serverOf(protocol: Protocol): Promise<Server> {
  if (protocol === 'HTTP/1.1') return createHttpServer({ maxHeaderSize: HEADER_BYTES_MAX });
  const { serving } = await testCertificates();
  const tls = {
    key: serving.key,
    cert: serving.cert,
    requestCert: true,
    rejectUnauthorized: false,
  };
  if (protocol !== 'HTTP/2') return createHttpsServer({ ...tls, maxHeaderSize: HEADER_BYTES_MAX });
  return createSecureServer({
    ...tls,
    settings: { maxHeaderListSize: HEADER_BYTES_MAX, enableConnectProtocol: true },
  });
}
