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
  #headers: Map<string, string[]> | undefined;
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
    return this.#table().get(name)?.[0];
  }

  headers(name: string): readonly string[] {
    return this.#table().get(name) ?? [];
  }

  headerNames(): Iterable<string> {
    return this.#table().keys();
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

  #table(): Map<string, string[]> {
    this.#headers ??= headerTable(this.#options.rawHeaders, this.#options.moreHeaders ?? []);
    return this.#headers;
  }
}

function headerTable(
  rawHeaders: readonly string[],
  moreHeaders: readonly (readonly [name: string, value: string])[],
): Map<string, string[]> {
  const table = new Map<string, string[]>();
  const add = (name: string, value: string): void => {
    const values = table.get(name);
    if (values === undefined) table.set(name, [value]);
    else values.push(value);
  };
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!name.startsWith(':')) add(name.toLowerCase(), rawHeaders[index + 1] ?? '');
  }
  for (const [name, value] of moreHeaders) if (!table.has(name)) add(name, value);
  return table;
}
