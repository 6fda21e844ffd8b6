/**
 * HTTP/2 through the compatibility layer of node:http2: what a server that is somebody else's gives
 * to its request listeners, and therefore to a mount. Listeners of our own serve the core API
 * (`http2.ts`), which costs less.
 *
 * What that file says of connection-specific headers holds here as well, but `Connection: close`
 * ends nothing: the session is not ours. When an answer is complete before the request is, the rest
 * of the body is read and thrown away, for `bodyDiscardMs` at most.
 */

import { constants } from 'node:http2';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

import type { Answer, ConnectSource } from '../../request/index.js';
import { badRequest, statusAnswer } from '../../request/index.js';
import { TransportError } from '../error.js';
import { Exchange } from '../exchange.js';
import { bytesOf } from '../stream.js';
import type { AnswerStream, Body, Headers } from '../stream.js';
import { parseTarget } from '../target.js';
import type { MountedTarget } from '../target.js';
import { bodyReadBefore, readBody, wasReadBefore } from './body.js';
import type { Connection } from './connections.js';
import type { NodeContext } from './context.js';
import { duplexOf } from './duplex.js';
import { connectionSpecific, impliedHeaders, isConnect } from './http2.js';
import { NodeRequestRecord } from './record.js';
import { flush, isWrapped, write, writeHead } from './response.js';

/** Serves one request. */
export function acceptHttp2(
  context: NodeContext,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  mounted: MountedTarget,
): void {
  const session = request.stream.session;
  // Gone before anybody looked at the request: nobody is there to be answered.
  if (session === undefined || session.destroyed) return;
  const connection = context.connections.of(session.socket);
  const stream = new Http2ResponseStream(context, request, response);
  const target = parseTarget(mounted.target);
  const record = makeRecord(context, connection, request, target);
  const exchange = new Exchange(context.exchanges, {
    request: record,
    stream,
    connect: isConnect(request.headers)
      ? (answer, source) => stream.connect(answer, source)
      : undefined,
    basePath: mounted.basePath,
  });
  context.begin(connection, record, () => stream.reset());
  response.on('close', () => {
    stream.close();
    if (!stream.isComplete) record.abort(streamReset());
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
  request: Http2ServerRequest,
  target: ReturnType<typeof parseTarget>,
): NodeRequestRecord {
  const { headers } = request;
  const wasRead = wasReadBefore(request);
  const declared = headers['content-length'];
  const record: NodeRequestRecord = new NodeRequestRecord({
    method: isConnect(headers) ? 'GET' : request.method,
    path: target?.path ?? '/',
    query: target?.query ?? new URLSearchParams(),
    rawHeaders: request.rawHeaders,
    moreHeaders: impliedHeaders(headers),
    secure: connection.secure,
    protocol: 'HTTP/2',
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
            isWhole: () => !request.stream.aborted,
            onCutShort: () => record.abort(streamReset()),
            // Node has told the client to go on before it told us of the request.
            onWanted: ignore,
          }),
  });
  return record;
}

class Http2ResponseStream implements AnswerStream {
  readonly #context: NodeContext;
  readonly #request: Http2ServerRequest;
  readonly #response: Http2ServerResponse;
  #closed = false;
  #ended = false;

  constructor(context: NodeContext, request: Http2ServerRequest, response: Http2ServerResponse) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    request.on('error', ignore);
    response.on('error', ignore);
    // An error that is told to nobody would be an uncaught one.
    response.stream.on('error', ignore);
  }

  get closed(): boolean {
    const { stream } = this.#request;
    return this.#closed || stream.closed || stream.destroyed;
  }

  get headSent(): boolean {
    return this.#response.headersSent;
  }

  get isComplete(): boolean {
    return this.#ended && this.#request.stream.rstCode === constants.NGHTTP2_NO_ERROR;
  }

  whole(
    status: number,
    headers: Headers,
    body: Body | undefined,
    length?: number,
    taken?: () => void,
  ): void {
    const bodyBytes = body?.length ?? length;
    this.#writeHead(
      status,
      bodyBytes === undefined ? headers : [...headers, ['content-length', String(bodyBytes)]],
    );
    this.end(bytesOf(body), taken);
  }

  head(status: number, headers: Headers): void {
    this.#writeHead(status, headers);
    flush(this.#response);
  }

  write(bytes: Uint8Array, taken: () => void): false {
    write(this.#response, bytes, taken);
    return false;
  }

  end(bytes?: Uint8Array, taken?: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    const isLent = taken !== undefined || isWrapped(this.#response);
    if (bytes !== undefined && isLent) write(this.#response, bytes, taken ?? ignore);
    this.#discardBody();
    if (isLent || bytes === undefined || bytes.byteLength === 0) this.#response.end();
    else this.#response.end(bytes);
  }

  /** The stream has been closed. */
  close(): void {
    this.#closed = true;
  }

  reset(): void {
    this.close();
    this.#request.stream.destroy(new Error('the answer was broken off'));
  }

  connect(answer: Answer, source: ConnectSource): void {
    this.#writeHead(answer.status === 101 ? 200 : answer.status, answer.headers);
    source.connect(duplexOf(this.#request.stream));
  }

  #writeHead(status: number, headers: Headers): void {
    const sendable = headers.filter(([name]) => !connectionSpecific.has(name.toLowerCase()));
    writeHead(this.#response, status, sendable.flat());
  }

  // Not reset at once, as by the core API: the reset overtakes the frame that ends the answer.
  #discardBody(): void {
    const { stream } = this.#request;
    if (stream.endAfterHeaders || stream.readableEnded || stream.destroyed) return;
    const { clock, limits } = this.#context;
    const timer = clock.setTimer(limits.bodyDiscardMs, () =>
      stream.close(constants.NGHTTP2_NO_ERROR),
    );
    stream.once('close', () => timer.cancel());
    this.#request.resume();
  }
}

function streamReset(): TransportError {
  return new TransportError('client-left', 'the client reset the stream');
}

function ignore(): void {}
