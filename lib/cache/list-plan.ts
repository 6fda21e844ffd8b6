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
 * Everything else is refused. With 0 the limit is ignored because upstream ignores it, and clients
 * that ask for 0 with a limit count on getting everything.
 */

import type { CacheListOptions } from './contract.js';
import { CacheError } from './contract.js';
import { decodeContinue } from './continue-token.js';
import { parseResourceVersion } from './resource-version.js';

export interface ListPlan {
  readonly meaning: 'newest' | 'any' | 'not-older' | 'exact';
  /** The N of `not-older` and `exact`, otherwise 0. */
  readonly revision: bigint;
  /** The limit to keep; `undefined`: none. */
  readonly limit: number | undefined;
  /** Where to go on, as the continue token says. */
  readonly start: string | undefined;
}

type Options = Pick<
  CacheListOptions,
  'resourceVersion' | 'resourceVersionMatch' | 'limit' | 'continue'
>;

/**
 * Throws a CacheError: `invalid-options` for a combination that means nothing, `invalid-continue`
 * and `invalid-resource-version` for values that can't be read.
 */
export function planList(options: Options): ListPlan {
  const limit = readLimit(options.limit);
  const { resourceVersion = '', resourceVersionMatch: match } = options;
  const isSet = resourceVersion !== '';
  if (options.continue !== undefined && options.continue !== '') {
    return planContinuation(options.continue, options, limit);
  }
  if (match !== undefined && !isSet) {
    throw refused('resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (match !== undefined && match !== 'Exact' && match !== 'NotOlderThan') {
    throw refused(`unknown ResourceVersionMatch value: ${String(match)}`);
  }
  const revision = parseResourceVersion(resourceVersion);
  if (!isSet) return { meaning: 'newest', revision, limit, start: undefined };
  if (revision === 0n) {
    if (match === 'Exact') {
      throw refused('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
    return { meaning: 'any', revision, limit: undefined, start: undefined };
  }
  const exact = match === 'Exact' || (match === undefined && limit !== undefined);
  return { meaning: exact ? 'exact' : 'not-older', revision, limit, start: undefined };
}

function planContinuation(token: string, options: Options, limit: number | undefined): ListPlan {
  if (options.resourceVersionMatch !== undefined) {
    throw refused('resourceVersionMatch is forbidden when continue is provided');
  }
  const { revision, start } = decodeContinue(token);
  const { resourceVersion = '' } = options;
  if (resourceVersion !== '' && resourceVersion !== '0') {
    throw refused('specifying resource version is not allowed when using continue');
  }
  const kept = resourceVersion === '0' ? undefined : limit;
  return revision < 0n
    ? { meaning: 'newest', revision: 0n, limit: kept, start }
    : { meaning: 'exact', revision, limit: kept, start };
}

function readLimit(limit: number | undefined): number | undefined {
  if (limit === undefined) return undefined;
  if (!Number.isInteger(limit)) throw refused(`limit is not an integer: ${String(limit)}`);
  return limit > 0 ? limit : undefined;
}

function refused(message: string): CacheError {
  return new CacheError('invalid-options', message);
}
