/**
 * Query parameters read as upstream reads them (apimachinery `conversion/queryparams`): the first
 * value counts, and a number that is none is a 400 with Go's text.
 */

import { badRequest, booleanParameter, quote } from '../../request/index.js';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** `undefined` when the parameter is absent. Throws a StatusError 400. */
export function integerParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  }
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > INT64_MAX || value < INT64_MIN) {
    throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
  }
  return Number(value);
}

/** `undefined` when the parameter is absent. */
export function optionalBoolean(query: URLSearchParams, name: string): boolean | undefined {
  return query.has(name) ? booleanParameter(query, name) : undefined;
}

/** `undefined` when the parameter is absent or empty. */
export function textParameter(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  return text === null || text === '' ? undefined : text;
}
