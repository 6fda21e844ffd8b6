/**
 * Label selectors as text: `app=web,tier in (a, b),!legacy,weight>5` (Kubernetes' "Labels and
 * Selectors").
 *
 * Rules, as apimachinery has them:
 *  1. Terms are joined by commas and must all hold; white space between tokens means nothing.
 *  2. `=` and `==` are In with one value, `!=` is NotIn with one value; an absent value is `''`.
 *  3. `in` and `notin` are ordinary words where a key or a value is expected.
 *  4. Values are a set: ordered and without duplicates. Terms are ordered by key.
 *
 * The work is linear in the text, but for the ordering.
 */

import { compareUtf8 } from './key.js';
import { tokenize } from './label-tokens.js';
import type { LabelToken } from './label-tokens.js';
import { parseInt64 } from './match.js';
import type { LabelOperator, LabelRequirement } from './requirement.js';
import { SelectorError } from './selector-error.js';
import { isLabelValue, isQualifiedName } from './validation.js';

/** Parses a label selector. Empty text selects everything. Throws a SelectorError. */
export function parseLabelSelector(text: string): readonly LabelRequirement[] {
  const requirements = new LabelSelectorParser(tokenize(text)).parse();
  return requirements.sort((left, right) => compareUtf8(left.key, right.key));
}

/**
 * Writes a label selector that parses to the same requirements. In and NotIn with one value are
 * written `key=value` and `key!=value`.
 */
export function formatLabelSelector(requirements: readonly LabelRequirement[]): string {
  return requirements.map(formatRequirement).join(',');
}

/**
 * Checks a requirement that does not come from text (a LabelSelector's matchExpressions, say), as
 * the parser checks its own. Throws a SelectorError.
 */
export function checkLabelRequirement(requirement: LabelRequirement): void {
  const faults: string[] = [];
  const keyFaults = isQualifiedName(requirement.key);
  if (keyFaults.length > 0) faults.push(invalid('key', requirement.key, keyFaults.join('; ')));
  faults.push(...valueFaults(requirement));
  if (faults.length === 0) return;
  const distinct = [...new Set(faults)];
  throw new SelectorError(distinct.length === 1 ? distinct[0] : `[${distinct.join(', ')}]`);
}

/** What stands between key and value, and what each means. */
const OPERATORS: ReadonlyMap<string, LabelOperator> = new Map([
  ['in', 'In'],
  ['notin', 'NotIn'],
  ['=', 'In'],
  ['==', 'In'],
  ['!=', 'NotIn'],
  ['>', 'GreaterThan'],
  ['<', 'LessThan'],
]);

const OPERATORS_EXPECTED = 'in, notin, =, ==, !=, gt, lt';

class LabelSelectorParser {
  readonly #tokens: readonly LabelToken[];
  #position = 0;

  constructor(tokens: readonly LabelToken[]) {
    this.#tokens = tokens;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#peek().type === 'end') return requirements;
    for (;;) {
      const token = this.#peek();
      if (token.type !== 'word' && token.text !== '!') {
        const isFirst = requirements.length === 0;
        const expected = isFirst ? `!, identifier, or 'end of string'` : `identifier after ','`;
        throw new SelectorError(`found '${token.text}', expected: ${expected}`);
      }
      requirements.push(this.#requirement());
      const separator = this.#next();
      if (separator.type === 'end') return requirements;
      if (separator.text !== ',') {
        throw new SelectorError(`found '${separator.text}', expected: ',' or 'end of string'`);
      }
    }
  }

  #requirement(): LabelRequirement {
    try {
      return this.#term();
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      throw new SelectorError(`unable to parse requirement: ${error.message}`);
    }
  }

  #term(): LabelRequirement {
    const isNegated = this.#peek().text === '!';
    if (isNegated) this.#next();
    const { type, text: key } = this.#next();
    if (type !== 'word') throw new SelectorError(`found '${key}', expected: identifier`);
    const keyFaults = isQualifiedName(key);
    if (keyFaults.length > 0) throw new SelectorError(invalid('<nil>', key, keyFaults.join('; ')));
    if (isNegated) return { key, operator: 'DoesNotExist', values: [] };
    if (this.#atTermEnd()) return { key, operator: 'Exists', values: [] };
    const word = this.#next().text;
    const operator = OPERATORS.get(word);
    if (operator === undefined) {
      throw new SelectorError(`found '${word}', expected: ${OPERATORS_EXPECTED}`);
    }
    const values = word === 'in' || word === 'notin' ? this.#valueList() : [this.#value()];
    const requirement = { key, operator, values };
    checkLabelRequirement(requirement);
    return requirement;
  }

  // `(a, b)`; nothing between two commas, or between a comma and a parenthesis, is an empty value.
  #valueList(): string[] {
    const open = this.#next().text;
    if (open !== '(') throw new SelectorError(`found '${open}' expected: '('`);
    const values = new Set<string>();
    for (;;) {
      const token = this.#peek();
      if (token.type === 'word') values.add(this.#next().text);
      else if (token.text === ',' || token.text === ')') values.add('');
      else {
        const expected = values.size === 0 ? "',', ')' or identifier" : "',', or identifier";
        throw new SelectorError(`found '${token.text}', expected: ${expected}`);
      }
      const separator = this.#next().text;
      if (separator === ')') return [...values].sort(compareUtf8);
      if (separator !== ',') {
        throw new SelectorError(`found '${separator}', expected: ',' or ')'`);
      }
    }
  }

  #value(): string {
    if (this.#atTermEnd()) return '';
    const { type, text } = this.#next();
    if (type === 'word') return text;
    throw new SelectorError(`found '${text}', expected: identifier`);
  }

  #atTermEnd(): boolean {
    const { type, text } = this.#peek();
    return type === 'end' || (type === 'symbol' && text === ',');
  }

  #peek(): LabelToken {
    return this.#tokens[this.#position] as LabelToken;
  }

  // The end is never passed, so that there is always a token.
  #next(): LabelToken {
    const token = this.#peek();
    if (token.type !== 'end') this.#position++;
    return token;
  }
}

function valueFaults({ key, operator, values }: LabelRequirement): string[] {
  const faults: string[] = [];
  const fault = (text: string): void => {
    const listed = `[${values.map((value) => JSON.stringify(value)).join(',')}]`;
    faults.push(`values: Invalid value: ${listed}: ${text}`);
  };
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) fault("for 'in', 'notin' operators, values set can't be empty");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) fault('values set must be empty for exists and does not exist');
  } else {
    if (values.length !== 1) fault("for 'Gt', 'Lt' operators, exactly one value is required");
    for (const [index, value] of values.entries()) {
      if (parseInt64(value) !== undefined) continue;
      const text = "for 'Gt', 'Lt' operators, the value must be an integer";
      faults.push(invalid(`values[${index}]`, value, text));
    }
  }
  for (const [index, value] of values.entries()) {
    const wrong = isLabelValue(value);
    if (wrong.length > 0) faults.push(invalid(`values[${index}][${key}]`, value, wrong.join('; ')));
  }
  return faults;
}

function invalid(field: string, value: string, text: string): string {
  return `${field}: Invalid value: ${JSON.stringify(value)}: ${text}`;
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'GreaterThan':
      return `${key}>${values[0]}`;
    case 'LessThan':
      return `${key}<${values[0]}`;
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`;
  }
}
