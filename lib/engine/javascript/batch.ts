/**
 * A batch of changes on its way in: checked as a whole, its objects scanned and laid into the
 * arena, before anything of the present state moves.
 *
 * Invariant: a batch that is refused leaves nothing behind but free memory.
 */

import { checkRising, checkState, scanPut } from '../checks.js';
import type { Change, Put } from '../contract.js';
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
  checkRising(changes, revision);
  return makeVersions(changes, store);
}

/** The versions of a whole new state at `revision`. */
export function prepareState(
  objects: readonly Put[],
  revision: bigint,
  store: VersionStore,
): readonly Version[] {
  checkState(objects, revision);
  return makeVersions(objects, store) as readonly Version[];
}

function makeVersions(
  changes: readonly Change[],
  store: VersionStore,
): readonly (Version | undefined)[] {
  // Of that size from the start: an array that grows takes room for more.
  const versions: (Version | undefined)[] = changes.map(() => undefined);
  try {
    for (let index = 0; index < changes.length; index++) {
      const change = changes[index]!;
      if (change.type === 'put') versions[index] = makeVersion(change, index, store);
    }
  } catch (error) {
    for (const version of versions) version?.free(store.arena, store.strings);
    throw error;
  }
  return versions;
}

function makeVersion(put: Put, index: number, store: VersionStore): Version {
  const { arena, strings } = store;
  return scanPut(put, index, store.fields, (content) => {
    return new Version(content, put.revision, arena, strings);
  });
}
