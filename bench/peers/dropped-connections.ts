/**
 * A network that drops the connections of this process to a port, one after the other: each is
 * reset, as by a router that has forgotten it.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const CHANNEL = 'net.client.socket';

export class DroppedConnections {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;
  /** So far. */
  dropped = 0;

  /** Before the connections are made. */
  constructor(endpoint: string) {
    this.#port = Number(new URL(endpoint).port);
    subscribe(CHANNEL, this.#onSocket);
  }

  /** From now on drops one at every interval, the oldest first. */
  start(intervalMs: number): void {
    this.#timer = setInterval(() => this.#drop(), intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  close(): void {
    this.stop();
    unsubscribe(CHANNEL, this.#onSocket);
  }

  // It is not known yet where it is going to.
  readonly #onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    socket.once('connect', () => {
      if (socket.remotePort !== this.#port) return;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  };

  #drop(): void {
    const [oldest] = this.#sockets;
    if (oldest === undefined) return;
    this.#sockets.delete(oldest);
    this.dropped++;
    oldest.resetAndDestroy();
  }
}
