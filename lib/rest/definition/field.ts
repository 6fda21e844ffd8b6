/**
 * A value of a definition together with its path: reads what it should be and notes what it is not.
 * Definitions come from files and from untyped callers, so nothing is believed. `null` counts as
 * absent, as upstream's decoder has it. Reading goes on after a problem, so that all are found.
 */

import type { DefinitionProblem } from './problem.js';

export class DefinitionField {
  readonly value: unknown;
  readonly path: string;
  readonly #problems: DefinitionProblem[];

  constructor(value: unknown, path: string, problems: DefinitionProblem[]) {
    this.value = value ?? undefined;
    this.path = path;
    this.#problems = problems;
  }

  get isAbsent(): boolean {
    return this.value === undefined;
  }

  /** Notes a problem of this field. */
  refuse(reason: string): void {
    this.#problems.push({ field: this.path, reason });
  }

  /** The field below; absent where this is no object. */
  member(name: string): DefinitionField {
    const value = isRecord(this.value) ? this.value[name] : undefined;
    return new DefinitionField(
      value,
      this.path === '' ? name : `${this.path}.${name}`,
      this.#problems,
    );
  }

  /** Whether this is an object; notes when it is something else, or has members not in `known`. */
  isObject(known?: readonly string[]): boolean {
    if (!isRecord(this.value)) {
      this.refuse(this.isAbsent ? 'is required' : 'must be an object');
      return false;
    }
    if (known === undefined) return true;
    for (const name of Object.keys(this.value)) {
      if (!known.includes(name)) this.member(name).refuse('is not a known field');
    }
    return true;
  }

  /** The elements; none where it is absent. */
  elements(): readonly DefinitionField[] {
    if (this.isAbsent) return [];
    if (!Array.isArray(this.value)) {
      this.refuse('must be a list');
      return [];
    }
    return this.value.map(
      (value, index) => new DefinitionField(value, `${this.path}[${index}]`, this.#problems),
    );
  }

  /** A string that must be there and not be empty; '' after a problem. */
  requiredText(): string {
    const text = this.text();
    if (text === undefined) this.refuse('is required');
    else if (text === '' && typeof this.value === 'string') this.refuse('must not be empty');
    return text ?? '';
  }

  /** A string, or undefined where it is absent; '' after a problem. */
  text(): string | undefined {
    if (this.isAbsent) return undefined;
    if (typeof this.value === 'string') return this.value;
    this.refuse('must be a string');
    return '';
  }

  /** A boolean, or undefined where it is absent or after a problem. */
  flag(): boolean | undefined {
    if (this.isAbsent) return undefined;
    if (typeof this.value === 'boolean') return this.value;
    this.refuse('must be true or false');
    return undefined;
  }

  /** An integer of at least 0; `otherwise` where it is absent or after a problem. */
  count(otherwise: number): number {
    if (this.isAbsent) return otherwise;
    if (Number.isSafeInteger(this.value) && (this.value as number) >= 0)
      return this.value as number;
    this.refuse('must be a whole number, 0 or more');
    return otherwise;
  }

  /**
   * A function, bound to the object that it is a member of, or undefined where it is absent or
   * after a problem.
   */
  callable(owner: object): ((...args: never[]) => unknown) | undefined {
    if (this.isAbsent) return undefined;
    if (typeof this.value === 'function') return this.value.bind(owner) as () => unknown;
    this.refuse('must be a function');
    return undefined;
  }

  /** A string out of a closed set, or undefined where it is absent or after a problem. */
  choice<T extends string>(choices: readonly T[]): T | undefined {
    const text = this.text();
    if (text === undefined || (text === '' && typeof this.value !== 'string')) return undefined;
    const choice = choices.find((candidate) => candidate === text);
    if (choice === undefined) this.refuse(`must be one of ${choices.join(', ')}`);
    return choice;
  }
}

export function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
