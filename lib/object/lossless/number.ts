/**
 * Numbers of decoded JSON: a JavaScript number where writing it gives back the text that was read,
 * and otherwise a LosslessNumber, which keeps the text.
 */

import { isLosslessNumber, LosslessNumber } from 'lossless-json';

export { isLosslessNumber, LosslessNumber };

/** A number as `decodeJson` gives it. */
export type JsonNumber = number | LosslessNumber;

/** A JSON value as `decodeJson` gives it, with the numbers it may contain. */
export type LosslessJson =
  null | boolean | string | JsonNumber | LosslessJson[] | { [key: string]: LosslessJson };

/** Whether a value is a number of either kind. */
export function isNumber(value: unknown): value is JsonNumber {
  return typeof value === 'number' || isLosslessNumber(value);
}

/** The number as it stands in JSON: `1` and `1.0` are two. */
export function numberLexeme(value: JsonNumber): string {
  return typeof value === 'number' ? String(value) : value.value;
}

/** Makes a number of its text: a LosslessNumber unless a double writes itself the same way. */
export function numberOf(lexeme: string): JsonNumber {
  const number = Number(lexeme);
  return String(number) === lexeme ? number : new LosslessNumber(lexeme);
}
