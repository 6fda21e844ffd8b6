/**
 * The bytes of a store in LMDB: keys and rows of each named database.
 *
 *     current     key                        → revision 8, createRevision 8, ttlSeconds 8,
 *                                              expiresAtMs 8, value
 *     superseded  key NUL revision 8         → the same; a deletion: one zero byte
 *     log         revision 8                 → type 1, previous revision 8, key
 *     expiry      expiresAtMs 8 key          → revision 8
 *     meta        format, revision, compacted, owner
 *
 * Numbers are big-endian, so that LMDB's bytewise order is theirs. Keys are UTF-8 and contain no
 * NUL, so `key NUL revision` keeps the order of the keys and, within one, of its versions.
 */

import { StorageError } from '../contract.js';
import type { Version } from '../transition.js';

/** Raised when old programs could not read what this one writes. */
export const FORMAT_VERSION = 1;

export interface LogRow {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Of the version that the change replaced; 0: there was none. */
  readonly previous: bigint;
}

export function encodeKey(key: string): Buffer {
  return Buffer.from(key, 'utf8');
}

export function decodeKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

export function encodeRevision(revision: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(NUMBER_BYTES);
  bytes.writeBigUInt64BE(revision);
  return bytes;
}

export function decodeRevision(bytes: Buffer | undefined, what: string): bigint {
  if (bytes?.byteLength !== NUMBER_BYTES) throw damaged(what);
  return bytes.readBigUInt64BE();
}

export function encodeVersion(version: Version): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + version.value.byteLength);
  bytes.writeBigUInt64BE(version.revision, 0);
  bytes.writeBigUInt64BE(version.createRevision, 8);
  bytes.writeBigUInt64BE(BigInt(version.ttlSeconds), 16);
  bytes.writeBigUInt64BE(BigInt(version.expiresAtMs), 24);
  bytes.set(version.value, HEADER_BYTES);
  return bytes;
}

/** `undefined` for a deletion. The version's value is a view of `bytes`. */
export function decodeVersion(bytes: Buffer, what: string): Version | undefined {
  if (bytes.byteLength === 1) return undefined;
  if (bytes.byteLength < HEADER_BYTES) throw damaged(what);
  const valueBytes = bytes.byteLength - HEADER_BYTES;
  return {
    revision: bytes.readBigUInt64BE(0),
    createRevision: bytes.readBigUInt64BE(8),
    ttlSeconds: Number(bytes.readBigUInt64BE(16)),
    expiresAtMs: Number(bytes.readBigUInt64BE(24)),
    value: new Uint8Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, valueBytes),
  };
}

/** The row of a deletion in `superseded`. */
export const DELETION: Buffer = Buffer.from([0]);

/** The key of a version in `superseded`. */
export function encodeVersionKey(key: Uint8Array, revision: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(key.byteLength + 1 + NUMBER_BYTES);
  bytes.set(key);
  bytes[key.byteLength] = 0;
  bytes.writeBigUInt64BE(revision, key.byteLength + 1);
  return bytes;
}

export function decodeVersionKey(bytes: Buffer): { key: Buffer; revision: bigint } {
  const keyBytes = bytes.byteLength - 1 - NUMBER_BYTES;
  if (keyBytes < 1) throw damaged('a key of superseded');
  return { key: bytes.subarray(0, keyBytes), revision: bytes.readBigUInt64BE(keyBytes + 1) };
}

export function encodeLogRow(type: LogRow['type'], key: Uint8Array, previous: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(1 + NUMBER_BYTES + key.byteLength);
  bytes[0] = type === 'put' ? PUT : DELETE;
  bytes.writeBigUInt64BE(previous, 1);
  bytes.set(key, 1 + NUMBER_BYTES);
  return bytes;
}

export function decodeLogRow(bytes: Buffer, what: string): LogRow {
  const code = bytes[0];
  const isShort = bytes.byteLength <= 1 + NUMBER_BYTES;
  if (isShort || (code !== PUT && code !== DELETE)) throw damaged(what);
  return {
    type: code === PUT ? 'put' : 'delete',
    previous: bytes.readBigUInt64BE(1),
    key: decodeKey(bytes.subarray(1 + NUMBER_BYTES)),
  };
}

export function encodeExpiryKey(expiresAtMs: number, key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(NUMBER_BYTES + key.byteLength);
  bytes.writeBigUInt64BE(BigInt(expiresAtMs));
  bytes.set(key, NUMBER_BYTES);
  return bytes;
}

export function decodeExpiryKey(bytes: Buffer): { expiresAtMs: number; key: string } {
  if (bytes.byteLength <= NUMBER_BYTES) throw damaged('a key of expiry');
  const expiresAtMs = Number(bytes.readBigUInt64BE());
  return { expiresAtMs, key: decodeKey(bytes.subarray(NUMBER_BYTES)) };
}

/** The error for a row that does not have the form above. */
export function damaged(what: string): StorageError {
  return new StorageError('corrupt', `the store is damaged: ${what} is missing or malformed`);
}

const NUMBER_BYTES = 8;
const HEADER_BYTES = 4 * NUMBER_BYTES;
const PUT = 1;
const DELETE = 2;
