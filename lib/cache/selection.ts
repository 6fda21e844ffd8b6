/**
 * From selectors and namespaces as callers write them to the scope that an engine reads.
 *
 * Rules (spec of LIST, request shaping):
 *  1. Field selectors may name `metadata.name`, `metadata.namespace` and the declared fields.
 *  2. A required `metadata.namespace` narrows a request over all namespaces to that one.
 *  3. A required `metadata.name`, where the namespace is known, makes it about a single object.
 *  The requirements stay in the selector all the same: narrowing never widens a result.
 */

import type { EngineSelector } from '../engine/index.js';
import type { FieldRequirement, LabelRequirement, ShardSelector } from '../object/index.js';
import {
  checkShardSelector,
  isPathSegmentName,
  parseFieldSelector,
  parseLabelSelector,
  parseShardSelector,
} from '../object/index.js';
import type { Selectors } from './contract.js';
import { CacheError } from './contract.js';

/** What a request is about. */
export interface Selection {
  /** `undefined`: all namespaces. */
  readonly namespace: string | undefined;
  /** Set where the request is about a single object. */
  readonly name: string | undefined;
  /** `undefined`: everything matches. */
  readonly selector: EngineSelector | undefined;
}

export interface SelectionOptions extends Selectors {
  readonly namespace?: string;
  readonly name?: string;
}

const METADATA_NAME = 'metadata.name';
const METADATA_NAMESPACE = 'metadata.namespace';

/** Which requests a cache understands. */
export interface SelectionRules {
  /** Declared fields. */
  readonly fields: ReadonlySet<string>;
  /** Whether objects live in namespaces; `undefined`: some do. */
  readonly namespaced: boolean | undefined;
}

/**
 * Throws a CacheError: `invalid-selector` for a selector that can't be read, `field-not-supported`
 * for a field that is not declared, `invalid-options` for a namespace or name that is no string.
 */
export function select(options: SelectionOptions, rules: SelectionRules): Selection {
  checkText('namespace', options.namespace);
  checkText('name', options.name);
  const labels = readLabels(options.labelSelector);
  const fields = readFields(options.fieldSelector);
  for (const { path } of fields) checkField(path, rules.fields);
  const shard = readShard(options.shardSelector);
  const isEmpty = labels.length + fields.length === 0 && shard === undefined;
  const selector = isEmpty
    ? undefined
    : { labels, fields, ...(shard === undefined ? {} : { shard }) };
  const namespace =
    rules.namespaced === false
      ? ''
      : (options.namespace ?? requiredSegment(fields, METADATA_NAMESPACE));
  const name = options.name ?? requiredSegment(fields, METADATA_NAME);
  return { namespace, name, selector };
}

function readLabels(selector: Selectors['labelSelector']): readonly LabelRequirement[] {
  if (typeof selector !== 'string') return selector ?? [];
  return parse(() => parseLabelSelector(selector));
}

function readFields(selector: Selectors['fieldSelector']): readonly FieldRequirement[] {
  if (typeof selector !== 'string') return selector ?? [];
  return parse(() => parseFieldSelector(selector));
}

function readShard(selector: Selectors['shardSelector']): ShardSelector | undefined {
  if (selector === undefined) return undefined;
  return parse(() => {
    if (typeof selector === 'string') return parseShardSelector(selector);
    checkShardSelector(selector);
    return selector;
  });
}

function parse<Parsed>(read: () => Parsed): Parsed {
  try {
    return read();
  } catch (error) {
    throw new CacheError('invalid-selector', error instanceof Error ? error.message : `${error}`, {
      cause: error,
    });
  }
}

function checkField(path: string, declared: ReadonlySet<string>): void {
  if (path === METADATA_NAME || path === METADATA_NAMESPACE || declared.has(path)) return;
  throw new CacheError('field-not-supported', `field label not supported: ${path}`);
}

function checkText(option: string, value: string | undefined): void {
  if (value === undefined || typeof value === 'string') return;
  throw new CacheError('invalid-options', `${option} is not a string but a ${typeof value}`);
}

// What can be no part of a key narrows nothing: nothing meets the requirement.
function requiredSegment(fields: readonly FieldRequirement[], path: string): string | undefined {
  const found = fields.find((field) => field.path === path && field.operator === 'Equals');
  if (found === undefined || found.value === '' || found.value.includes('\0')) return undefined;
  return isPathSegmentName(found.value).length === 0 ? found.value : undefined;
}
