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

/** A record that says what another one says: for classes that say some things differently. */
export class ForwardedRecord implements RequestRecord {
  declare readonly auditId?: string;
  protected readonly received: RequestRecord;

  constructor(received: RequestRecord, auditId: string | undefined = received.auditId) {
    this.received = received;
    if (auditId !== undefined) this.auditId = auditId;
  }

  get method(): string {
    return this.received.method;
  }

  get path(): string {
    return this.received.path;
  }

  get query(): URLSearchParams {
    return this.received.query;
  }

  get secure(): boolean {
    return this.received.secure;
  }

  get protocol(): RequestRecord['protocol'] {
    return this.received.protocol;
  }

  get remoteAddress(): string {
    return this.received.remoteAddress;
  }

  get peerCertificate(): RequestRecord['peerCertificate'] {
    return this.received.peerCertificate;
  }

  get signal(): AbortSignal {
    return this.received.signal;
  }

  get receivedAt(): number {
    return this.received.receivedAt;
  }

  header(name: string): string | undefined {
    return this.received.header(name);
  }

  headers(name: string): readonly string[] {
    return this.received.headers(name);
  }

  headerNames(): Iterable<string> {
    return this.received.headerNames();
  }

  body(maxBytes: number): Promise<Uint8Array> {
    return this.received.body(maxBytes);
  }
}

// Every request passes several filters: what nobody asks for is not copied from one to the next.
class DerivedRecord extends ForwardedRecord {
  readonly #changes: RecordChanges;

  constructor(request: RequestRecord, changes: RecordChanges) {
    super(request, changes.auditId ?? request.auditId);
    this.#changes = changes;
  }

  override get method(): string {
    return this.#changes.method ?? super.method;
  }

  override get path(): string {
    return this.#changes.path ?? super.path;
  }

  override get query(): URLSearchParams {
    return this.#changes.query ?? super.query;
  }

  override get secure(): boolean {
    return this.#changes.secure ?? super.secure;
  }

  override get protocol(): RequestRecord['protocol'] {
    return this.#changes.protocol ?? super.protocol;
  }

  override get remoteAddress(): string {
    return this.#changes.remoteAddress ?? super.remoteAddress;
  }

  override get peerCertificate(): RequestRecord['peerCertificate'] {
    return this.#changes.peerCertificate ?? super.peerCertificate;
  }

  override get signal(): AbortSignal {
    return this.#changes.signal?.() ?? super.signal;
  }

  override get receivedAt(): number {
    return this.#changes.receivedAt ?? super.receivedAt;
  }

  override header(name: string): string | undefined {
    const { header } = this.#changes;
    return header === undefined ? super.header(name) : header(name);
  }

  override headers(name: string): readonly string[] {
    return this.#changes.headers?.(name) ?? super.headers(name);
  }

  override headerNames(): Iterable<string> {
    return this.#changes.headerNames?.() ?? super.headerNames();
  }

  override body(maxBytes: number): Promise<Uint8Array> {
    return this.#changes.body?.(maxBytes) ?? super.body(maxBytes);
  }
}
