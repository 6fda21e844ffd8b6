/**
 * A client of whole API servers over TLS, HTTP/1.1 or HTTP/2, on so many connections. It runs in
 * the contender's process: only the server's CPU time is looked at.
 */

import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request } from 'node:https';

import { TOKEN } from './load-client.js';

export interface PeerClientOptions {
  readonly port: number;
  readonly protocol: 'h1' | 'h2';
  readonly connections: number;
}

export interface PeerRequest {
  readonly method?: string;
  readonly body?: string;
  readonly contentType?: string;
}

export interface PeerAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** The same of all sides: Node's own choice would be AES-256, Go's AES-128. */
const TLS = { rejectUnauthorized: false, ciphers: 'TLS_AES_128_GCM_SHA256' } as const;

/** Large enough for no list to wait for the client. */
const WINDOW_BYTES = 16 * 1024 * 1024;

export class PeerClient {
  readonly #options: PeerClientOptions;
  readonly #agent: Agent;
  readonly #sessions: ClientHttp2Session[] = [];
  #next = 0;

  constructor(options: PeerClientOptions) {
    this.#options = options;
    this.#agent = new Agent({ ...TLS, keepAlive: true, maxSockets: options.connections });
  }

  get connections(): number {
    return this.#options.connections;
  }

  async request(path: string, options: PeerRequest = {}): Promise<PeerAnswer> {
    return this.#options.protocol === 'h1' ? this.#h1(path, options) : this.#h2(path, options);
  }

  /** Throws where the answer has another status. */
  async expect(status: number, path: string, options: PeerRequest = {}): Promise<Buffer> {
    const answer = await this.request(path, options);
    if (answer.status === status) return answer.body;
    throw new Error(`${options.method ?? 'GET'} ${path}: ${answer.status} ${answer.body}`);
  }

  close(): void {
    this.#agent.destroy();
    for (const session of this.#sessions) session.destroy();
  }

  #h1(path: string, { method = 'GET', body, contentType }: PeerRequest): Promise<PeerAnswer> {
    return new Promise((resolve, reject) => {
      const headers = headersOf(body, contentType);
      const { port } = this.#options;
      const outgoing = request(
        { host: '127.0.0.1', port, path, method, headers, agent: this.#agent },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }),
          );
        },
      );
      outgoing.on('error', reject).end(body);
    });
  }

  async #h2(path: string, { method = 'GET', body, contentType }: PeerRequest): Promise<PeerAnswer> {
    const session = await this.#session();
    return new Promise((resolve, reject) => {
      const pseudo = { ':path': path, ':method': method };
      const stream = session.request({ ...pseudo, ...headersOf(body, contentType) });
      const chunks: Buffer[] = [];
      let status = 0;
      stream.on('response', (headers) => (status = headers[':status'] ?? 0));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      stream.on('end', () => resolve({ status, body: Buffer.concat(chunks) }));
      stream.end(body);
    });
  }

  async #session(): Promise<ClientHttp2Session> {
    const at = this.#next++ % this.#options.connections;
    this.#sessions[at] ??= this.#open();
    return this.#sessions[at];
  }

  #open(): ClientHttp2Session {
    const session = connect(`https://127.0.0.1:${this.#options.port}`, {
      ...TLS,
      settings: { initialWindowSize: WINDOW_BYTES },
      maxSessionMemory: 128,
    });
    session.once('remoteSettings', () => session.setLocalWindowSize(WINDOW_BYTES));
    session.on('error', () => undefined);
    return session;
  }
}

// Answers for curl's user agent would be indented; nobody's is not.
function headersOf(
  body: string | undefined,
  contentType = 'application/json',
): Record<string, string> {
  return {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'bench',
    authorization: `Bearer ${TOKEN}`,
    ...(body === undefined ? {} : { 'content-type': contentType }),
  };
}
