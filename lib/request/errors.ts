/**
 * One function per error an API server answers with; together they are the table of codes, reasons
 * and messages (apimachinery `api/errors`, apiserver `storage` and `negotiation`, restated).
 *
 * They make the error and do not throw it: `throw notFound(type, name)`.
 */

import { qualifiedResource } from '../object/index.js';
import type { ResourceType } from '../object/index.js';
import { fieldErrorCause, fieldErrorsText } from './field-error.js';
import type { FieldError } from './field-error.js';
import { quote } from './quote.js';
import { StatusError } from './status.js';
import type { StatusCause, StatusDetails } from './status.js';

/** A resource as messages name it; any ResourceType is one. */
export type ResourceName = Pick<ResourceType, 'group' | 'resource'>;
/** A kind as messages name it; any ResourceType is one. */
export type KindName = Pick<ResourceType, 'group' | 'kind'>;

/** Why an update lost against a newer version: what `conflict` says by default. */
export const OBJECT_MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

/** 400: the request itself makes no sense. */
export function badRequest(message: string, cause?: unknown): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message, cause });
}

/** 401: nobody vouches for who is asking. */
export function unauthorized(message = 'Unauthorized'): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message });
}

/** 403. Without a type: `forbidden: why`; without a name: `widgets.g is forbidden: why`. */
export function forbidden(why: string, type?: ResourceName, name = ''): StatusError {
  const code = 403;
  const reason = 'Forbidden';
  if (type === undefined) {
    return new StatusError({ code, reason, message: `forbidden: ${why}`, details: {} });
  }
  const subject = name === '' ? qualifiedResource(type) : subjectOf(type, name);
  const details = detailsOf(type, name);
  return new StatusError({ code, reason, message: `${subject} is forbidden: ${why}`, details });
}

/** 404 for an object. */
export function notFound(type: ResourceName, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${subjectOf(type, name)} not found`,
    details: detailsOf(type, name),
  });
}

/** 404 for a path that nothing is served at: plain text, as upstream's multiplexer answers. */
export function pageNotFound(): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    text: '404 page not found\n',
  });
}

/** 405: `verb` as in request info (`patch`, `deletecollection`). */
export function methodNotAllowed(type: ResourceName, verb: string): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${verb} is not supported on resources of kind ${quote(qualifiedResource(type))}`,
    details: detailsOf(type),
  });
}

/** 406: `supported` are the media types that could be had. */
export function notAcceptable(supported: readonly string[]): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${supported.join(', ')}`,
  });
}

/** 409 for a create. */
export function alreadyExists(type: ResourceName, name: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${subjectOf(type, name)} already exists`,
    details: detailsOf(type, name),
  });
}

/** 409 for a create with generateName, after every attempt met a taken name. */
export function generateNameConflict(type: ResourceName, name: string): StatusError {
  const why = 'the server was not able to generate a unique name for the object';
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${subjectOf(type, name)} already exists, ${why}`,
    details: { ...detailsOf(type, name), retryAfterSeconds: 1 },
  });
}

/** 409 for a write against another version than the newest, or a failed precondition. */
export function conflict(
  type: ResourceName,
  name: string,
  why: string = OBJECT_MODIFIED,
): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${subjectOf(type, name)}: ${why}`,
    details: detailsOf(type, name),
  });
}

/** 409 whose causes say which manager owns which field (server-side apply). */
export function applyConflict(message: string, causes: readonly StatusCause[]): StatusError {
  return new StatusError({ code: 409, reason: 'Conflict', message, details: { causes } });
}

/** 410: history no longer has what was asked for. `continueToken` lets a list go on regardless. */
export function expired(message: string, continueToken?: string): StatusError {
  return new StatusError({
    code: 410,
    reason: 'Expired',
    message,
    ...(continueToken === undefined ? {} : { continue: continueToken }),
  });
}

/** 410 in its older spelling. */
export function gone(message: string): StatusError {
  return new StatusError({ code: 410, reason: 'Gone', message });
}

/** 413: `Request entity too large: ` and the message, such as `limit is 3145728`. */
export function requestEntityTooLarge(message: string): StatusError {
  return new StatusError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: ${message}`,
  });
}

/** 415: `supported` are the media types that a body may have. */
export function unsupportedMediaType(supported: readonly string[]): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message:
      'the body of the request was in an unknown format - accepted media types include: ' +
      supported.join(', '),
  });
}

/** 422: the object, or the options of the request, break rules; each is a cause. */
export function invalid(
  kind: KindName,
  name: string,
  errors: readonly FieldError[] = [],
): StatusError {
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const rules = errors.length === 0 ? '' : `: ${fieldErrorsText(errors)}`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${qualified} ${quote(name)} is invalid${rules}`,
    details: { name, group: kind.group, kind: kind.kind, causes: errors.map(fieldErrorCause) },
  });
}

/** 422 for a patch that can't be applied (a failed `test`, a missing path): no single field. */
export function unprocessable(type: ResourceName, name: string, message: string): StatusError {
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: 'the server rejected our request due to an error in our request',
    details: {
      ...detailsOf(type, name),
      causes: [{ reason: 'UnexpectedServerResponse', message }],
    },
  });
}

/** 429 as a Status: a cache that is not filled yet, an eviction. */
export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({
    code: 429,
    reason: 'TooManyRequests',
    message,
    details: { retryAfterSeconds },
  });
}

/** 429 of the request limits in front of everything: plain text. */
export function tooManyInFlight(retryAfterSeconds = 1): StatusError {
  const message = 'Too many requests, please try again later.';
  return new StatusError({
    code: 429,
    reason: 'TooManyRequests',
    message,
    details: { retryAfterSeconds },
    text: `${message}\n`,
  });
}

/** 500: the server's own fault. */
export function internalError(message: string, cause?: unknown): StatusError {
  return new StatusError({
    code: 500,
    reason: 'InternalError',
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
    cause,
  });
}

/**
 * 500: objects that the storage holds can't be read (KEP-3926). A cause for each tells its key as
 * `field`; its last one says so where there are more.
 */
export function storageReadError(
  type: ResourceName,
  message: string,
  values: readonly { readonly key: string; readonly reason: string }[],
  isTruncated: boolean,
  cause?: unknown,
): StatusError {
  const causes = values.map(({ key, reason }) => ({
    reason: 'UnexpectedServerResponse',
    message: reason,
    field: key,
  }));
  const last = { reason: 'TooManyErrors', message: 'too many errors, the list is truncated' };
  return new StatusError({
    code: 500,
    reason: 'StorageReadError',
    message,
    details: { ...detailsOf(type, ''), causes: isTruncated ? [...causes, last] : causes },
    cause,
  });
}

/** 500 with the request to try again: the storage did not answer. `operation` is a verb. */
export function serverTimeout(
  type: ResourceName,
  operation: string,
  retryAfterSeconds = 0,
): StatusError {
  return new StatusError({
    code: 500,
    reason: 'ServerTimeout',
    message:
      `The ${operation} operation against ${qualifiedResource(type)} could not be completed ` +
      'at this time, please try again.',
    details: { ...detailsOf(type, operation), retryAfterSeconds },
  });
}

/** 503: not now, for instance while stopping. */
export function serviceUnavailable(message: string, retryAfterSeconds = 0): StatusError {
  return new StatusError({
    code: 503,
    reason: 'ServiceUnavailable',
    message,
    ...(retryAfterSeconds === 0 ? {} : { details: { retryAfterSeconds } }),
  });
}

/** 504: a deadline passed; whether a write took place is not known. */
export function timeout(
  message = 'request did not complete within the allotted timeout',
  retryAfterSeconds = 0,
): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: ${message}`,
    details: { retryAfterSeconds },
  });
}

/** 504: the version asked for is not there yet, after a wait for it. Decimal strings. */
export function tooLargeResourceVersion(
  requested: string,
  current: string,
  retryAfterSeconds = 1,
): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${requested}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds,
    },
  });
}

function subjectOf(type: ResourceName, name: string): string {
  return `${qualifiedResource(type)} ${quote(name)}`;
}

function detailsOf(type: ResourceName, name = ''): StatusDetails {
  return { name, group: type.group, kind: type.resource };
}
