/**
 * The fields that a version's scale subresource reads: held to what a Scale can say
 * (apiextensions, `ValidateScaleSpec` and `ValidateScaleStatus`), and read out of an object.
 *
 * Fields are named by their paths, with the leading dot: as upstream names them.
 */

import type { JsonValue, ScaleSubresource } from '../../object/index.js';
import {
  encodeJsonText,
  getMember,
  isJsonObject,
  isNumber,
  numberLexeme,
} from '../../object/lossless/index.js';
import type { JsonObject } from '../../object/lossless/index.js';
import { fieldInvalid } from '../../request/index.js';
import type { FieldError } from '../../request/index.js';

/** A Scale counts in 32 bits. */
const REPLICAS_MAX = 2 ** 31 - 1;

/** What is wrong with the counts and the selector of an object. `status`: those of the status. */
export function validateScale(
  scale: ScaleSubresource | undefined,
  content: JsonObject,
  part: 'all' | 'status',
): FieldError[] {
  if (scale === undefined) return [];
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale;
  const errors = part === 'all' ? countErrors(content, specReplicasPath) : [];
  errors.push(...countErrors(content, statusReplicasPath));
  if (labelSelectorPath === undefined) return errors;
  const selector = readText(content, labelSelectorPath);
  if (selector.fault !== undefined) {
    errors.push(fieldInvalid(labelSelectorPath, '', selector.fault));
  }
  return errors;
}

/** A value at a path; `fault` where something stands there that it can't be. */
export interface Found<Value> {
  readonly value: Value | undefined;
  readonly fault?: string;
}

/** The integer at a path such as `.spec.replicas`. */
export function readCount(content: JsonObject, path: string): Found<number> {
  const found = valueAt(content, path);
  const { value } = found;
  if (value === undefined) return { ...found, value };
  const lexeme = isNumber(value as never) ? numberLexeme(value as never) : '';
  if (/^-?[0-9]+$/.test(lexeme)) return { value: Number(lexeme) };
  return { value: undefined, fault: accessorError(path, value, 'an integer') };
}

/** The string at a path. */
export function readText(content: JsonObject, path: string): Found<string> {
  const found = valueAt(content, path);
  const { value } = found;
  if (value === undefined) return { ...found, value };
  if (typeof value === 'string') return { value };
  return { value: undefined, fault: accessorError(path, value, 'a string') };
}

/** The names that a path is made of. */
export function pathNames(path: string): readonly string[] {
  return path.slice(1).split('.');
}

function countErrors(content: JsonObject, path: string): FieldError[] {
  const { value, fault } = readCount(content, path);
  if (fault !== undefined) return [fieldInvalid(path, 0, fault)];
  if (value === undefined) return [];
  if (value < 0) return [fieldInvalid(path, value, 'should be a non-negative integer')];
  if (value <= REPLICAS_MAX) return [];
  return [fieldInvalid(path, value, `should be less than or equal to ${REPLICAS_MAX}`)];
}

function valueAt(content: JsonObject, path: string): Found<JsonValue> {
  let value: JsonValue | undefined = content;
  for (const name of pathNames(path)) {
    if (value === undefined || value === null) return { value: undefined };
    if (!isJsonObject(value)) {
      return { value: undefined, fault: accessorError(path, value, 'an object') };
    }
    value = getMember(value, name);
  }
  return { value };
}

function accessorError(path: string, value: JsonValue, expected: string): string {
  return `${path} accessor error: ${encodeJsonText(value)} is not ${expected}`;
}
