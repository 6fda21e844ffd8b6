/**
 * Field selectors: what is understood, what is refused with which text, and what matches. Values
 * may contain anything, escaped.
 */

import test from 'ava';
import fc from 'fast-check';

import type { FieldRequirement } from '../../lib/object/index.js';
import {
  escapeFieldValue,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector,
  SelectorError,
} from '../../lib/object/index.js';

const is = (path: string, value: string): FieldRequirement => ({ path, operator: 'Equals', value });
const isNot = (path: string, value: string): FieldRequirement => {
  return { path, operator: 'NotEquals', value };
};

const parsed: readonly (readonly [string, readonly FieldRequirement[]])[] = [
  ['', []],
  [',', []],
  ['=', []],
  ['!=', []],
  ['metadata.name=web', [is('metadata.name', 'web')]],
  ['metadata.name==web', [is('metadata.name', 'web')]],
  ['metadata.name!=web', [isNot('metadata.name', 'web')]],
  ['spec.nodeName=', [is('spec.nodeName', '')]],
  ['=a', [is('', 'a')]],
  ['b=2,a!=1,,', [isNot('a', '1'), is('b', '2')]],
  ['a= b ', [is('a', ' b ')]],
  ['a=x\\,y', [is('a', 'x,y')]],
  ['a=x\\=y', [is('a', 'x=y')]],
  ['a=x\\\\', [is('a', 'x\\')]],
  ['a=\\\\,b=1', [is('a', '\\'), is('b', '1')]],
  ['a!b=c', [is('a!b', 'c')]],
  ['a=!b', [is('a', '!b')]],
  ['a\\,b=1', [is('a\\,b', '1')]],
];

for (const [text, expected] of parsed) {
  test(`parse understands "${text}"`, (t) => {
    const requirements = parseFieldSelector(text);
    t.deepEqual(requirements, expected);
    t.deepEqual(parseFieldSelector(formatFieldSelector(requirements)), requirements);
  });
}

/** Texts as apimachinery v0.36 gives them. */
const refused: readonly (readonly [string, string])[] = [
  ['a', "invalid selector: 'a'; can't understand 'a'"],
  ['b=1,a', "invalid selector: 'b=1,a'; can't understand 'a'"],
  ['a!', "invalid selector: 'a!'; can't understand 'a!'"],
  ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  ['a=\\n', 'invalid field selector: invalid escape sequence: \\n'],
  ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
];

for (const [text, message] of refused) {
  test(`parse refuses "${text}"`, (t) => {
    const error = t.throws(() => parseFieldSelector(text), { instanceOf: SelectorError });
    t.is(error.message, message);
  });
}

test('a field that an object lacks is empty', (t) => {
  const fields = new Map([['metadata.name', 'web']]);
  const matches = (text: string) => {
    return matchesFields(parseFieldSelector(text), (path) => fields.get(path));
  };
  t.true(matches(''));
  t.true(matches('metadata.name=web'));
  t.false(matches('metadata.name!=web'));
  t.false(matches('metadata.name=other'));
  t.true(matches('spec.nodeName='));
  t.false(matches('spec.nodeName!='));
  t.true(matches('spec.nodeName!=a'));
  t.false(matches('metadata.name=web,spec.nodeName=a'));
});

test('any value survives formatting and parsing', (t) => {
  const value = fc.string({
    unit: fc.constantFrom('a', ',', '=', '\\', '!', ' ', '\n', '\u{1f600}'),
  });
  fc.assert(
    fc.property(value, value, (left, right) => {
      const requirements = [is('a', left), isNot('b', right)];
      t.deepEqual(parseFieldSelector(formatFieldSelector(requirements)), requirements);
      t.deepEqual(parseFieldSelector(`a=${escapeFieldValue(left)}`), [is('a', left)]);
    }),
    { numRuns: 500 },
  );
});

test('any text is parsed or refused with a SelectorError', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ',', '=', '\\', '!', '\n') }), (text) => {
      try {
        parseFieldSelector(text);
      } catch (error) {
        t.true(error instanceof SelectorError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
