/**
 * What a storage holds and no reader can be shown: bytes that are no object, and objects that are
 * not those of their keys. Engines refuse both, but tell only of the first.
 */

import { ObjectError, scanObject } from '../object/index.js';
import { CorruptValuesError, type CorruptValue, type StoredValue } from '../storage/index.js';
import { type KeySpace, objectKey } from './storage-key.js';

/** Why it can't be read; `undefined` where it can. @hidden */
export function unreadable(
  space: KeySpace,
  stored: Pick<StoredValue, 'key' | 'value' | 'revision'>,
): CorruptValue | undefined {
  const { key, value, revision } = stored;
  const reason = faultOf(space, key, value);
  return reason === undefined ? undefined : { key, reason, revision };
}

/** Throws a CorruptValuesError that names all of these that can't be read, if there are any. */
export function refuseUnreadable(
  space: KeySpace,
  values: Iterable<Pick<StoredValue, 'key' | 'value' | 'revision'>>,
  cause?: unknown,
): void {
  const corrupt: CorruptValue[] = [];
  for (const stored of values) {
    const found = unreadable(space, stored);
    if (found !== undefined) corrupt.push(found);
  }
  if (corrupt.length > 0) throw new CorruptValuesError(corrupt, { cause });
}

function faultOf(space: KeySpace, key: string, value: Uint8Array): string | undefined {
  let name: string;
  let namespace: string;
  try {
    ({ name, namespace } = objectKey(space, key));
  } catch (error) {
    return (error as RangeError).message;
  }
  try {
    const object = scanObject(value, NO_FIELDS);
    if (object.name === name && object.namespace === namespace) return undefined;
    const is = JSON.stringify(`${object.namespace}/${object.name}`);
    return `it holds the object ${is}, which is another one's`;
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
    return `it is no object: ${error.message}`;
  }
}

const NO_FIELDS: readonly string[] = [];
