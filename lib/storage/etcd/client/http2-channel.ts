/**
 * One HTTP/2 connection to one member: made when a call needs it, and anew when it has broken.
 *
 *     idle ──call──> connecting ──settings received──> up ──broken, or told to go──> idle
 *                        └──────────> failed ──pause──> idle
 *
 *  1. While it has failed, calls are told why at once; the pause before the next attempt grows.
 *  2. Calls on a connection that was told to go (GOAWAY) go on over it to their end; later ones get
 *     another one.
 *  3. It keeps the process alive only while calls are under way.
 *  4. A connection that no longer answers is found by a ping, where calls are under way.
 *
 * Node's own HTTP/2 and nothing between: for a call of etcd grpc-js takes two and a half times the
 * CPU time, and for a range of 10 MB five times (`bench/trials/etcd.ts`). Owned by one event loop.
 */

import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import type { Clock, Timer } from '../../clock.js';
import type { Endpoint } from './endpoint.js';
import { secureContextFor, type ClientSettings, type EtcdTls } from './options.js';
import { fullJitter } from './retry.js';

/** Called when the connection comes up and when it goes down. */
export type ConnectionListener = (isUp: boolean) => void;

type State = 'idle' | 'connecting' | 'up' | 'failed' | 'closed';

// As kube-apiserver does (DialKeepAliveTime, DialKeepAliveTimeout).
const PING_INTERVAL_MS = 30_000;
const PING_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 20_000;
const RECONNECT_DELAY_MS = 200;
const RECONNECT_DELAY_MAX_MS = 2_000;
/** What may be on its way without being asked for again: a range needs few round trips. */
const STREAM_WINDOW_BYTES = 8 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;

export class Http2Channel {
  readonly #endpoint: Endpoint;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #dial: () => Socket;
  readonly #listener: ConnectionListener;
  #state: State = 'idle';
  #session: ClientHttp2Session | undefined;
  #problem = '';
  #failures = 0;
  #timer: Timer | undefined;
  #waiting: (() => void)[] = [];

  /** Throws an EtcdError `invalid-argument` where the TLS material can't be used. */
  constructor(endpoint: Endpoint, settings: ClientSettings, listener: ConnectionListener) {
    const { tls, clock, random } = settings;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#random = random;
    this.#listener = listener;
    this.#dial = dialer(endpoint, tls);
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Why there is no connection. */
  get problem(): string {
    if (this.#state === 'closed') return 'the client is closed';
    return `No connection established. Last error: ${this.#problem}`;
  }

  /** Connects where that is needed, and resolves once it is known whether that works. */
  settled(): Promise<void> {
    if (this.#state === 'idle') this.#connect();
    if (this.#state !== 'connecting') return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A stream of the connection, which has to be up. Throws what Node throws. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const session = this.#session!;
    const stream = session.request(headers, { endStream: false });
    const calls = callsOf(session);
    if (calls.count++ === 0) session.ref();
    stream.once('close', () => {
      if (--calls.count === 0 && !session.destroyed) session.unref();
    });
    return stream;
  }

  /** No stream begins any more; those under way go on to their end. */
  close(): void {
    if (this.#state === 'closed') return;
    const session = this.#session;
    this.#leave('closed');
    if (session?.connecting === true) session.destroy();
    else session?.close();
  }

  #connect(): void {
    this.#state = 'connecting';
    const socket = this.#dial();
    const session = connect(this.#endpoint.url, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      // In megabytes. What is under way is bounded by who calls; beyond it Node refuses streams.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    this.#session = session;
    session.unref();
    const isMine = (): boolean => this.#session === session;
    const timer = this.#clock.setTimer(CONNECT_TIMEOUT_MS, () => {
      session.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`));
    });
    // Of a client certificate that is refused after the handshake (TLS 1.3) only the socket hears.
    socket.on('error', (error) => {
      session.destroy(error);
      socket.destroy();
      if (!isMine()) return;
      this.#problem = this.#told(error);
      this.#lost();
    });
    session.once('remoteSettings', () => {
      timer.cancel();
      if (isMine()) this.#connected(session);
    });
    session.on('error', (error) => {
      if (isMine()) this.#problem = this.#told(error);
    });
    session.once('goaway', () => {
      if (isMine()) this.#lost();
    });
    session.once('close', () => {
      timer.cancel();
      if (isMine()) this.#lost();
    });
  }

  #connected(session: ClientHttp2Session): void {
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    this.#failures = 0;
    this.#state = 'up';
    this.#keepAlive(session);
    this.#wake();
    this.#listener(true);
  }

  #lost(): void {
    if (this.#state === 'up') return this.#leave('idle');
    if (this.#problem === '') this.#problem = 'the connection was closed';
    this.#leave('failed');
    const delayMs = fullJitter(
      ++this.#failures,
      RECONNECT_DELAY_MS,
      RECONNECT_DELAY_MAX_MS,
      this.#random,
    );
    this.#timer = this.#clock.setTimer(delayMs, () => {
      if (this.#state === 'failed') this.#state = 'idle';
    });
  }

  #leave(state: 'idle' | 'failed' | 'closed'): void {
    const wasUp = this.#state === 'up';
    this.#state = state;
    this.#session = undefined;
    this.#timer?.cancel();
    this.#wake();
    if (wasUp) this.#listener(false);
  }

  // Until the session ends, also after it was left.
  #keepAlive(session: ClientHttp2Session): void {
    const look = (): void => {
      if (session.destroyed) return;
      if (callsOf(session).count > 0 && !session.closed) this.#ping(session);
      timer = this.#clock.setTimer(PING_INTERVAL_MS, look);
    };
    let timer = this.#clock.setTimer(PING_INTERVAL_MS, look);
    session.once('close', () => timer.cancel());
  }

  #ping(session: ClientHttp2Session): void {
    const overdue = this.#clock.setTimer(PING_TIMEOUT_MS, () => {
      session.destroy(new Error(`no answer to a ping within ${PING_TIMEOUT_MS} ms`));
    });
    session.ping(() => overdue.cancel());
  }

  // A certificate that is not valid now is as a rule one that a wrong clock is looking at.
  #told(error: Error): string {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !TIME_FAULTS.has(code)) return error.message;
    const now = new Date(this.#clock.now()).toISOString();
    return `${error.message} (the clock of this machine is at ${now})`;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const TIME_FAULTS: ReadonlySet<string> = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);

/** Throws an EtcdError `invalid-argument` where the TLS material can't be used. */
function dialer(endpoint: Endpoint, tls: EtcdTls): () => Socket {
  const { isSecure, address } = endpoint;
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const to = { host, port: Number(address.slice(at + 1)) };
  if (!isSecure) return () => connectTcp(to);
  const secureContext = secureContextFor(endpoint, tls);
  // An address is no name to ask for (RFC 6066 §3); it is checked all the same.
  const servername = tls.serverName ?? (isIP(host) === 0 ? host : undefined);
  const named = servername === undefined ? {} : { servername };
  return () => connectTls({ ...to, ...named, secureContext, ALPNProtocols: ['h2'] });
}

const calls = new WeakMap<ClientHttp2Session, { count: number }>();

function callsOf(session: ClientHttp2Session): { count: number } {
  let present = calls.get(session);
  if (present === undefined) calls.set(session, (present = { count: 0 }));
  return present;
}
