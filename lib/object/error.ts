/**
 * What can be wrong with bytes that should be JSON, or should be a Kubernetes object.
 *
 * Rules:
 *  1. A code never changes its meaning; messages may.
 *  2. Both engines refuse the same bytes with the same code. Where bytes have several faults, UTF-8
 *     is judged first, then the first fault in reading order (a duplicate key is met at the closing
 *     brace of its object), then what an object demands beyond JSON.
 */

/** Faults of JSON as such (RFC 8259, read strictly). */
export type JsonErrorCode =
  /** The bytes are not UTF-8, or text has a surrogate without its pair. */
  | 'invalid-utf8'
  /** Not JSON: wrong grammar, a raw control character, a byte-order mark, bytes after the value. */
  | 'invalid-json'
  /** An escape such as `\ud800` that names half of a character. */
  | 'lone-surrogate'
  /** A number that no double can hold, such as 1e400. */
  | 'number-out-of-range'
  /** Arrays and objects within each other beyond NESTING_MAX. */
  | 'too-deep'
  /** Longer than JSON_BYTES_MAX. */
  | 'too-large'
  /** Only when encoding: a value that JSON has no way to say, such as a function. */
  | 'not-encodable';

/** Faults of an object. */
export type ObjectErrorCode =
  | JsonErrorCode
  /** A key that its object has already; `path` names it. */
  | 'duplicate-key'
  /** JSON, but not an object. */
  | 'not-an-object'
  /** A field that every object has and that is of another type here; `path` names it. */
  | 'invalid-field';

/** Thrown by `scanObject` and by what decodes or encodes JSON. */
export class ObjectError extends Error {
  override readonly name: string = 'ObjectError';
  readonly code: ObjectErrorCode;
  /** Where in the bytes the fault was found; -1 where there are no bytes yet. */
  readonly offset: number;
  /** The field it is about, such as `spec.containers[0].name`, where one can be named. */
  readonly path: string | undefined;

  constructor(code: ObjectErrorCode, message: string, offset: number, path?: string) {
    super(offset < 0 ? message : `${message} at byte ${offset}`);
    this.code = code;
    this.offset = offset;
    this.path = path;
  }
}
