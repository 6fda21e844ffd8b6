/**
 * The Status object: how every error (and the success of a delete) is told to a client.
 *
 * 1. `code`, `reason` and `message` are part of the API: clients decide by `reason`, people read
 *    `message`, and both are upstream's to the letter (apimachinery, `api/errors`).
 * 2. `toStatus()` keeps upstream's order of fields, so that bodies compare byte for byte.
 * 3. A StatusError may cross package copies: recognise it by `isStatusError`, not by identity of
 *    its class (`instanceof` follows the same brand).
 * 4. A few errors are text and no Status (an unknown path, a full flow-control queue): `text` says
 *    so.
 */

const statusErrorBrand: unique symbol = Symbol.for('shardwatch.StatusError') as never;

/** Machine-readable cause of an error; `field` is a path such as `spec.versions[0].name`. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The resource (plural), but the kind where an object is invalid. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  /** Also sent as the header Retry-After. Absent or 0: no hint. */
  readonly retryAfterSeconds?: number;
}

/** The wire object, `meta/v1` Status. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

export interface StatusErrorOptions {
  /** HTTP status, 400 to 599. */
  readonly code: number;
  /** One of upstream's reasons (`NotFound`, `Conflict`, …). */
  readonly reason: string;
  readonly message: string;
  readonly details?: StatusDetails;
  /** `metadata.continue` of the Status: where an expired list may go on, inconsistently. */
  readonly continue?: string;
  /** The body, when the answer is plain text instead of a Status. */
  readonly text?: string;
  readonly cause?: unknown;
}

/** An error with the HTTP answer it stands for. Anything that serves a request may throw it. */
export class StatusError extends Error {
  override readonly name: string = 'StatusError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly continue: string | undefined;
  readonly text: string | undefined;

  constructor(options: StatusErrorOptions) {
    super(options.message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = options.code;
    this.reason = options.reason;
    this.details = options.details;
    this.continue = options.continue;
    this.text = options.text;
    Object.defineProperty(this, statusErrorBrand, { value: true });
  }

  /** Knows errors of another copy of this package, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isBranded(value);
  }

  /** The Status object, fields in upstream's order. */
  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continue === undefined ? {} : { continue: this.continue },
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: orderedDetails(this.details) }),
      code: this.code,
    };
  }

  /** Headers that go with the answer: `Retry-After` where there is a hint. */
  headers(): readonly (readonly [name: string, value: string])[] {
    const seconds = this.details?.retryAfterSeconds ?? 0;
    return seconds > 0 ? [['Retry-After', String(seconds)]] : [];
  }
}

/** Whether a caught value is a StatusError, of this copy of the package or of another one. */
export function isStatusError(value: unknown): value is StatusError {
  return isBranded(value);
}

/**
 * The StatusError that a caught value is served as: itself, or 500 InternalError for everything
 * that nobody meant for a client.
 */
export function toStatusError(value: unknown): StatusError {
  if (isStatusError(value)) return value;
  const message = value instanceof Error ? value.message : String(value);
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
    cause: value,
  });
}

/** The Status of something done, as a delete answers it. */
export function successStatus(details?: StatusDetails): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details === undefined ? {} : { details: orderedDetails(details) }),
  };
}

function isBranded(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { readonly [statusErrorBrand]?: unknown })[statusErrorBrand] === true
  );
}

// Empty values are left out, as Go's `omitempty` does.
function orderedDetails(details: StatusDetails): StatusDetails {
  const { name, group, kind, uid, causes, retryAfterSeconds } = details;
  return {
    ...(name ? { name } : {}),
    ...(group ? { group } : {}),
    ...(kind ? { kind } : {}),
    ...(uid ? { uid } : {}),
    ...(causes?.length ? { causes: causes.map(orderedCause) } : {}),
    ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
  };
}

function orderedCause(cause: StatusCause): StatusCause {
  const { reason, message, field } = cause;
  return {
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    ...(field ? { field } : {}),
  };
}
