/** Requests without a socket: for objects loaded at the start, and for tests of embedders. */

import { requestEntityTooLarge, type RequestRecord } from '../request/index.js';

export interface InjectedRequest {
  readonly method: string;
  /** Path and query, as in a request line. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** The record that a transport would have made of the request. */
export function injectedRecord(request: InjectedRequest, receivedAt: number): RequestRecord {
  const url = new URL(request.path, 'http://injected.invalid');
  const bytes =
    typeof request.body === 'string'
      ? new TextEncoder().encode(request.body)
      : (request.body ?? new Uint8Array(0));
  const header = (name: string): string | undefined => request.headers?.[name];
  return {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    header,
    headers: (name) => {
      const value = header(name);
      return value === undefined ? [] : [value];
    },
    headerNames: () => Object.keys(request.headers ?? {}),
    body: async (maxBytes) => {
      if (bytes.byteLength > maxBytes) throw requestEntityTooLarge(`limit is ${maxBytes}`);
      return bytes;
    },
    secure: true,
    protocol: 'HTTP/1.1',
    remoteAddress: '127.0.0.1',
    peerCertificate: undefined,
    signal: request.signal ?? new AbortController().signal,
    receivedAt,
  };
}
