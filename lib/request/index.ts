/**
 * What a request is, what an answer is, and errors as Status: the words that handlers, filters and
 * transports have in common. Nothing here knows of Node's own requests and responses.
 */

export { acceptsMediaType, parseAccept, parseMediaType } from './accept.js';
export type { AcceptClause, MediaType } from './accept.js';
export { byteLengthOf } from './answer.js';
export type {
  Answer,
  BodyIdentity,
  BytesSource,
  ConnectSource,
  Duplex,
  Handler,
  Pulled,
  PullSource,
  Source,
} from './answer.js';
export { isPromise, whenThere } from './awaitable.js';
export type { Awaitable } from './awaitable.js';
export {
  bytesAnswer,
  emptyAnswer,
  jsonAnswer,
  latin1Source,
  statusAnswer,
  textAnswer,
} from './builders.js';
export { matchesEtag } from './conditional.js';
export { derivedRecord, ForwardedRecord } from './derived.js';
export type { RecordChanges } from './derived.js';
export { DurationError, parseGoDuration, requestDeadline } from './duration.js';
export {
  OBJECT_MODIFIED,
  alreadyExists,
  applyConflict,
  badRequest,
  conflict,
  expired,
  forbidden,
  generateNameConflict,
  gone,
  internalError,
  storageReadError,
  invalid,
  methodNotAllowed,
  notAcceptable,
  notFound,
  pageNotFound,
  requestEntityTooLarge,
  serverTimeout,
  serviceUnavailable,
  timeout,
  tooLargeResourceVersion,
  tooManyInFlight,
  tooManyRequests,
  unauthorized,
  unprocessable,
  unsupportedMediaType,
} from './errors.js';
export type { KindName, ResourceName } from './errors.js';
export {
  fieldDuplicate,
  fieldErrorCause,
  fieldErrorText,
  fieldErrorsText,
  fieldForbidden,
  fieldInternalError,
  fieldInvalid,
  fieldNotFound,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
} from './field-error.js';
export type { FieldError, FieldErrorReason } from './field-error.js';
export { booleanParameter, parseRequestInfo } from './info.js';
export type { RequestInfo } from './info.js';
export { silentLogger } from './logger.js';
export type { LogFields, Logger } from './logger.js';
export { quote } from './quote.js';
export type { PeerCertificate, RequestRecord, UserInfo } from './record.js';
export { StatusError, isStatusError, successStatus, toStatusError } from './status.js';
export type { Status, StatusCause, StatusDetails, StatusErrorOptions } from './status.js';
export { warningHeaders } from './warning.js';
export { isWebSocketRequest, webSocketProtocols, webSocketToken } from './web-socket.js';
export { WrappedSource } from './wrapped-source.js';
