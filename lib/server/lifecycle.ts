/**
 * How requests come into a server, and how it stops (apiserver `server.RunWithContext`, restated).
 *
 * 1. `close` fails readiness at once and goes on serving for `delayMs`: whoever sends traffic is to
 *    notice. Then listeners close, watches end cleanly, and what runs has until `graceMs` is over.
 *    Requests that still arrive (through a mount, say) get 503, but for probes and metrics.
 * 2. When nothing is under way any more, what the server holds is released.
 * 3. Closing is done once. A later call gets the same promise; it may only shorten what is left.
 * 4. What opens while the server closes is closed again: nothing listens when `close` resolves.
 */

import { closeListener, duplicateListener } from '../engine/index.js';
import { serviceUnavailable, type Handler, type StatusError } from '../request/index.js';
import type { Clock } from '../storage/index.js';
import {
  LocalTransport,
  mount,
  nodeTransport,
  type CloseOptions,
  type DescriptorState,
  type Listener,
  type MountOptions,
  type NodeHandler,
  type TlsOptions,
  type TransportErrorPlace,
  type TransportLimits,
} from '../transport/index.js';
import { ServerError } from './error.js';
import { isHealthPath } from './health.js';

export interface ServerListenOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /**
   * Accepts on a socket that listens already, of systemd's socket activation, say, in place of host
   * and port. The server closes it.
   */
  readonly descriptor?: number;
  /** Without it the listener speaks plain HTTP. */
  readonly tls?: TlsOptions;
  readonly limits?: Partial<TransportLimits>;
}

export interface ListeningServer extends Listener {
  /** `https://127.0.0.1:6443` */
  readonly url: string;
}

export type NodeHandlerOptions = Pick<MountOptions, 'prefix' | 'limits'>;

/** Durations in milliseconds; none is negative. */
export interface ServerCloseOptions {
  /** How long requests in flight may take to finish before they are cut off. Default 60 000. */
  readonly graceMs?: number;
  /**
   * How long the server goes on as before, but for its readiness: as long as load balancers take to
   * notice. Default 0.
   */
  readonly delayMs?: number;
  /**
   * Over how long the ends of watches are spread, so that their clients do not all come back at
   * once; at least 200 end in a second. Default 0: all at once.
   */
  readonly watchGraceMs?: number;
}

export interface LifecycleParts {
  readonly handler: Handler;
  readonly clock: Clock;
  readonly onError: (error: unknown, place: TransportErrorPlace) => void;
  readonly onDescriptors: (state: DescriptorState) => void;
  /** Frees what requests needed; called once, after the last one. */
  readonly release: () => Promise<void>;
  readonly onListening: (listener: ListeningServer) => void;
  readonly onClosing: (options: Required<ServerCloseOptions>) => void;
  readonly onClosed: () => void;
  /** Resolves when no other thread serves any more; may be called again with less grace. */
  readonly othersEnded: (graceMs: number) => Promise<void>;
}

/** `stopping`: all goes on but readiness. `draining`: only what runs may finish. */
type Phase = 'serving' | 'stopping' | 'draining' | 'closed';

/** How long requests in flight may take when the server is closed. */
const CLOSE_GRACE_MS = 60_000;
/** What clients are told to wait that come while the server drains, in seconds. */
const RETRY_AFTER_SECONDS = 1;

export class Lifecycle {
  /** Requests of the same process. */
  readonly local: LocalTransport;
  readonly #parts: LifecycleParts;
  readonly #doors = new Set<{ close(options: CloseOptions): Promise<void> }>();
  readonly #opening = new Set<Promise<unknown>>();
  readonly #prefixes = new Set<string>();
  #phase: Phase = 'serving';
  #closing: Promise<void> | undefined;
  /** When what is left is cut off; by the clock. */
  #cutAt = Infinity;
  #endDelay: () => void = () => undefined;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    const { handler, clock, onError } = parts;
    this.local = new LocalTransport({ handler, clock, onError });
    this.#doors.add(this.local);
  }

  /** Whether `close` has been called: the server is not ready then. */
  get isStopping(): boolean {
    return this.#phase !== 'serving';
  }

  /** What a request for that path is told if it comes too late: 503. */
  refusal(path: string): StatusError | undefined {
    if (this.#phase === 'serving' || this.#phase === 'stopping') return undefined;
    const isProbe = isHealthPath(path) || path === '/metrics';
    if (isProbe && this.#phase === 'draining') return undefined;
    return serviceUnavailable('apiserver is shutting down', RETRY_AFTER_SECONDS);
  }

  /** Throws a ServerError `closed` when `close` has been called. */
  assertOpen(cause?: unknown): void {
    if (!this.isStopping) return;
    throw new ServerError('closed', 'the server has been closed', cause);
  }

  async listen(options: ServerListenOptions): Promise<ListeningServer> {
    this.assertOpen();
    const opening = this.#open(options);
    this.#opening.add(opening);
    return opening.finally(() => this.#opening.delete(opening));
  }

  async #open(options: ServerListenOptions): Promise<ListeningServer> {
    const { handler, clock, onError, onDescriptors } = this.#parts;
    const listener = await nodeTransport.listen({
      handler,
      clock,
      onError,
      descriptors: { duplicate: duplicateListener, close: closeListener },
      onDescriptors,
      host: options.host ?? '127.0.0.1',
      port: options.port ?? 0,
      ...(options.descriptor === undefined ? {} : { descriptor: options.descriptor }),
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    if (this.isStopping) await listener.close({ graceMs: 0 });
    this.assertOpen();
    this.#doors.add(listener);
    const scheme = options.tls === undefined ? 'http' : 'https';
    const url = `${scheme}://${hostInUrl(listener)}:${listener.port}`;
    const listening = Object.assign(listener, { url });
    this.#parts.onListening(listening);
    return listening;
  }

  mount(options: NodeHandlerOptions): NodeHandler {
    this.assertOpen();
    const { handler, clock, onError } = this.#parts;
    const mounted = mount({ ...options, handler, clock, onError });
    const { nodeHandler } = mounted;
    if (this.#prefixes.has(nodeHandler.prefix)) {
      const place = nodeHandler.prefix === '' ? 'without a prefix' : `at ${nodeHandler.prefix}`;
      throw new ServerError(
        'prefix-in-use',
        `the server is mounted ${place} already: one handler serves any number of HTTP servers`,
      );
    }
    this.#prefixes.add(nodeHandler.prefix);
    this.#doors.add(mounted);
    return nodeHandler;
  }

  close(options: ServerCloseOptions): Promise<void> {
    assertDurations(options);
    const { graceMs = CLOSE_GRACE_MS, delayMs = 0, watchGraceMs = 0 } = options;
    const now = this.#parts.clock.now();
    if (this.#closing === undefined) {
      this.#cutAt = now + delayMs + graceMs;
      this.#closing = this.#shutDown({ graceMs, delayMs, watchGraceMs });
    } else if (options.graceMs !== undefined && now + options.graceMs < this.#cutAt) {
      this.#shorten(options.graceMs);
    }
    return this.#closing;
  }

  async #shutDown(options: Required<ServerCloseOptions>): Promise<void> {
    this.#phase = 'stopping';
    this.#parts.onClosing(options);
    if (options.delayMs > 0) await this.#delayed(options.delayMs);
    this.#phase = 'draining';
    if (this.#opening.size > 0) await Promise.allSettled(this.#opening);
    await this.#closeDoors(options.watchGraceMs);
    this.#phase = 'closed';
    await this.#parts.release();
    this.#parts.onClosed();
  }

  #delayed(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.clock.setTimer(delayMs, resolve);
      this.#endDelay = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async #closeDoors(watchGraceMs: number): Promise<void> {
    const graceMs = Math.max(0, this.#cutAt - this.#parts.clock.now());
    const doors = [...this.#doors].map((door) => door.close({ graceMs, watchGraceMs }));
    await Promise.all([...doors, this.#parts.othersEnded(graceMs)]);
  }

  // While the server still delays, what is left of the delay is given to the requests in flight.
  #shorten(graceMs: number): void {
    this.#cutAt = this.#parts.clock.now() + graceMs;
    if (this.#phase === 'stopping') this.#endDelay();
    else if (this.#phase === 'draining') void this.#closeDoors(0);
  }
}

function assertDurations(options: ServerCloseOptions): void {
  for (const name of ['graceMs', 'delayMs', 'watchGraceMs'] as const) {
    const value = options[name];
    if (value === undefined || value >= 0) continue;
    throw new RangeError(`${name} is a number of milliseconds, 0 or more: ${String(value)} is not`);
  }
}

// An address that stands for all addresses is no place to connect to.
function hostInUrl({ address }: Listener): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}
