import test from 'ava';
import {
  acceptsMediaType,
  matchesEtag,
  parseAccept,
  parseMediaType,
} from '../../lib/request/index.js';
import { makeRecord } from './make-record.js';

test('clauses are ordered by quality, then by how specific they are', (t) => {
  const names = (text: string): readonly string[] => parseAccept(text).map(({ name }) => name);
  t.deepEqual(names('a/b;q=0.5, c/d, e/f;q=0.9'), ['c/d', 'e/f', 'a/b']);
  t.deepEqual(names('*/*, a/*, a/b, c/d'), ['a/b', 'c/d', 'a/*', '*/*']);
  t.deepEqual(names('a/b;q=0, c/d'), ['c/d']);
  t.deepEqual(names('nonsense, a/b, ,'), ['a/b']);
});

test('what a client does not say is anything', (t) => {
  for (const text of [undefined, '', '  ']) {
    t.deepEqual(parseAccept(text), [{ name: '*/*', parameters: new Map(), quality: 1 }]);
  }
});

test('parameters are kept, except the quality', (t) => {
  const [clause] = parseAccept(
    'Application/JSON; AS=Table;v=v1;g="meta.k8s.io" ; x="a,b;c\\"d";q=0.8',
  );
  t.is(clause?.name, 'application/json');
  t.is(clause?.quality, 0.8);
  t.deepEqual(
    [...(clause?.parameters ?? [])],
    [
      ['as', 'Table'],
      ['v', 'v1'],
      ['g', 'meta.k8s.io'],
      ['x', 'a,b;c"d'],
    ],
  );
});

test('media types of bodies', (t) => {
  t.is(parseMediaType('application/json; charset=utf-8')?.name, 'application/json');
  t.is(parseMediaType('application/json; charset=utf-8')?.parameters.get('charset'), 'utf-8');
  for (const text of ['', 'json', 'a/b/c', 'a b/c']) t.is(parseMediaType(text), undefined);
});

const accepted: readonly (readonly [string, boolean])[] = [
  ['*/*', true],
  ['application/*', true],
  ['application/json', true],
  ['text/*', false],
  ['app/*', false],
  ['application/yaml', false],
];

for (const [clause, expected] of accepted) {
  test(`${clause} ${expected ? 'takes' : 'does not take'} JSON`, (t) => {
    const parsed = parseMediaType(clause);
    t.is(parsed !== undefined && acceptsMediaType(parsed, 'application/json'), expected);
  });
}

test('an ETag is matched in lists, weak ones and by the star', (t) => {
  const matches = (...values: string[]): boolean => {
    const headers = values.map((value) => ['if-none-match', value] as const);
    return matchesEtag(makeRecord('/', { headers }), '"A"');
  };
  t.true(matches('"A"'));
  t.true(matches('"B", "A"'));
  t.true(matches('"B"', 'W/"A"'));
  t.true(matches('*'));
  t.false(matches('A'));
  t.false(matches());
});
