/** A root that a reader holds: everything read through it is the state at exactly its revision. */

import type { ObjectKey } from '../../object/index.js';
import { checkDeclared, closed, expired, future } from '../checks.js';
import {
  type EngineList,
  type EngineObject,
  type EngineRoot,
  type ListQuery,
  REVISION_MAX,
} from '../contract.js';
import { HEAD_LANE, STATUS } from '../wire.js';
import type { CacheAccess } from './access.js';
import { statusError } from './errors.js';
import { NativeList } from './list.js';
import { copiedLength, readObject } from './object.js';
import { isKey } from './scope.js';

const NAME = 'the root';

/** The handle of a root that was closed. */
const CLOSED = -1;

export class NativeRoot implements EngineRoot {
  readonly revision: bigint;
  readonly generation: number;
  readonly count: number;
  readonly #cache: CacheAccess;
  #handle: number;

  /** The state now, or at exactly `revision`. */
  constructor(cache: CacheAccess, revision: bigint | undefined) {
    const { connection } = cache;
    const { numbers, revisions } = connection;
    this.#cache = cache;
    this.#handle = openRoot(cache, revision);
    this.revision = revisions[HEAD_LANE.revision]!;
    this.generation = numbers[HEAD_LANE.generation]!;
    this.count = numbers[HEAD_LANE.count]!;
  }

  get(key: ObjectKey, apiVersion?: string): EngineObject | undefined {
    this.#assertOpen();
    return readObject(this.#cache.connection, this.#handle, true, key, apiVersion, NAME);
  }

  getInto(
    key: ObjectKey,
    target: Uint8Array,
    apiVersion?: string,
    revision?: BigUint64Array,
  ): number {
    this.#assertOpen();
    const name = isKey(key) ? key.name : '';
    const { connection } = this.#cache;
    const { addon } = connection;
    const length = addon.getAt(this.#handle, key.namespace, name, apiVersion, target, 0);
    return copiedLength(connection, length, revision, NAME);
  }

  list(query: ListQuery): EngineList {
    this.#assertOpen();
    checkDeclared(query.selector?.fields ?? [], this.#cache.fields);
    return new NativeList(this.#cache, this.#handle, query);
  }

  close(): void {
    if (this.#handle === CLOSED) return;
    this.#cache.connection.addon.closeRoot(this.#handle);
    this.#handle = CLOSED;
  }

  #assertOpen(): void {
    if (this.#handle === CLOSED) throw closed(NAME);
  }
}

function openRoot({ connection, handle, title }: CacheAccess, revision?: bigint): number {
  const { addon, revisions } = connection;
  const isExact = revision !== undefined;
  // What 64 bits don't hold is below all revisions, or above them.
  const isHeld = !isExact || (revision >= 0n && revision <= REVISION_MAX);
  if (isExact && isHeld) revisions[HEAD_LANE.revision] = revision;
  const root = addon.openRoot(handle, isExact && isHeld);
  if (root >= 0 && isHeld) return root;
  if (root >= 0) {
    addon.closeRoot(root);
    if (addon.state(handle) < 0) throw closed(title);
    throw revision! < 0n
      ? expired(revision!, revisions[HEAD_LANE.oldestRevision]!)
      : future(revision!, revisions[HEAD_LANE.revision]!);
  }
  if (root === STATUS.revisionExpired) {
    throw expired(revision!, revisions[HEAD_LANE.oldestRevision]!);
  }
  if (root === STATUS.revisionFuture) throw future(revision!, revisions[HEAD_LANE.revision]!);
  throw statusError(root, title);
}
