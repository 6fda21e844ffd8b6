/**
 * JSON Merge Patch (RFC 7386). Pure: target and patch stay as they are, and the result shares
 * nothing with them. Works off a list instead of recursing, so that nesting can't exhaust the
 * stack.
 */

import type { JsonValue } from '../object/index.js';
import { cloneJson, getMember, isJsonObject, setMember } from '../object/lossless/index.js';
import type { JsonObject } from '../object/lossless/index.js';

/**
 * The target with the patch merged in: members that are null in the patch are removed, objects are
 * merged, everything else replaces. A patch that is no object replaces the whole target.
 */
export function applyMergePatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return cloneJson(patch);
  const result: JsonObject = isJsonObject(target) ? (cloneJson(target) as JsonObject) : {};
  const open: { into: JsonObject; from: JsonObject }[] = [{ into: result, from: patch }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const { into, from } = pair;
    for (const key of Object.keys(from)) {
      const value = from[key] as JsonValue;
      if (value === null) {
        delete into[key];
      } else if (isJsonObject(value)) {
        const member = getMember(into, key);
        const merged: JsonObject = isJsonObject(member) ? member : {};
        if (merged !== member) setMember(into, key, merged);
        open.push({ into: merged, from: value });
      } else {
        setMember(into, key, cloneJson(value));
      }
    }
  }
  return result;
}
