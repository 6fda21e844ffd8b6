/**
 * DeleteOptions: from the body where there is one, else from the query (never mixed, as upstream).
 */

import type { JsonValue } from '../../object/index.js';
import type { FieldError } from '../../request/index.js';
import { badRequest, fieldInvalid, invalid } from '../../request/index.js';
import type { DeletionOptions, Preconditions } from '../store/index.js';
import { isJsonObject, validateDeletionOptions } from '../store/index.js';
import { integerParameter, optionalBoolean } from './parameters.js';
import { dryRunErrors } from './write.js';

export interface DeleteOptions extends DeletionOptions {
  readonly dryRun: boolean;
}

/** Throws a StatusError 400 or 422. */
export function deleteOptionsOfQuery(query: URLSearchParams): DeleteOptions {
  // Types that are deleted gracefully are none of this server's: the number is only read.
  integerParameter(query, 'gracePeriodSeconds');
  return validated(
    {
      propagationPolicy: query.get('propagationPolicy') ?? undefined,
      orphanDependents: optionalBoolean(query, 'orphanDependents'),
      // Upstream's decoder finds the preconditions' fields by their own names.
      uid: query.get('uid') ?? undefined,
      resourceVersion: query.get('resourceVersion') ?? undefined,
      ignoreStoreReadError: optionalBoolean(query, IGNORE_READ_ERROR),
      hasGracePeriod: query.has('gracePeriodSeconds'),
    },
    query.getAll('dryRun'),
  );
}

/** Throws a StatusError 400 or 422. */
export function deleteOptionsOfBody(given: JsonValue): DeleteOptions {
  const body = given ?? {};
  if (!isJsonObject(body)) throw notDeleteOptions('it is not an object');
  const kind = body['kind'] ?? '';
  if (kind !== '' && kind !== 'DeleteOptions')
    throw notDeleteOptions(`its kind is ${String(kind)}`);
  const preconditions = body['preconditions'] ?? {};
  if (!isJsonObject(preconditions)) throw notDeleteOptions('preconditions is not an object');
  const gracePeriodSeconds = body['gracePeriodSeconds'] ?? null;
  if (gracePeriodSeconds !== null && !/^-?[0-9]+$/.test(String(gracePeriodSeconds))) {
    throw notDeleteOptions('gracePeriodSeconds is not an integer');
  }
  const dryRun = body['dryRun'] ?? [];
  if (!Array.isArray(dryRun) || !dryRun.every((value) => typeof value === 'string')) {
    throw notDeleteOptions('dryRun is not an array of strings');
  }
  const orphanDependents = body['orphanDependents'] ?? undefined;
  if (orphanDependents !== undefined && typeof orphanDependents !== 'boolean') {
    throw notDeleteOptions('orphanDependents is not a boolean');
  }
  const ignoreStoreReadError = body[IGNORE_READ_ERROR] ?? undefined;
  if (ignoreStoreReadError !== undefined && typeof ignoreStoreReadError !== 'boolean') {
    throw notDeleteOptions(`${IGNORE_READ_ERROR} is not a boolean`);
  }
  return validated(
    {
      propagationPolicy: text(body, 'propagationPolicy'),
      orphanDependents,
      uid: text(preconditions, 'uid'),
      resourceVersion: text(preconditions, 'resourceVersion'),
      ignoreStoreReadError,
      hasGracePeriod: gracePeriodSeconds !== null,
    },
    dryRun as readonly string[],
  );
}

interface Read {
  readonly propagationPolicy: string | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly ignoreStoreReadError: boolean | undefined;
  readonly hasGracePeriod: boolean;
}

const IGNORE_READ_ERROR = 'ignoreStoreReadErrorWithClusterBreakingPotential';

function validated(read: Read, dryRun: readonly string[]): DeleteOptions {
  const { propagationPolicy, orphanDependents, uid, resourceVersion } = read;
  const preconditions: Preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  const options: DeletionOptions = {
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    preconditions,
    ...(read.ignoreStoreReadError === true ? { ignoreStoreReadError: true } : {}),
  };
  const errors: FieldError[] = [
    ...validateDeletionOptions(options),
    ...dryRunErrors(dryRun),
    ...(read.ignoreStoreReadError === true ? exclusionErrors(read, dryRun) : []),
  ];
  if (errors.length > 0) {
    throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  }
  return { ...options, dryRun: dryRun.length > 0 };
}

// What can't be read has nothing that these could be held against.
function exclusionErrors(read: Read, dryRun: readonly string[]): FieldError[] {
  const given = {
    dryRun: dryRun.length > 0,
    propagationPolicy: read.propagationPolicy !== undefined,
    orphanDependents: read.orphanDependents !== undefined,
    gracePeriodSeconds: read.hasGracePeriod,
    preconditions: read.uid !== undefined || read.resourceVersion !== undefined,
  };
  return Object.entries(given)
    .filter(([, isGiven]) => isGiven)
    .map(([name]) => fieldInvalid(IGNORE_READ_ERROR, true, `cannot be set together with .${name}`));
}

function text(object: { readonly [key: string]: JsonValue }, field: string): string | undefined {
  const value = object[field] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw notDeleteOptions(`${field} is not a string`);
}

function notDeleteOptions(why: string): Error {
  return badRequest(`decoded object cannot be converted to DeleteOptions: ${why}`);
}
