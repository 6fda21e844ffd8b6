/**
 * A watch of a range of keys that outlives connections and members.
 *
 *     open ──created──> live ──stream fails──> pause ──> open, from behind what was delivered
 *                         │
 *                         └── compacted, refused, closed ──> over, with the reason
 *
 *  1. Events are delivered in order, each once, none left out, whatever breaks in between: a
 *     revision is delivered whole, and a new stream begins behind the last one.
 *  2. A response that etcd sends in fragments is put together before it is delivered.
 *  3. A stream begins one revision early, and what is known is left out: etcd then refuses it where
 *     anything behind may be compacted. Asked for exactly the compacted revision, older versions
 *     keep quiet about a key that was deleted there.
 *  4. Only what can't be resumed ends the watch. Nothing is called after `close` or `onEnd`.
 *
 * Owned by one event loop.
 */

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { status, type Metadata } from '@grpc/grpc-js';

import type { Timer } from '../../clock.js';
import {
  Watch,
  WatchRequestSchema,
  type Event,
  type WatchRequest,
  type WatchResponse,
} from '../rpc/watch_pb.js';
import { readWatchResponse } from './answers.js';
import type { Caller } from './caller.js';
import type { OpenStream } from './connection.js';
import type { Endpoint } from './endpoint.js';
import { codeOf, EtcdError, fromCallFailure, isConnectionFailure, isTransient } from './error.js';
import type { EtcdErrorCode } from './error.js';
import type { KeyRange } from './key-range.js';
import { CallFailure } from './message-stream.js';
import { readMethod } from './method.js';
import type { Picked } from './pool.js';
import { fullJitter } from './retry.js';

export interface EtcdWatchOptions extends Partial<Pick<KeyRange, 'rangeEnd'>> {
  readonly key: Uint8Array;
  /** The first revision to deliver; one above the compacted one at least. Absent: from now on. */
  readonly startRevision?: bigint;
  /** Events have the value that was there before. Default false. */
  readonly prevKv?: boolean;
  /** Where nothing happens, etcd tells at times how far the watch has come. Default false. */
  readonly progressNotify?: boolean;
}

/** Must not throw. */
export interface EtcdWatchObserver {
  /** Whole revisions, in order. `revision` is the store's when etcd sent them. */
  readonly onEvents: (events: readonly Event[], revision: bigint) => void;
  /** Everything up to this revision has been delivered. */
  readonly onProgress?: (revision: bigint) => void;
  /** A stream stands; also after each interruption. */
  readonly onOpen?: () => void;
  /** The stream broke; the watch goes on by itself. */
  readonly onInterrupted?: (error: EtcdError) => void;
  /** The watch is over; not called after `close`. */
  readonly onEnd: (error: EtcdError) => void;
}

type Stream = OpenStream<WatchRequest>;

export class EtcdWatch {
  readonly #caller: Caller;
  readonly #options: EtcdWatchOptions;
  readonly #observer: EtcdWatchObserver;
  #stream: Stream | undefined;
  #timer: Timer | undefined;
  // The first revision that is still to come; 0: none is known.
  #next: bigint;
  #fragments: Event[] = [];
  #attempts = 0;
  // What etcd no longer takes; the stream that follows has a new token.
  #refused: Metadata | undefined;
  #avoid: Endpoint | undefined;
  #isOver = false;
  readonly #forget: () => void;

  constructor(caller: Caller, options: EtcdWatchOptions, observer: EtcdWatchObserver) {
    this.#caller = caller;
    this.#options = options;
    this.#observer = observer;
    this.#next = options.startRevision ?? 0n;
    if (this.#next < 0n) {
      throw new RangeError(`startRevision must not be negative, but it is ${this.#next}`);
    }
    this.#forget = caller.onClose(() => {
      this.#end(new EtcdError('closed', 'the client is closed', { method: WATCH.name }));
    });
    void this.#open();
  }

  /**
   * Asks etcd how far the watch has come; `onProgress` tells it, in order with the events. Only
   * from etcd 3.4.31 and 3.5.13 on: older ones may tell it too early. While interrupted it does
   * nothing.
   */
  requestProgress(): void {
    this.#stream?.write(PROGRESS_REQUEST);
  }

  close(): void {
    this.#isOver = true;
    this.#forget();
    this.#timer?.cancel();
    this.#drop();
  }

  async #open(): Promise<void> {
    try {
      const { picked, metadata } = await this.#caller.forStream(this.#avoid, this.#refused);
      if (!this.#isOver) this.#begin(picked, metadata);
    } catch (error) {
      this.#interrupted(error instanceof EtcdError ? error : unknownError(error));
    }
  }

  #begin({ connection, succeeded, failed }: Picked, metadata: Metadata): void {
    const { endpoint } = connection;
    const isMine = (): boolean => this.#stream === stream;
    const fail = (error: EtcdError): void => {
      if (!isMine()) return;
      this.#avoid = endpoint;
      if (isConnectionFailure(error)) failed();
      this.#refused = error.code === 'invalid-token' ? metadata : undefined;
      this.#interrupted(error);
    };
    const stream = connection.stream(WATCH, requiringLeader(metadata), {
      onMessage: (response) => {
        if (!isMine()) return;
        if (response.created) succeeded();
        this.#respond(response, endpoint, fail);
      },
      onEnd: (failure) => {
        const reason = failure ?? new CallFailure(status.UNAVAILABLE, 'the stream ended');
        fail(fromCallFailure(reason, this.#call(endpoint)));
      },
    });
    this.#stream = stream;
    stream.write(this.#request());
  }

  #respond(response: WatchResponse, endpoint: Endpoint, fail: (error: EtcdError) => void): void {
    if (response.canceled) {
      fail(this.#canceled(response, endpoint));
      return;
    }
    const revision = response.header?.revision ?? 0n;
    if (response.created) {
      this.#attempts = 0;
      this.#avoid = undefined;
      this.#refused = undefined;
      if (this.#next === 0n) this.#next = revision + 1n;
      this.#observer.onOpen?.();
      return;
    }
    if (response.events.length > 0 || this.#fragments.length > 0) this.#deliver(response, revision);
    else this.#progressed(revision);
  }

  #deliver({ events, fragment }: WatchResponse, revision: bigint): void {
    if (fragment || this.#fragments.length > 0) this.#fragments.push(...events);
    if (fragment) return;
    const received = this.#fragments.length > 0 ? this.#fragments : events;
    this.#fragments = [];
    const last = revisionOf(received.at(-1));
    if (last < this.#next) return;
    const isNew = (event: Event): boolean => revisionOf(event) >= this.#next;
    const whole = isNew(received[0]!) ? received : received.filter(isNew);
    this.#next = last + 1n;
    this.#observer.onEvents(whole, revision);
  }

  #progressed(revision: bigint): void {
    if (revision < this.#next) return;
    this.#next = revision + 1n;
    this.#observer.onProgress?.(revision);
  }

  #interrupted(error: EtcdError): void {
    this.#drop();
    if (this.#isOver) return;
    const mayResume = isTransient(error) || RESUMABLE.has(error.code);
    if (!mayResume) return this.#end(error);
    this.#observer.onInterrupted?.(error);
    if (this.#isOver) return;
    const { clock, random, retryDelayMs } = this.#caller.settings;
    const delayMs = fullJitter(++this.#attempts, retryDelayMs, RESUME_DELAY_MAX_MS, random);
    this.#timer = clock.setTimer(delayMs, () => void this.#open());
  }

  #end(error: EtcdError): void {
    if (this.#isOver) return;
    this.close();
    this.#observer.onEnd(error);
  }

  #drop(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#fragments = [];
    stream?.cancel();
  }

  #canceled(response: WatchResponse, endpoint: Endpoint): EtcdError {
    const { compactRevision, cancelReason } = response;
    const call = this.#call(endpoint);
    if (compactRevision > 0n) {
      const reason = `revisions below ${compactRevision} are compacted`;
      return new EtcdError('compacted', reason, { ...call, compactRevision });
    }
    // `rpc error: code = PermissionDenied desc = etcdserver: permission denied`
    const [, name = '', says = cancelReason] = /code = (\w+) desc = (.*)/s.exec(cancelReason) ?? [];
    const code = STATUS_BY_NAME.get(name);
    const meaning = code === undefined ? meaningOf(cancelReason) : codeOf(code, says);
    // Up to etcd 3.5 an expired token is told like this, too; whether it is one, a new one shows.
    const mayBeToken = meaning === 'permission-denied' && this.#refused === undefined;
    const told = mayBeToken && this.#caller.settings.auth !== undefined ? 'invalid-token' : meaning;
    return new EtcdError(told, `the watch was cancelled: ${cancelReason}`, call);
  }

  #call(endpoint: Endpoint): {
    readonly endpoint: string;
    readonly method: string;
    readonly key: string;
    readonly isWrite: false;
    readonly wasSent: true;
  } {
    const key = Buffer.from(this.#options.key).toString();
    return { endpoint: endpoint.url, method: WATCH.name, key, isWrite: false, wasSent: true };
  }

  #request(): WatchRequest {
    const { key, rangeEnd, prevKv = false, progressNotify = false } = this.#options;
    const value: MessageInitShape<typeof WatchRequestSchema> = {
      requestUnion: {
        case: 'createRequest',
        value: {
          key,
          ...(rangeEnd === undefined ? {} : { rangeEnd }),
          startRevision: this.#next > 1n ? this.#next - 1n : this.#next,
          prevKv,
          progressNotify,
          fragment: true,
        },
      },
    };
    return create(WatchRequestSchema, value);
  }
}

const WATCH = readMethod(Watch.method.watch, readWatchResponse);
const RESUME_DELAY_MAX_MS = 5_000;

const PROGRESS_REQUEST = create(WatchRequestSchema, {
  requestUnion: { case: 'progressRequest', value: {} },
});

function revisionOf(event: Event | undefined): bigint {
  return event?.kv?.modRevision ?? 0n;
}

// What is transient in a stream though it is not in a call.
const RESUMABLE: ReadonlySet<string> = new Set(['aborted', 'invalid-token', 'unknown']);

// A member that is cut off from the others ends the stream, so that another one is asked.
function requiringLeader(metadata: Metadata): Metadata {
  const required = metadata.clone();
  required.set('hasleader', 'true');
  return required;
}

function unknownError(cause: unknown): EtcdError {
  return new EtcdError('unknown', (cause as Error).message, { method: WATCH.name, cause });
}

const STATUS_BY_NAME: ReadonlyMap<string, status> = new Map([
  ['InvalidArgument', status.INVALID_ARGUMENT],
  ['OutOfRange', status.OUT_OF_RANGE],
  ['PermissionDenied', status.PERMISSION_DENIED],
  ['Unauthenticated', status.UNAUTHENTICATED],
  ['Unavailable', status.UNAVAILABLE],
]);

// Older versions tell the sentence alone.
const REASONS: readonly (readonly [says: string, code: EtcdErrorCode])[] = [
  ['permission denied', 'permission-denied'],
  ['invalid auth token', 'invalid-token'],
  ['no leader', 'no-leader'],
  ['compacted', 'compacted'],
];

function meaningOf(reason: string): EtcdErrorCode {
  return REASONS.find(([says]) => reason.includes(says))?.[1] ?? 'unknown';
}
