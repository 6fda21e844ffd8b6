/**
 * Storage keys of objects: `/<group>/<resource>/<namespace>/<name>`, cluster-scoped types without
 * the namespace, the core group as `core`. Group and resource come from a checked definition;
 * namespace and name from requests, and are checked here before they become part of a key.
 */

import { isDns1123Label, isDns1123Subdomain } from '../../object/index.js';
import type { ObjectKey, ResourceType } from '../../object/index.js';

/** The prefix of a type's keys, ending in `/`: what its cache is fed from. */
export function keyPrefix(type: Pick<ResourceType, 'group' | 'resource'>): string {
  return `/${type.group === '' ? 'core' : type.group}/${type.resource}/`;
}

export function objectKey(type: ResourceType, key: ObjectKey): string {
  const prefix = keyPrefix(type);
  return type.namespaced ? `${prefix}${key.namespace}/${key.name}` : prefix + key.name;
}

/** Whether an object of this type could have this key at all. */
export function isPossibleKey(type: ResourceType, { namespace, name }: ObjectKey): boolean {
  if (isDns1123Subdomain(name).length > 0) return false;
  return type.namespaced ? isDns1123Label(namespace).length === 0 : namespace === '';
}
