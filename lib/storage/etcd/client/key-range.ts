/** Keys as bytes, and the ranges of keys that etcd's calls are about. */

export interface KeyRange {
  readonly key: Uint8Array;
  /** The first key behind the range. Empty: only `key`. */
  readonly rangeEnd: Uint8Array;
}

/** The UTF-8 bytes of a key that is text. */
export function keyBytes(key: string): Uint8Array {
  return Buffer.from(key);
}

/** All keys that begin with `prefix`; of an empty one all keys. */
export function prefixRange(prefix: string | Uint8Array): KeyRange {
  const key = typeof prefix === 'string' ? keyBytes(prefix) : prefix;
  // To the end of the store, in etcd's own spelling.
  const rest = { key: key.length === 0 ? ZERO : key, rangeEnd: ZERO };
  const last = key.findLastIndex((byte) => byte < 0xff);
  if (last < 0) return rest;
  // A copy: of a Buffer `slice` is a view.
  const rangeEnd = Uint8Array.from(key.subarray(0, last + 1));
  rangeEnd[last]!++;
  return { key, rangeEnd };
}

const ZERO: Uint8Array = Uint8Array.of(0);
