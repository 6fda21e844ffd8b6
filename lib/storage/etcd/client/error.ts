/**
 * What goes wrong between this client and etcd, as one class with stable codes.
 *
 * etcd tells most of it by a gRPC status and a sentence of its own (upstream:
 * `go.etcd.io/etcd/api/v3/v3rpc/rpctypes`); the sentence decides where one status has several
 * meanings.
 */

import { status } from '@grpc/grpc-js';

export type EtcdErrorCode =
  /** The revision that is asked for is compacted; `compactRevision` where etcd tells it. */
  | 'compacted'
  | 'future-revision'
  /** No member answers, or the connection broke. */
  | 'unavailable'
  /** The member that was asked knows no leader. */
  | 'no-leader'
  /** No answer in time, from the network or from etcd's own consensus. */
  | 'timeout'
  | 'too-many-requests'
  | 'too-large'
  /** The quota of the database is used up (the NOSPACE alarm): compact, defragment, disarm. */
  | 'no-space'
  | 'corrupt'
  /** User, password or certificate are not accepted, or missing. */
  | 'unauthenticated'
  /** The token has expired; the client gets a new one by itself. */
  | 'invalid-token'
  | 'permission-denied'
  | 'lease-not-found'
  | 'failed-precondition'
  | 'invalid-argument'
  /** This etcd does not have the call. */
  | 'unsupported'
  | 'aborted'
  | 'closed'
  | 'unknown';

export interface EtcdErrorDetails {
  /** As configured: `https://10.0.0.1:2379`. */
  readonly endpoint?: string;
  /** The first key of the request, as text. */
  readonly key?: string;
  /** `Range`, `Txn`, … */
  readonly method?: string;
  readonly compactRevision?: bigint;
  /** Whether a write may have been applied all the same. */
  readonly mayBeApplied?: boolean;
  readonly cause?: unknown;
}

/** Thrown by the etcd client; `code` is stable. */
export class EtcdError extends Error {
  override readonly name: string = 'EtcdError';
  readonly code: EtcdErrorCode;
  readonly endpoint: string | undefined;
  readonly key: string | undefined;
  readonly method: string | undefined;
  readonly compactRevision: bigint | undefined;
  /** Of a write: false where etcd certainly did not apply it. Of a read always false. */
  readonly mayBeApplied: boolean;

  constructor(code: EtcdErrorCode, reason: string, details: EtcdErrorDetails = {}) {
    super(describe(reason, details), { cause: details.cause });
    this.code = code;
    this.endpoint = details.endpoint;
    this.key = details.key;
    this.method = details.method;
    this.compactRevision = details.compactRevision;
    this.mayBeApplied = details.mayBeApplied ?? false;
  }
}

/** What is known of a call that failed. */
export interface FailedCall {
  readonly endpoint: string;
  readonly method: string;
  readonly key?: string;
  readonly isWrite: boolean;
  /** False: nothing of it reached the network. */
  readonly wasSent: boolean;
}

/** What gRPC told of a call. */
export interface ToldFailure {
  readonly code: status;
  readonly message: string;
}

export function fromCallFailure(error: ToldFailure, call: FailedCall): EtcdError {
  const code = codeOf(error.code, error.message);
  const { endpoint, method, key } = call;
  return new EtcdError(code, error.message, {
    endpoint,
    method,
    ...(key === undefined ? {} : { key }),
    mayBeApplied: call.isWrite && call.wasSent && !REFUSED.has(code),
    cause: error,
  });
}

/** Where a new attempt, perhaps at another member, may succeed. */
export function isTransient(error: EtcdError): boolean {
  return TRANSIENT.has(error.code);
}

/** Whether it tells against the connection or the member rather than the request. */
export function isConnectionFailure(error: EtcdError): boolean {
  return error.code === 'unavailable' || error.code === 'timeout';
}

/** The code of a gRPC status and what etcd says with it. */
export function codeOf(code: status, details: string): EtcdErrorCode {
  const meaning = MEANINGS.find(
    (row) => row.status === code && (row.says === undefined || details.includes(row.says)),
  );
  return meaning?.code ?? 'unknown';
}

interface Meaning {
  readonly status: status;
  readonly says?: string;
  readonly code: EtcdErrorCode;
}

// The first row that fits counts.
const MEANINGS: readonly Meaning[] = [
  { status: status.OUT_OF_RANGE, says: 'compacted', code: 'compacted' },
  { status: status.OUT_OF_RANGE, says: 'future revision', code: 'future-revision' },
  { status: status.UNAVAILABLE, says: 'no leader', code: 'no-leader' },
  { status: status.UNAVAILABLE, says: 'timed out', code: 'timeout' },
  { status: status.UNAVAILABLE, code: 'unavailable' },
  { status: status.DEADLINE_EXCEEDED, code: 'timeout' },
  { status: status.RESOURCE_EXHAUSTED, says: 'space exceeded', code: 'no-space' },
  { status: status.RESOURCE_EXHAUSTED, says: 'larger than max', code: 'too-large' },
  { status: status.RESOURCE_EXHAUSTED, code: 'too-many-requests' },
  { status: status.INVALID_ARGUMENT, says: 'too large', code: 'too-large' },
  { status: status.INVALID_ARGUMENT, says: 'invalid user ID or password', code: 'unauthenticated' },
  { status: status.INVALID_ARGUMENT, says: 'user name is empty', code: 'unauthenticated' },
  { status: status.INVALID_ARGUMENT, says: 'revision of auth store is old', code: 'invalid-token' },
  { status: status.INVALID_ARGUMENT, says: 'auth revision', code: 'invalid-token' },
  { status: status.INVALID_ARGUMENT, code: 'invalid-argument' },
  { status: status.UNAUTHENTICATED, says: 'invalid auth token', code: 'invalid-token' },
  { status: status.UNAUTHENTICATED, code: 'unauthenticated' },
  { status: status.PERMISSION_DENIED, code: 'permission-denied' },
  { status: status.NOT_FOUND, says: 'lease not found', code: 'lease-not-found' },
  { status: status.FAILED_PRECONDITION, code: 'failed-precondition' },
  { status: status.UNIMPLEMENTED, code: 'unsupported' },
  { status: status.CANCELLED, code: 'aborted' },
  { status: status.DATA_LOSS, code: 'corrupt' },
  // An answer that broke off.
  { status: status.INTERNAL, says: 'Received', code: 'unavailable' },
];

const TRANSIENT: ReadonlySet<EtcdErrorCode> = new Set([
  'unavailable',
  'no-leader',
  'timeout',
  'too-many-requests',
]);

// etcd answers these before it applies anything. `no-space` is none of them: the write that reaches
// the quota is applied and told so (upstream: server/etcdserver/apply, quotaApplierV3).
const REFUSED: ReadonlySet<EtcdErrorCode> = new Set([
  'compacted',
  'future-revision',
  'no-leader',
  'too-many-requests',
  'too-large',
  'unauthenticated',
  'invalid-token',
  'permission-denied',
  'lease-not-found',
  'failed-precondition',
  'invalid-argument',
  'unsupported',
]);

function describe(reason: string, { endpoint, method, key }: EtcdErrorDetails): string {
  const what = [method, key === undefined ? undefined : quote(key)].filter(
    (part) => part !== undefined,
  );
  const where = endpoint === undefined ? '' : ` at ${endpoint}`;
  const context = `${what.length === 0 ? '' : ` ${what.join(' ')}`}${where}`;
  return `etcd${context}: ${reason}`;
}

function quote(key: string): string {
  const QUOTED_LENGTH_MAX = 200;
  return JSON.stringify(
    key.length > QUOTED_LENGTH_MAX ? `${key.slice(0, QUOTED_LENGTH_MAX)}…` : key,
  );
}
