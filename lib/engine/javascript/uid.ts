/**
 * Where a version's uid stands in its bytes. It is no part of what is kept of a version: only who
 * asks for a shard of the objects looks for it, behind the resourceVersion, which every version
 * has. The bytes are canonical JSON, so members stand in the order of their keys.
 *
 * The same as in `native/core/object/shard_selector.cc`, escapes left as they are.
 */

import { shardHash } from '../../object/index.js';
import type { Version } from './version.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);
const KEY: readonly number[] = [...Buffer.from('"uid"')];

/** The hash of the uid by which shards divide objects; that of '' where it is absent. */
export function uidHash({ slab, offset, digitsOffset, digitsLength }: Version): bigint {
  const { bytes } = slab!;
  // Behind the digits is their closing quote.
  let at = offset + digitsOffset + digitsLength + 1;
  while (bytes[at] === COMMA) {
    const key = at + 1;
    const value = endOfString(bytes, key) + 1;
    const end = endOfValue(bytes, value);
    if (value === key + KEY.length + 1 && KEY.every((byte, index) => bytes[key + index] === byte)) {
      if (bytes[value] === QUOTE) return shardHash(bytes, value + 1, end - 1);
    }
    at = end;
  }
  return shardHash(bytes, 0, 0);
}

/** Behind the closing quote of the string whose opening one is at `at`. */
function endOfString(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  for (; bytes[end] !== QUOTE; end++) {
    if (bytes[end] === BACKSLASH) end++;
  }
  return end + 1;
}

function endOfValue(bytes: Uint8Array, at: number): number {
  let depth = 0;
  for (let end = at; ; end++) {
    const byte = bytes[end]!;
    if (byte === QUOTE) {
      end = endOfString(bytes, end);
      if (depth === 0) return end;
      end--;
    } else if (OPENING.has(byte)) {
      depth++;
    } else if (CLOSING.has(byte)) {
      if (depth === 0) return end;
      depth--;
      if (depth === 0) return end + 1;
    } else if (byte === COMMA && depth === 0) {
      return end;
    }
  }
}
