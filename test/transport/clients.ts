/** Clients of each protocol behind one interface, so that a test runs as a table of protocols. */

import { request as requestHttp } from 'node:http';
import type { ClientRequest } from 'node:http';
import { Agent as HttpAgent } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

import type { Listener } from '../../lib/transport/index.js';

export type Protocol = 'HTTP/1.1' | 'HTTP/1.1 over TLS' | 'HTTP/2';
export const PROTOCOLS: readonly Protocol[] = ['HTTP/1.1', 'HTTP/1.1 over TLS', 'HTTP/2'];

export interface SentHeaders {
  readonly [name: string]: string | readonly string[];
}

export interface Received {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly stream: Readable;
  bytes(): Promise<Buffer>;
  text(): Promise<string>;
}

export interface Outgoing {
  readonly response: Promise<Received>;
  /** Resolves when the server has told the client to send its body. */
  readonly continued: Promise<void>;
  write(bytes: string | Uint8Array): void;
  end(bytes?: string | Uint8Array): void;
  /** Writes to the connection, past the framing; HTTP/1.1 only. */
  raw?(text: string): void;
  /** Breaks off: closes the connection, or resets the stream. */
  leave(): void;
}

/** A client with one connection. */
export interface Client {
  start(method: string, path: string, headers?: SentHeaders, bodiless?: boolean): Outgoing;
  send(
    method: string,
    path: string,
    options?: { headers?: SentHeaders; body?: string | Uint8Array },
  ): Promise<Received>;
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
  /** The client's ports so far: more than one, and connections were not reused. */
  readonly ports: ReadonlySet<number>;
  close(): void;
}

export interface ClientTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

export function clientOf(
  protocol: Protocol,
  listener: Pick<Listener, 'port'>,
  tls: ClientTls,
): Client {
  return protocol === 'HTTP/2'
    ? new Http2Client(listener, tls)
    : new Http1Client(listener, protocol === 'HTTP/1.1' ? undefined : tls);
}

abstract class BaseClient implements Client {
  readonly ports = new Set<number>();
  abstract readonly closed: Promise<void>;
  abstract start(method: string, path: string, headers?: SentHeaders, bodiless?: boolean): Outgoing;
  abstract close(): void;

  send(
    method: string,
    path: string,
    options: { headers?: SentHeaders; body?: string | Uint8Array } = {},
  ): Promise<Received> {
    const length = options.body === undefined ? undefined : Buffer.from(options.body).byteLength;
    const lengthHeader = length === undefined ? {} : { 'content-length': String(length) };
    const headers = { ...lengthHeader, ...options.headers };
    const outgoing = this.start(method, path, headers, options.body === undefined);
    outgoing.end(options.body);
    return outgoing.response;
  }
}

class Http1Client extends BaseClient {
  readonly closed: Promise<void>;
  readonly #agent: HttpAgent;
  readonly #listener: Pick<Listener, 'port'>;
  readonly #secure: boolean;

  constructor(listener: Pick<Listener, 'port'>, tls: ClientTls | undefined) {
    super();
    const options = { keepAlive: true, maxSockets: 1 };
    this.#listener = listener;
    this.#secure = tls !== undefined;
    this.#agent =
      tls === undefined ? new HttpAgent(options) : new HttpsAgent({ ...options, ...tls });
    let onClosed = (): void => undefined;
    this.closed = new Promise((resolve) => (onClosed = resolve));
    this.#onClosed = onClosed;
  }

  readonly #onClosed: () => void;

  start(method: string, path: string, headers: SentHeaders = {}): Outgoing {
    const request: ClientRequest = (this.#secure ? requestHttps : requestHttp)({
      host: '127.0.0.1',
      port: this.#listener.port,
      servername: 'localhost',
      method,
      path,
      headers: headers as { [name: string]: string | string[] },
      agent: this.#agent,
    });
    request.on('socket', (socket) => {
      const seen = (): unknown => this.ports.add(socket.localPort ?? 0);
      if (socket.connecting) socket.once('connect', seen);
      else seen();
      if (!socket.listeners('close').includes(this.#onClosed)) {
        socket.once('close', this.#onClosed);
      }
    });
    const response = new Promise<Received>((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (message) =>
        resolve(received(message.statusCode ?? 0, distinct(message.rawHeaders), message)),
      );
    });
    response.catch(() => undefined);
    if (headers['expect'] !== undefined) request.flushHeaders();
    return {
      response,
      continued: new Promise((resolve) => request.on('continue', resolve)),
      write: (bytes) => request.write(bytes),
      end: (bytes) => request.end(bytes),
      raw: (text) => {
        const send = (): unknown => request.socket?.write(text);
        if (request.socket?.connecting === false) send();
        else request.once('socket', (socket) => socket.once('connect', () => setImmediate(send)));
      },
      leave: () => request.destroy(),
    };
  }

  close(): void {
    this.#agent.destroy();
  }
}

class Http2Client extends BaseClient {
  readonly closed: Promise<void>;
  readonly session: ClientHttp2Session;

  constructor(listener: Pick<Listener, 'port'>, tls: ClientTls) {
    super();
    this.session = connectHttp2(`https://127.0.0.1:${listener.port}`, {
      ...tls,
      servername: 'localhost',
    });
    this.session.on('error', () => undefined);
    this.session.on('connect', () => this.ports.add(this.session.socket.localPort ?? 0));
    this.closed = new Promise((resolve) => this.session.once('close', resolve));
  }

  start(method: string, path: string, headers: SentHeaders = {}, bodiless = false): Outgoing {
    const stream: ClientHttp2Stream = this.session.request(
      { ':method': method, ':path': path, ...(headers as { [name: string]: string | string[] }) },
      { endStream: bodiless },
    );
    const response = new Promise<Received>((resolve, reject) => {
      stream.on('error', reject);
      stream.on('close', () => reject(new Error('the stream was closed without an answer')));
      stream.on('response', (fields, _flags, rawHeaders?: readonly string[]) =>
        resolve(received(Number(fields[':status']), distinct(rawHeaders ?? []), stream)),
      );
    });
    response.catch(() => undefined);
    return {
      response,
      continued: new Promise((resolve) => stream.on('continue', resolve)),
      write: (bytes) => stream.write(bytes),
      end: (bytes) => stream.end(bytes),
      // Node's `close` would end the body first, as if it were whole.
      leave: () => stream.destroy(new Error('the client leaves')),
    };
  }

  close(): void {
    this.session.destroy();
  }
}

function distinct(rawHeaders: readonly string[]): Received['headers'] {
  const headers: { [name: string]: string | string[] } = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const present = headers[name];
    headers[name] = present === undefined ? value : [present, value].flat();
  }
  return headers;
}

function received(status: number, headers: Received['headers'], stream: Readable): Received {
  const bytes = async (): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    // Rejects when the answer is broken off.
    await once(stream, 'end');
    return Buffer.concat(chunks);
  };
  return { status, headers, stream, bytes, text: async () => (await bytes()).toString() };
}
