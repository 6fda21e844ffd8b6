/**
 * A batch of changes on its way in: checked as a whole, its objects scanned and laid into the
 * arena, before anything of the present state moves.
 *
 * Invariant: a batch that is refused leaves nothing behind but free memory.
 */

import { ObjectError, type ScannedObject, scanObject } from '../../object/index.js';
import { type Change, EngineError, type Put } from '../contract.js';
import type { Arena } from './arena.js';
import type { StringPool } from './strings.js';
import { Version } from './version.js';

/** Where new versions go. */
export interface VersionStore {
  readonly arena: Arena;
  readonly strings: StringPool;
  /** Declared index fields. */
  readonly fields: readonly string[];
}

/** The versions that the changes bring, in their order; `undefined` for a deletion. */
export function prepareChanges(
  changes: readonly Change[],
  revision: bigint,
  store: VersionStore,
): readonly (Version | undefined)[] {
  let last = revision;
  changes.forEach((change, index) => {
    if (change.revision <= last) {
      throw new EngineError(
        'revision-not-rising',
        `revision ${change.revision} of ${describeKey(change)} is not above ${last}`,
        { index },
      );
    }
    last = change.revision;
  });
  return makeVersions(changes, store);
}

/** The versions of a whole new state at `revision`. */
export function prepareState(
  objects: readonly Put[],
  revision: bigint,
  store: VersionStore,
): readonly Version[] {
  const keys = new Set<string>();
  objects.forEach((put, index) => {
    if (put.revision > revision) {
      throw new EngineError(
        'revision-not-rising',
        `revision ${put.revision} of ${describeKey(put)} is above that of the list, ${revision}`,
        { index },
      );
    }
    const key = `${put.namespace.length}/${put.namespace}/${put.name}`;
    if (keys.has(key)) {
      const message = `${describeKey(put)} is in the list more than once`;
      throw new EngineError('invalid-object', message, { index });
    }
    keys.add(key);
  });
  return makeVersions(objects, store) as readonly Version[];
}

function makeVersions(
  changes: readonly Change[],
  store: VersionStore,
): readonly (Version | undefined)[] {
  const versions: (Version | undefined)[] = [];
  try {
    for (const change of changes) {
      versions.push(
        change.type === 'put' ? makeVersion(change, versions.length, store) : undefined,
      );
    }
  } catch (error) {
    for (const version of versions) version?.free(store.arena, store.strings);
    throw error;
  }
  return versions;
}

function makeVersion(put: Put, index: number, store: VersionStore): Version {
  const scanned = scan(put, index, store.fields);
  if (scanned.name !== put.name || scanned.namespace !== put.namespace || put.name === '') {
    const found = describeKey(scanned);
    throw new EngineError(
      'key-mismatch',
      `the object of ${describeKey(put)} says of itself that it is ${found}`,
      { index },
    );
  }
  return new Version(scanned, put.revision, store.arena, store.strings);
}

function scan(put: Put, index: number, fields: readonly string[]): ScannedObject {
  try {
    return scanObject(put.object, fields);
  } catch (cause) {
    if (!(cause instanceof ObjectError)) throw cause;
    throw new EngineError('invalid-object', `${describeKey(put)}: ${cause.message}`, {
      cause,
      index,
    });
  }
}

// For people: not to be compared.
function describeKey(key: { readonly namespace: string; readonly name: string }): string {
  return key.namespace === '' ? JSON.stringify(key.name) : `${key.namespace}/${key.name}`;
}
