/**
 * Places in the canonical bytes: where a key stands or would stand, and what has to be cut so that
 * the resourceVersion is gone.
 */

import { keyBytes } from './keys.js';
import { findKey, valueEnd } from './lookup.js';
import type { JsonScanner } from './scanner.js';
import { END, ENTRY_SIZE, FIRST, NEXT, NONE, START } from './tape.js';

export const API_VERSION: Uint8Array = Buffer.from('apiVersion');

/** What to cut, and where the resourceVersion goes afterwards. */
export interface RevisionPlace {
  readonly cutStart: number;
  readonly cutEnd: number;
  /** Offset in the bytes that are left. */
  readonly insert: number;
  /** Whether `metadata` is left. */
  readonly hasMetadata: boolean;
}

const METADATA = Buffer.from('metadata');
const RESOURCE_VERSION = Buffer.from('resourceVersion');
const ROOT = 0;

/** Plans for a canonical document whose root is an object and whose metadata, if any, is one. */
export function planRevision(scanner: JsonScanner): RevisionPlace {
  const entries = scanner.entries;
  const metadata = findKey(scanner, ROOT, METADATA);
  if (metadata === NONE) return nothingToCut(placeOf(scanner, ROOT, METADATA), false);
  const container = metadata + ENTRY_SIZE;
  const first = entries[container + FIRST] as number;
  const key = findKey(scanner, container, RESOURCE_VERSION);
  const isOnlyKey = first === NONE || (first === key && entries[key + NEXT] === NONE);
  if (isOnlyKey) return cutMember(scanner, ROOT, metadata, false);
  if (key !== NONE) return cutMember(scanner, container, key, true);
  return nothingToCut(placeOf(scanner, container, RESOURCE_VERSION), true);
}

/** The offset at which a key that an object lacks would be inserted. */
export function placeOf(scanner: JsonScanner, container: number, wanted: Uint8Array): number {
  const entries = scanner.entries;
  for (let key = entries[container + FIRST] as number; key !== NONE;) {
    if (Buffer.compare(keyBytes(scanner, key), wanted) > 0) return memberStart(scanner, key);
    key = entries[key + NEXT] as number;
  }
  return (entries[container + END] as number) - 1;
}

function nothingToCut(insert: number, hasMetadata: boolean): RevisionPlace {
  return { cutStart: insert, cutEnd: insert, insert, hasMetadata };
}

// A key and its value, with the comma that is too much without them.
function cutMember(
  scanner: JsonScanner,
  container: number,
  key: number,
  hasMetadata: boolean,
): RevisionPlace {
  const next = scanner.entries[key + NEXT] as number;
  let cutStart = memberStart(scanner, key);
  let cutEnd = valueEnd(scanner, key + ENTRY_SIZE);
  if (next !== NONE) cutEnd = memberStart(scanner, next);
  else if (key !== scanner.entries[container + FIRST]) cutStart--;
  return { cutStart, cutEnd, insert: cutStart, hasMetadata };
}

function memberStart(scanner: JsonScanner, key: number): number {
  return (scanner.entries[key + START] as number) - 1;
}
