/**
 * Label selectors: what is understood, what is refused with which text, and what matches. The texts
 * are part of the behaviour: clients show them to people.
 */

import test from 'ava';
import fc from 'fast-check';

import type { LabelOperator, LabelRequirement } from '../../lib/object/index.js';
import {
  checkLabelRequirement,
  formatLabelSelector,
  matchesLabels,
  parseInt64,
  parseLabelSelector,
  SelectorError,
} from '../../lib/object/index.js';

function requirement(
  key: string,
  operator: LabelOperator,
  ...values: readonly string[]
): LabelRequirement {
  return { key, operator, values };
}

const parsed: readonly (readonly [string, readonly LabelRequirement[]])[] = [
  ['', []],
  [' \t\r\n', []],
  ['a', [requirement('a', 'Exists')]],
  ['!a', [requirement('a', 'DoesNotExist')]],
  [' ! a ', [requirement('a', 'DoesNotExist')]],
  ['a=1', [requirement('a', 'In', '1')]],
  ['a==1', [requirement('a', 'In', '1')]],
  ['a = 1', [requirement('a', 'In', '1')]],
  ['a!=1', [requirement('a', 'NotIn', '1')]],
  ['a=', [requirement('a', 'In', '')]],
  ['a!=,b', [requirement('a', 'NotIn', ''), requirement('b', 'Exists')]],
  ['a in (x)', [requirement('a', 'In', 'x')]],
  ['a in(y,x , y)', [requirement('a', 'In', 'x', 'y')]],
  ['a in ()', [requirement('a', 'In', '')]],
  ['a in (,)', [requirement('a', 'In', '')]],
  ['a in (x,)', [requirement('a', 'In', '', 'x')]],
  ['a in (x,,y)', [requirement('a', 'In', '', 'x', 'y')]],
  ['a notin (x,y)', [requirement('a', 'NotIn', 'x', 'y')]],
  ['a in (in,notin)', [requirement('a', 'In', 'in', 'notin')]],
  ['in in (in)', [requirement('in', 'In', 'in')]],
  ['notin', [requirement('notin', 'Exists')]],
  ['in=notin', [requirement('in', 'In', 'notin')]],
  ['a>5', [requirement('a', 'GreaterThan', '5')]],
  ['a < 5', [requirement('a', 'LessThan', '5')]],
  ['b=2,a=1', [requirement('a', 'In', '1'), requirement('b', 'In', '2')]],
  ['a=1,a=2', [requirement('a', 'In', '1'), requirement('a', 'In', '2')]],
  ['example.com/app=web', [requirement('example.com/app', 'In', 'web')]],
];

for (const [text, expected] of parsed) {
  test(`parse understands "${text}"`, (t) => {
    const requirements = parseLabelSelector(text);
    t.deepEqual(requirements, expected);
    t.deepEqual(parseLabelSelector(formatLabelSelector(requirements)), requirements);
  });
}

const NAME_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " +
  "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
  "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or " +
  "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const INTEGER_RULE = "for 'Gt', 'Lt' operators, the value must be an integer";
const OPERATORS = 'in, notin, =, ==, !=, gt, lt';

/** Texts as apimachinery v0.36 gives them. */
const refused: readonly (readonly [string, string])[] = [
  [',', "found ',', expected: !, identifier, or 'end of string'"],
  ['=1', "found '=', expected: !, identifier, or 'end of string'"],
  ['a,', "found '', expected: identifier after ','"],
  ['a,,b', "found ',', expected: identifier after ','"],
  ['a=1 b', "found 'b', expected: ',' or 'end of string'"],
  ['a=1)', "found ')', expected: ',' or 'end of string'"],
  ['!', "unable to parse requirement: found '', expected: identifier"],
  ['!!a', "unable to parse requirement: found '!', expected: identifier"],
  ['a b', `unable to parse requirement: found 'b', expected: ${OPERATORS}`],
  ['a!', `unable to parse requirement: found '!', expected: ${OPERATORS}`],
  ['a(b)', `unable to parse requirement: found '(', expected: ${OPERATORS}`],
  ['a in b', "unable to parse requirement: found 'b' expected: '('"],
  ['a in', "unable to parse requirement: found '' expected: '('"],
  ['a in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
  ['a in (=', "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
  ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
  ['a in (b c)', "unable to parse requirement: found 'c', expected: ',' or ')'"],
  ['a in (b,=)', "unable to parse requirement: found '=', expected: ',', or identifier"],
  ['a==!', "unable to parse requirement: found '!', expected: identifier"],
  ['-a', `unable to parse requirement: <nil>: Invalid value: "-a": ${NAME_RULE}`],
  [
    'a/=1',
    'unable to parse requirement: <nil>: Invalid value: "a/": name part must be non-empty; ' +
      NAME_RULE,
  ],
  ['a=-b', `unable to parse requirement: values[0][a]: Invalid value: "-b": ${VALUE_RULE}`],
  ['a in (b,-c)', `unable to parse requirement: values[0][a]: Invalid value: "-c": ${VALUE_RULE}`],
  ['a>b', `unable to parse requirement: values[0]: Invalid value: "b": ${INTEGER_RULE}`],
  ['a>', `unable to parse requirement: values[0]: Invalid value: "": ${INTEGER_RULE}`],
  ['a>-1', `unable to parse requirement: values[0][a]: Invalid value: "-1": ${VALUE_RULE}`],
  [
    'a<9223372036854775808',
    `unable to parse requirement: values[0]: Invalid value: "9223372036854775808": ${INTEGER_RULE}`,
  ],
];

for (const [text, message] of refused) {
  test(`parse refuses "${text}"`, (t) => {
    const error = t.throws(() => parseLabelSelector(text), { instanceOf: SelectorError });
    t.is(error.message, message);
    t.is(error.code, 'invalid-selector');
  });
}

const checked: readonly (readonly [LabelRequirement, string | undefined])[] = [
  [requirement('a', 'In', 'x'), undefined],
  [
    requirement('a', 'In'),
    "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
  ],
  [
    requirement('a', 'Exists', 'x'),
    'values: Invalid value: ["x"]: values set must be empty for exists and does not exist',
  ],
  [
    requirement('a', 'LessThan', '1', '2'),
    `values: Invalid value: ["1","2"]: for 'Gt', 'Lt' operators, exactly one value is required`,
  ],
  [
    requirement('-', 'In', '-'),
    `[key: Invalid value: "-": ${NAME_RULE}, values[0][-]: Invalid value: "-": ${VALUE_RULE}]`,
  ],
];

for (const [given, message] of checked) {
  const verdict = message === undefined ? 'good' : 'refused';
  test(`a requirement ${JSON.stringify(given)} is ${verdict}`, (t) => {
    if (message === undefined) t.notThrows(() => checkLabelRequirement(given));
    else
      t.is(
        t.throws(() => checkLabelRequirement(given), { instanceOf: SelectorError }).message,
        message,
      );
  });
}

const labels = new Map([
  ['app', 'web'],
  ['empty', ''],
  ['weight', '10'],
  ['padded', '0010'],
  ['big', '9223372036854775807'],
  ['beyond', '9223372036854775808'],
  ['negative', '-3'],
]);

const matched: readonly (readonly [string, boolean])[] = [
  ['', true],
  ['app', true],
  ['absent', false],
  ['!app', false],
  ['!absent', true],
  ['app=web', true],
  ['app=other', false],
  ['absent=web', false],
  ['absent=', false],
  ['empty=', true],
  ['app!=web', false],
  ['app!=other', true],
  ['absent!=web', true],
  ['absent!=', true],
  ['empty!=', false],
  ['app in (api,web)', true],
  ['app in (api)', false],
  ['absent in (api)', false],
  ['app notin (api,web)', false],
  ['app notin (api)', true],
  ['absent notin (api)', true],
  ['weight>9', true],
  ['weight>10', false],
  ['weight<11', true],
  ['weight<10', false],
  ['weight>9,weight<11', true],
  ['padded>9', true],
  ['padded<9', false],
  ['negative<0', true],
  ['big>9223372036854775806', true],
  ['beyond>1', false],
  ['beyond<1', false],
  ['app>1', false],
  ['app<1', false],
  ['empty>0', false],
  ['absent>1', false],
  ['absent<1', false],
  ['app=web,weight=10', true],
  ['app=web,weight=11', false],
];

for (const [text, expected] of matched) {
  test(`"${text}" ${expected ? 'matches' : 'does not match'}`, (t) => {
    const requirements = parseLabelSelector(text);
    t.is(matchesLabels(requirements, labels), expected);
    t.is(
      matchesLabels(requirements, (key) => labels.get(key)),
      expected,
    );
  });
}

test('a comparison with anything but one integer matches nothing', (t) => {
  for (const values of [[], ['1', '2'], ['x']]) {
    t.false(matchesLabels([{ key: 'weight', operator: 'GreaterThan', values }], labels));
    t.false(matchesLabels([{ key: 'weight', operator: 'LessThan', values }], labels));
  }
});

test('integers are those of 64 bits', (t) => {
  for (const text of ['0', '-0', '+7', '007', '-9223372036854775808', '9223372036854775807']) {
    t.is(parseInt64(text), BigInt(text.replace('+', '').replace(/^-0$/, '0')));
  }
  const far = `${'0'.repeat(1_000_000)}1`;
  t.is(parseInt64(far), 1n);
  for (const text of [
    '',
    '-',
    '1.0',
    '1e3',
    '0x1',
    ' 1',
    '9223372036854775808',
    '9'.repeat(100_000),
  ]) {
    t.is(parseInt64(text), undefined);
  }
});

test('what is formatted parses to the same requirements', (t) => {
  const key = fc.stringMatching(/^([a-z]{1,3}\.example\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,4}[a-z])?$/);
  const value = fc.stringMatching(/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,4}[a-z])?)?$/);
  const sorted = (values: readonly string[]) => [...new Set(values)].sort();
  const integer = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String);
  const term = fc.oneof(
    fc.record({
      key,
      operator: fc.constantFrom<LabelOperator>('In', 'NotIn'),
      values: fc.array(value, { minLength: 1, maxLength: 4 }).map(sorted),
    }),
    fc.record({
      key,
      operator: fc.constantFrom<LabelOperator>('Exists', 'DoesNotExist'),
      values: fc.constant([]),
    }),
    fc.record({
      key,
      operator: fc.constantFrom<LabelOperator>('GreaterThan', 'LessThan'),
      values: integer.map((text) => [text]),
    }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(term, { maxLength: 5, selector: (given) => given.key }), (terms) => {
      const expected = terms.toSorted((left, right) => (left.key < right.key ? -1 : 1));
      t.deepEqual(parseLabelSelector(formatLabelSelector(terms)), expected);
    }),
    { numRuns: 500 },
  );
});

test('any text is parsed or refused with a SelectorError', (t) => {
  const token = fc.constantFrom(
    'a',
    'in',
    'notin',
    '=',
    '!',
    '(',
    ')',
    ',',
    '<',
    '>',
    ' ',
    '\0',
    'é',
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
      try {
        parseLabelSelector(tokens.join(''));
      } catch (error) {
        t.true(error instanceof SelectorError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
