/**
 * A TCP proxy in front of a server: connections through it are cut, or refused for a while, and
 * what is behind it may be exchanged without its clients having to know another address.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

import { resetSocket } from '../reset-socket.js';

const HOST = '127.0.0.1';

export class Proxy {
  /** Where connections go; undefined: they are refused. */
  targetPort: number | undefined;
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections that were cut. */
  cuts = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#connect(socket));
  }

  static async listen(): Promise<Proxy> {
    const server = createServer();
    server.listen(0, HOST);
    await once(server, 'listening');
    return new Proxy(server);
  }

  /** Ends all connections, without a word, wherever they are. */
  cut(): void {
    for (const socket of this.#sockets) resetSocket(socket);
    this.cuts += this.#sockets.size;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #connect(client: Socket): void {
    if (this.targetPort === undefined) return void resetSocket(client);
    const server = connect(this.targetPort, HOST);
    this.#sockets.add(client);
    const end = (): void => {
      this.#sockets.delete(client);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    client.pipe(server).pipe(client);
  }
}
