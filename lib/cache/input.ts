/**
 * What callers hand in, checked once at the edge: changes become an engine's changes.
 *
 * Rules:
 *  1. Every refusal is a CacheError that says which change it is about and what is wrong with it.
 *  2. Revisions rise within a batch; one that is not given is the one before and one.
 *  3. Names are path segments (`/`, `%`, `.` and `..` are refused), as everywhere in Kubernetes: a
 *     key can then be told from its parts.
 */

import type { Change, Put } from '../engine/index.js';
import { isPathSegmentName, type ObjectKey, scanObject } from '../object/index.js';
import type { CacheChange, CachePut } from './contract.js';
import { CacheError } from './contract.js';
import { revisionOf } from './resource-version.js';

/** A change that may go to an engine. */
export interface ReadChange {
  readonly change: Change;
  /** Seconds the object has to live; 0: for ever. */
  readonly ttlSeconds: number;
}

const encoder = new TextEncoder();
const NO_FIELDS: readonly string[] = [];

/** Checks a batch that follows `last`; `ttlSeconds` is the default. */
export function readChanges<T>(
  changes: readonly CacheChange<T>[],
  last: bigint,
  ttlSeconds: number,
): readonly ReadChange[] {
  let previous = last;
  return changes.map((change, index) => {
    if (typeof change !== 'object' || change === null) {
      throw invalid(index, `it is neither a put nor a delete but ${text(change)}`);
    }
    const revision = readRevision(change.resourceVersion, previous, index);
    previous = revision;
    if (change.type === 'put') {
      const put = readPut(change, index);
      const ttl = change.ttlSeconds === undefined ? ttlSeconds : change.ttlSeconds;
      return { change: { ...put, revision }, ttlSeconds: checkTtl(ttl, index) };
    }
    if (change.type !== 'delete') {
      throw invalid(index, `its type is neither 'put' nor 'delete' but ${text(change)}`);
    }
    const key = { namespace: change.namespace ?? '', name: change.name };
    checkKey(key, index);
    return { change: { type: 'delete', ...key, revision }, ttlSeconds: 0 };
  });
}

/**
 * Checks the objects of a new state that follows `last`. An object keeps the resourceVersion it
 * carries, if it carries one; the others get that of the state.
 */
export function readState<T>(
  objects: Iterable<CachePut<T>['object']>,
  resourceVersion: string | undefined,
  last: bigint,
): { readonly puts: readonly Put[]; readonly revision: bigint } {
  const read: { put: Put; own: bigint }[] = [];
  let highest = 0n;
  for (const object of objects) {
    const index = read.length;
    const { own, ...put } = readObject(object, index);
    checkKey(put, index);
    if (own > highest) highest = own;
    read.push({ put: { type: 'put', ...put, revision: own }, own });
  }
  const next = last + 1n > highest ? last + 1n : highest;
  const revision = resourceVersion === undefined ? next : readRevision(resourceVersion, last, -1);
  if (revision < highest) {
    throw new CacheError(
      'revision-not-rising',
      `resourceVersion ${revision} is below an object's, ${highest}`,
      { requested: revision.toString(), current: highest.toString() },
    );
  }
  const puts = read.map(({ put, own }) => (own === 0n ? { ...put, revision } : put));
  return { puts, revision };
}

/** Throws a CacheError `invalid-options` for what is no number of seconds. */
export function checkTtl(ttlSeconds: number, index?: number): number {
  if (typeof ttlSeconds === 'number' && ttlSeconds >= 0 && Number.isFinite(ttlSeconds)) {
    return ttlSeconds;
  }
  const where = index === undefined ? '' : `change ${index}: `;
  const message = `${where}ttlSeconds is not a number of seconds: ${String(ttlSeconds)}`;
  throw new CacheError('invalid-options', message, index === undefined ? {} : { index });
}

function readPut<T>(put: CachePut<T>, index: number): Omit<Put, 'revision'> {
  const { namespace, name } = put;
  // With the name given, bytes are scanned once, by the engine, which compares the names.
  const key = name === undefined ? undefined : { namespace: namespace ?? '', name };
  const { own: _own, ...read } =
    key !== undefined && isBytes(put.object)
      ? { ...key, object: put.object, own: 0n }
      : readObject(put.object, index);
  checkKey(read, index);
  checkSame('name', name, read.name, index);
  checkSame('namespace', name === undefined ? namespace : (namespace ?? ''), read.namespace, index);
  return { type: 'put', ...read };
}

function checkSame(part: string, given: string | undefined, read: string, index: number): void {
  if (given === undefined || given === read) return;
  throw invalid(index, `its ${part} is given as '${given}', but metadata.${part} is '${read}'`);
}

interface ReadObject extends ObjectKey {
  readonly object: Uint8Array;
  /** The resourceVersion it carries; 0 for none. */
  readonly own: bigint;
}

function readObject(input: unknown, index: number): ReadObject {
  const object = toBytes(input, index);
  let scanned;
  try {
    scanned = scanObject(object, NO_FIELDS);
  } catch (error) {
    throw invalid(index, error instanceof Error ? error.message : String(error), error);
  }
  const { namespace, name, resourceVersion } = scanned;
  const own = resourceVersion === '' ? 0n : revisionOf(resourceVersion);
  if (own === undefined) {
    throw invalid(index, `metadata.resourceVersion '${resourceVersion}' is not a decimal number`);
  }
  return { namespace, name, object, own };
}

function toBytes(input: unknown, index: number): Uint8Array {
  if (isBytes(input)) return input;
  if (typeof input === 'string') return encoder.encode(input);
  if (typeof input !== 'object' || input === null) {
    throw invalid(index, `its object is neither bytes, JSON text nor an object but ${text(input)}`);
  }
  try {
    return encoder.encode(JSON.stringify(input));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalid(index, `its object can't be made JSON: ${why}`, error);
  }
}

function isBytes(input: unknown): input is Uint8Array {
  return input instanceof Uint8Array;
}

function checkKey({ namespace, name }: ObjectKey, index: number): void {
  if (typeof name !== 'string' || name === '') throw invalid(index, 'metadata.name is missing');
  checkSegment('name', name, index);
  if (namespace !== '') checkSegment('namespace', namespace, index);
}

function checkSegment(part: string, value: string, index: number): void {
  const messages = typeof value === 'string' ? isPathSegmentName(value) : ['is not a string'];
  if (typeof value === 'string' && value.includes('\0')) messages.push('may not contain NUL');
  if (messages.length === 0) return;
  throw invalid(index, `metadata.${part} '${String(value)}' ${messages.join(', ')}`);
}

function readRevision(given: string | undefined, last: bigint, index: number): bigint {
  if (given === undefined) return last + 1n;
  const where = index < 0 ? '' : `change ${index}: `;
  const details = index < 0 ? {} : { index };
  const revision = revisionOf(given);
  if (revision === undefined) {
    const message = `${where}invalid resource version: '${String(given)}' is not a decimal number`;
    throw new CacheError('invalid-resource-version', message, {
      ...details,
      requested: `${given}`,
    });
  }
  if (revision > last) return revision;
  const message = `${where}resourceVersion ${revision} is not above the last one, ${last}`;
  throw new CacheError('revision-not-rising', message, {
    ...details,
    requested: revision.toString(),
    current: last.toString(),
  });
}

function invalid(index: number, why: string, cause?: unknown): CacheError {
  return new CacheError('invalid-object', `change ${index}: ${why}`, { index, cause });
}

function text(value: unknown): string {
  return value === null ? 'null' : `a ${typeof value}`;
}
