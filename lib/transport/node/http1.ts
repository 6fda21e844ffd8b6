/**
 * HTTP/1.1 on Node's parser, plain and under TLS: request records in, answers out. With
 * `upgrade.ts` the only place that knows Node's request and response objects.
 *
 * 1. That a client has left is told by the *response's* `close`: the request's comes as soon as its
 *    body has been read.
 * 2. An answer may be complete before the request is: its bytes are sent, and the exchange is held
 *    open while the rest of the body is read and thrown away, for `bodyDiscardMs` at most. A client
 *    that keeps sending reads its answer instead of a connection reset; one that stops has a usable
 *    connection.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import { badRequest, statusAnswer } from '../../request/index.js';
import { FRAMED_BYTES_MAX } from '../chunk-sharing.js';
import { TransportError } from '../error.js';
import { Exchange } from '../exchange.js';
import type { ExchangeOptions } from '../exchange.js';
import { bytesOf, HELD_BYTES_MAX } from '../stream.js';
import type { AnswerStream, Body, Headers } from '../stream.js';
import { parseTarget } from '../target.js';
import type { MountedTarget } from '../target.js';
import { bodyReadBefore, readBody, wasReadBefore } from './body.js';
import type { Connection } from './connections.js';
import type { NodeContext } from './context.js';
import { NodeRequestRecord } from './record.js';
import { endInOneWrite, flush, isUntouched, isWrapped, write, writeHead } from './response.js';

/** The events of a server that speaks HTTP/1.1; an HTTP/2 server with the fallback has them too. */
export type Http1Server = Pick<Server, 'on'>;

export function serveHttp1(server: Http1Server, context: NodeContext): void {
  server.on('request', (request, response) => acceptHttp1(context, request, response));
  server.on('checkContinue', (request, response) =>
    acceptHttp1(context, request, response, { expectsContinue: true }),
  );
  server.on('clientError', (error, socket) => refuse(context, error, socket as Socket));
}

/** Answers for what the parser has refused, by its error code; 400 for the others. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

// As Node does by itself, but waiting for the answer to be sent before the connection ends: under
// TLS it would be lost.
function refuse(context: NodeContext, error: NodeJS.ErrnoException, socket: Socket): void {
  const connection = context.connections.find(socket);
  if (connection === undefined) {
    // The TLS handshake failed, which is reported as such.
    socket.destroy();
    return;
  }
  context.onError(error, 'connection');
  // While a request is being answered, this answer would come in the middle of the other.
  if (error.code === 'ECONNRESET' || !socket.writable || connection.requestCount > 0) {
    socket.destroy();
    return;
  }
  const status = REFUSALS.get(error.code ?? '') ?? '400 Bad Request';
  socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  socket.destroySoon();
}

export interface AcceptOptions {
  /** Whether the client waits to be told to send its body. */
  readonly expectsContinue?: boolean;
  /** Hands the connection over, where the client asked for that. */
  readonly connect?: ExchangeOptions['connect'];
  /** The target and what a mount cut off from it, where that is not what the request says. */
  readonly mounted?: MountedTarget;
}

/** Serves one request. */
export function acceptHttp1(
  context: NodeContext,
  request: IncomingMessage,
  response: ServerResponse,
  options: AcceptOptions = {},
): void {
  const connection = context.connections.of(request.socket);
  const stream = new Http1Stream(context, request, response, options.expectsContinue === true);
  const target = parseTarget(options.mounted?.target ?? request.url ?? '');
  const record = makeRecord(context, connection, request, stream, target);
  const exchange = new Exchange(context.exchanges, {
    request: record,
    stream,
    connect: options.connect,
    basePath: options.mounted?.basePath ?? '',
  });
  context.begin(connection, record, () => request.socket.destroy());
  response.on('close', () => {
    stream.close();
    if (!response.writableFinished) record.abort(connectionClosed());
    exchange.closed();
    context.end(connection, record);
  });
  if (target === undefined) {
    exchange.answer(statusAnswer(badRequest('the request target is not a valid path')));
  } else {
    void exchange.run();
  }
}

function makeRecord(
  context: NodeContext,
  connection: Connection,
  request: IncomingMessage,
  stream: Http1Stream,
  target: ReturnType<typeof parseTarget>,
): NodeRequestRecord {
  const wasRead = wasReadBefore(request);
  const declared = request.headers['content-length'];
  const record: NodeRequestRecord = new NodeRequestRecord({
    method: request.method ?? 'GET',
    path: target?.path ?? '/',
    query: target?.query ?? new URLSearchParams(),
    rawHeaders: request.rawHeaders,
    secure: connection.secure,
    protocol: 'HTTP/1.1',
    connection,
    receivedAt: context.clock.now(),
    readBody: (maxBytes, signal) =>
      wasRead
        ? bodyReadBefore(request, maxBytes, context.onError)
        : readBody({
            source: request,
            declaredBytes: declared === undefined ? undefined : Number(declared),
            maxBytes,
            signal,
            isWhole: () => request.complete,
            onCutShort: () => record.abort(connectionClosed()),
            onWanted: () => stream.sendContinue(),
          }),
  });
  return record;
}

const NOTHING = Buffer.alloc(0);

function connectionClosed(): TransportError {
  return new TransportError('client-left', 'the client closed the connection');
}

class Http1Stream implements AnswerStream {
  headSent = false;
  // Whether the head has gone to the socket: Node keeps it for the first bytes.
  #isHeadWritten = false;
  #closed = false;
  readonly #context: NodeContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #expectsContinue: boolean;
  #ended = false;

  constructor(
    context: NodeContext,
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
  ) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
    // Broken connections are told by `close`; without a listener they would be uncaught errors.
    request.on('error', ignore);
    response.on('error', ignore);
  }

  // Between the end of the socket and the `close` event, too: what is written then is not called
  // back.
  get closed(): boolean {
    return this.#closed || this.#response.socket?.destroyed === true;
  }

  /** The response has been closed. */
  close(): void {
    this.#closed = true;
  }

  sendContinue(): void {
    if (!this.#expectsContinue || this.headSent || this.closed) return;
    this.#expectsContinue = false;
    this.#response.writeContinue();
  }

  whole(
    status: number,
    headers: Headers,
    body: Body | undefined,
    length?: number,
    taken?: () => void,
  ): void {
    this.#writeHead(status, headers, body?.length ?? length);
    if (body === undefined || taken !== undefined || this.#isWrapped()) {
      this.end(bytesOf(body), taken);
    } else {
      this.#ended = true;
      this.#endWith(isShort(body) ? latin1Of(body) : bytesOf(body));
    }
  }

  head(status: number, headers: Headers, flushNow: boolean): void {
    this.#writeHead(status, headers);
    if (!flushNow) return;
    this.#response.flushHeaders();
    flush(this.#response);
    this.#isHeadWritten = true;
  }

  // Node makes three writes of a chunk, and joins them in the kernel: what is framed once for many
  // streams goes to the socket as it is, and mostly all of it to the kernel at once.
  write(bytes: Uint8Array, taken: () => void, isShared: boolean): boolean {
    const socket = isShared && bytes.byteLength <= FRAMED_BYTES_MAX ? this.#chunkedSocket() : null;
    if (socket === null) {
      write(this.#response, bytes, taken);
      this.#isHeadWritten = true;
      return false;
    }
    const chunk = this.#context.exchanges.turns.sharing.chunk(bytes);
    if (socket.writableLength > 0 || socket.writableCorked > 0) {
      socket.write(chunk, taken);
      return false;
    }
    socket.write(chunk);
    // TLS never has them at once, so a little may wait.
    if (socket.writableLength <= (socket instanceof TLSSocket ? HELD_BYTES_MAX : 0)) return true;
    // Called back behind what is under way: nothing is added to it.
    socket.write(NOTHING, taken);
    return false;
  }

  end(bytes?: Uint8Array, taken?: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    // The end calls back by `finish`, which may come before the write lets its bytes go.
    const isLent = taken !== undefined || this.#isWrapped();
    if (bytes !== undefined && isLent) write(this.#response, bytes, taken ?? ignore);
    this.#endWith(isLent ? undefined : bytes);
  }

  reset(): void {
    this.close();
    this.#response.destroy();
  }

  #endWith(rest: Body | undefined): void {
    const response = this.#response;
    if (!this.#bodyIsComing()) {
      if (typeof rest !== 'string') response.end(rest);
      else if (!this.#isOneWrite(rest)) response.end(rest, 'latin1');
      return;
    }
    if (rest === undefined || rest.length === 0) response.flushHeaders();
    else if (typeof rest === 'string') response.write(rest, 'latin1');
    else response.write(rest);
    this.#discardBody();
  }

  // TLS gathers writes by itself, and would make a record of its own of Node's empty one.
  #isOneWrite(text: string): boolean {
    const response = this.#response;
    if (!this.#context.connections.isOwn || response.socket instanceof TLSSocket) return false;
    return endInOneWrite(response, text);
  }

  #isWrapped(): boolean {
    return !this.#context.connections.isOwn && isWrapped(this.#response);
  }

  // Null where there is no chunked coding, where an answer before this one is still being sent, and
  // where somebody else has his hands in the response.
  #chunkedSocket(): Socket | null {
    const response = this.#response;
    if (!this.#isHeadWritten || !response.chunkedEncoding || this.#isWrapped()) return null;
    return response.socket?.writable === true ? response.socket : null;
  }

  // A client that still waits to be told to send its body may send it or not: what it sends next
  // can't be told apart, so the connection ends (RFC 9110 §10.1.1).
  #writeHead(status: number, headers: Headers, bodyBytes?: number): void {
    const { closing, isOwn } = this.#context.connections;
    const lines: string[] = [];
    for (const [name, value] of headers) lines.push(name, value);
    if (bodyBytes !== undefined) lines.push('Content-Length', String(bodyBytes));
    const last = this.#expectsContinue || closing;
    if (last && !headers.some(([name]) => name.toLowerCase() === 'connection')) {
      lines.push('Connection', 'close');
    }
    if (isOwn || isUntouched(this.#response)) this.#response.writeHead(status, lines);
    else writeHead(this.#response, status, lines);
    this.headSent = true;
  }

  #bodyIsComing(): boolean {
    const { headers, complete } = this.#request;
    if (complete) return false;
    const length = headers['content-length'];
    return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  }

  #discardBody(): void {
    const timer = this.#context.clock.setTimer(this.#context.limits.bodyDiscardMs, () => {
      this.#response.end();
      this.#request.socket.destroySoon();
    });
    this.#response.once('close', () => timer.cancel());
    this.#request.once('end', () => {
      timer.cancel();
      this.#response.end();
    });
    this.#request.resume();
  }
}

/** What Node writes as text without making room for it first, less what stands before a body. */
const TEXT_BYTES_MAX = 15_361;

const isShort = (body: Body): boolean => body.length <= TEXT_BYTES_MAX;

function latin1Of(body: Body): string {
  if (typeof body === 'string') return body;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
}

function ignore(): void {}
