/** What rivals stand on: Node's own servers, with nothing between them and the answer. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';

import type { TlsOptions } from '../../lib/transport/index.js';

export interface BareServer {
  readonly port: number;
  close(): Promise<void>;
}

export function startBareHttp(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<BareServer> {
  const server = createServer({ noDelay: true, keepAliveTimeout: 600_000 }, answer);
  return listening(server, server);
}

export function startBareHttp2(
  { key, cert }: TlsOptions,
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<BareServer> {
  const server = createSecureServer({
    key: key as string | Buffer,
    cert: cert as string | Buffer,
    settings: { maxConcurrentStreams: 1_000 },
    maxSessionMemory: 128,
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    answer(stream, headers);
  });
  return listening(server, server);
}

function listening(server: Server, emitter: NodeJS.EventEmitter): Promise<BareServer> {
  const sockets = new Set<Socket>();
  emitter.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', 511, () => {
      const { port } = server.address() as AddressInfo;
      const close = (): Promise<void> =>
        new Promise((closed) => {
          server.close(() => closed());
          for (const socket of sockets) socket.destroy();
        });
      resolve({ port, close });
    });
  });
}
