/** Requests as a transport would make them, for tests of whatever handles requests. */

import type { RequestRecord } from '../../lib/request/index.js';

export interface RecordOptions {
  readonly method?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** Default 0. */
  readonly receivedAt?: number;
}

/** `target` is a path with its query. */
export function makeRecord(target: string, options: RecordOptions = {}): RequestRecord {
  const [path = '', query = ''] = target.split('?');
  const headers = options.headers ?? [];
  const values = (name: string): readonly string[] => {
    return headers.filter(([header]) => header === name).map(([, value]) => value);
  };
  return {
    method: options.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    header: (name) => values(name)[0],
    headers: values,
    headerNames: () => new Set(headers.map(([header]) => header)),
    body: () => Promise.resolve(new TextEncoder().encode(options.body ?? '')),
    secure: true,
    protocol: 'HTTP/2',
    remoteAddress: '192.0.2.1',
    peerCertificate: undefined,
    signal: new AbortController().signal,
    receivedAt: options.receivedAt ?? 0,
  };
}
