/**
 * Stops accepting while the process has hardly any descriptors left, so that what is under way (and
 * its storage, its threads) has those that remain. Left to itself Node would go on until there are
 * none, and then accept connections only to close them at once.
 *
 *     open descriptors   0 ─────────────── resumes ─── pauses ─── limit
 *                                             └ reserve ┴ reserve ┘
 *
 *  1. While it pauses, connections wait in the socket's queue, which a duplicate keeps open; those
 *     that are open are served.
 *  2. The system gives the lowest number that is free: one close to the limit says that nearly all
 *     are taken, and costs nothing to look at.
 *  3. Between a pause and its end lies a reserve, so that they do not alternate with every
 *     connection. Each is told once.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { Server, type Socket } from 'node:net';

import type { DescriptorState, ListenerDescriptors, TransportClock } from '../contract.js';

export interface AcceptGateOptions {
  readonly server: Server;
  /** How many descriptors the process may have; undefined: nobody knows, and it never pauses. */
  readonly limit: number | undefined;
  readonly clock: TransportClock;
  readonly descriptors: ListenerDescriptors | undefined;
  readonly onChange: (state: DescriptorState) => void;
}

/** How often it is looked whether descriptors are free again. */
const LOOK_INTERVAL_MS = 250;
const RESERVE_PART = 16;
const RESERVE_MIN = 8;
const RESERVE_MAX = 256;

export class AcceptGate {
  readonly #options: AcceptGateOptions;
  readonly #pausesAt: number;
  readonly #resumesAt: number;
  #isScarce = false;
  /** Keeps the socket open while nobody accepts. */
  #spare: number | undefined;
  #timer: { cancel(): void } | undefined;

  constructor(options: AcceptGateOptions) {
    this.#options = options;
    const { limit = Infinity } = options;
    const part = Math.floor(limit / RESERVE_PART);
    const reserve = Math.min(Math.max(part, RESERVE_MIN), RESERVE_MAX);
    this.#pausesAt = limit - reserve;
    this.#resumesAt = limit - 2 * reserve;
  }

  /** A connection has been accepted. */
  accepted(socket: Socket): void {
    if (this.#isScarce || descriptorOf(socket) < this.#pausesAt) return;
    this.#isScarce = true;
    this.#pause();
    this.#tell();
    this.#lookLater();
  }

  /** The listener closes: it accepts no more. */
  close(): void {
    this.#timer?.cancel();
    if (this.#spare !== undefined) this.#options.descriptors?.close(this.#spare);
    this.#spare = undefined;
  }

  #pause(): void {
    const { server, descriptors } = this.#options;
    try {
      this.#spare = descriptors?.duplicate(descriptorOf(server));
    } catch {
      // As without any: Node turns away what comes when there are none.
    }
    if (this.#spare === undefined) return;
    // Not the server's own, which would end connections that are idle.
    Server.prototype.close.call(server);
  }

  #lookLater(): void {
    this.#timer = this.#options.clock.setTimer(LOOK_INTERVAL_MS, () => this.#look());
  }

  #look(): void {
    if (openDescriptors() > this.#resumesAt) {
      this.#lookLater();
      return;
    }
    this.#isScarce = false;
    if (this.#spare !== undefined) this.#options.server.listen({ fd: this.#spare });
    this.#spare = undefined;
    this.#tell();
  }

  #tell(): void {
    const { limit = Infinity, onChange } = this.#options;
    onChange({ isScarce: this.#isScarce, isPaused: this.#spare !== undefined, limit });
  }
}

/** The soft limit, which Node raises to the hard one as it starts; undefined where none is told. */
export function descriptorLimit(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

// All are taken where even the folder can't be opened.
function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return Infinity;
  }
}

/** Node tells it of every handle, and has no public name for it; -1 where there is none. */
export function descriptorOf(socket: Socket | Server): number {
  const { _handle: handle } = socket as unknown as { _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
