/** Request records made of what Node has read: one class for HTTP/1.1 and HTTP/2. */

import type { PeerCertificate, RequestRecord } from '../../request/index.js';
import type { TransportError } from '../error.js';
import type { Connection } from './connections.js';

export interface RecordOptions {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names and values in turn, as they came; HTTP/2's pseudo-headers may be among them. */
  readonly rawHeaders: readonly string[];
  /** Headers the protocol tells in another way, by lower-case name. */
  readonly moreHeaders?: readonly (readonly [name: string, value: string])[];
  readonly secure: boolean;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly connection: Connection;
  readonly receivedAt: number;
  readonly readBody: (maxBytes: number, signal: AbortSignal) => Promise<Uint8Array>;
}

export class NodeRequestRecord implements RequestRecord {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly secure: boolean;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly receivedAt: number;
  readonly #options: RecordOptions;
  #body: Promise<Uint8Array> | undefined;
  #controller: AbortController | undefined;
  #abortReason: TransportError | undefined;

  constructor(options: RecordOptions) {
    this.method = options.method;
    this.path = options.path;
    this.query = options.query;
    this.secure = options.secure;
    this.protocol = options.protocol;
    this.receivedAt = options.receivedAt;
    this.#options = options;
  }

  get remoteAddress(): string {
    return this.#options.connection.remoteAddress;
  }

  get peerCertificate(): PeerCertificate | undefined {
    return this.#options.connection.peerCertificate;
  }

  // Made when somebody asks: most requests are answered before anybody does.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    return this.#controller.signal;
  }

  header(name: string): string | undefined {
    const { rawHeaders, moreHeaders } = this.#options;
    if (name.startsWith(':')) return undefined;
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      if (isNamed(rawHeaders[index] ?? '', name)) return rawHeaders[index + 1];
    }
    return moreHeaders?.find(([other]) => other === name)?.[1];
  }

  headers(name: string): readonly string[] {
    const { rawHeaders } = this.#options;
    const first = this.header(name);
    if (first === undefined) return [];
    const values: string[] = [];
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      if (isNamed(rawHeaders[index] ?? '', name)) values.push(rawHeaders[index + 1] ?? '');
    }
    return values.length === 0 ? [first] : values;
  }

  headerNames(): Iterable<string> {
    const { rawHeaders, moreHeaders = [] } = this.#options;
    const names = new Set<string>();
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? '';
      if (!name.startsWith(':')) names.add(name.toLowerCase());
    }
    for (const [name] of moreHeaders) names.add(name);
    return names;
  }

  // The first caller's limit counts: there is one body.
  body(maxBytes: number): Promise<Uint8Array> {
    this.#body ??= this.#options.readBody(maxBytes, this.signal);
    return this.#body;
  }

  /** Aborts the signal, if that has not happened yet. */
  abort(reason: TransportError): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }
}

// A few headers are looked for among few: a table of all of them would cost more.
function isNamed(raw: string, name: string): boolean {
  return raw.length === name.length && (raw === name || raw.toLowerCase() === name);
}
