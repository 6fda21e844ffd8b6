/** Plain copies of decoded JSON, and the way back: numbers that nobody touched keep their text. */

import test from 'ava';
import fc from 'fast-check';

import { decodeJson, encodeJsonText, plainJson } from '../../lib/object/lossless/index.js';

// oxlint-disable-next-line typescript/no-explicit-any
type Value = any;

const after = (text: string, change: (value: Value) => Value): string => {
  const { value, restore } = plainJson(decodeJson(text));
  return encodeJsonText(restore(change(value)));
};

test('a copy has numbers where the source has texts, and shares nothing', (t) => {
  const source = decodeJson('{"a":{"b":[9007199254740993,1.0,2]}}');
  const { value } = plainJson(source) as { value: Value };
  t.deepEqual(value, { a: { b: [9007199254740992, 1, 2] } });
  value.a.b.push(3);
  t.is(encodeJsonText(source), '{"a":{"b":[9007199254740993,1.0,2]}}');
});

const rows: readonly (readonly [string, string, (value: Value) => Value, string])[] = [
  ['nothing', '{"a":1.0,"b":1e2,"c":-0.10}', (v) => v, '{"a":1.0,"b":1e2,"c":-0.10}'],
  ['another member', '{"a":1.0}', (v) => ({ ...v, b: 1 }), '{"a":1.0,"b":1}'],
  ['the number', '{"a":1.0}', (v) => ((v.a += 1), v), '{"a":2}'],
  ['its type', '{"a":1.0}', (v) => ((v.a = '1.0'), v), '{"a":"1.0"}'],
  [
    'an object, by a copy',
    '{"s":{"a":1.0,"b":2}}',
    (v) => ({ s: { ...v.s, b: 3 } }),
    '{"s":{"a":1.0,"b":3}}',
  ],
  ['the place of an object', '{"s":{"a":1.0}}', (v) => ({ t: v.s }), '{"t":{"a":1.0}}'],
  [
    'the order of objects in a list',
    '[{"n":"x","a":1.0},{"n":"y","a":1.00}]',
    (v) => v.reverse(),
    '[{"a":1.00,"n":"y"},{"a":1.0,"n":"x"}]',
  ],
  [
    'the first of a list',
    '[1.0,2.0,9007199254740993]',
    (v) => v.slice(1),
    '[2.0,9007199254740993]',
  ],
  ['the order of a list', '[1.0,2.00,3.000]', (v) => v.toReversed(), '[3.000,2.00,1.0]'],
  [
    'nothing between numbers of one value',
    '[9007199254740993,9007199254740992,9007199254740994]',
    (v) => [...v],
    '[9007199254740993,9007199254740992,9007199254740994]',
  ],
  ['the place of a number', '[2.0,1.0,1.00]', (v) => [v[1], v[2], v[0]], '[1.0,1.00,2.0]'],
  ['one of a list', '[1.0,1.0,5]', (v) => [v[0], 7, v[2]], '[1.0,7,5]'],
  ['the end of a list', '[1.0]', (v) => [...v, 1], '[1.0,1]'],
  ['the name of a member', '{"a":1.0}', (v) => ({ b: v.a }), '{"b":1}'],
];

for (const [what, text, change, expected] of rows) {
  test(`what changes is ${what}`, (t) => t.is(after(text, change), expected));
}

test('a member named __proto__ is a member', (t) => {
  t.is(
    after('{"__proto__":{"a":1.0},"b":2}', (v) => v),
    '{"__proto__":{"a":1.0},"b":2}',
  );
});

test('a value that contains itself is refused', (t) => {
  const { value, restore } = plainJson(decodeJson('{"a":1.0}')) as Value;
  value.self = value;
  t.throws(() => restore(value), { code: 'too-deep' });
});

test('whatever is untouched comes back byte for byte', (t) => {
  const number = fc.constantFrom('0', '1', '1.0', '-0.0', '1e3', '9007199254740993', '1.50', '7');
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      number,
      fc.constantFrom('"x"', 'null', 'true'),
      fc.array(tie('value')).map((list) => `[${list.join(',')}]`),
      fc
        .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), tie('value')), {
          selector: ([key]) => key,
        })
        .map((members) => `{${members.map(([key, text]) => `"${key}":${text}`).join(',')}}`),
    ),
  }));
  fc.assert(
    fc.property(value, (text) => {
      const canonical = encodeJsonText(decodeJson(text));
      t.is(
        after(text, (v) => v),
        canonical,
      );
      t.is(
        after(text, (v) => structuredClone(v)),
        canonical,
      );
    }),
  );
  t.pass();
});
