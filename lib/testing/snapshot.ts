/**
 * All objects of a test server as a value to assert on, the same for the same state: resources,
 * objects and their fields are sorted.
 */

import type { UnknownObject } from '../object/index.js';
import type { ObjectState } from './object-state.js';
import { TestingError } from './error.js';

/** What differs from run to run, or from write to write. */
export type Volatile = 'uid' | 'resourceVersion' | 'generation' | 'timestamps';

export interface SnapshotOptions {
  /** Only these resources, such as `widgets.example.com`. Default: all that have objects. */
  readonly resources?: readonly string[];
  /** Only objects of this namespace. Default: all. */
  readonly namespace?: string;
  /**
   * Fields to leave out. `timestamps` are metadata's and those of conditions (`lastTransitionTime`
   * and the like). Default: none.
   */
  readonly without?: readonly Volatile[];
}

/** Objects by resource, each list sorted by namespace and name. */
export interface ObjectSnapshot {
  readonly [resource: string]: readonly UnknownObject[];
}

const VOLATILE: readonly string[] = [
  'uid',
  'resourceVersion',
  'generation',
  'timestamps',
] satisfies Volatile[];

/** `resources` are the names of those to show, sorted. Throws a TestingError `invalid-options`. */
export function takeSnapshot(
  state: ObjectState,
  resources: readonly string[],
  { namespace, without = [] }: SnapshotOptions,
): ObjectSnapshot {
  for (const field of without) {
    if (VOLATILE.includes(field)) continue;
    const message = `a snapshot can leave out ${VOLATILE.join(', ')}, but not "${String(field)}"`;
    throw new TestingError('invalid-options', message);
  }
  const lists = resources.map((resource) => {
    const objects = state.list(resource, namespace) as readonly UnknownObject[];
    return [resource, objects.map((object) => strip(object, without))] as const;
  });
  return Object.fromEntries(lists.filter(([, objects]) => objects.length > 0));
}

const METADATA_TIMES = ['creationTimestamp', 'deletionTimestamp', 'managedFields'] as const;
const CONDITION_TIMES = [
  'lastTransitionTime',
  'lastUpdateTime',
  'lastProbeTime',
  'lastHeartbeatTime',
] as const;

// The object is the snapshot's own.
function strip(object: UnknownObject, without: readonly Volatile[]): UnknownObject {
  const metadata = (object.metadata ?? {}) as { [field: string]: unknown };
  for (const field of without) {
    if (field !== 'timestamps') delete metadata[field];
  }
  if (!without.includes('timestamps')) return object;
  for (const field of METADATA_TIMES) delete metadata[field];
  const { conditions } = (object['status'] ?? {}) as { readonly conditions?: unknown };
  for (const condition of Array.isArray(conditions) ? (conditions as unknown[]) : []) {
    if (typeof condition !== 'object' || condition === null) continue;
    for (const field of CONDITION_TIMES) delete (condition as { [field: string]: unknown })[field];
  }
  return object;
}
