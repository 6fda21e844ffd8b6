/**
 * Field requirements, made ready to be asked of many objects: all that is said of a path is put
 * together where there are many, so that the work for an object is in the paths that its type
 * declares, however many terms there are (label-matcher.ts tells why).
 */

import { TERMS_SCANNED_MAX } from './label-matcher.js';
import { type FieldLookup, matchesFields } from './match.js';
import type { FieldRequirement } from './requirement.js';

/** All that is demanded of one path. */
interface PathRule {
  required: string | undefined;
  /** Whether two values are required. */
  isNever: boolean;
  readonly refused: Set<string>;
}

export class FieldMatcher {
  readonly #requirements: readonly FieldRequirement[];
  readonly #rules: ReadonlyMap<string, PathRule> | undefined;

  constructor(requirements: readonly FieldRequirement[]) {
    this.#requirements = requirements;
    if (requirements.length <= TERMS_SCANNED_MAX) return;
    const rules = new Map<string, PathRule>();
    for (const { path, operator, value } of requirements) {
      const rule = rules.get(path) ?? { required: undefined, isNever: false, refused: new Set() };
      rules.set(path, rule);
      if (operator === 'NotEquals') rule.refused.add(value);
      else if (rule.required === undefined) rule.required = value;
      else if (rule.required !== value) rule.isNever = true;
    }
    this.#rules = rules;
  }

  /** Whether fields meet all requirements. */
  matches(lookup: FieldLookup): boolean {
    if (this.#rules === undefined) return matchesFields(this.#requirements, lookup);
    for (const [path, { required, isNever, refused }] of this.#rules) {
      if (isNever) return false;
      const value = lookup(path) ?? '';
      if (refused.has(value) || (required !== undefined && value !== required)) return false;
    }
    return true;
  }
}
