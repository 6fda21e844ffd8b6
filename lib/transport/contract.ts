/**
 * What a transport offers, whichever it is: it listens, makes request records, calls one handler
 * and pumps its answers. Nothing behind the handler sees a socket.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';

import type { Handler } from '../request/index.js';

/** The clock a transport lives by; any clock of the package's other folders is one. */
export interface TransportClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `delayMs`; the timer does not keep the process alive. */
  setTimer(delayMs: number, callback: () => void): { cancel(): void };
}

/** Key and certificate of a TLS listener, PEM. */
export interface ServingCertificate {
  readonly key: string | Uint8Array;
  /** The serving certificate, followed by its intermediates. */
  readonly cert: string | Uint8Array;
}

export interface TlsOptions extends ServingCertificate {
  /**
   * PEM of the authorities whose names clients are told when they are asked for a certificate. A
   * hint only: a certificate of any authority is accepted here, and authentication judges it.
   */
  readonly clientCa?: string | Uint8Array;
}

/** Where an error happened that no handler and no client is told of. */
export type TransportErrorPlace = 'listener' | 'tls' | 'connection' | 'handler' | 'source';

export interface ListenOptions {
  readonly handler: Handler;
  /** An address or name of this machine. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /**
   * Accepts on this socket, which listens already, instead of opening one of host and port. The
   * descriptor is the listener's to close from then on.
   */
  readonly descriptor?: number;
  /** Without it the listener speaks plain HTTP/1.1. */
  readonly tls?: TlsOptions;
  readonly clock: TransportClock;
  readonly limits?: Partial<TransportLimits>;
  /** Is told of bugs in handlers and sources, failed handshakes and broken connections. */
  readonly onError?: (error: unknown, place: TransportErrorPlace) => void;
  /** Without it accepting can't pause when descriptors run out. */
  readonly descriptors?: ListenerDescriptors;
  /** Is told when descriptors run out, and when there are enough again. */
  readonly onDescriptors?: (state: DescriptorState) => void;
}

/** Duplicates sockets that listen, which Node can't do itself. */
export interface ListenerDescriptors {
  /** Stays open when the other is closed. Throws where there can't be one. */
  duplicate(descriptor: number): number;
  /** Closes what nobody has taken over. */
  close(descriptor: number): void;
}

/** Whether the process has descriptors for further connections. */
export interface DescriptorState {
  readonly isScarce: boolean;
  /** Whether nobody accepts for that long: connections wait. Else they are turned away. */
  readonly isPaused: boolean;
  /** How many the process may have. */
  readonly limit: number;
}

export interface CloseOptions {
  /** How long running requests may take to finish before they are cut off. 0: cut at once. */
  readonly graceMs: number;
  /**
   * Over how long the ends of watches are spread, so that their clients do not all come back at
   * once; at least 200 end in a second. Default 0: all at once. No longer than `graceMs`.
   */
  readonly watchGraceMs?: number;
}

export interface Listener {
  /** The address that is listened on, as the system gives it. */
  readonly address: string;
  readonly port: number;
  /**
   * Of the listening socket, as long as the listener is open; it stays the listener's. Undefined
   * where the system has no such numbers.
   */
  readonly descriptor: number | undefined;
  /**
   * Stops accepting, ends watches cleanly (at the end of what was written), lets other requests
   * finish for `graceMs`, and then cuts what is left. Resolves when every connection is closed.
   * A later call may only shorten the grace period.
   */
  close(options: CloseOptions): Promise<void>;
  /**
   * Serves another certificate to connections from now on; those there are keep theirs. Throws a
   * TransportError `bad-certificate` and keeps the old one when the new one can't be used.
   */
  setCertificates(certificate: ServingCertificate): void;
}

export interface Transport {
  /** Rejects with a TransportError. */
  listen(options: ListenOptions): Promise<Listener>;
}

export interface MountOptions {
  readonly handler: Handler;
  /**
   * The path below which requests are the handler's, such as `/k8s`; the handler sees paths without
   * it. Default: none, every request is.
   */
  readonly prefix?: string;
  readonly clock: TransportClock;
  /** The other limits are those of the server that one is mounted in. */
  readonly limits?: Partial<Pick<TransportLimits, 'bodyDiscardMs'>>;
  /** As of `ListenOptions`. */
  readonly onError?: ListenOptions['onError'];
}

/**
 * A listener for `request` of a server of node:http, node:https or node:http2 (for `connect` of the
 * latter, too, if it takes websockets), and a middleware for Express and its kin. Whatever is
 * outside of the prefix goes to `next`; where there is none, it is answered 404.
 */
export interface NodeHandler {
  (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    next?: () => void,
  ): void;
  readonly prefix: string;
  /** A listener for `upgrade` of a server that speaks HTTP/1.1. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, next?: () => void): void;
}

export interface Mount {
  readonly nodeHandler: NodeHandler;
  /**
   * Ends watches cleanly, lets other requests finish for `graceMs`, and then cuts what is left.
   * Resolves when no request is under way. Later requests still reach the handler, which refuses
   * what it does not want; a watch that it answers ends at once.
   */
  close(options: CloseOptions): Promise<void>;
}

/** Limits of a listener; each default says why. */
export interface TransportLimits {
  /** Time to send a request's head, and to finish the TLS handshake. */
  readonly readHeaderTimeoutMs: number;
  /** Time to send a whole request, body and all. */
  readonly readRequestTimeoutMs: number;
  /** How long a connection without a request is kept. */
  readonly idleTimeoutMs: number;
  /** Size of a request's head, names and values. */
  readonly headerBytesMax: number;
  /** HTTP/2 streams a client may have open on one connection. */
  readonly streamsPerConnectionMax: number;
  /** How long a body that nobody wants is read and thrown away, after its answer was sent. */
  readonly bodyDiscardMs: number;
}

/** Defaults of `TransportLimits`: kube-apiserver's, where it has one. */
export const TRANSPORT_LIMITS: TransportLimits = {
  readHeaderTimeoutMs: 32_000,
  // Upstream has none and relies on the request's deadline of 60 s; a handler may lack one.
  readRequestTimeoutMs: 300_000,
  idleTimeoutMs: 90_000,
  headerBytesMax: 1_048_576,
  streamsPerConnectionMax: 100,
  // Long enough for a client on a slow line to notice the answer and stop.
  bodyDiscardMs: 5_000,
};

/** Signature of `onError` with the place bound, as the adapters pass it on. */
export type ErrorReport = (error: unknown, place: TransportErrorPlace) => void;
