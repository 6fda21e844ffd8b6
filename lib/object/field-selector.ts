/**
 * Field selectors as text: `metadata.name=web,spec.nodeName!=a` (apimachinery `fields`, restated).
 *
 * Rules:
 *  1. Terms are joined by commas and must all hold; empty terms, and those with neither path nor
 *     value, are skipped. White space counts.
 *  2. The first operator in a term (`!=`, `==`, `=`) separates path and value.
 *  3. Within a value, a comma, an equals sign and a backslash are written with a backslash before
 *     them.
 *
 * Which paths a type supports is decided by who knows the type.
 */

import { compareUtf8 } from './key.js';
import type { FieldRequirement } from './requirement.js';
import { SelectorError } from './selector-error.js';

/** Parses a field selector. Empty text selects everything. Throws a SelectorError. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  const terms = splitTerms(text).filter((term) => term !== '');
  const requirements = terms.sort(compareUtf8).map((term) => parseTerm(text, term));
  return requirements.filter(({ path, value }) => path !== '' || value !== '');
}

/** Writes a field selector that parses to the same requirements. */
export function formatFieldSelector(requirements: readonly FieldRequirement[]): string {
  return requirements
    .map(({ path, operator, value }) => {
      return path + (operator === 'Equals' ? '=' : '!=') + escapeFieldValue(value);
    })
    .join(',');
}

/** Writes a value as it stands in a field selector. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === ',') {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function parseTerm(selector: string, term: string): FieldRequirement {
  const match = /!=|==|=/.exec(term);
  if (match === null) {
    throw new SelectorError(`invalid selector: '${selector}'; can't understand '${term}'`);
  }
  const value = unescapeFieldValue(term.slice(match.index + match[0].length));
  const operator = match[0] === '!=' ? 'NotEquals' : 'Equals';
  return { path: term.slice(0, match.index), operator, value };
}

function unescapeFieldValue(escaped: string): string {
  return escaped.replace(/\\(.?)|[,=]/gsu, (sequence: string, character?: string) => {
    if (character === undefined) {
      // Upstream prints the number of the character here.
      const number = sequence.charCodeAt(0);
      throw new SelectorError(`invalid field selector: unescaped character in value: ${number}`);
    }
    if (character === ',' || character === '=' || character === '\\') return character;
    throw new SelectorError(`invalid field selector: invalid escape sequence: ${sequence}`);
  });
}
