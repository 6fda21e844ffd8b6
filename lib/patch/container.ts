/**
 * Members of decoded JSON objects, reached safely.
 *
 * Keys come from clients: only own properties count as members, and a member named `__proto__` is a
 * member like any other, never the prototype. A number object of the lossless decoder is a scalar,
 * not a container.
 */

import type { JsonValue } from '../object/index.js';

/** An object under change: a private copy of the target. */
export type MutableObject = { [key: string]: JsonValue };

/** Whether the value is a JSON object (neither array nor number object). */
export function isObject(value: JsonValue | undefined): value is MutableObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function getMember(object: MutableObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function setMember(object: MutableObject, key: string, value: JsonValue): void {
  if (key !== '__proto__') {
    object[key] = value;
    return;
  }
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
