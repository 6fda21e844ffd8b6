/**
 * The parameters of operations: parts of the path, and the query parameters that this server
 * understands. What it does not understand is not listed, as clients decide by the list.
 */

import type { JsonSchema, JsonValue } from '../object/index.js';

export type Parameter = { readonly [key: string]: JsonValue };

function query(name: string, type: string, description: string): Parameter {
  return { name, in: 'query', description, schema: { type } };
}

export const NAME: Parameter = pathParameter('name', 'The name of the object.');
export const NAMESPACE: Parameter = pathParameter('namespace', 'The namespace of the objects.');

const DRY_RUN: Parameter = query(
  'dryRun',
  'string',
  'With All, everything happens except that nothing is stored.',
);
const FIELD_MANAGER: Parameter = query(
  'fieldManager',
  'string',
  'Who makes the change: at most 128 printable characters.',
);
const FIELD_VALIDATION: Parameter = query(
  'fieldValidation',
  'string',
  'What happens to fields that are unknown or there twice: Ignore, Warn or Strict.',
);
const FORCE: Parameter = query(
  'force',
  'boolean',
  'Whether an apply takes over fields of other managers.',
);
const LABEL_SELECTOR: Parameter = query(
  'labelSelector',
  'string',
  'Only objects whose labels meet this.',
);
const FIELD_SELECTOR: Parameter = query(
  'fieldSelector',
  'string',
  'Only objects whose fields meet this.',
);
const SHARD_SELECTOR: Parameter = query(
  'shardSelector',
  'string',
  "Only a part of the objects, such as shardRange(object.metadata.uid, '0x0000000000000000', " +
    "'0x8000000000000000'); ranges are joined by ||.",
);
const CONTINUE: Parameter = query('continue', 'string', 'The token of the page before.');
const LIMIT: Parameter = query('limit', 'integer', 'The most objects of a page; 0 is all.');
const RESOURCE_VERSION: Parameter = query(
  'resourceVersion',
  'string',
  'The version that the answer shows or begins after; the match tells how exactly.',
);
const RESOURCE_VERSION_MATCH: Parameter = query(
  'resourceVersionMatch',
  'string',
  'How resourceVersion is meant: Exact or NotOlderThan.',
);
const TIMEOUT_SECONDS: Parameter = query(
  'timeoutSeconds',
  'integer',
  'Seconds after which a watch ends.',
);
const GRACE_PERIOD_SECONDS: Parameter = query(
  'gracePeriodSeconds',
  'integer',
  'Seconds until the object is to be gone; 0 is at once.',
);
const ORPHAN_DEPENDENTS: Parameter = query(
  'orphanDependents',
  'boolean',
  'Older form of propagationPolicy: whether dependents are kept.',
);
const PROPAGATION_POLICY: Parameter = query(
  'propagationPolicy',
  'string',
  'What happens to dependents: Orphan, Background or Foreground.',
);

export const PRETTY: Parameter = query('pretty', 'string', 'Whether the answer is indented.');

export const GET_PARAMETERS: readonly Parameter[] = [RESOURCE_VERSION];

export const LIST_PARAMETERS: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Whether a watch tells how far it has come.'),
  CONTINUE,
  FIELD_SELECTOR,
  SHARD_SELECTOR,
  LABEL_SELECTOR,
  LIMIT,
  RESOURCE_VERSION,
  RESOURCE_VERSION_MATCH,
  query('sendInitialEvents', 'boolean', 'Whether a watch begins with the objects that there are.'),
  TIMEOUT_SECONDS,
  query('watch', 'boolean', 'Whether the answer is a stream of changes instead of a list.'),
];

/** Those of a list that only a watch understands. */
export const WATCH_PARAMETERS: ReadonlySet<string> = new Set([
  'allowWatchBookmarks',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
]);

export const WRITE_PARAMETERS: readonly Parameter[] = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];

/** kubectl looks for `fieldValidation` here: without it, it would check objects by itself. */
export const PATCH_PARAMETERS: readonly Parameter[] = [...WRITE_PARAMETERS, FORCE];

export const DELETE_PARAMETERS: readonly Parameter[] = [
  DRY_RUN,
  GRACE_PERIOD_SECONDS,
  ORPHAN_DEPENDENTS,
  PROPAGATION_POLICY,
];

export const DELETE_COLLECTION_PARAMETERS: readonly Parameter[] = [
  CONTINUE,
  DRY_RUN,
  FIELD_SELECTOR,
  SHARD_SELECTOR,
  GRACE_PERIOD_SECONDS,
  LABEL_SELECTOR,
  LIMIT,
  ORPHAN_DEPENDENTS,
  PROPAGATION_POLICY,
  RESOURCE_VERSION,
  RESOURCE_VERSION_MATCH,
  TIMEOUT_SECONDS,
];

function pathParameter(name: string, description: string): Parameter {
  const schema: JsonSchema = { type: 'string' };
  return { name, in: 'path', required: true, description, schema };
}
