/**
 * Label requirements, made ready to be asked of many objects.
 *
 * A selector comes out of a URL and may have tens of thousands of terms, and a list asks it of
 * every object: terms that each had to be looked at would hold the event loop for minutes.
 *  1. A few terms are asked one by one, which is the fastest.
 *  2. Of more, all that is said of a key is put together, and an object is asked label by label:
 *     the work for an object is in its labels, however many terms there are.
 *  3. Both mean what match.ts says.
 */

import { matchesLabels, parseInt64 } from './match.js';
import type { LabelRequirement } from './requirement.js';

/** Terms and values in all that are asked one by one. */
export const TERMS_SCANNED_MAX = 16;

export class LabelMatcher {
  readonly #requirements: readonly LabelRequirement[];
  readonly #rules: ReadonlyMap<string, KeyRule> | undefined;
  /** How many keys an object has to have. */
  readonly #required: number = 0;
  // What the lookup below reads: one function for the matcher's whole life.
  #labels: readonly string[] = [];
  readonly #lookup = (key: string): string | undefined => valueOf(this.#labels, key);

  constructor(requirements: readonly LabelRequirement[]) {
    this.#requirements = requirements;
    let terms = requirements.length;
    for (const { values } of requirements) terms += values.length;
    if (terms <= TERMS_SCANNED_MAX) return;
    const rules = new Map<string, KeyRule>();
    for (const requirement of requirements) {
      const rule = rules.get(requirement.key) ?? new KeyRule();
      rules.set(requirement.key, rule);
      rule.add(requirement);
    }
    for (const rule of rules.values()) if (rule.isRequired) this.#required++;
    this.#rules = rules;
  }

  /** Whether labels, keys and values in turn and no key twice, meet all requirements. */
  matches(labels: readonly string[]): boolean {
    const rules = this.#rules;
    if (rules !== undefined) return this.#matchesRules(rules, labels);
    this.#labels = labels;
    return matchesLabels(this.#requirements, this.#lookup);
  }

  #matchesRules(rules: ReadonlyMap<string, KeyRule>, labels: readonly string[]): boolean {
    let required = 0;
    for (let index = 0; index < labels.length; index += 2) {
      const rule = rules.get(labels[index]!);
      if (rule === undefined) continue;
      if (!rule.meets(labels[index + 1]!)) return false;
      if (rule.isRequired) required++;
    }
    return required === this.#required;
  }
}

/** All that is demanded of one key. */
class KeyRule {
  /** Whether an object without the key fails. */
  isRequired = false;
  #isNever = false;
  #choices: ReadonlySet<string> | undefined;
  readonly #refused = new Set<string>();
  #above: bigint | undefined;
  #below: bigint | undefined;

  add({ operator, values }: LabelRequirement): void {
    if (operator === 'DoesNotExist') this.#isNever = true;
    else if (operator === 'NotIn') for (const value of values) this.#refused.add(value);
    else {
      this.isRequired = true;
      if (operator === 'In') this.#choose(values);
      else if (operator !== 'Exists') this.#bound(operator === 'GreaterThan', values);
    }
  }

  /** Whether a value that is there meets all of it. */
  meets(value: string): boolean {
    if (this.#isNever || this.#refused.has(value)) return false;
    if (this.#choices !== undefined && !this.#choices.has(value)) return false;
    if (this.#above === undefined && this.#below === undefined) return true;
    const number = parseInt64(value);
    if (number === undefined) return false;
    if (this.#above !== undefined && number <= this.#above) return false;
    return this.#below === undefined || number < this.#below;
  }

  #choose(values: readonly string[]): void {
    const before = this.#choices;
    this.#choices = new Set(
      before === undefined ? values : values.filter((value) => before.has(value)),
    );
  }

  #bound(isAbove: boolean, values: readonly string[]): void {
    const bound = values.length === 1 ? parseInt64(values[0]!) : undefined;
    if (bound === undefined) this.#isNever = true;
    else if (isAbove) {
      if (this.#above === undefined || bound > this.#above) this.#above = bound;
    } else if (this.#below === undefined || bound < this.#below) this.#below = bound;
  }
}

function valueOf(labels: readonly string[], key: string): string | undefined {
  for (let index = 0; index < labels.length; index += 2) {
    if (labels[index] === key) return labels[index + 1];
  }
  return undefined;
}
