/**
 * Objects on their way out: the bytes that were stored, with the revision in them and in the
 * version that was asked for. Bytes are moved, never parsed and written again.
 */

import {
  apiVersionOf,
  replaceApiVersion,
  scanObject,
  stampRevision,
  storageVersion,
} from '../../object/index.js';
import type { ResourceType, ResourceVersion } from '../../object/index.js';

/**
 * `stored` (canonical, without a resourceVersion) as it is served. `revision` is `undefined` for
 * what a dry run did not create.
 */
export function outgoingBytes(
  type: ResourceType,
  version: ResourceVersion,
  stored: Uint8Array,
  revision: bigint | undefined,
): Uint8Array {
  const scanned = scanObject(stored, []);
  const bytes = revision === undefined ? stored : stampRevision(scanned, revision).bytes;
  if (version.name === storageVersion(type).name) return bytes;
  const { apiVersionOffset, apiVersionLength } = scanned;
  const apiVersion = apiVersionOf(type.group, version.name);
  return replaceApiVersion(bytes, apiVersionOffset, apiVersionLength, apiVersion);
}
