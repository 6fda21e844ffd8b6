/** Listeners for tests: real sockets, real certificates, a clock the test moves. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ExecutionContext } from 'ava';

import { generateCertificates } from '../../lib/auth/index.js';
import type { GeneratedCertificates } from '../../lib/auth/index.js';
import type { Handler, Pulled, PullSource } from '../../lib/request/index.js';
import { listen } from '../../lib/transport/index.js';
import type {
  Listener,
  TransportClock,
  TransportErrorPlace,
  TransportLimits,
} from '../../lib/transport/index.js';
import { clientOf } from './clients.js';
import type { Client, Protocol } from './clients.js';

let certificates: Promise<GeneratedCertificates> | undefined;

/** The certificates of a test file, made once. */
export function testCertificates(): Promise<GeneratedCertificates> {
  certificates ??= (async () => {
    const directory = mkdtempSync(join(tmpdir(), 'shardwatch-'));
    try {
      return await generateCertificates({ directory, clock: { now: () => Date.now() } });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  })();
  return certificates;
}

/** A clock whose timers run when the test says so. */
export class ManualClock implements TransportClock {
  #now = 1_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  get timerCount(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

export interface Bench {
  readonly listener: Listener;
  readonly client: Client;
  readonly clock: ManualClock;
  readonly errors: { readonly error: unknown; readonly place: TransportErrorPlace }[];
  /** Another client of the same listener. */
  connect(): Client;
}

/** A listener and a client of it, both gone after the test. */
export async function bench(
  t: ExecutionContext,
  protocol: Protocol,
  handler: Handler,
  limits: Partial<TransportLimits> = {},
): Promise<Bench> {
  const { authority, serving, client: own } = await testCertificates();
  const clock = new ManualClock();
  const errors: Bench['errors'] = [];
  const listener = await listen({
    handler,
    host: '127.0.0.1',
    port: 0,
    ...(protocol === 'HTTP/1.1' ? {} : { tls: { key: serving.key, cert: serving.cert } }),
    clock,
    limits,
    onError: (error, place) => errors.push({ error, place }),
  });
  const clients: Client[] = [];
  const connect = (): Client => {
    const client = clientOf(protocol, listener, {
      ca: authority.cert,
      cert: own.cert,
      key: own.key,
    });
    clients.push(client);
    return client;
  };
  t.teardown(async () => {
    for (const client of clients) client.close();
    await listener.close({ graceMs: 0 });
  });
  return { listener, client: connect(), clock, errors, connect };
}

/** A pull source that a test feeds, and that tells what the transport did with it. */
export class TestSource implements PullSource {
  readonly type = 'pull';
  readonly flushHeaders: boolean;
  pulls = 0;
  bytesPulled = 0;
  closes = 0;
  readonly closed: Promise<void>;
  #resolveClosed: () => void = () => undefined;
  #queue: Pulled[] = [];
  #callback: (() => void) | undefined;
  #waiters: (() => void)[] = [];

  declare readonly wakesInTurns?: true;

  constructor(flushHeaders = false, { wakesInTurns }: { wakesInTurns?: true } = {}) {
    this.flushHeaders = flushHeaders;
    if (wakesInTurns === true) this.wakesInTurns = true;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
  }

  push(...pulled: (Pulled | string)[]): void {
    for (const next of pulled) {
      this.#queue.push(
        typeof next === 'string' ? { type: 'chunks', chunks: [Buffer.from(next)] } : next,
      );
    }
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  /** Whether that was pushed and has not been pulled. */
  holds(pulled: Pulled): boolean {
    return this.#queue.includes(pulled);
  }

  /** Resolves when the transport waits for more. */
  waiting(): Promise<void> {
    if (this.#callback !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  pull(): Pulled {
    if (this.closes > 0) throw new Error('pulled after close');
    this.pulls++;
    const next = this.#queue.shift() ?? { type: 'wait' };
    if (next.type === 'chunks') {
      for (const chunk of next.chunks) this.bytesPulled += chunk.byteLength;
    }
    return next;
  }

  onReadable(callback: () => void): void {
    if (this.closes > 0) throw new Error('waited for after close');
    this.#callback = callback;
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  close(): void {
    this.closes++;
    this.#resolveClosed();
  }
}

/** A promise with its resolver outside. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
