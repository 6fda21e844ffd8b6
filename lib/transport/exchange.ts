/**
 * One request and its answer: calls the handler and delivers what it returns. The same for every
 * protocol; what differs is behind AnswerStream and `connect`.
 *
 * 1. A request gets exactly one answer, even when the handler throws (a bug: 500), returns headers
 *    that can't be sent (the same), or fails before the first byte of a pulled body.
 * 2. The source of an answer that nobody can be sent any more is closed all the same.
 * 3. When the listener closes, answers that flush their headers (watches) end cleanly at once; the
 *    others run on.
 * 4. An answer that is long enough to be held up by its client is broken off at its deadline.
 */

import type {
  Answer,
  Awaitable,
  BytesSource,
  ConnectSource,
  Handler,
  PullSource,
  RequestRecord,
} from '../request/index.js';
import {
  badRequest,
  byteLengthOf,
  internalError,
  isPromise,
  statusAnswer,
} from '../request/index.js';
import type { ErrorReport, TransportClock } from './contract.js';
import { TransportError } from './error.js';
import { Pump, TURN_BYTES_MAX } from './pump.js';
import type { AnswerStream } from './stream.js';
import type { TurnQueue } from './turns.js';
import { wantsWebSocket, webSocketRefusal, WebSocketStream } from './web-socket.js';

/** What exchanges of one listener have in common. */
export interface ExchangeContext {
  readonly handler: Handler;
  readonly turns: TurnQueue;
  readonly clock: TransportClock;
  readonly onError: ErrorReport;
  /** Running answers that end as soon as the listener closes. */
  readonly streaming: Set<Pump>;
  /** Whether the listener is closing. */
  closing: boolean;
}

export interface ExchangeOptions {
  readonly request: RequestRecord;
  readonly stream: AnswerStream;
  /** Hands the connection over; undefined where the protocol has no way to. */
  readonly connect: ((answer: Answer, source: ConnectSource) => void) | undefined;
  /** In the stead of the context's. */
  readonly handler?: Handler;
  /** What stands before the request's path in the client's eyes: the prefix of a mount. */
  readonly basePath?: string;
}

export class Exchange {
  readonly #context: ExchangeContext;
  readonly #options: ExchangeOptions;
  #pump: Pump | undefined;
  #webSocket: WebSocketStream | undefined;
  #deadline: { cancel(): void } | undefined;

  constructor(context: ExchangeContext, options: ExchangeOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Calls the handler and answers, at once where the handler does. Never throws or rejects. */
  run(): Awaitable<void> {
    let answering: Awaitable<Answer>;
    try {
      const { handler = this.#context.handler, request } = this.#options;
      answering = handler(request);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!isPromise(answering)) return this.answer(answering);
    return answering.then(
      (answer) => this.answer(answer),
      (error: unknown) => this.#fail(error),
    );
  }

  /** The answer has been sent, or the client has left: releases what is under way. */
  closed(): void {
    this.#deadline?.cancel();
    this.#webSocket?.dispose();
    this.#pump?.cancel();
  }

  /** Answers without asking the handler. */
  answer(given: Answer): void {
    const { request, stream, basePath = '' } = this.#options;
    const answer = basePath === '' ? given : located(given, basePath);
    const { source } = answer;
    if (stream.closed) {
      if (source.type === 'pull') this.#closeSource(source);
    } else if (source.type === 'connect') {
      this.#connect(answer, source);
    } else if (this.#options.connect !== undefined && wantsWebSocket(request, answer)) {
      this.#overWebSocket(answer, this.#options.connect);
    } else if (request.method === 'HEAD' || isBodiless(answer.status)) {
      if (source.type === 'pull') this.#closeSource(source);
      const length =
        source.type === 'bytes' && !isBodiless(answer.status) ? byteLengthOf(source) : undefined;
      this.#whole(answer, undefined, length);
    } else if (source.type === 'bytes') {
      if (byteLengthOf(source) > TURN_BYTES_MAX) this.#limit(answer);
      this.#whole(answer, source);
    } else {
      this.#limit(answer);
      this.#pumpAnswer(answer, source);
    }
  }

  #limit({ deadline }: Answer): void {
    if (deadline === undefined) return;
    const { clock, onError } = this.#context;
    this.#deadline = clock.setTimer(deadline - clock.now(), () => {
      onError(
        new TransportError('deadline-exceeded', 'the client did not take its answer in time'),
        'connection',
      );
      this.#pump?.cancel();
      this.#options.stream.reset();
    });
  }

  #pumpAnswer(answer: Answer, source: PullSource, stream = this.#options.stream): void {
    const { turns, onError, streaming } = this.#context;
    const pump = new Pump({
      status: answer.status,
      headers: answer.headers,
      source,
      stream,
      turns,
      onError,
      onClosed: () => streaming.delete(pump),
      onFailure: (error) => this.#fail(error),
    });
    this.#pump = pump;
    if (!source.flushHeaders) {
      pump.start();
    } else if (this.#context.closing) {
      pump.finish();
    } else {
      streaming.add(pump);
      pump.start();
    }
  }

  #overWebSocket(answer: Answer, connect: NonNullable<ExchangeOptions['connect']>): void {
    const { request, stream } = this.#options;
    const source = answer.source as PullSource;
    const refusal = webSocketRefusal(request);
    if (refusal !== undefined) {
      this.#closeSource(source);
      this.answer(refusal);
      return;
    }
    const { clock } = this.#context;
    this.#webSocket = new WebSocketStream({ request, stream, connect, clock });
    this.#pumpAnswer(answer, source, this.#webSocket);
  }

  #connect(answer: Answer, source: ConnectSource): void {
    const { connect } = this.#options;
    if (connect === undefined) {
      this.answer(statusAnswer(badRequest('Upgrade request required')));
      return;
    }
    try {
      connect(answer, source);
    } catch (error) {
      this.#fail(error);
    }
  }

  #whole(answer: Answer, body: BytesSource | undefined, length?: number): void {
    try {
      const { stream } = this.#options;
      stream.whole(answer.status, answer.headers, body && (body.latin1 ?? body.bytes), length);
    } catch (error) {
      this.#fail(error);
    }
  }

  // The text tells nothing of the bug: whoever runs the server has it from onError.
  #fail(error: unknown): void {
    const { stream } = this.#options;
    this.#context.onError(error, 'handler');
    if (stream.closed) return;
    if (stream.headSent) {
      stream.reset();
      return;
    }
    const { status, headers, source } = statusAnswer(
      internalError('the request met a fault of the server, whose log has the details'),
    );
    const bytes = source.type === 'bytes' ? source.bytes : new Uint8Array(0);
    const hasBody = this.#options.request.method !== 'HEAD';
    try {
      stream.whole(status, headers, hasBody ? bytes : undefined, bytes.byteLength);
    } catch (failure) {
      // Not even this can be sent. Nobody awaits an exchange: a rejection would end the process.
      this.#context.onError(failure, 'connection');
      stream.reset();
    }
  }

  #closeSource(source: { close(): void }): void {
    try {
      source.close();
    } catch (error) {
      this.#context.onError(error, 'source');
    }
  }
}

// Whoever answers does not know of the mount, and names paths of its own.
function located(answer: Answer, basePath: string): Answer {
  const headers = answer.headers.map(([name, value]) => {
    const isPath = name.toLowerCase() === 'location' && /^\/(?!\/)/.test(value);
    return [name, isPath ? basePath + value : value] as const;
  });
  return { ...answer, headers };
}

// RFC 9110 §6.4.1.
function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || (status >= 100 && status < 200);
}
