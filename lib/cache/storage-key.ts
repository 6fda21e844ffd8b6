/**
 * Keys of a storage's prefix and keys of objects: `<prefix><namespace>/<name>`, and
 * `<prefix><name>` for types without namespaces.
 */

import type { ObjectKey } from '../object/index.js';

/** Where a cache's objects are stored. */
export interface KeySpace {
  /** Ends in `/`. */
  readonly prefix: string;
  readonly namespaced: boolean;
}

export function storageKey({ prefix, namespaced }: KeySpace, key: ObjectKey): string {
  return namespaced ? `${prefix}${key.namespace}/${key.name}` : prefix + key.name;
}

/** Throws a RangeError for a key that is none of the space's. */
export function objectKey({ prefix, namespaced }: KeySpace, key: string): ObjectKey {
  const path = key.startsWith(prefix) ? key.slice(prefix.length).split('/') : [];
  const [first = '', second = ''] = path;
  if (path.length !== (namespaced ? 2 : 1) || first === '' || (namespaced && second === '')) {
    const shape = namespaced ? '<namespace>/<name>' : '<name>';
    throw new RangeError(`storage key ${key} is not of the form ${prefix}${shape}`);
  }
  return namespaced ? { namespace: first, name: second } : { namespace: '', name: first };
}
