/**
 * The options of GET, LIST and WATCH (`meta/v1` ListOptions), defaulted and validated by upstream's
 * rules. A value that can't be read is a 400; a combination that makes no sense is a 422 that names
 * every fault.
 */

import {
  SelectorError,
  parseFieldSelector,
  parseLabelSelector,
  parseShardSelector,
} from '../../object/index.js';
import type {
  FieldRequirement,
  LabelRequirement,
  ResourceType,
  ResourceVersion,
  ShardSelector,
} from '../../object/index.js';
import type { FieldError } from '../../request/index.js';
import {
  badRequest,
  booleanParameter,
  fieldForbidden,
  fieldNotSupported,
  invalid,
} from '../../request/index.js';
import { integerParameter, optionalBoolean, textParameter } from './parameters.js';

export interface ListOptions {
  readonly labelSelector: readonly LabelRequirement[];
  readonly fieldSelector: readonly FieldRequirement[];
  /** `undefined`: all objects. */
  readonly shardSelector: ShardSelector | undefined;
  readonly resourceVersion: string | undefined;
  readonly resourceVersionMatch: 'NotOlderThan' | 'Exact' | undefined;
  readonly continue: string | undefined;
  /** Above 0, or `undefined`. */
  readonly limit: number | undefined;
  /** Of a watch; `undefined`: left open. */
  readonly sendInitialEvents: boolean | undefined;
  readonly allowWatchBookmarks: boolean;
  /** As sent; 0 and absent mean the server's choice, negative means over. */
  readonly timeoutSeconds: number | undefined;
}

/**
 * By whose rules options are read: those of a list, of a watch, and of a watch that can't begin
 * with initial events (upstream's with the feature gate WatchList off).
 */
export type ListOptionsKind = 'list' | 'watch' | 'watch-without-initial-events';

/** Throws a StatusError 400 or 422. */
export function parseListOptions(
  query: URLSearchParams,
  type: ResourceType,
  version: ResourceVersion,
  kind: ListOptionsKind,
): ListOptions {
  const limit = integerParameter(query, 'limit') ?? 0;
  const timeoutSeconds = integerParameter(query, 'timeoutSeconds');
  const resourceVersion = textParameter(query, 'resourceVersion');
  const continueToken = textParameter(query, 'continue');
  const selectors = parseSelectors(query, type, version);
  const asked = defaulted(kind, {
    resourceVersion,
    match: textParameter(query, 'resourceVersionMatch'),
    continueToken,
    sendInitialEvents: optionalBoolean(query, 'sendInitialEvents'),
  });
  const errors = kind === 'list' ? listErrors(asked) : watchErrors(asked, kind);
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  return {
    ...selectors,
    resourceVersion,
    resourceVersionMatch: asked.match as 'NotOlderThan' | 'Exact' | undefined,
    continue: continueToken,
    limit: limit > 0 ? limit : undefined,
    sendInitialEvents: asked.sendInitialEvents,
    allowWatchBookmarks: booleanParameter(query, 'allowWatchBookmarks'),
    timeoutSeconds,
  };
}

function parseSelectors(
  query: URLSearchParams,
  type: ResourceType,
  version: ResourceVersion,
): Pick<ListOptions, 'labelSelector' | 'fieldSelector' | 'shardSelector'> {
  try {
    const labelSelector = parseLabelSelector(query.get('labelSelector') ?? '');
    const fieldSelector = parseFieldSelector(query.get('fieldSelector') ?? '');
    for (const { path } of fieldSelector) {
      const isKnown =
        path === 'metadata.name' ||
        (path === 'metadata.namespace' && type.namespaced) ||
        version.selectableFields.includes(path);
      if (!isKnown) throw badRequest(`field label not supported: ${path}`);
    }
    // An empty parameter is none, as upstream has it.
    const shard = textParameter(query, 'shardSelector');
    const shardSelector = shard === undefined ? undefined : parseShardSelector(shard);
    return { labelSelector, fieldSelector, shardSelector };
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message, error);
    throw error;
  }
}

interface Asked {
  readonly resourceVersion: string | undefined;
  readonly match: string | undefined;
  readonly continueToken: string | undefined;
  readonly sendInitialEvents: boolean | undefined;
}

const MATCH = 'resourceVersionMatch';
const WITH_CONTINUE = 'resourceVersionMatch is forbidden when continue is provided';

function listErrors(asked: Asked): FieldError[] {
  const { match, resourceVersion, continueToken, sendInitialEvents } = asked;
  const errors: FieldError[] = [];
  if (match !== undefined) {
    if (resourceVersion === undefined) {
      const why = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
      errors.push(fieldForbidden(MATCH, why));
    }
    if (continueToken !== undefined) errors.push(fieldForbidden(MATCH, WITH_CONTINUE));
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      errors.push(fieldNotSupported(MATCH, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
      const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
      errors.push(fieldForbidden(MATCH, why));
    }
  }
  if (sendInitialEvents !== undefined) {
    const why = 'sendInitialEvents is forbidden for list';
    errors.push(fieldForbidden('sendInitialEvents', why));
  }
  return errors;
}

// A watch from whatever there is asks for its state, without saying so. By that, as upstream's, it
// takes no continue token, which one from a revision leaves alone.
function defaulted(kind: ListOptionsKind, asked: Asked): Asked {
  const { resourceVersion, match, sendInitialEvents } = asked;
  const isFromState = resourceVersion === undefined || resourceVersion === '0';
  const isLeftOpen = match === undefined && sendInitialEvents === undefined;
  if (kind !== 'watch' || !isFromState || !isLeftOpen) return asked;
  return { ...asked, match: 'NotOlderThan', sendInitialEvents: true };
}

function watchErrors(asked: Asked, kind: ListOptionsKind): FieldError[] {
  const { match, continueToken, sendInitialEvents } = asked;
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined) {
    if (match !== 'NotOlderThan') {
      const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
      errors.push(fieldForbidden(MATCH, why));
    }
    if (kind !== 'watch') {
      const why =
        'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
      errors.push(fieldForbidden('sendInitialEvents', why));
    }
  }
  if (match === undefined) return errors;
  if (sendInitialEvents === undefined) {
    const why = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
    errors.push(fieldForbidden(MATCH, why));
  }
  if (match !== 'NotOlderThan') errors.push(fieldNotSupported(MATCH, match, ['NotOlderThan']));
  if (continueToken !== undefined) errors.push(fieldForbidden(MATCH, WITH_CONTINUE));
  return errors;
}
