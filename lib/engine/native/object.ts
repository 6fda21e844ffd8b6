/** Reading one object, of the current state or of a root: the calls that must cost least. */

import type { ObjectKey } from '../../object/index.js';
import type { EngineObject } from '../contract.js';
import { HEAD_LANE, STATUS } from '../wire.js';
import type { Connection } from './connection.js';
import { statusError } from './errors.js';
import { isKey } from './scope.js';

/** The object of the key, by the handle of a cache or of a root; `owner` names that in errors. */
export function readObject(
  connection: Connection,
  handle: number,
  isRoot: boolean,
  key: ObjectKey,
  apiVersion: string | undefined,
  owner: string,
): EngineObject | undefined {
  const { addon, numbers, page } = connection;
  const { namespace } = key;
  // Of a key that can't be there only the refusal is of interest: the cache may be closed.
  const name = isKey(key) ? key.name : '';
  for (;;) {
    const { target, start } = page;
    const length = isRoot
      ? addon.getAt(handle, namespace, name, apiVersion, target, start)
      : addon.get(handle, namespace, name, apiVersion, target, start);
    if (length >= 0) {
      const revision = connection.revisions[HEAD_LANE.revision]!;
      const object = page.bytes(start, length);
      page.settle(start + length);
      return { namespace, name, revision, object };
    }
    if (length === STATUS.notFound) return undefined;
    if (length === STATUS.tooSmall) page.demand(numbers[HEAD_LANE.needed]!);
    else if (!page.replaceDetached()) throw statusError(length, owner);
  }
}

/** What `getInto` tells, by what the addon has answered; `owner` is named in errors. */
export function copiedLength(
  connection: Connection,
  answer: number,
  revision: BigUint64Array | undefined,
  owner: string,
): number {
  if (answer === STATUS.notFound) return 0;
  if (answer < 0 && answer !== STATUS.tooSmall) throw statusError(answer, owner);
  if (revision !== undefined) revision[0] = connection.revisions[HEAD_LANE.revision]!;
  return answer < 0 ? -connection.numbers[HEAD_LANE.needed]! : answer;
}
