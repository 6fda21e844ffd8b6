/**
 * JSON Merge Patch (RFC 7386). Pure: target and patch stay as they are, and the result shares
 * nothing with them. Works off a list instead of recursing, so that nesting can't exhaust the
 * stack.
 */

import type { JsonValue } from '../object/index.js';
import { cloneJson } from '../object/lossless/index.js';
import type { MutableObject } from './container.js';
import { getMember, isObject, setMember } from './container.js';

/**
 * The target with the patch merged in: members that are null in the patch are removed, objects are
 * merged, everything else replaces. A patch that is no object replaces the whole target.
 */
export function applyMergePatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return cloneJson(patch);
  const result: MutableObject = isObject(target) ? (cloneJson(target) as MutableObject) : {};
  const open: { into: MutableObject; from: MutableObject }[] = [{ into: result, from: patch }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const { into, from } = pair;
    for (const key of Object.keys(from)) {
      const value = from[key] as JsonValue;
      if (value === null) {
        delete into[key];
      } else if (isObject(value)) {
        const member = getMember(into, key);
        const merged: MutableObject = isObject(member) ? member : {};
        if (merged !== member) setMember(into, key, merged);
        open.push({ into: merged, from: value });
      } else {
        setMember(into, key, cloneJson(value));
      }
    }
  }
  return result;
}
