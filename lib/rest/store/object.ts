/**
 * Decoded objects as the store changes them: plain JSON objects whose numbers may be number objects
 * (which keep their text). Always a private copy: what a request or a cache holds is never changed.
 */

import type { JsonValue } from '../../object/index.js';

export type JsonObject = { [key: string]: JsonValue };

/** Whether the value is a JSON object: neither null, array nor number object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Sets an own property whatever its name, `__proto__` included. */
export function setProperty<T>(object: { [key: string]: T }, key: string, value: T): void {
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
