/**
 * Durations as Go spells them (`1m30s`, `250ms`, `-1.5h`): `?timeout=` of a request, and flags.
 * What is accepted, and the text of each refusal, are those of Go's `time.ParseDuration`.
 */

import { badRequest } from './errors.js';
import { quote } from './quote.js';

/** Go's durations are 64-bit nanoseconds; beyond that (about 292 years) it refuses. */
const DURATION_MS_MAX = 2 ** 63 / 1e6;

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['\u00b5s', 1e-3],
  ['\u03bcs', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** `text` is no duration; the message is Go's, such as `time: missing unit in duration "10"`. */
export class DurationError extends Error {
  override readonly name: string = 'DurationError';
}

/**
 * Reads a duration in milliseconds (which may be a fraction, or negative).
 *
 * Throws a DurationError.
 */
export function parseGoDuration(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw new DurationError(`time: invalid duration ${quote(text)}`);
  let total = 0;
  while (rest !== '') {
    const [number = ''] = /^[0-9]*\.?[0-9]*/.exec(rest) ?? [];
    if (!/[0-9]/.test(number)) throw new DurationError(`time: invalid duration ${quote(text)}`);
    rest = rest.slice(number.length);
    const [unit = ''] = /^[^.0-9]*/.exec(rest) ?? [];
    if (unit === '') throw new DurationError(`time: missing unit in duration ${quote(text)}`);
    const unitMs = UNITS_MS.get(unit);
    if (unitMs === undefined) {
      throw new DurationError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    }
    rest = rest.slice(unit.length);
    total += Number(number) * unitMs;
    if (total >= DURATION_MS_MAX) {
      throw new DurationError(`time: invalid duration ${quote(text)}`);
    }
  }
  return total === 0 ? 0 : sign * total;
}

/** A write that took longer than this would outlive what its storage and webhooks wait for. */
const WRITE_TIMEOUT_MS = 34_000;

const WRITE_VERBS: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete']);

/**
 * When a request that is not long-running has to be answered, in milliseconds of the same clock as
 * `receivedAt`. `?timeout=` may shorten `requestTimeoutMs` (0 or more than it means all of it),
 * never lengthen it. With the `verb` of a write (request info's; a deletion of a collection is
 * none) it is 34 s at most.
 *
 * Throws a StatusError 400 for a malformed `?timeout=`.
 */
export function requestDeadline(
  query: URLSearchParams,
  receivedAt: number,
  requestTimeoutMs = 60_000,
  verb = '',
): number {
  const longestMs = WRITE_VERBS.has(verb)
    ? Math.min(requestTimeoutMs, WRITE_TIMEOUT_MS)
    : requestTimeoutMs;
  const wantedMs = wantedTimeout(query.get('timeout') ?? '');
  return receivedAt + (wantedMs > 0 ? Math.min(wantedMs, longestMs) : longestMs);
}

function wantedTimeout(text: string): number {
  if (text === '') return 0;
  try {
    return parseGoDuration(text);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    const message = `invalid timeout specified in the request URL - ${error.message}`;
    throw badRequest(message, error);
  }
}
