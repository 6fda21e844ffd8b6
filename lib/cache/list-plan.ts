/**
 * What a LIST's resourceVersion, resourceVersionMatch, limit and continue mean together
 * (KEP-1904, KEP-2340, KEP-4988; upstream's table of list options).
 *
 * | resourceVersion | match        | limit | continue | meaning                        | limit   |
 * |-----------------|--------------|-------|----------|--------------------------------|---------|
 * | unset           |              | any   |          | newest                         | kept    |
 * | 0               |              | any   |          | any                            | ignored |
 * | N               |              | none  |          | not older than N               |         |
 * | N               |              | some  |          | exactly N                      | kept    |
 * | 0               | NotOlderThan | any   |          | any                            | ignored |
 * | N               | NotOlderThan | any   |          | not older than N               | kept    |
 * | N               | Exact        | any   |          | exactly N                      | kept    |
 * | unset           |              | any   | rv > 0   | exactly rv, from its start on  | kept    |
 * | unset           |              | any   | rv < 0   | newest, from its start on      | kept    |
 * | 0               |              | any   | any      | as the two above               | ignored |
 *
 * A list of one name is no page: N with a limit is not older than N there, too.
 *
 * Everything else is refused. With 0 the limit is ignored because upstream's cache ignores it, and
 * clients that ask for 0 with a limit count on getting everything; a cache without
 * `legacyIgnoreLimitAtZero` keeps it. What the storage answers in the cache's place always does.
 */

import type { CacheListOptions } from './contract.js';
import { CacheError } from './contract.js';
import { decodeContinue, type TokenScope } from './continue-token.js';
import { parseResourceVersion } from './resource-version.js';

export interface ListPlan {
  readonly meaning: 'newest' | 'any' | 'not-older' | 'exact';
  /** The N of `not-older` and `exact`, otherwise 0. */
  readonly revision: bigint;
  /** As asked for, above 0; `undefined`: none. */
  readonly limit: number | undefined;
  /** Whether the cache gives everything, whatever the limit. */
  readonly ignoresLimit: boolean;
  /** Where to go on, as the continue token says. */
  readonly start: string | undefined;
}

type Options = Pick<
  CacheListOptions,
  'resourceVersion' | 'resourceVersionMatch' | 'limit' | 'continue'
>;

/** What is settled before a list is asked for. */
export interface PlanRules {
  /** Whose tokens it goes on with. */
  readonly scope: TokenScope;
  /** Whether it is about one object: then a limit does not make its revision an exact one. */
  readonly isSingle: boolean;
  /** Whether a limit is ignored with resourceVersion `'0'`. */
  readonly legacyIgnoreLimitAtZero: boolean;
}

/**
 * Throws a CacheError: `invalid-options` for a combination that means nothing, `invalid-continue`
 * and `invalid-resource-version` for values that can't be read.
 */
export function planList(options: Options, rules: PlanRules): ListPlan {
  const limit = readLimit(options.limit);
  const { resourceVersion = '', resourceVersionMatch: match } = options;
  const isSet = resourceVersion !== '';
  if (options.continue !== undefined && options.continue !== '') {
    return planContinuation(options.continue, options, limit, rules);
  }
  if (match !== undefined && !isSet) {
    throw refused('resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (match !== undefined && match !== 'Exact' && match !== 'NotOlderThan') {
    throw refused(`unknown ResourceVersionMatch value: ${String(match)}`);
  }
  const revision = parseResourceVersion(resourceVersion);
  const rest = { revision, limit, start: undefined };
  if (!isSet) return { meaning: 'newest', ...rest, ignoresLimit: false };
  if (revision === 0n) {
    if (match === 'Exact') {
      throw refused('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
    return { meaning: 'any', ...rest, ignoresLimit: rules.legacyIgnoreLimitAtZero };
  }
  const isPage = limit !== undefined && !rules.isSingle;
  const exact = match === 'Exact' || (match === undefined && isPage);
  return { meaning: exact ? 'exact' : 'not-older', ...rest, ignoresLimit: false };
}

function planContinuation(
  token: string,
  options: Options,
  limit: number | undefined,
  { scope, legacyIgnoreLimitAtZero }: PlanRules,
): ListPlan {
  if (options.resourceVersionMatch !== undefined) {
    throw refused('resourceVersionMatch is forbidden when continue is provided');
  }
  const { revision, start } = decodeContinue(token, scope);
  const { resourceVersion = '' } = options;
  if (resourceVersion !== '' && resourceVersion !== '0') {
    throw refused('specifying resource version is not allowed when using continue');
  }
  const ignoresLimit = resourceVersion === '0' && legacyIgnoreLimitAtZero;
  return revision < 0n
    ? { meaning: 'newest', revision: 0n, limit, ignoresLimit, start }
    : { meaning: 'exact', revision, limit, ignoresLimit, start };
}

/** Throws a CacheError `invalid-options` for what is no integer; 0 and below are none. */
export function readLimit(limit: number | undefined): number | undefined {
  if (limit === undefined) return undefined;
  if (!Number.isInteger(limit)) throw refused(`limit is not an integer: ${String(limit)}`);
  return limit > 0 ? limit : undefined;
}

function refused(message: string): CacheError {
  return new CacheError('invalid-options', message);
}
