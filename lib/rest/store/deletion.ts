/**
 * What a DELETE does to an object: removes it, or marks it and leaves it to its finalizers.
 *
 *  1. An object without finalizers is removed at once.
 *  2. With finalizers it gets a deletionTimestamp, a grace period of 0 and the next generation; it
 *     is removed by the update that takes the last finalizer away.
 *  3. The propagation policy is a finalizer too, for a garbage collector to act on; asking again
 *     with another policy exchanges it, asking without one keeps it.
 *
 * Pure functions over decoded metadata.
 */

import type { ObjectMeta } from '../../object/index.js';
import type { FieldError } from '../../request/index.js';
import { fieldInvalid, fieldNotSupported } from '../../request/index.js';
import { FINALIZER_FOREGROUND, FINALIZER_ORPHAN } from './validation.js';

export type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground';

const PROPAGATION_POLICIES = ['Foreground', 'Background', 'Orphan'] as const;

/** Upstream's DeleteOptions, as far as they decide about the object. */
export interface DeletionOptions {
  /** A PropagationPolicy once it is validated. */
  readonly propagationPolicy?: string;
  /** Deprecated spelling of Orphan (true) and Background (false). */
  readonly orphanDependents?: boolean;
  readonly preconditions?: Preconditions;
  /** Deletes what can't be read (KEP-3926), and nothing else; goes with no other option. */
  readonly ignoreStoreReadError?: boolean;
}

export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export function validateDeletionOptions(options: DeletionOptions): FieldError[] {
  const { propagationPolicy, orphanDependents } = options;
  const errors: FieldError[] = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push(fieldInvalid('propagationPolicy', propagationPolicy, detail));
  }
  const policies: readonly string[] = PROPAGATION_POLICIES;
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    errors.push(fieldNotSupported('propagationPolicy', propagationPolicy, [...policies, 'nil']));
  }
  return errors;
}

/** Why the preconditions do not hold for this object, or `undefined`. */
export function failedPrecondition(
  preconditions: Preconditions | undefined,
  current: { readonly uid: string; readonly resourceVersion: string },
): string | undefined {
  const { uid, resourceVersion } = preconditions ?? {};
  if (uid !== undefined && uid !== current.uid) {
    return (
      `the UID in the precondition (${uid}) does not match the UID in record (${current.uid}). ` +
      'The object might have been deleted and then recreated'
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== current.resourceVersion) {
    return (
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ` +
      `ResourceVersion in record (${current.resourceVersion}). The object might have been modified`
    );
  }
  return undefined;
}

/** `undefined`: the object is to be removed; else the metadata it goes on with. */
export function planDeletion(
  metadata: ObjectMeta,
  options: DeletionOptions,
  now: string,
): ObjectMeta | undefined {
  const finalizers = withPolicy(metadata.finalizers ?? [], options);
  if (finalizers.length === 0) return undefined;
  const marked: ObjectMeta = { ...metadata, finalizers };
  if (metadata.deletionTimestamp !== undefined) return marked;
  marked.deletionTimestamp = now;
  marked.deletionGracePeriodSeconds = 0;
  marked.generation = (metadata.generation ?? 0) + 1;
  return marked;
}

/** Whether an update leaves nothing to wait for: the object is to be removed. */
export function isFinalized(metadata: ObjectMeta): boolean {
  return (
    metadata.deletionTimestamp !== undefined &&
    (metadata.finalizers ?? []).length === 0 &&
    (metadata.deletionGracePeriodSeconds ?? 0) === 0
  );
}

function withPolicy(
  finalizers: readonly string[],
  { propagationPolicy, orphanDependents }: DeletionOptions,
): string[] {
  if (propagationPolicy === undefined && orphanDependents === undefined) return [...finalizers];
  const others = finalizers.filter(
    (name) => name !== FINALIZER_ORPHAN && name !== FINALIZER_FOREGROUND,
  );
  if (propagationPolicy === 'Orphan' || orphanDependents === true) {
    return [...others, FINALIZER_ORPHAN];
  }
  return propagationPolicy === 'Foreground' ? [...others, FINALIZER_FOREGROUND] : others;
}
