/**
 * Members of decoded JSON objects, reached safely.
 *
 * Keys come from clients: only own properties count as members, and a member named `__proto__` is a
 * member like any other, never the prototype. A number object of the lossless decoder is a scalar,
 * not a container.
 */

import type { JsonValue } from '../resource.js';

/** A decoded object that may be changed: a private copy, never what a request or cache holds. */
export type JsonObject = { [key: string]: JsonValue };

/** Whether the value is a JSON object: neither null, array nor number object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** An own member; what the prototype has does not count. */
export function getMember(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets an own member whatever its name, `__proto__` included. */
export function setMember<T>(object: { [key: string]: T }, key: string, value: T): void {
  if (key !== '__proto__') {
    object[key] = value;
    return;
  }
  // Assignment would set the prototype.
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
