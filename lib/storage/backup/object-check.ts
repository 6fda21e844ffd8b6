/**
 * Whether a stored value is the object that its key tells: canonical JSON without resourceVersion,
 * with the name, namespace and group of `/<group>/<resource>/[<namespace>/]<name>`.
 */

import { ObjectError, qualifiedResource, scanObject } from '../../object/index.js';
import { StorageError } from '../contract.js';
import { checkKey } from '../limits.js';
import type { Report } from './finding.js';

export interface ParsedKey {
  /** `''` for the core group. */
  readonly group: string;
  readonly resource: string;
  /** `''` for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
}

/** `undefined` for a key that no object has, which is reported. */
export function parseKey(key: string, where: string, report: Report): ParsedKey | undefined {
  try {
    checkKey(key);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    report('key', `${where}: ${error.message}`);
    return undefined;
  }
  const parsed = splitKey(key);
  if (parsed === undefined) {
    report('key', `${where}: a key is /<group>/<resource>/[<namespace>/]<name>`);
  }
  return parsed;
}

/** As `parseKey`, for a key that is known to be well-formed; `undefined` for another form. */
export function splitKey(key: string): ParsedKey | undefined {
  const segments = key.slice(1).split('/');
  if (segments.length < 3 || segments.length > 4) return undefined;
  const [group = '', resource = ''] = segments;
  return {
    group: group === CORE ? '' : group,
    resource,
    namespace: segments.length === 4 ? segments[2]! : '',
    name: segments.at(-1)!,
  };
}

/** The prefix of the keys of `resource.group`, or of `resource` in the core group. */
export function resourcePrefix(name: string): string {
  const dot = name.indexOf('.');
  if (dot < 0) return `/${CORE}/${name}/`;
  return `/${name.slice(dot + 1)}/${name.slice(0, dot)}/`;
}

export function resourceName(key: ParsedKey): string {
  return qualifiedResource(key);
}

/** Reports what is wrong with a value; at most one fault. */
export function checkObject(
  key: ParsedKey | undefined,
  value: Uint8Array,
  where: string,
  report: Report,
): void {
  let object;
  try {
    object = scanObject(value, NO_FIELDS);
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
    return report('json', `${where}: ${error.message}`);
  }
  if (!equalBytes(object.bytes, value)) {
    return report('canonical', `${where}: not canonical JSON without a resourceVersion`);
  }
  if (key === undefined) return;
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0]! : '';
  const differences = [
    difference('metadata.name', object.name, key.name),
    difference('metadata.namespace', object.namespace, key.namespace),
    difference('the group of apiVersion', group, key.group),
  ].filter((text) => text !== undefined);
  if (differences.length > 0) report('metadata', `${where}: ${differences.join(', ')}`);
}

function difference(what: string, is: string, should: string): string | undefined {
  if (is === should) return undefined;
  return `${what} is ${JSON.stringify(is)}, but its key says ${JSON.stringify(should)}`;
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && Buffer.compare(left, right) === 0;
}

const CORE = 'core';
const NO_FIELDS: readonly string[] = [];
