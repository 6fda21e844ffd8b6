/**
 * The key of a scope: what tells whether two watches may share a group, in both engines.
 *
 * Rules:
 *  1. Scopes that select and serve the same have equal keys, whatever the order of their terms.
 *  2. Scopes with equal keys select and serve the same: no text can pretend to be two.
 */

import { formatShardSelector } from '../object/index.js';
import type { EngineScope } from './contract.js';

/**
 * Text that is equal for scopes that select and serve the same, whatever the order of their terms.
 */
export function scopeKey(scope: EngineScope): string {
  const { namespace, name, selector, apiVersion } = scope;
  const labels = (selector?.labels ?? []).map((term) =>
    [term.key, term.operator, ...[...term.values].sort()].map(delimited).join(''),
  );
  const fields = (selector?.fields ?? []).map((term) =>
    [term.path, term.operator, term.value].map(delimited).join(''),
  );
  return [
    delimited(namespace),
    delimited(name),
    delimited(apiVersion),
    ...labels.sort().map((term) => `l${delimited(term)}`),
    ...fields.sort().map((term) => `f${delimited(term)}`),
    ...(selector?.shard === undefined
      ? []
      : [`s${delimited(formatShardSelector(selector.shard))}`]),
  ].join('');
}

// Its length in front, so that no text can pretend to be two.
function delimited(text: string | undefined): string {
  return text === undefined ? '-' : `${text.length}:${text}`;
}
