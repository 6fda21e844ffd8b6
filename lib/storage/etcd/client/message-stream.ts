/**
 * One gRPC call over a channel, of one message each way or of many.
 *
 *  1. Messages come in order; then, once, how the call ended. Nothing is called after that, nothing
 *     after `cancel`, and nothing from within the constructor.
 *  2. What is written before the connection stands is sent when it does.
 *  3. A call that no connection could be had for has sent nothing (`wasSent` of its failure).
 *
 * Owned by one event loop.
 */

import {
  constants,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';

import { status, type Metadata } from '@grpc/grpc-js';

import type { Http2Channel } from './http2-channel.js';
import { FrameReader, frameOf } from './message-frames.js';
import type { RpcMethod } from './method.js';

/** How a call ended that did not end well. */
export class CallFailure extends Error {
  override readonly name: string = 'CallFailure';
  /** gRPC's. */
  readonly code: status;
  /** False: nothing of it reached the network. */
  readonly wasSent: boolean;

  constructor(code: status, details: string, wasSent = true) {
    super(details);
    this.code = code;
    this.wasSent = wasSent;
  }
}

export interface MessageObserver<Response> {
  readonly onMessage: (message: Response) => void;
  /** `undefined`: all went well. */
  readonly onEnd: (failure: CallFailure | undefined) => void;
}

export class MessageStream<Request, Response> {
  readonly #channel: Http2Channel;
  readonly #method: RpcMethod<Request, Response>;
  readonly #metadata: Metadata;
  readonly #observer: MessageObserver<Response>;
  readonly #frames = new FrameReader();
  #stream: ClientHttp2Stream | undefined;
  #unsent: Request[] = [];
  #isEnding = false;
  #failure: CallFailure | undefined;
  #status: string | undefined;
  #message = '';
  #isOver = false;

  constructor(
    channel: Http2Channel,
    method: RpcMethod<Request, Response>,
    metadata: Metadata,
    observer: MessageObserver<Response>,
  ) {
    this.#channel = channel;
    this.#method = method;
    this.#metadata = metadata;
    this.#observer = observer;
    if (channel.isUp) this.#open();
    else void channel.settled().then(() => this.#open());
  }

  /** Whether the call has begun to be sent. */
  get isSent(): boolean {
    return this.#stream !== undefined;
  }

  write(request: Request): void {
    if (this.#isOver) return;
    if (this.#stream === undefined) this.#unsent.push(request);
    else this.#stream.write(frameOf(this.#method.serialize(request)));
  }

  /** The last message that is sent. */
  end(request: Request): void {
    if (this.#isOver) return;
    this.#isEnding = true;
    if (this.#stream === undefined) this.#unsent.push(request);
    else this.#stream.end(frameOf(this.#method.serialize(request)));
  }

  cancel(): void {
    this.#isOver = true;
    this.#stream?.close(constants.NGHTTP2_CANCEL);
  }

  #open(): void {
    if (this.#isOver) return;
    const channel = this.#channel;
    if (!channel.isUp) {
      const code = channel.isClosed ? status.CANCELLED : status.UNAVAILABLE;
      return this.#endLater(new CallFailure(code, channel.problem, false));
    }
    try {
      this.#stream = channel.request(headersOf(this.#method.path, this.#metadata));
    } catch (error) {
      return this.#endLater(new CallFailure(status.UNAVAILABLE, (error as Error).message, false));
    }
    this.#listen(this.#stream);
    const unsent = this.#unsent;
    this.#unsent = [];
    const last = this.#isEnding ? unsent.pop() : undefined;
    for (const request of unsent) this.write(request);
    if (last !== undefined) this.end(last);
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('response', (headers) => this.#respond(headers));
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('trailers', (trailers) => this.#learn(trailers));
    stream.on('error', (error) => {
      this.#failure ??= new CallFailure(
        status.UNAVAILABLE,
        `the connection broke: ${error.message}`,
      );
    });
    stream.on('close', () => this.#end(this.#outcome(stream)));
  }

  #respond(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    const code = headers[':status'] ?? 0;
    if (code !== HTTP_OK) {
      const answer = STATUS_BY_HTTP.get(code) ?? status.UNKNOWN;
      this.#failure ??= new CallFailure(answer, `the answer has the HTTP status ${code}`);
    }
    this.#learn(headers);
  }

  #receive(chunk: Buffer): void {
    if (this.#isOver || this.#failure !== undefined) return;
    for (const message of this.#messagesIn(chunk)) {
      // It may have been cancelled by the message before.
      if (!this.#isOver) this.#observer.onMessage(message);
    }
  }

  #messagesIn(chunk: Buffer): readonly Response[] {
    try {
      return this.#frames.push(chunk).map((bytes) => this.#method.deserialize(bytes));
    } catch (error) {
      this.#failure = new CallFailure(status.INTERNAL, (error as Error).message);
      this.#stream?.close(constants.NGHTTP2_CANCEL);
      return [];
    }
  }

  #learn(headers: IncomingHttpHeaders): void {
    const code = headers['grpc-status'];
    if (code === undefined) return;
    this.#status = String(code);
    this.#message = decode(String(headers['grpc-message'] ?? ''));
  }

  #outcome(stream: ClientHttp2Stream): CallFailure | undefined {
    if (this.#status !== undefined) {
      const code = Number(this.#status);
      return code === status.OK ? this.#failure : new CallFailure(code, this.#message);
    }
    const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    const reason = `the connection broke (code ${stream.rstCode})`;
    if (refused) return new CallFailure(status.UNAVAILABLE, 'the stream was refused', false);
    return this.#failure ?? new CallFailure(status.UNAVAILABLE, reason);
  }

  #endLater(failure: CallFailure): void {
    setImmediate(() => this.#end(failure));
  }

  #end(failure: CallFailure | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#observer.onEnd(failure);
  }
}

const HTTP_OK = 200;

// "HTTP to gRPC Status Code Mapping" of gRPC; what is not here is UNKNOWN.
const STATUS_BY_HTTP: ReadonlyMap<number, status> = new Map([
  [400, status.INTERNAL],
  [401, status.UNAUTHENTICATED],
  [403, status.PERMISSION_DENIED],
  [404, status.UNIMPLEMENTED],
  [429, status.UNAVAILABLE],
  [502, status.UNAVAILABLE],
  [503, status.UNAVAILABLE],
  [504, status.UNAVAILABLE],
]);

function headersOf(path: string, metadata: Metadata): OutgoingHttpHeaders {
  return {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'user-agent': 'shardwatch',
    ...metadata.toHttp2Headers(),
  };
}

// Percent-encoded; what is not, is taken as it is.
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
