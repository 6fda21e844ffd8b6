/**
 * resourceVersions as texts and as revisions: an unsigned 64-bit number in decimal (KEP-5504).
 *
 * The absent one and `''` mean "unset", `'0'` means "any"; both are 0n as a number.
 */

import { CacheError } from './contract.js';

const REVISION_MAX = 2n ** 64n - 1n;
const DIGITS = /^[0-9]{1,20}$/;

/** The number in `text`; throws a CacheError `invalid-resource-version` where there is none. */
export function parseResourceVersion(text: string | undefined): bigint {
  if (text === undefined || text === '') return 0n;
  const revision = revisionOf(text);
  if (revision !== undefined) return revision;
  throw new CacheError(
    'invalid-resource-version',
    `invalid resource version: ${describe(text)} is not a non-negative decimal number`,
    { requested: String(text) },
  );
}

/** The number in `text`, or `undefined` where there is none. */
export function revisionOf(text: string): bigint | undefined {
  if (typeof text !== 'string' || !DIGITS.test(text)) return undefined;
  const revision = BigInt(text);
  return revision <= REVISION_MAX ? revision : undefined;
}

/**
 * Upstream's text, which clients look for. Who has waited may be told to ask again: in
 * `retryAfterSeconds`.
 */
export function tooLarge(
  requested: bigint,
  current: bigint,
  retryAfterSeconds?: number,
): CacheError {
  return new CacheError(
    'resource-version-too-large',
    `Timeout: Too large resource version: ${requested}, current: ${current}`,
    {
      requested: requested.toString(),
      current: current.toString(),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  );
}

/** What upstream answers where it is told not to pass late reads on to the storage. */
export function notFresh(cause: CacheError): CacheError {
  const { message, requested = '', current = '' } = cause;
  return new CacheError('not-fresh', message, { cause, requested, current, retryAfterSeconds: 1 });
}

function describe(text: unknown): string {
  return typeof text === 'string' ? `'${text}'` : `a ${typeof text}`;
}
