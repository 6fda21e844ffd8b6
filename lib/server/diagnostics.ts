/**
 * What a server tells to `node:diagnostics_channel`, for tracing and the like.
 *
 * 1. Nothing is made for a channel to which nobody subscribes.
 * 2. A request's end comes when its answer has been taken to the last byte, or the client has left;
 *    for a watch, that is its end; where a connection is handed over, it is then.
 * 3. The `request` of the end is the same object as that of the start: a key for what a subscriber
 *    keeps about it.
 */

import { channel } from 'node:diagnostics_channel';

import {
  byteLengthOf,
  type Answer,
  type Pulled,
  type PullSource,
  type RequestInfo,
  type RequestRecord,
  WrappedSource,
} from '../request/index.js';
import type { Clock } from '../storage/index.js';
import type { ListeningServer, ServerCloseOptions } from './lifecycle.js';
import type { ApiServer } from './server.js';

/** What is published, by the name of the channel. */
export interface DiagnosticsMessages {
  /** A server listens; once for each `listen`. */
  readonly 'shardwatch:server:listening': {
    readonly server: ApiServer;
    readonly url: string;
    readonly address: string;
    readonly port: number;
  };
  /** `close` has been called; with its options, defaults filled in. */
  readonly 'shardwatch:server:closing': {
    readonly server: ApiServer;
  } & Required<ServerCloseOptions>;
  /** Everything is closed. */
  readonly 'shardwatch:server:closed': { readonly server: ApiServer };
  /** A request has come; nobody has looked at it yet. */
  readonly 'shardwatch:request:start': {
    readonly server: ApiServer;
    readonly request: DiagnosticsRequest;
  };
  /** Its answer has been sent, or given up. */
  readonly 'shardwatch:request:end': {
    readonly server: ApiServer;
    readonly request: DiagnosticsRequest;
    /** Verb, resource and so on; undefined where the path could not be read. */
    readonly info: RequestInfo | undefined;
    readonly status: number;
    /** Bytes of the body before compression; 0 where the connection was handed over. */
    readonly bodyBytes: number;
    /** From the request's arrival, by the server's clock. */
    readonly durationMs: number;
    /** Whether the client left, or the server gave up, before the answer was whole. */
    readonly isAborted: boolean;
  };
}

export type DiagnosticsChannel = keyof DiagnosticsMessages;

/** A request as diagnostics tell it: nothing by which its sender proves who it is. */
export interface DiagnosticsRequest {
  /** As in the answer's header `Audit-Id`. */
  readonly id: string;
  readonly method: string;
  /** Percent-encoded as it came, without a mount's prefix and without the query. */
  readonly path: string;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly remoteAddress: string;
  /** Milliseconds, by the server's clock. */
  readonly receivedAt: number;
}

const channels = {
  listening: channel('shardwatch:server:listening'),
  closing: channel('shardwatch:server:closing'),
  closed: channel('shardwatch:server:closed'),
  start: channel('shardwatch:request:start'),
  end: channel('shardwatch:request:end'),
};

type Message<Name extends DiagnosticsChannel> = DiagnosticsMessages[Name];

/** The diagnostics of one server. */
export class Diagnostics {
  readonly #server: ApiServer;
  readonly #clock: Clock;
  readonly #told = new WeakMap<RequestRecord, DiagnosticsRequest>();

  constructor(server: ApiServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  listening({ url, address, port }: ListeningServer): void {
    if (!channels.listening.hasSubscribers) return;
    const message: Message<'shardwatch:server:listening'> = {
      server: this.#server,
      url,
      address,
      port,
    };
    channels.listening.publish(message);
  }

  closing(options: Required<ServerCloseOptions>): void {
    if (!channels.closing.hasSubscribers) return;
    const message: Message<'shardwatch:server:closing'> = { server: this.#server, ...options };
    channels.closing.publish(message);
  }

  closed(): void {
    if (!channels.closed.hasSubscribers) return;
    const message: Message<'shardwatch:server:closed'> = { server: this.#server };
    channels.closed.publish(message);
  }

  started(request: RequestRecord): void {
    if (!channels.start.hasSubscribers) return;
    const message: Message<'shardwatch:request:start'> = {
      server: this.#server,
      request: this.#tell(request),
    };
    channels.start.publish(message);
  }

  /** Gives the answer to send, whose end is told. */
  answered(request: RequestRecord, info: RequestInfo | undefined, answer: Answer): Answer {
    if (!channels.end.hasSubscribers) return answer;
    const ended = (bodyBytes: number, isAborted: boolean): void => {
      const message: Message<'shardwatch:request:end'> = {
        server: this.#server,
        request: this.#tell(request),
        info,
        status: answer.status,
        bodyBytes,
        durationMs: Math.max(0, this.#clock.now() - request.receivedAt),
        isAborted,
      };
      channels.end.publish(message);
    };
    const { source } = answer;
    if (source.type === 'pull') return { ...answer, source: new TracedSource(source, ended) };
    ended(source.type === 'bytes' ? byteLengthOf(source) : 0, request.signal.aborted);
    return answer;
  }

  #tell(request: RequestRecord): DiagnosticsRequest {
    const known = this.#told.get(request);
    if (known !== undefined) return known;
    const { auditId = '', method, path, protocol, remoteAddress, receivedAt } = request;
    const told = { id: auditId, method, path, protocol, remoteAddress, receivedAt };
    this.#told.set(request, told);
    return told;
  }
}

class TracedSource extends WrappedSource {
  readonly #ended: (bodyBytes: number, isAborted: boolean) => void;
  #bodyBytes = 0;
  #isWhole = false;

  constructor(source: PullSource, ended: (bodyBytes: number, isAborted: boolean) => void) {
    super(source);
    this.#ended = ended;
  }

  override pull(maxBytes: number): Pulled {
    const pulled = super.pull(maxBytes);
    if (pulled.type === 'end') this.#isWhole = true;
    if (pulled.type === 'chunks') {
      for (const chunk of pulled.chunks) this.#bodyBytes += chunk.byteLength;
    }
    return pulled;
  }

  override close(): void {
    super.close();
    this.#ended(this.#bodyBytes, !this.#isWhole);
  }
}
