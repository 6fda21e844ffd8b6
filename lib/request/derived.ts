/** A request record that differs from another one in a few things: filters pass these on. */

import type { RequestRecord } from './record.js';

/** What is different. */
export interface RecordChanges extends Omit<Partial<RequestRecord>, 'signal'> {
  /** Asked for late: a record makes its signal only when somebody wants it. */
  readonly signal?: () => AbortSignal;
}

/**
 * A record with `changes` and, for the rest, what `request` says. (Records may be instances of
 * classes: an object spread would lose what stands in the prototype.)
 */
export function derivedRecord(request: RequestRecord, changes: RecordChanges): RequestRecord {
  return new DerivedRecord(request, changes);
}

// Every request passes several filters: what nobody asks for is not copied from one to the next.
class DerivedRecord implements RequestRecord {
  declare readonly auditId?: string;
  readonly #request: RequestRecord;
  readonly #changes: RecordChanges;

  constructor(request: RequestRecord, changes: RecordChanges) {
    this.#request = request;
    this.#changes = changes;
    const auditId = changes.auditId ?? request.auditId;
    if (auditId !== undefined) this.auditId = auditId;
  }

  get method(): string {
    return this.#changes.method ?? this.#request.method;
  }

  get path(): string {
    return this.#changes.path ?? this.#request.path;
  }

  get query(): URLSearchParams {
    return this.#changes.query ?? this.#request.query;
  }

  get secure(): boolean {
    return this.#changes.secure ?? this.#request.secure;
  }

  get protocol(): RequestRecord['protocol'] {
    return this.#changes.protocol ?? this.#request.protocol;
  }

  get remoteAddress(): string {
    return this.#changes.remoteAddress ?? this.#request.remoteAddress;
  }

  get peerCertificate(): RequestRecord['peerCertificate'] {
    return this.#changes.peerCertificate ?? this.#request.peerCertificate;
  }

  get signal(): AbortSignal {
    return this.#changes.signal?.() ?? this.#request.signal;
  }

  get receivedAt(): number {
    return this.#changes.receivedAt ?? this.#request.receivedAt;
  }

  header(name: string): string | undefined {
    const { header } = this.#changes;
    return header === undefined ? this.#request.header(name) : header(name);
  }

  headers(name: string): readonly string[] {
    return this.#changes.headers?.(name) ?? this.#request.headers(name);
  }

  headerNames(): Iterable<string> {
    return this.#changes.headerNames?.() ?? this.#request.headerNames();
  }

  body(maxBytes: number): Promise<Uint8Array> {
    return this.#changes.body?.(maxBytes) ?? this.#request.body(maxBytes);
  }
}
