/**
 * Copies and comparisons of decoded JSON. Two values are equal when they encode to the same bytes:
 * the order of keys does not matter, and numbers are compared as they are written, so that 1 and
 * 1.0 differ.
 */

import { ObjectError } from '../error.js';
import { NESTING_MAX } from '../limits.js';
import { setMember } from './member.js';
import { isNumber, numberLexeme } from './number.js';
import type { JsonNumber } from './number.js';

/** Whether two values say the same. Members that are undefined count as absent. */
export function equalJson(left: unknown, right: unknown): boolean {
  return equal(left, right, 0);
}

/** A copy that shares nothing that could change. Members that are undefined are left out. */
export function cloneJson<Value>(value: Value): Value {
  return clone(value, 0) as Value;
}

function equal(first: unknown, second: unknown, depth: number): boolean {
  const left = resolve(first);
  const right = resolve(second);
  if (left === right) return true;
  if (isNumeric(left)) return isNumeric(right) && text(left) === text(right);
  if (!isContainer(left) || !isContainer(right) || isNumeric(right)) return false;
  checkDepth(depth);
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((element, index) => equal(element, right[index], depth + 1));
  }
  const keys = definedKeys(left);
  if (keys.length !== definedKeys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key], depth + 1));
}

function clone(original: unknown, depth: number): unknown {
  const value = resolve(original);
  if (!isContainer(value) || isNumeric(value)) return value;
  checkDepth(depth);
  if (Array.isArray(value)) return value.map((element) => clone(element, depth + 1));
  const copy: Members = {};
  for (const key of definedKeys(value)) {
    setMember(copy, key, clone(value[key], depth + 1));
  }
  return copy;
}

// What a Date and its like stand for, as in encodeJson.
function resolve(value: unknown): unknown {
  if (!isContainer(value) || typeof value['toJSON'] !== 'function') return value;
  return (value['toJSON'] as () => unknown).call(value);
}

function isNumeric(value: unknown): value is JsonNumber | bigint {
  return typeof value === 'bigint' || isNumber(value);
}

function text(value: JsonNumber | bigint): string {
  return typeof value === 'bigint' ? String(value) : numberLexeme(value);
}

interface Members {
  [key: string]: unknown;
}

function isContainer(value: unknown): value is Members {
  return typeof value === 'object' && value !== null;
}

function definedKeys(members: Members): string[] {
  return Object.keys(members).filter((key) => members[key] !== undefined);
}

function checkDepth(depth: number): void {
  if (depth >= NESTING_MAX) throw new ObjectError('too-deep', `nesting above ${NESTING_MAX}`, -1);
}
