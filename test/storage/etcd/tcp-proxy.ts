/** A TCP proxy that loses, holds back and cuts what goes through it, as a bad network does. */

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import type { ExecutionContext } from 'ava';

import { resetSocket } from '../../witness/reset-socket.js';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

export class TcpProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #links = new Set<Link>();
  #answersHeld = false;
  #delayMs = 0;
  #isRefusing = false;
  /** Connections that were accepted so far. */
  accepted = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Forwards to a port of this machine until the test ends. */
  static async start(t: ExecutionContext, targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    t.teardown(() => {
      proxy.cut();
      proxy.#server.close();
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Open connections. */
  get size(): number {
    return this.#links.size;
  }

  /**
   * Answers over the present connections reach nobody any more, while requests still get through.
   * Over later ones either where `later` is set.
   */
  holdAnswers(later = false): void {
    this.#answersHeld = later;
    for (const { server } of this.#links) server.pause();
  }

  /** Whether answers over connections that are still to come reach nobody. */
  holdLater(isHeld: boolean): void {
    this.#answersHeld = isHeld;
  }

  /** What was held back gets through. */
  releaseAnswers(): void {
    this.#answersHeld = false;
    for (const { server } of this.#links) server.resume();
  }

  /** Requests over the present connections reach nobody any more. */
  holdRequests(): void {
    for (const { client } of this.#links) client.pause();
  }

  /** From now on everything arrives so much later, either way, in its order. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** New connections are cut at once. */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const { client, server } of this.#links) {
      resetSocket(client);
      server.destroy();
    }
    this.#links.clear();
  }

  #accept(client: Socket): void {
    this.accepted++;
    client.on('error', () => undefined);
    if (this.#isRefusing) {
      resetSocket(client);
      return;
    }
    const server = connect(this.#targetPort, '127.0.0.1');
    server.on('error', () => client.destroy());
    const link = { client, server };
    this.#links.add(link);
    this.#forward(client, server);
    this.#forward(server, client);
    if (this.#answersHeld) server.pause();
    client.on('close', () => {
      this.#links.delete(link);
      server.destroy();
    });
    server.on('close', () => client.destroy());
  }

  #forward(source: Socket, target: Socket): void {
    let waiting = 0;
    let last: Promise<unknown> = Promise.resolve();
    source.on('data', (bytes) => {
      if (this.#delayMs === 0 && waiting === 0) return void target.write(bytes);
      waiting++;
      last = Promise.all([last, pause(this.#delayMs)]).then(() => {
        waiting--;
        target.write(bytes);
      });
    });
  }
}
