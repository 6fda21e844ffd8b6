/** What faults are given, checked. Everything here throws a TestingError `invalid-options`. */

import { isStatusError, StatusError } from '../../request/index.js';
import { TestingError } from '../error.js';

/** An error as a test wants it: what is left out is what an API server would say. */
export type FaultAnswer = FaultStatus | StatusError;

export interface FaultStatus {
  /** HTTP status, 400 to 599. */
  readonly code: number;
  /** Default: the code's usual reason, such as `TooManyRequests`. */
  readonly reason?: string;
  readonly message?: string;
  /** Also sent as the header Retry-After. */
  readonly retryAfterSeconds?: number;
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [406, 'NotAcceptable'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [413, 'RequestEntityTooLarge'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

export function errorOf(answer: FaultAnswer): StatusError {
  if (isStatusError(answer)) return answer;
  const { code, reason, message, retryAfterSeconds, ...unknown } = answer;
  for (const field of Object.keys(unknown)) {
    const known = 'code, reason, message, retryAfterSeconds';
    throw refusal(`an answer has no field "${field}" (${known})`);
  }
  if (!Number.isInteger(code) || code < 400 || code > 599) {
    throw refusal(`code must be an HTTP status from 400 to 599, but it is ${String(code)}`);
  }
  if (retryAfterSeconds !== undefined) checkWhole('retryAfterSeconds', retryAfterSeconds);
  return new StatusError({
    code,
    reason: reason ?? REASONS.get(code) ?? '',
    message: message ?? 'injected by the test',
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
  });
}

/** A whole number from 0. */
export function checkWhole(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw refusal(`${option} must be a whole number from 0, but it is ${String(value)}`);
}

const COUNTS = ['skip', 'times'] as const;

/** `own` are the options that this fault has besides `skip` and `times`. */
export function checkOptionNames(options: object, own: readonly string[]): void {
  const known = [...own, ...COUNTS];
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue;
    throw refusal(`there is no option "${option}" (${known.join(', ')})`);
  }
}

const refusal = (why: string): TestingError => new TestingError('invalid-options', `fault: ${why}`);
