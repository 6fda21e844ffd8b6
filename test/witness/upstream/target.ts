/**
 * One of the two servers, as the comparison talks to it: plain requests over HTTP/1.1 with a bearer
 * token, nothing of a client library in between.
 */

import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

export interface TargetOptions {
  readonly url: string;
  readonly token: string;
  /** The certificates that vouch for the server, as PEM. */
  readonly authorities: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Target {
  readonly url: string;
  send(
    method: string,
    path: string,
    headers?: { readonly [name: string]: string },
    body?: string,
  ): Promise<Reply>;
  close(): void;
}

/** No answer takes longer; the longest wait of a scenario is a server's 3 s for a revision. */
const REPLY_TIMEOUT_MS = 30_000;

export function openTarget({ url, token, authorities }: TargetOptions): Target {
  const agent = new Agent({ keepAlive: true, ca: authorities });
  return {
    url,
    close: () => agent.destroy(),
    send: (method, path, headers = {}, body = undefined) =>
      new Promise((resolve, reject) => {
        const outgoing = httpsRequest(new URL(url).origin + path, {
          agent,
          method,
          headers: { Authorization: `Bearer ${token}`, ...lengthOf(body), ...headers },
          timeout: REPLY_TIMEOUT_MS,
        });
        let answered = false;
        outgoing.on('response', (incoming) => {
          answered = true;
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const { statusCode: status = 0, headers: received } = incoming;
            resolve({ status, headers: received, body: Buffer.concat(chunks) });
          });
        });
        // A server may answer before it has read the body, and close: the answer counts.
        outgoing.on('error', (error) => {
          if (!answered) reject(error);
        });
        outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer: ${method} ${path}`)));
        outgoing.end(body);
      }),
  };
}

const lengthOf = (body: string | undefined): { readonly [name: string]: string } =>
  body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
