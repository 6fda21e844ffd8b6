/**
 * HTTP/2 on the core API of node:http2, not its compatibility layer.
 *
 * 1. Of a session, only streams are served; pushes are never sent.
 * 2. A session without streams is closed after the idle time; with streams it stays, however quiet:
 *    a watch may have nothing to say for hours.
 * 3. When an answer is complete before the request is, the stream is reset with NO_ERROR: the
 *    client stops sending and keeps the answer (RFC 9113 §8.1). The session stays usable.
 * 4. `Connection: close` on an answer becomes a GOAWAY: running streams finish, new ones go
 *    elsewhere. Other connection-specific headers do not exist here and are left out (§8.2.2).
 */

import { constants } from 'node:http2';
import type {
  Http2SecureServer,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
  Settings,
} from 'node:http2';

import type { Answer, ConnectSource } from '../../request/index.js';
import { badRequest, statusAnswer } from '../../request/index.js';
import { TransportError } from '../error.js';
import type { TransportLimits } from '../contract.js';
import { Exchange } from '../exchange.js';
import { bytesOf, HELD_BYTES_MAX } from '../stream.js';
import type { AnswerStream, Body, Headers } from '../stream.js';
import { parseTarget } from '../target.js';
import { sendableName } from './field.js';
import { readBody } from './body.js';
import type { Connection, Connections } from './connections.js';
import type { NodeContext } from './context.js';
import { duplexOf } from './duplex.js';
import { NodeRequestRecord } from './record.js';

/** Upload window of a stream, and the biggest frame: upstream's 256 KiB. */
const STREAM_WINDOW_BYTES = 262_144;
/** Megabytes a session may hold: both windows of a hundred streams; Node's 10 would kill it. */
export const SESSION_MEMORY_MB_MAX = 128;

/** What clients are told when they connect. */
export function http2Settings(limits: TransportLimits): Settings {
  return {
    maxConcurrentStreams: limits.streamsPerConnectionMax,
    initialWindowSize: STREAM_WINDOW_BYTES,
    maxFrameSize: STREAM_WINDOW_BYTES,
    maxHeaderListSize: limits.headerBytesMax,
    // Extended CONNECT, which websockets come by (RFC 8441).
    enableConnectProtocol: true,
  };
}

export function serveHttp2(
  server: Http2SecureServer,
  context: NodeContext,
  connections: Connections,
): void {
  const sessions = new WeakMap<object, Session>();
  server.on('session', (session) => {
    const connection = connections.at(session.socket);
    if (connection === undefined) session.destroy();
    else sessions.set(session, new Session(context, session, connection));
  });
  server.on('sessionError', (error) => context.onError(error, 'connection'));
  server.on('stream', (stream, headers, _flags, rawHeaders?: readonly string[]) => {
    stream.on('error', ignore);
    const session = stream.session === undefined ? undefined : sessions.get(stream.session);
    if (session === undefined) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else session.accept(stream, headers, rawHeaders ?? []);
  });
}

class Session {
  readonly #context: NodeContext;
  readonly #session: ServerHttp2Session;
  readonly #connection: Connection;
  #idleTimer: { cancel(): void } | undefined;

  constructor(context: NodeContext, session: ServerHttp2Session, connection: Connection) {
    this.#context = context;
    this.#session = session;
    this.#connection = connection;
    connection.closeGently = () => session.close();
    session.setLocalWindowSize(STREAM_WINDOW_BYTES * context.limits.streamsPerConnectionMax);
    session.on('close', () => this.#idleTimer?.cancel());
    this.#rest();
  }

  accept(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
    const context = this.#context;
    const out = new Http2Stream(stream, headers);
    const target = parseTarget(insideHeap(headers[':path'] ?? ''));
    const record = this.#record(stream, headers, rawHeaders, out, target);
    const exchange = new Exchange(context.exchanges, {
      request: record,
      stream: out,
      connect: isConnect(headers) ? (answer, source) => out.connect(answer, source) : undefined,
    });
    context.begin(this.#connection, record, () => out.reset());
    stream.on('close', () => {
      out.close();
      if (!out.isComplete) record.abort(streamReset());
      exchange.closed();
      context.end(this.#connection, record);
      if (this.#connection.requestCount === 0) this.#rest();
    });
    if (target === undefined) {
      exchange.answer(statusAnswer(badRequest('the request target is not a valid path')));
    } else {
      void exchange.run();
    }
  }

  #record(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    out: Http2Stream,
    target: ReturnType<typeof parseTarget>,
  ): NodeRequestRecord {
    const declared = headers['content-length'];
    const record: NodeRequestRecord = new NodeRequestRecord({
      // A websocket is opened by a GET elsewhere; handlers need not know the difference.
      method: isConnect(headers) ? 'GET' : (headers[':method'] ?? 'GET'),
      path: target?.path ?? '/',
      query: target?.query ?? new URLSearchParams(),
      rawHeaders,
      moreHeaders: impliedHeaders(headers),
      secure: this.#connection.secure,
      protocol: 'HTTP/2',
      connection: this.#connection,
      receivedAt: this.#context.clock.now(),
      readBody: (maxBytes, signal) =>
        readBody({
          source: stream,
          declaredBytes: declared === undefined ? undefined : Number(declared),
          maxBytes,
          signal,
          isWhole: () => !stream.aborted,
          onCutShort: () => record.abort(streamReset()),
          onWanted: () => out.sendContinue(),
        }),
    });
    return record;
  }

  #rest(): void {
    if (this.#session.closed || this.#session.destroyed) return;
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#context.clock.setTimer(this.#context.limits.idleTimeoutMs, () =>
      this.#session.close(),
    );
  }
}

class Http2Stream implements AnswerStream {
  readonly #stream: ServerHttp2Stream;
  #closed = false;
  #expectsContinue: boolean;
  #ended = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream;
    this.#expectsContinue = headers.expect?.toLowerCase() === '100-continue';
  }

  // Between a reset and the `close` event, too: the stream refuses a head from the reset on.
  get closed(): boolean {
    return this.#closed || this.#stream.closed || this.#stream.destroyed;
  }

  get headSent(): boolean {
    return this.#stream.headersSent;
  }

  // Node ends the writable side of a stream that the client has reset, too: it does not tell.
  get isComplete(): boolean {
    return this.#ended && this.#stream.rstCode === constants.NGHTTP2_NO_ERROR;
  }

  sendContinue(): void {
    if (!this.#expectsContinue || this.headSent || this.closed) return;
    this.#expectsContinue = false;
    this.#stream.additionalHeaders({ ':status': 100 });
  }

  whole(
    status: number,
    headers: Headers,
    body: Body | undefined,
    length?: number,
    taken?: () => void,
  ): void {
    const endStream = body === undefined || body.length === 0;
    this.#respond(status, headers, endStream, body?.length ?? length);
    if (endStream) {
      this.#ended = true;
      taken?.();
      this.#stopReading();
    } else {
      this.#endWith(body, taken);
    }
  }

  head(status: number, headers: Headers): void {
    this.#respond(status, headers, false);
  }

  // A stream that is reset calls back while frames with a part of the bytes are still on their way
  // to the client. TLS has read them by then: it encrypts what it is given at once, or copies it.
  write(bytes: Uint8Array, taken: () => void, isShared: boolean): boolean {
    const stream = this.#stream;
    if (isShared && bytes.byteLength <= HELD_BYTES_MAX && stream.writableLength === 0) {
      stream.write(bytes);
      return true;
    }
    stream.write(bytes, taken);
    return false;
  }

  end(bytes?: Uint8Array, taken?: () => void): void {
    this.#endWith(bytes, taken);
  }

  #endWith(body: Body | undefined, taken: (() => void) | undefined): void {
    this.#ended = true;
    const stream = this.#stream;
    if (body !== undefined && taken !== undefined) stream.write(bytesOf(body), taken);
    const rest = taken === undefined ? body : undefined;
    if (typeof rest === 'string') stream.end(rest, 'latin1');
    else stream.end(rest);
    // The request is complete, as mostly: there is nothing to stop.
    if (!stream.endAfterHeaders) stream.once('finish', () => this.#stopReading());
  }

  /** The stream has been closed. */
  close(): void {
    this.#closed = true;
  }

  // `close` would end the stream before resetting it, and a part would look like the whole.
  reset(): void {
    this.close();
    this.#stream.destroy(new Error('the answer was broken off'));
  }

  connect(answer: Answer, source: ConnectSource): void {
    this.#respond(answer.status === 101 ? 200 : answer.status, answer.headers, false);
    source.connect(duplexOf(this.#stream));
  }

  #respond(status: number, headers: Headers, endStream: boolean, bodyBytes?: number): void {
    const fields: OutgoingHttpHeaders = { ':status': status };
    if (bodyBytes !== undefined) fields['content-length'] = String(bodyBytes);
    let last = false;
    for (const [name, value] of headers) {
      const key = sendableName(name, value);
      if (key === 'connection') last ||= value.toLowerCase() === 'close';
      if (connectionSpecific.has(key)) continue;
      const present = fields[key];
      if (present === undefined) fields[key] = value;
      else fields[key] = [...(Array.isArray(present) ? present : [String(present)]), value];
    }
    this.#stream.respond(fields, { endStream });
    if (last) this.#stream.session?.close();
  }

  #stopReading(): void {
    const { endAfterHeaders, readableEnded, destroyed } = this.#stream;
    if (!endAfterHeaders && !readableEnded && !destroyed) {
      this.#stream.close(constants.NGHTTP2_NO_ERROR);
    }
  }
}

// Header values stand in nghttp2's memory, where every look at a character is a call. What is put
// together stands in the heap as soon as somebody looks at it.
function insideHeap(text: string): string {
  return `${text} `.slice(0, -1);
}

/** Header fields that HTTP/2 has no place for (RFC 9113 §8.2.2). */
export const connectionSpecific: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

function streamReset(): TransportError {
  return new TransportError('client-left', 'the client reset the stream');
}

/** Whether a request is an extended CONNECT (RFC 8441). */
export function isConnect(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'CONNECT' && headers[':protocol'] !== undefined;
}

/** What HTTP/1.1 clients say in headers and HTTP/2 ones in pseudo-headers. */
export function impliedHeaders(
  headers: IncomingHttpHeaders,
): readonly (readonly [name: string, value: string])[] {
  const implied: [string, string][] = [];
  const authority = headers[':authority'];
  if (authority !== undefined) implied.push(['host', authority]);
  if (isConnect(headers)) {
    implied.push(['connection', 'Upgrade'], ['upgrade', String(headers[':protocol'])]);
  }
  return implied;
}

function ignore(): void {}
