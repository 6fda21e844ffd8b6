/**
 * One object as the body of an answer: its JSON and a newline, as documents of the API end.
 *
 * A short one is given as text: it is copied out of the engine's memory to a place that is used
 * again and again, and from there to the text. An array of its own would cost several times that,
 * and a page of memory in which nothing is used again.
 */

import type { EngineCache } from '../engine/index.js';
import type { ObjectKey } from '../object/index.js';
import { type BytesSource, latin1Source } from '../request/index.js';
import { cacheError } from './engine-error.js';

/** What Node writes without making room for it first, less what stands before a body. */
const TEXT_BYTES_MAX = 15_360;

const NEWLINE = Buffer.from('\n');

// Of this thread; nobody else reads what is written here.
const scratch = Buffer.allocUnsafeSlow(TEXT_BYTES_MAX + NEWLINE.length);
const room = scratch.subarray(0, TEXT_BYTES_MAX);

/** The present object, or `undefined` where there is none. Throws a CacheError `closed`. */
export function readDocument(
  engine: EngineCache,
  key: ObjectKey,
  apiVersion: string | undefined,
): BytesSource | undefined {
  try {
    const length = engine.getInto(key, room, apiVersion);
    if (length === 0) return undefined;
    if (length > 0) {
      NEWLINE.copy(scratch, length);
      return latin1Source(scratch.toString('latin1', 0, length + NEWLINE.length));
    }
    const found = engine.get(key, apiVersion);
    return found && objectDocument(found.object);
  } catch (error) {
    throw cacheError(error);
  }
}

/** The same of an object's bytes, which are copied. */
export function objectDocument(object: Uint8Array): BytesSource {
  return { type: 'bytes', bytes: Buffer.concat([object, NEWLINE]) };
}
