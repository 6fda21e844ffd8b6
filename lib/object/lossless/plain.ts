/**
 * Decoded JSON as `JSON.parse` would have made it, for code that expects numbers to be numbers, and
 * the way back.
 *
 *  1. A plain copy shares nothing with its source: whoever gets it may change it.
 *  2. Going back, a number that still has the value it was given as gets its text back: 1.0 stays
 *     1.0, and 9007199254740993 stays that although the number seen was 9007199254740992.
 *  3. It is looked for in the object or list that the number was in, wherever that has been moved
 *     to; in new objects and lists, at the place they have. In a list the same index comes first,
 *     then the order.
 */

import { ObjectError } from '../error.js';
import { NESTING_MAX } from '../limits.js';
import type { JsonValue } from '../resource.js';
import { isJsonObject, setMember } from './member.js';
import { isLosslessNumber } from './number.js';
import type { LosslessNumber } from './number.js';

export interface PlainJson {
  /** The copy. */
  readonly value: unknown;
  /**
   * What a changed copy is as decoded JSON; shares what was not changed with the source. Throws a
   * JsonError `too-deep` for a value that contains itself.
   */
  restore(changed: unknown): unknown;
}

/** A plain copy of a decoded value. */
export function plainJson(source: JsonValue): PlainJson {
  const origins: Origins = new Map();
  const value = copy(source, origins);
  const isLossy = isLosslessNumber(source) || [...origins.values()].some(holdsText);
  return {
    value,
    restore: (changed) => (isLossy ? restored(changed, source, origins, 0) : changed),
  };
}

/** The container in the source that one of the copy was made of. */
type Origins = Map<object, Container>;
type Container = readonly unknown[] | { readonly [key: string]: unknown };

function copy(value: unknown, origins: Origins): unknown {
  if (isLosslessNumber(value)) return Number(value.value);
  if (Array.isArray(value)) {
    const list = value.map((element) => copy(element, origins));
    origins.set(list, value);
    return list;
  }
  if (!isContainer(value)) return value;
  const object: { [key: string]: unknown } = {};
  for (const [key, member] of Object.entries(value)) setMember(object, key, copy(member, origins));
  origins.set(object, value);
  return object;
}

function restored(value: unknown, place: unknown, origins: Origins, depth: number): unknown {
  if (typeof value === 'number') return textOf(place, value) ?? value;
  const isList = Array.isArray(value);
  if (!isList && !isContainer(value)) return value;
  if (depth >= NESTING_MAX) throw new ObjectError('too-deep', `nesting above ${NESTING_MAX}`, -1);
  const origin = origins.get(value as object) ?? place;
  if (isList) return restoredList(value, origin, origins, depth);
  const before = isContainer(origin) ? origin : {};
  const object: { [key: string]: unknown } = {};
  for (const [key, member] of Object.entries(value as object)) {
    const counterpart = Object.hasOwn(before, key) ? before[key] : undefined;
    setMember(object, key, restored(member, counterpart, origins, depth + 1));
  }
  return object;
}

function restoredList(
  list: readonly unknown[],
  origin: unknown,
  origins: Origins,
  depth: number,
): unknown[] {
  const before: readonly unknown[] = Array.isArray(origin) ? origin : [];
  const texts = before.filter(isLosslessNumber);
  return list.map((element, index) => {
    if (typeof element !== 'number') return restored(element, before[index], origins, depth + 1);
    if (before[index] === element) return element;
    const atIndex = texts.indexOf(before[index] as LosslessNumber);
    const isAtIndex = atIndex >= 0 && textOf(before[index], element) !== undefined;
    const found = isAtIndex ? atIndex : texts.findIndex((text) => textOf(text, element));
    return found < 0 ? element : texts.splice(found, 1)[0];
  });
}

// The text that a number was read as, if this is what it was.
function textOf(origin: unknown, value: number): LosslessNumber | undefined {
  return isLosslessNumber(origin) && Number(origin.value) === value ? origin : undefined;
}

function holdsText(container: Container): boolean {
  return Object.values(container).some(isLosslessNumber);
}

function isContainer(value: unknown): value is { readonly [key: string]: unknown } {
  return isJsonObject(value as JsonValue);
}
