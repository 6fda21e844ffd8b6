/**
 * What is wrong with one field of an object, in upstream's words (apimachinery,
 * `validation/field`).
 *
 * Text: `<field>: <kind of error>[: <value>][: <detail>]`. The cause of a Status carries the text
 * without the field, and the field beside it; kubectl prints its 422 from these causes.
 */

import { quote } from './quote.js';
import type { StatusCause } from './status.js';

export type FieldErrorReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

export interface FieldError {
  readonly reason: FieldErrorReason;
  /** A path such as `spec.ports[0].name`. */
  readonly field: string;
  /** The text without the field. */
  readonly body: string;
}

export function fieldRequired(field: string, detail = ''): FieldError {
  return { reason: 'FieldValueRequired', field, body: joined('Required value', detail) };
}

export function fieldInvalid(field: string, value: unknown, detail: string): FieldError {
  const body = joined('Invalid value', formatValue(value), detail);
  return { reason: 'FieldValueInvalid', field, body };
}

export function fieldTypeInvalid(field: string, value: unknown, detail: string): FieldError {
  const body = joined('Invalid value', formatValue(value), detail);
  return { reason: 'FieldValueTypeInvalid', field, body };
}

export function fieldNotSupported(
  field: string,
  value: unknown,
  supported: readonly string[],
): FieldError {
  const values = supported.map(quote).join(', ');
  const detail = supported.length === 0 ? '' : `supported values: ${values}`;
  const body = joined('Unsupported value', formatValue(value), detail);
  return { reason: 'FieldValueNotSupported', field, body };
}

export function fieldForbidden(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', field, body: joined('Forbidden', detail) };
}

export function fieldDuplicate(field: string, value: unknown): FieldError {
  const body = joined('Duplicate value', formatValue(value));
  return { reason: 'FieldValueDuplicate', field, body };
}

export function fieldNotFound(field: string, value: unknown): FieldError {
  return { reason: 'FieldValueNotFound', field, body: joined('Not found', formatValue(value)) };
}

/** The value itself is not repeated: it is long. */
export function fieldTooLong(field: string, maxBytes: number): FieldError {
  const detail = `may not be more than ${maxBytes} bytes`;
  return { reason: 'FieldValueTooLong', field, body: joined('Too long', detail) };
}

export function fieldTooMany(field: string, actual: number, max: number): FieldError {
  const detail = `must have at most ${max} ${max === 1 ? 'item' : 'items'}`;
  return { reason: 'FieldValueTooMany', field, body: joined('Too many', String(actual), detail) };
}

export function fieldInternalError(field: string, detail: string): FieldError {
  return { reason: 'InternalError', field, body: joined('Internal error', detail) };
}

/** The whole text: `spec.size: Invalid value: 0: must be positive`. */
export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${error.body}`;
}

export function fieldErrorCause(error: FieldError): StatusCause {
  return { reason: error.reason, message: error.body, field: error.field };
}

/** Several errors as one text: one as it is, more as `[a, b]`, each text once. */
export function fieldErrorsText(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(fieldErrorText))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(': ');
}

// Strings quoted, null as the string "null" (as upstream prints it), the rest as JSON. Numbers that
// keep their lexeme (lossless-json) print it.
function formatValue(value: unknown): string {
  if (value === null || value === undefined) return '"null"';
  if (typeof value === 'string') return quote(value);
  return formatJson(value);
}

function formatJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatJson).join(',')}]`;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if ('isLosslessNumber' in value) return String(value);
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  const members = entries.map(([key, entry]) => `${JSON.stringify(key)}:${formatJson(entry)}`);
  return `{${members.join(',')}}`;
}
