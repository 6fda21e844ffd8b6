/**
 * Listens with Node's own servers: HTTPS with HTTP/2 and HTTP/1.1 by ALPN, or plain HTTP/1.1.
 *
 * Clients are asked for a certificate and none is refused here: authentication verifies it, against
 * the authorities that it trusts for each purpose.
 */

import { constants } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Http2SecureServer } from 'node:http2';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { TlsOptions as NodeTlsOptions } from 'node:tls';

import { TRANSPORT_LIMITS } from '../contract.js';
import type {
  CloseOptions,
  Listener,
  ListenOptions,
  ServingCertificate,
  TlsOptions,
  Transport,
  TransportLimits,
} from '../contract.js';
import { guardedReport, TransportError } from '../error.js';
import { TurnQueue } from '../turns.js';
import { AcceptGate, descriptorLimit, descriptorOf } from './accept-gate.js';
import { Connections } from './connections.js';
import { NodeContext } from './context.js';
import { serveHttp1 } from './http1.js';
import type { Http1Server } from './http1.js';
import { http2Settings, serveHttp2, SESSION_MEMORY_MB_MAX } from './http2.js';
import { serveUpgrades } from './upgrade.js';

/** TCP keep-alive: finds clients that vanished without a word while their watch was quiet. */
const KEEP_ALIVE_MS = 180_000;
/** How often Node looks for heads that take too long. */
const HEADER_CHECK_INTERVAL_MS = 5_000;

/** The transport that Node's own modules make. */
export const nodeTransport: Transport = { listen };

/**
 * Starts listening. Rejects with a TransportError that names host and port: `address-in-use`,
 * `permission-denied`, `bad-address`, `bad-certificate`.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const limits: TransportLimits = { ...TRANSPORT_LIMITS, ...options.limits };
  const onError = guardedReport(options.onError);
  const connections = new Connections();
  const context = new NodeContext({
    exchanges: {
      handler: options.handler,
      turns: new TurnQueue(),
      clock: options.clock,
      onError,
      streaming: new Set(),
      closing: false,
    },
    clock: options.clock,
    limits,
    connections,
    onError,
  });
  const server =
    options.tls === undefined
      ? plainServer(context, connections)
      : secureServer(context, connections, options.tls);
  await bound(server, options);
  server.on('error', (error) => onError(error, 'listener'));
  const gate = new AcceptGate({
    server,
    limit: descriptorLimit(),
    clock: options.clock,
    descriptors: options.descriptors,
    onChange: (state) => options.onDescriptors?.(state),
  });
  server.on('connection', (socket) => gate.accepted(socket));
  return new NodeListener(server, context, options.tls, gate);
}

class NodeListener implements Listener {
  readonly address: string;
  readonly port: number;
  readonly #server: Server | Http2SecureServer;
  readonly #context: NodeContext;
  readonly #tls: TlsOptions | undefined;
  readonly #gate: AcceptGate;
  #closed: Promise<void> | undefined;

  constructor(
    server: Server | Http2SecureServer,
    context: NodeContext,
    tls: TlsOptions | undefined,
    gate: AcceptGate,
  ) {
    const { address, port } = server.address() as AddressInfo;
    this.address = address;
    this.port = port;
    this.#server = server;
    this.#context = context;
    this.#tls = tls;
    this.#gate = gate;
  }

  get descriptor(): number | undefined {
    const descriptor = descriptorOf(this.#server);
    return descriptor < 0 ? undefined : descriptor;
  }

  close({ graceMs, watchGraceMs = 0 }: CloseOptions): Promise<void> {
    const { clock } = this.#context;
    if (this.#closed === undefined) {
      this.#gate.close();
      this.#closed = new Promise((resolve) => this.#server.close(() => resolve()));
      this.#context.close(watchGraceMs);
    }
    if (graceMs <= 0) {
      this.#context.destroy();
    } else {
      const timer = clock.setTimer(graceMs, () => this.#context.destroy());
      void this.#closed.then(() => timer.cancel());
    }
    return this.#closed;
  }

  setCertificates(certificate: ServingCertificate): void {
    if (this.#tls === undefined || !('setSecureContext' in this.#server)) {
      throw new TransportError('bad-certificate', 'a plain HTTP listener serves no certificate');
    }
    const contextOptions = secureContextOptions({ ...this.#tls, ...certificate });
    this.#server.setSecureContext(contextOptions);
  }
}

function plainServer(context: NodeContext, connections: Connections): Server {
  const { limits } = context;
  const server = createServer({
    ...socketOptions,
    headersTimeout: limits.readHeaderTimeoutMs,
    requestTimeout: limits.readRequestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    maxHeaderSize: limits.headerBytesMax,
    connectionsCheckingInterval: Math.min(HEADER_CHECK_INTERVAL_MS, limits.readHeaderTimeoutMs),
  });
  server.on('connection', (socket) => connections.open(socket));
  serveHttp1(server, context);
  serveUpgrades(server, context);
  return server;
}

function secureServer(
  context: NodeContext,
  connections: Connections,
  tls: TlsOptions,
): Http2SecureServer {
  const { limits } = context;
  const server = createSecureServer({
    ...socketOptions,
    ...secureContextOptions(tls),
    allowHTTP1: true,
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: limits.readHeaderTimeoutMs,
    settings: http2Settings(limits),
    maxSessionMemory: SESSION_MEMORY_MB_MAX,
  });
  // Node's HTTP/1.1 side reads these where `createServer` would have put them.
  Object.assign(server, {
    headersTimeout: limits.readHeaderTimeoutMs,
    requestTimeout: limits.readRequestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    maxHeaderSize: limits.headerBytesMax,
    connectionsCheckingInterval: Math.min(HEADER_CHECK_INTERVAL_MS, limits.readHeaderTimeoutMs),
  });
  server.on('connection', (socket) => connections.shake(socket));
  // Before Node's own listener, which makes sessions of the connections.
  server.prependListener('secureConnection', (socket) => connections.open(socket));
  server.on('tlsClientError', (error) => context.onError(error, 'tls'));
  serveHttp1(server as unknown as Http1Server, context);
  serveUpgrades(server as unknown as Http1Server, context);
  // A listener for `request` makes Node serve HTTP/2 streams by its compatibility layer, too.
  server.removeAllListeners('stream');
  serveHttp2(server, context, connections);
  return server;
}

const socketOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
} as const;

// Made once to find out whether key and certificate are any good, before anything changes.
function secureContextOptions(tls: TlsOptions): NodeTlsOptions {
  const options: NodeTlsOptions = {
    key: tls.key as string | Buffer,
    cert: tls.cert as string | Buffer,
    minVersion: 'TLSv1.2',
    // A resumed session knows the client's certificate but not its intermediates.
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa as string | Buffer }),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TransportError(
      'bad-certificate',
      `the serving certificate or its key can't be used: ${reason}`,
      error,
    );
  }
  return options;
}

function bound(server: NetServer, { host, port, descriptor }: ListenOptions): Promise<void> {
  const place = descriptor === undefined ? { host, port } : { fd: descriptor };
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, host, port));
    server.once('error', onError);
    try {
      server.listen(place, () => {
        server.off('error', onError);
        resolve();
      });
    } catch (error) {
      reject(listenError(error, host, port));
    }
  });
}

function listenError(error: unknown, host: string, port: number): TransportError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  switch (code) {
    case 'EADDRINUSE':
      return new TransportError('address-in-use', `port ${port} of ${host} is in use`, error);
    case 'EACCES':
    case 'EPERM':
      return new TransportError(
        'permission-denied',
        `no permission to listen on port ${port} of ${host}`,
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return new TransportError('bad-address', `${host} is no address of this machine`, error);
    case 'ERR_SOCKET_BAD_PORT':
      return new TransportError('bad-address', `${port} is no port (0 to 65535)`, error);
    default:
      return new TransportError(
        'listen-failed',
        `can't listen on port ${port} of ${host}: ${code || String(error)}`,
        error,
      );
  }
}
