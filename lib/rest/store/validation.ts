/**
 * Rules of object metadata, with upstream's texts (apimachinery `api/validation`). They return what
 * is wrong, all of it, and change nothing.
 */

import {
  ANNOTATIONS_BYTES_MAX,
  annotationsSize,
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
} from '../../object/index.js';
import type { ObjectMeta, OwnerReference } from '../../object/index.js';
import type { FieldError } from '../../request/index.js';
import {
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
  fieldTooLong,
  quote,
} from '../../request/index.js';

/** Finalizer that a garbage collector takes as: release the dependents. */
export const FINALIZER_ORPHAN = 'orphan';
/** Finalizer that a garbage collector takes as: delete the dependents first. */
export const FINALIZER_FOREGROUND = 'foregroundDeletion';

const IMMUTABLE = 'field is immutable';

/** What is wrong with the metadata of an object, new or changed. */
export function validateMetadata(metadata: ObjectMeta, namespaced: boolean): FieldError[] {
  return [
    ...validateName(metadata),
    ...validateNamespace(metadata.namespace ?? '', namespaced),
    ...validateLabels(metadata.labels ?? {}),
    ...validateAnnotations(metadata.annotations ?? {}),
    ...validateOwnerReferences(metadata.ownerReferences ?? []),
    ...validateFinalizers(metadata.finalizers ?? []),
  ];
}

/** What is wrong with `next` as the successor of `previous`. */
export function validateMetadataUpdate(next: ObjectMeta, previous: ObjectMeta): FieldError[] {
  const errors = noNewFinalizers(next, previous);
  if (next.deletionGracePeriodSeconds !== previous.deletionGracePeriodSeconds) {
    errors.push(
      fieldInvalid(
        'metadata.deletionGracePeriodSeconds',
        next.deletionGracePeriodSeconds,
        'field is immutable; may only be changed via deletion',
      ),
    );
  }
  for (const field of ['name', 'namespace', 'uid', 'deletionTimestamp'] as const) {
    if ((next[field] ?? '') === (previous[field] ?? '')) continue;
    errors.push(fieldInvalid(`metadata.${field}`, next[field], IMMUTABLE));
  }
  return errors;
}

/** What is unwise, but allowed, about the metadata of an object that was `previous` before. */
export function metadataWarnings(metadata: ObjectMeta, previous: ObjectMeta = {}): string[] {
  const known = new Set([FINALIZER_ORPHAN, FINALIZER_FOREGROUND, 'kubernetes']);
  for (const name of previous.finalizers ?? []) known.add(name);
  return [...new Set(metadata.finalizers ?? [])]
    .filter((name) => !name.includes('/') && !known.has(name))
    .sort()
    .map(
      (name) =>
        `metadata.finalizers: ${quote(name)}: prefer a domain-qualified finalizer name to avoid ` +
        'accidental conflicts with other finalizer writers',
    );
}

function validateName({ name = '', generateName = '' }: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (generateName !== '') {
    // The base may end in what only a middle may have: a suffix follows it. Upstream masks so.
    const endsInDash = generateName.length > 1 && generateName.endsWith('-');
    const masked = endsInDash ? `${generateName.slice(0, -2)}a` : generateName;
    for (const message of isDns1123Subdomain(masked)) {
      errors.push(fieldInvalid('metadata.generateName', generateName, message));
    }
  }
  if (name === '') {
    errors.push(fieldRequired('metadata.name', 'name or generateName is required'));
    return errors;
  }
  for (const message of isDns1123Subdomain(name)) {
    errors.push(fieldInvalid('metadata.name', name, message));
  }
  return errors;
}

function validateNamespace(namespace: string, namespaced: boolean): FieldError[] {
  if (!namespaced) {
    if (namespace === '') return [];
    return [fieldForbidden('metadata.namespace', 'not allowed on this type')];
  }
  if (namespace === '') return [fieldRequired('metadata.namespace')];
  return isDns1123Label(namespace).map((message) =>
    fieldInvalid('metadata.namespace', namespace, message),
  );
}

function validateLabels(labels: { readonly [key: string]: string }): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...isQualifiedName(key).map((message) => fieldInvalid('metadata.labels', key, message)),
    ...isLabelValue(value).map((message) => fieldInvalid('metadata.labels', value, message)),
  ]);
}

function validateAnnotations(annotations: { readonly [key: string]: string }): FieldError[] {
  const errors = Object.keys(annotations).flatMap((key) =>
    // Keys may be in upper case throughout, domain included.
    isQualifiedName(key.toLowerCase()).map((message) =>
      fieldInvalid('metadata.annotations', key, message),
    ),
  );
  if (annotationsSize(annotations) > ANNOTATIONS_BYTES_MAX) {
    errors.push(fieldTooLong('metadata.annotations', ANNOTATIONS_BYTES_MAX));
  }
  return errors;
}

function validateOwnerReferences(references: readonly OwnerReference[]): FieldError[] {
  const field = 'metadata.ownerReferences';
  const errors: FieldError[] = [];
  const controllers: string[] = [];
  for (const reference of references) {
    const { length, [length - 1]: version = '' } = reference.apiVersion.split('/');
    if (version === '' || length > 2) {
      errors.push(
        fieldInvalid(`${field}.apiVersion`, reference.apiVersion, 'version must not be empty'),
      );
    }
    for (const part of ['kind', 'name', 'uid'] as const) {
      if (reference[part] !== '') continue;
      errors.push(fieldInvalid(`${field}.${part}`, reference[part], 'must not be empty'));
    }
    if (reference.apiVersion === 'v1' && reference.kind === 'Event') {
      const detail = '/v1, Kind=Event is disallowed from being an owner';
      errors.push(fieldInvalid(field, reference, detail));
    }
    if (reference.controller === true) controllers.push(`${reference.kind}/${reference.name}`);
  }
  if (controllers.length > 1) {
    const detail =
      'Only one reference can have Controller set to true. Found "true" in references for ' +
      `${controllers[0]} and ${controllers[1]}`;
    errors.push(fieldInvalid(field, references, detail));
  }
  return errors;
}

function validateFinalizers(finalizers: readonly string[]): FieldError[] {
  const field = 'metadata.finalizers';
  const errors = finalizers.flatMap((name) =>
    isQualifiedName(name).map((message) => fieldInvalid(field, name, message)),
  );
  if (finalizers.includes(FINALIZER_ORPHAN) && finalizers.includes(FINALIZER_FOREGROUND)) {
    const detail = `finalizer ${FINALIZER_ORPHAN} and ${FINALIZER_FOREGROUND} cannot be both set`;
    errors.push(fieldInvalid(field, finalizers, detail));
  }
  return errors;
}

function noNewFinalizers(next: ObjectMeta, previous: ObjectMeta): FieldError[] {
  if (previous.deletionTimestamp === undefined) return [];
  const before = new Set(previous.finalizers ?? []);
  const added = [...new Set(next.finalizers ?? [])].filter((name) => !before.has(name)).sort();
  if (added.length === 0) return [];
  const list = added.map((name) => quote(name)).join(', ');
  return [
    fieldForbidden(
      'metadata.finalizers',
      'no new finalizers can be added if the object is being deleted, ' +
        `found new finalizers []string{${list}}`,
    ),
  ];
}
