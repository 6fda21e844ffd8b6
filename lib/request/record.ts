/**
 * The request as handlers see it, whatever transport it came by. No handler, filter or test depends
 * on Node's own request and response objects: one adapter per transport makes these.
 */

export interface PeerCertificate {
  /** DER of the certificate the client showed, unverified. */
  readonly raw: Uint8Array;
  /** DER of the further certificates of its chain, nearest first. */
  readonly chain: readonly Uint8Array[];
}

export interface RequestRecord {
  readonly method: string;
  /** The path without the query, percent-encoded as it came. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** First value of a header, by lower-case name. */
  header(name: string): string | undefined;
  /** All values of a header in order, by lower-case name, never joined by commas. */
  headers(name: string): readonly string[];
  /** The names of all headers there are, in lower case, each once. */
  headerNames(): Iterable<string>;
  /**
   * The whole body. Rejects with a StatusError 413 when it is longer than `maxBytes`, and with the
   * abort reason when the client leaves.
   */
  body(maxBytes: number): Promise<Uint8Array>;
  readonly secure: boolean;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly remoteAddress: string;
  readonly peerCertificate: PeerCertificate | undefined;
  /** Aborted when the client leaves or the server gives the request up. */
  readonly signal: AbortSignal;
  /** Milliseconds of the injected clock: all deadlines count from here. */
  readonly receivedAt: number;
  /**
   * What the answer says in `Audit-Id`, and log entries about the request with it. Absent until a
   * server's pipeline has set it.
   */
  readonly auditId?: string;
}

/** Who a request comes from, after authentication. */
export interface UserInfo {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: { readonly [key: string]: readonly string[] };
}
