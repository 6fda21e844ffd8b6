/**
 * Requests from the same process, without a socket: the same exchange, pump and back pressure as
 * behind one, into memory.
 *
 * 1. An answer is what a client would get: no body for HEAD, headers that can't be sent are a 500,
 *    a watch ends cleanly when the transport closes.
 * 2. Of a body at most one write is held that nobody has asked for.
 */

import type { Handler, PeerCertificate, RequestRecord } from '../request/index.js';
import { badRequest, requestEntityTooLarge, statusAnswer } from '../request/index.js';
import type { CloseOptions, ListenOptions, TransportClock } from './contract.js';
import { endSpread } from './ending.js';
import { guardedReport, TransportError } from './error.js';
import { Exchange } from './exchange.js';
import type { ExchangeContext } from './exchange.js';
import { assertSendable } from './node/field.js';
import { bytesOf } from './stream.js';
import type { AnswerStream, Body, Headers } from './stream.js';
import { parseTarget } from './target.js';
import { TurnQueue } from './turns.js';

export interface LocalTransportOptions {
  readonly handler: Handler;
  readonly clock: TransportClock;
  readonly onError?: ListenOptions['onError'];
}

export interface LocalRequest {
  readonly method: string;
  /** Path and query, as in a request line. */
  readonly target: string;
  /** In order; a name may repeat. */
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly peerCertificate?: PeerCertificate;
  /** The client leaves when it is aborted. */
  readonly signal?: AbortSignal;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Whether the head was sent before anything else was there: a watch. */
  readonly isStreaming: boolean;
  /** To be read once. Throws a TransportError `broken-off` where a socket would break. */
  readonly body: AsyncIterableIterator<Uint8Array>;
  /** The client leaves. */
  close(): void;
}

export class LocalTransport {
  readonly #context: ExchangeContext;
  readonly #running = new Set<LocalStream>();
  readonly #onIdle: (() => void)[] = [];

  constructor(options: LocalTransportOptions) {
    this.#context = {
      handler: options.handler,
      turns: new TurnQueue(),
      clock: options.clock,
      onError: guardedReport(options.onError),
      streaming: new Set(),
      closing: false,
    };
  }

  /**
   * Resolves with the head of the answer; `handler` stands in for the transport's. Rejects with the
   * signal's reason when that is aborted before.
   */
  async request(request: LocalRequest, handler?: Handler): Promise<LocalAnswer> {
    request.signal?.throwIfAborted();
    const target = parseTarget(request.target);
    const record = new LocalRecord(request, target, this.#context.clock.now());
    const stream: LocalStream = new LocalStream((reason) => {
      request.signal?.removeEventListener('abort', onAbort);
      if (reason !== undefined) record.abort(reason);
      exchange.closed();
      this.#end(stream);
    });
    const onAbort = (): void => stream.fail(request.signal?.reason as Error);
    const exchange = new Exchange(this.#context, {
      request: record,
      stream,
      connect: undefined,
      ...(handler === undefined ? {} : { handler }),
    });
    this.#running.add(stream);
    request.signal?.addEventListener('abort', onAbort);
    if (target === undefined) {
      exchange.answer(statusAnswer(badRequest('the request target is not a valid path')));
    } else {
      void exchange.run();
    }
    return stream.answer;
  }

  /** As of a Mount. */
  async close({ graceMs, watchGraceMs = 0 }: CloseOptions): Promise<void> {
    const { clock, streaming } = this.#context;
    this.#context.closing = true;
    endSpread([...streaming], watchGraceMs, clock);
    if (this.#running.size === 0) return;
    const idle = new Promise<void>((resolve) => this.#onIdle.push(resolve));
    const timer = clock.setTimer(graceMs, () => this.#cut());
    if (graceMs <= 0) this.#cut();
    await idle;
    timer.cancel();
  }

  #cut(): void {
    const reason = new TransportError('closing', 'the server is shutting down');
    for (const stream of [...this.#running]) stream.fail(reason);
  }

  #end(stream: LocalStream): void {
    this.#running.delete(stream);
    if (this.#running.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

class LocalRecord implements RequestRecord {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly secure = true;
  readonly protocol = 'HTTP/1.1';
  readonly remoteAddress = '127.0.0.1';
  readonly peerCertificate: PeerCertificate | undefined;
  readonly receivedAt: number;
  readonly #controller = new AbortController();
  readonly #headers: Headers;
  readonly #body: Uint8Array;

  constructor(request: LocalRequest, target: ReturnType<typeof parseTarget>, receivedAt: number) {
    this.method = request.method;
    this.path = target?.path ?? '/';
    this.query = target?.query ?? new URLSearchParams();
    this.peerCertificate = request.peerCertificate;
    this.receivedAt = receivedAt;
    this.#headers = request.headers;
    this.#body = request.body;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  header(name: string): string | undefined {
    return this.headers(name)[0];
  }

  headers(name: string): readonly string[] {
    return this.#headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  }

  headerNames(): Iterable<string> {
    return new Set(this.#headers.map(([name]) => name.toLowerCase()));
  }

  async body(maxBytes: number): Promise<Uint8Array> {
    this.signal.throwIfAborted();
    if (this.#body.byteLength <= maxBytes) return this.#body;
    throw requestEntityTooLarge(`limit is ${maxBytes}`);
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }
}

interface Held {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
}

class LocalStream implements AnswerStream, AsyncIterableIterator<Uint8Array> {
  readonly answer: Promise<LocalAnswer>;
  headSent = false;
  closed = false;
  /** Why the answer ends before its end, where the reader has not left by himself. */
  #failure: Error | undefined;
  readonly #held: Held[] = [];
  readonly #onClosed: (reason: Error | undefined) => void;
  #wake: () => void = ignore;
  #resolve: (answer: LocalAnswer) => void = ignore;
  #reject: (reason: Error) => void = ignore;

  /** `onClosed` is called once, with the reason if the answer ended before its end. */
  constructor(onClosed: (reason: Error | undefined) => void) {
    this.#onClosed = onClosed;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  whole(
    status: number,
    headers: Headers,
    body: Body | undefined,
    length?: number,
    taken?: () => void,
  ): void {
    const bodyBytes = body?.length ?? length;
    const all: Headers =
      bodyBytes === undefined ? headers : [...headers, ['Content-Length', String(bodyBytes)]];
    this.head(status, all, false);
    this.end(bytesOf(body), taken);
  }

  head(status: number, headers: Headers, isStreaming: boolean): void {
    for (const [name, value] of headers) assertSendable(name, value);
    this.headSent = true;
    this.#resolve({ status, headers, isStreaming, body: this, close: () => this.#leave() });
  }

  write(bytes: Uint8Array, taken: () => void): false {
    // A copy: lent memory can't be held for a reader who comes whenever he likes.
    this.#held.push({ bytes: Uint8Array.from(bytes), taken });
    this.#wake();
    return false;
  }

  end(bytes?: Uint8Array, taken?: () => void): void {
    if (bytes !== undefined && bytes.byteLength > 0) this.write(bytes, ignore);
    taken?.();
    this.#close(undefined);
  }

  reset(): void {
    this.fail(new TransportError('broken-off', 'the answer was broken off'));
  }

  /** Ends the answer before its end; the reader is told why. */
  fail(reason: Error): void {
    if (this.closed) return;
    this.#failure = reason;
    this.#reject(reason);
    this.#drop(reason);
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const held = this.#held.shift();
      if (held !== undefined) {
        held.taken();
        return { done: false, value: held.bytes };
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.closed) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#leave();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #leave(): void {
    this.#drop(new TransportError('client-left', 'the client has left'));
  }

  #drop(reason: Error): void {
    const held = this.#held.splice(0);
    // First: whoever is told that its bytes are taken may have more.
    this.#close(reason);
    for (const { taken } of held) taken();
  }

  #close(reason: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.#wake();
    this.#onClosed(reason);
  }
}

function ignore(): void {}
