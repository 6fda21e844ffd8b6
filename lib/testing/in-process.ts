/**
 * Requests without a socket, through the server's whole pipeline, as its administrator. Neither
 * faults nor the record of requests sees them: they are the test's own.
 */

import { StatusError, type Handler, type Status } from '../request/index.js';
import type { Clock } from '../storage/index.js';
import { LocalTransport } from '../transport/index.js';

export interface InProcessRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly contentType?: string;
  readonly body?: string;
}

export class InProcessClient {
  readonly #transport: LocalTransport;
  readonly #token: string;

  /** `token` is the administrator's. */
  constructor(handler: Handler, token: string, clock: Clock) {
    this.#transport = new LocalTransport({ handler, clock });
    this.#token = token;
  }

  /** The body of the answer. Rejects with a StatusError for every answer that is an error. */
  async request(request: InProcessRequest): Promise<string> {
    const { method, path, query, contentType, body = '' } = request;
    const answer = await this.#transport.request({
      method,
      target: query === undefined || query.size === 0 ? path : `${path}?${query}`,
      headers: [
        ['Authorization', `Bearer ${this.#token}`],
        ['Accept', 'application/json'],
        ['User-Agent', 'shardwatch-testing'],
        ...(contentType === undefined ? [] : [['Content-Type', contentType] as const]),
      ],
      body: new TextEncoder().encode(body),
    });
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of answer.body) text += decoder.decode(chunk, { stream: true });
    text += decoder.decode();
    if (answer.status < 400) return text;
    throw statusErrorOf(answer.status, text);
  }
}

function statusErrorOf(code: number, text: string): StatusError {
  const status = parseStatus(text);
  return new StatusError({
    code,
    reason: status?.reason ?? '',
    message: status?.message ?? text.trim(),
    ...(status?.details === undefined ? {} : { details: status.details }),
  });
}

// A few errors are plain text.
function parseStatus(text: string): Status | undefined {
  try {
    return JSON.parse(text) as Status;
  } catch {
    return undefined;
  }
}
