/** The options of a client, their defaults, and what of them makes no sense. */

import { createSecureContext, type SecureContext } from 'node:tls';

import { systemClock, type Clock } from '../../clock.js';
import type { CallObserver } from './call-observer.js';
import { parseEndpoints, type Endpoint } from './endpoint.js';
import { EtcdError } from './error.js';

/** TLS material, PEM. For `https` endpoints only. */
export interface EtcdTls {
  /** Authorities that the members' certificates are checked with. Default: those of Node. */
  readonly ca?: string | Uint8Array;
  /** The client's certificate, with `key`: mutual TLS. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that the members' certificates must have. Default: the endpoint's host. */
  readonly serverName?: string;
}

export interface EtcdAuth {
  readonly user: string;
  readonly password: string;
}

export interface EtcdClientOptions {
  /** `http://host:port` or `https://host:port`, one for each member that is to be used. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  readonly auth?: EtcdAuth;
  /** Connections for unary calls, spread over the endpoints; opened as load asks. Default 10. */
  readonly connections?: number;
  /** Connections for watches and lease streams. Default 2. */
  readonly streamConnections?: number;
  /** How long one attempt may take. Default 5 000. */
  readonly timeoutMs?: number;
  /** How often a call is tried, the first time included. Default 3. */
  readonly attempts?: number;
  /** Bound of the first pause before a new attempt; it doubles. Default 100. */
  readonly retryDelayMs?: number;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** A number in [0, 1): spreads pauses and the order of endpoints. Default Math.random. */
  readonly random?: () => number;
  /** Told of every call, for metrics. */
  readonly observer?: CallObserver;
}

/** Options with everything filled in. */
export interface ClientSettings {
  readonly endpoints: readonly Endpoint[];
  readonly tls: EtcdTls;
  readonly auth: EtcdAuth | undefined;
  readonly connections: number;
  readonly streamConnections: number;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly retryDelayMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly observer: CallObserver | undefined;
}

const CONNECTIONS = 10;
const STREAM_CONNECTIONS = 2;
const TIMEOUT_MS = 5_000;
const ATTEMPTS = 3;
const RETRY_DELAY_MS = 100;

/** Throws an EtcdError `invalid-argument`, or a RangeError for numbers that are none. */
export function readOptions(options: EtcdClientOptions): ClientSettings {
  const endpoints = parseEndpoints(options.endpoints);
  const tls = options.tls ?? {};
  const isTlsGiven = Object.values(tls).some((value) => value !== undefined);
  const plain = endpoints.find(({ isSecure }) => !isSecure);
  if (plain !== undefined && isTlsGiven) {
    throw new EtcdError('invalid-argument', 'TLS material is given for an http endpoint', {
      endpoint: plain.url,
    });
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new EtcdError('invalid-argument', 'a client certificate needs both cert and key');
  }
  return {
    endpoints,
    tls,
    auth: options.auth,
    connections: count('connections', options.connections ?? CONNECTIONS),
    streamConnections: count('streamConnections', options.streamConnections ?? STREAM_CONNECTIONS),
    timeoutMs: positive('timeoutMs', options.timeoutMs ?? TIMEOUT_MS),
    attempts: count('attempts', options.attempts ?? ATTEMPTS),
    retryDelayMs: positive('retryDelayMs', options.retryDelayMs ?? RETRY_DELAY_MS),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    observer: options.observer,
  };
}

/** Throws an EtcdError `invalid-argument` where the PEM can't be read. */
export function secureContextFor(endpoint: Endpoint, { ca, cert, key }: EtcdTls): SecureContext {
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca: pem(ca) }),
      ...(cert === undefined ? {} : { cert: pem(cert) }),
      ...(key === undefined ? {} : { key: pem(key) }),
    });
  } catch (cause) {
    const reason = `the TLS material can't be used: ${(cause as Error).message}`;
    throw new EtcdError('invalid-argument', reason, { endpoint: endpoint.url, cause });
  }
}

function pem(material: string | Uint8Array): Buffer {
  return Buffer.from(material as Uint8Array);
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`${name} must be a whole number from 1, but it is ${value}`);
}

function positive(name: string, value: number): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`${name} must be above 0, but it is ${value}`);
}
