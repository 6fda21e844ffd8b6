/**
 * Selectors made ready: they mean what their terms mean one by one, and an object costs no more for
 * many terms than for some.
 */

import test from 'ava';
import fc from 'fast-check';
import {
  FieldMatcher,
  type FieldRequirement,
  LabelMatcher,
  type LabelRequirement,
  matchesFields,
  matchesLabels,
  TERMS_SCANNED_MAX,
} from '../../lib/object/index.js';
import { startCounting, stopCounting, workOf } from './work.js';

test.before(startCounting);
test.after.always(stopCounting);

const KEYS = ['a', 'b', 'c'];
const VALUES = ['', 'x', 'y', '-1', '0', '7', '+7', '9223372036854775807', '9223372036854775808'];

const labelTerm: fc.Arbitrary<LabelRequirement> = fc.record({
  key: fc.constantFrom(...KEYS),
  operator: fc.constantFrom(
    ...(['In', 'NotIn', 'Exists', 'DoesNotExist', 'GreaterThan', 'LessThan'] as const),
  ),
  values: fc.array(fc.constantFrom(...VALUES), { maxLength: 4 }),
});
const labelMap = fc.dictionary(fc.constantFrom(...KEYS, 'd'), fc.constantFrom(...VALUES));

// What all objects meet, so that a selector has many terms and may still match.
const idle: readonly LabelRequirement[] = Array.from({ length: TERMS_SCANNED_MAX }, (_, index) => ({
  key: `idle${index}`,
  operator: 'DoesNotExist',
  values: [],
}));

test.serial('labels meet many terms as they meet each of them', (t) => {
  let matched = 0;
  fc.assert(
    fc.property(fc.array(labelTerm, { maxLength: 5 }), labelMap, (terms, labels) => {
      const expected = matchesLabels(terms, new Map(Object.entries(labels)));
      if (expected) matched++;
      for (const requirements of [terms, [...terms, ...idle], [...terms, ...terms, ...idle]]) {
        const matcher = new LabelMatcher(requirements);
        t.is(matcher.matches(Object.entries(labels).flat()), expected);
      }
    }),
    { numRuns: 3_000 },
  );
  t.true(matched > 100);
});

const PATHS = ['metadata.name', 'spec.color', 'spec.size'];
const fieldTerm: fc.Arbitrary<FieldRequirement> = fc.record({
  path: fc.constantFrom(...PATHS),
  operator: fc.constantFrom(...(['Equals', 'NotEquals'] as const)),
  value: fc.constantFrom('', 'x', 'y', 'z'),
});

test.serial('fields meet many terms as they meet each of them', (t) => {
  const fields = fc.dictionary(fc.constantFrom(...PATHS), fc.constantFrom('', 'x', 'y', 'z'));
  const many = Array.from({ length: TERMS_SCANNED_MAX }, (_, index) => ({
    path: 'spec.color',
    operator: 'NotEquals' as const,
    value: `idle${index}`,
  }));
  let matched = 0;
  fc.assert(
    fc.property(fc.array(fieldTerm, { maxLength: 4 }), fields, (terms, values) => {
      const lookup = (path: string): string | undefined => values[path];
      const expected = matchesFields(terms, lookup);
      if (expected) matched++;
      t.is(new FieldMatcher(terms).matches(lookup), expected);
      t.is(new FieldMatcher([...terms, ...many]).matches(lookup), expected);
    }),
    { numRuns: 2_000 },
  );
  t.true(matched > 100);
});

const LABELS = ['app', 'a', 'num', '1000000', 'tier', 'x'];

const term = (key: string, operator: LabelRequirement['operator'], ...values: string[]) => ({
  key,
  operator,
  values,
});

/** Terms that an object with LABELS meets, every one. */
const HOSTILE: { readonly [what: string]: (index: number) => LabelRequirement } = {
  'keys that must not be there': (index) => term(`k${index}`, 'DoesNotExist'),
  'values that must not be there': (index) => term('app', 'NotIn', `v${index}`),
  'keys that must be there': () => term('app', 'Exists'),
  'lower bounds': (index) => term('num', 'GreaterThan', String(index)),
  'upper bounds': (index) => term('num', 'LessThan', String(2_000_000 + index)),
  'lists of values': (index) => term('app', 'In', 'a', `v${index}`),
};

const terms = <Term>(count: number, make: (index: number) => Term): Term[] =>
  Array.from({ length: count }, (_, index) => make(index));

for (const [what, make] of Object.entries(HOSTILE)) {
  test.serial(`an object is not asked for each of ten thousand ${what}`, (t) => {
    const work = [100, 10_000].map((count) => {
      const matcher = new LabelMatcher(terms(count, make));
      return workOf(() => t.true(matcher.matches(LABELS)));
    });
    t.true(work[0]! > 0);
    t.is(work[0], work[1]);
  });
}

test.serial('an object is not compared with each of ten thousand values', (t) => {
  for (const operator of ['In', 'NotIn'] as const) {
    const work = [100, 10_000].map((count) => {
      const values = terms(count, (index) => `v${index}`);
      const matcher = new LabelMatcher([term('app', operator, ...values)]);
      return workOf(() => t.is(matcher.matches(LABELS), operator === 'NotIn'));
    });
    t.true(work[0]! > 0);
    t.is(work[0], work[1]);
  }
});

for (const operator of ['Equals', 'NotEquals'] as const) {
  test.serial(`a field is not compared with each of ten thousand values: ${operator}`, (t) => {
    const work = [100, 10_000].map((count) => {
      const value = (index: number): string => (operator === 'Equals' ? 'red' : `v${index}`);
      const matcher = new FieldMatcher(
        terms(count, (index) => ({ path: 'spec.color', operator, value: value(index) })),
      );
      return workOf(() => t.true(matcher.matches(() => 'red')));
    });
    t.true(work[0]! > 0);
    t.is(work[0], work[1]);
  });
}
