/**
 * What serving threads are made of, and what they and the first thread say to each other.
 *
 *     first  ──▶ listen, unlisten, certificate, metrics, close
 *     thread ──▶ serving, health, metrics, settle, log
 *
 * Everything here is plain data. Objects never cross: caches are shared memory, and what goes to
 * the storage takes a port of its own (ThreadStorage).
 */

import type { CacheShare } from '../../cache/index.js';
import type { InflightShare } from '../../flowcontrol/index.js';
import type { SourceKey } from '../../rest/index.js';
import type { StorageShare } from '../../storage/index.js';
import type { ServingCertificate, TlsOptions, TransportLimits } from '../../transport/index.js';
import type { HealthEndpoint } from '../health.js';
import type { ServerCloseOptions } from '../lifecycle.js';
import type { ServerOptions } from '../options.js';

/** Several threads that serve; see docs/embedding.md. */
export interface ServingThreads {
  /**
   * How many threads serve, the one that makes the server among them: 1 to 64. With more than one
   * the native engine is needed, whose caches threads share.
   */
  readonly count: number;
  /**
   * The module that every further thread imports for what can't be sent to it: functions. Its
   * default export is a `ThreadModule`. A file's URL or absolute path.
   */
  readonly module: string | URL;
  /** Handed to the module's function in every thread, as `structuredClone` copies it. */
  readonly data?: unknown;
}

/** What a thread's module is told. */
export interface ThreadContext {
  /** From 2 on: the first is the thread that has made the server. */
  readonly thread: number;
  readonly data: unknown;
}

/**
 * The options of the server in a further thread: the same resources, authenticator, authorizer and
 * timeouts as the first thread's. What the first thread settles is passed over, but a storage is
 * refused. Without a `logger`, what is told at `info` and above goes to the first thread's.
 */
export type ThreadServerOptions = Omit<
  ServerOptions,
  | 'storage'
  | 'engine'
  | 'history'
  | 'consistencyCheckIntervalMs'
  | 'healthChecks'
  | 'maxRequestsInflight'
  | 'maxMutatingRequestsInflight'
  | 'metrics'
  | 'threads'
>;

/** The default export of a thread's module. */
export type ThreadModule = (
  context: ThreadContext,
) => ThreadServerOptions | Promise<ThreadServerOptions>;

/** A serving thread, as it is now. */
export interface ServingThread {
  /** From 2 on. */
  readonly thread: number;
  /** `waiting`: it has ended, and is replaced after a pause. */
  readonly state: 'starting' | 'serving' | 'waiting' | 'closed';
  /** How often it has been replaced. */
  readonly restarts: number;
}

export type ServerKind = 'plain' | 'aggregated';

/** What a thread begins with. */
export interface ThreadStart {
  readonly type: 'shardwatch.thread';
  readonly thread: number;
  /** What the module's options are for: `createServer` or `createAggregatedServer`. */
  readonly kind: ServerKind;
  /** As a URL. */
  readonly module: string;
  readonly data: unknown;
  readonly storage: StorageShare;
  readonly inflight: InflightShare;
  /** By the name of the resource: `widgets.example.com`. */
  readonly caches: Readonly<Record<string, CacheShare>>;
  /** What the types say of themselves, by the same names; see types.ts. */
  readonly types: Readonly<Record<string, string>>;
  /** What the first thread checks for all of them. */
  readonly checks: readonly ThreadCheck[];
}

export interface ThreadCheck {
  readonly name: string;
  readonly endpoints: readonly HealthEndpoint[];
}

/** A listener that a thread is to accept for, too. */
export interface ListenPlace {
  /** Names the listener. */
  readonly listener: number;
  /** Of the listening socket; the thread makes a duplicate of its own. */
  readonly descriptor: number;
  readonly tls: TlsOptions | undefined;
  readonly limits: Partial<TransportLimits> | undefined;
}

/** What the first thread asks of another. */
export type ToThread =
  | { readonly type: 'listen'; readonly place: ListenPlace }
  | { readonly type: 'unlisten'; readonly listener: number; readonly graceMs: number }
  | {
      readonly type: 'certificate';
      readonly listener: number;
      readonly certificate: ServingCertificate;
    }
  | { readonly type: 'metrics' }
  | { readonly type: 'close'; readonly options: ServerCloseOptions };

/** What a thread asks of the first one. */
export type FromThread =
  /** It is ready to listen. */
  | { readonly type: 'serving' }
  /** Why checks fail, by their names. */
  | { readonly type: 'health' }
  /** The metrics of all threads as text. */
  | { readonly type: 'metrics' }
  | ThreadSettle
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    };

/** Whether a write to the system that a type is read through to has been seen in its cache. */
export interface ThreadSettle {
  readonly type: 'settle';
  readonly resource: string;
  readonly key: SourceKey;
  readonly content: Uint8Array | undefined;
}
