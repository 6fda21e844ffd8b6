/**
 * The metadata that every object carries, as Kubernetes' ObjectMeta spells it: only the fields that
 * something here reads or writes. What else stands in a `metadata` is kept as it is.
 */

import type { JsonValue } from './resource.js';

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  /** A decimal string; never a number (2^53 is reached in long-lived clusters). */
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string | null;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: { [key: string]: string };
  annotations?: { [key: string]: string };
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

/** Any Kubernetes object. Fields other than these depend on the type. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** An object of unknown type: whatever JSON the metadata stands in. */
export type UnknownObject = KubernetesObject & {
  [key: string]: JsonValue | ObjectMeta | undefined;
};
