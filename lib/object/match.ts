/**
 * Whether objects meet requirements (apimachinery `labels.Requirement.Matches` and `fields`,
 * restated).
 *
 * Rules: 1. All requirements must hold; none means that everything matches. 2. Without the key, In,
 * Exists, GreaterThan and LessThan fail, NotIn and DoesNotExist hold. 3. GreaterThan and LessThan
 * compare 64-bit integers; a label that is none fails. 4. A field that an object lacks is `''`.
 */

import type { FieldRequirement, LabelRequirement } from './requirement.js';

/** A label's value, or `undefined` where the object has no such label. */
export type LabelLookup = (key: string) => string | undefined;

/** A field's value, or `undefined` where the object has no such field. */
export type FieldLookup = (path: string) => string | undefined;

/** Whether labels, given as a map or as a function, meet all requirements. */
export function matchesLabels(
  requirements: readonly LabelRequirement[],
  labels: ReadonlyMap<string, string> | LabelLookup,
): boolean {
  for (const requirement of requirements) {
    const { key } = requirement;
    const value = typeof labels === 'function' ? labels(key) : labels.get(key);
    if (!meetsLabel(requirement, value)) return false;
  }
  return true;
}

/** Whether fields meet all requirements. */
export function matchesFields(
  requirements: readonly FieldRequirement[],
  lookup: FieldLookup,
): boolean {
  for (const { path, operator, value } of requirements) {
    if (((lookup(path) ?? '') === value) !== (operator === 'Equals')) return false;
  }
  return true;
}

/** Whether a label's value (`undefined`: no such label) meets one requirement. */
export function meetsLabel(requirement: LabelRequirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value);
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'GreaterThan':
      return compareInt64(value, requirement.values) > 0;
    case 'LessThan':
      return compareInt64(value, requirement.values) < 0;
  }
}

/** A decimal integer of 64 bits with an optional sign, or `undefined` for anything else. */
export function parseInt64(text: string): bigint | undefined {
  const match = /^([+-]?)0*(\d{1,19})$/.exec(text);
  if (match === null) return undefined;
  const magnitude = BigInt(match[2] as string);
  const value = match[1] === '-' ? -magnitude : magnitude;
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

// 0 where there is nothing to compare.
function compareInt64(value: string | undefined, values: readonly string[]): number {
  if (value === undefined || values.length !== 1) return 0;
  const left = parseInt64(value);
  const right = parseInt64(values[0] as string);
  if (left === undefined || right === undefined || left === right) return 0;
  return left > right ? 1 : -1;
}
