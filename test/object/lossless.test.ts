/**
 * Decoding and encoding without loss: the table of documents on both ways (JSON.parse and the
 * lossless parser), numbers of every form, keys that JavaScript minds, and what can't be encoded.
 */

import test from 'ava';
import fc from 'fast-check';

import type { JsonValue, ObjectErrorCode } from '../../lib/object/index.js';
import { scanObject } from '../../lib/object/index.js';
import {
  cloneJson,
  decodeJson,
  encodeJson,
  encodeJsonText,
  equalJson,
  isNumber,
  JsonError,
  LosslessNumber,
  numberLexeme,
} from '../../lib/object/lossless/index.js';
import { jsonTable } from './json-table.js';

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** Forces the decoder to keep number texts, whatever else the document contains. */
const LOSSY = '1.0';

for (const row of jsonTable) {
  const { name, bytes } = row;
  const isJson =
    row.accepted || ['duplicate-key', 'not-an-object', 'invalid-field'].includes(row.code);
  if (isJson) {
    test(`decode accepts ${name}, with and without a number to keep`, (t) => {
      const expected = JSON.parse(textOf(bytes)) as JsonValue;
      t.deepEqual(asNumbers(decodeJson(bytes)), expected);
      t.deepEqual(asNumbers(decodeJson(textOf(bytes))), expected);
      if (name.startsWith('nesting of')) return;
      const both = decodeJson(`[${LOSSY},${textOf(bytes)}]`) as JsonValue[];
      t.true(both[0] instanceof LosslessNumber);
      t.deepEqual(asNumbers(both[1]), expected);
    });
  } else {
    test(`decode refuses ${name} as the scanner does`, (t) => {
      const error = t.throws(() => decodeJson(bytes), { instanceOf: JsonError });
      t.is(error.code, row.code);
      t.is(error.offset, row.offset);
    });
  }
}

for (const row of jsonTable.filter(({ accepted }) => accepted)) {
  test(`what was decoded is encoded as the scanner writes it: ${row.name}`, (t) => {
    const encoded = encodeJson(decodeJson(row.bytes));
    t.deepEqual(scanObject(encoded, []).bytes, scanObject(row.bytes, []).bytes);
  });
}

// Lossless numbers as the doubles that JSON.parse makes of them.
function asNumbers(value: unknown): unknown {
  if (isNumber(value)) return Number(numberLexeme(value));
  if (Array.isArray(value)) return value.map(asNumbers);
  if (typeof value !== 'object' || value === null) return value;
  const copy: object = {};
  for (const [key, member] of Object.entries(value)) {
    const attributes = { enumerable: true, configurable: true, writable: true };
    Object.defineProperty(copy, key, { value: asNumbers(member), ...attributes });
  }
  return copy;
}

const keptNumbers = [
  ...['0', '1', '-1', '15', '999999999999999', '-999999999999999', '0.5', '-0.5', '1.25'],
  ...['12.000001', '0.000001', '0.0000012', '9007199254740993', '9223372036854775807'],
  ...['18446744073709551615', '-9223372036854775808', '1.0', '1.10', '0.0', '-0', '-0.0'],
  ...['1e5', '1E5', '1e+5', '1.5e-7', '0.0000001', '1e21', '123456789012345678901234567890'],
  ...['0.1234567890123456789', '1e-400', '5e-324', '1.7976931348623157e308', '100000000000000.5'],
];

for (const lexeme of keptNumbers) {
  test(`the number ${lexeme} survives decoding and encoding`, (t) => {
    t.is(encodeJsonText(decodeJson(lexeme)), lexeme);
    t.is(encodeJsonText(decodeJson(`{"a":[${lexeme}, 1]}`)), `{"a":[${lexeme},1]}`);
    t.is(numberLexeme(decodeJson(lexeme) as unknown as number), lexeme);
  });
}

test('a number that a double writes the same way is a JavaScript number', (t) => {
  for (const lexeme of ['0', '-7', '999999999999999', '0.5', '12.000001', '0.000001', '1e+21']) {
    t.is(decodeJson(lexeme), Number(lexeme));
    const [, beside] = decodeJson(`[${LOSSY},${lexeme}]`) as JsonValue[];
    t.is(beside, Number(lexeme));
  }
});

test('numbers of any form survive', (t) => {
  const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,24})$/);
  const fraction = fc.stringMatching(/^(\.[0-9]{1,24})?$/);
  const exponent = fc.stringMatching(/^([eE][+-]?[0-9]{1,2})?$/);
  fc.assert(
    fc.property(fc.constantFrom('', '-'), digits, fraction, exponent, (...parts) => {
      const lexeme = parts.join('');
      t.is(encodeJsonText(decodeJson(lexeme)), lexeme);
    }),
    { numRuns: 1000 },
  );
});

test('numbers within strings and keys are left alone', (t) => {
  const text = '{"1.0":"1.0 \\" 2.0","a":"\\\\"}';
  t.deepEqual(decodeJson(text), JSON.parse(text));
});

test('a __proto__ key is an ordinary key on both ways', (t) => {
  for (const text of [
    '{"__proto__":{"polluted":1},"a":{"__proto__":null}}',
    `{"__proto__":{"polluted":${LOSSY}},"a":{"__proto__":null}}`,
  ]) {
    const decoded = decodeJson(text) as { [key: string]: JsonValue };
    for (const value of [decoded, cloneJson(decoded)]) {
      t.deepEqual(Object.keys(value), ['__proto__', 'a']);
      t.is(Object.getPrototypeOf(value), Object.prototype);
      t.is((value as { polluted?: unknown }).polluted, undefined);
      t.is(encodeJsonText(value), text);
      t.true(equalJson(value, decoded));
    }
    t.false(equalJson(decoded, { a: decoded['a'] }));
    t.false(equalJson({ a: 1 }, JSON.parse('{"__proto__":1}')));
  }
  t.is(({} as { polluted?: unknown }).polluted, undefined);
});

test('of duplicate keys the last one counts on both ways', (t) => {
  t.deepEqual(decodeJson('{"a":1,"b":2,"a":{"c":3}}'), { a: { c: 3 }, b: 2 });
  const [, kept] = decodeJson(`[${LOSSY},{"a":1,"b":2,"a":{"c":3}}]`) as JsonValue[];
  t.deepEqual(kept, { a: { c: 3 }, b: 2 });
  const [, empty] = decodeJson(`[${LOSSY},{"a":[],"a":{}}]`) as JsonValue[];
  t.deepEqual(empty, { a: {} });
});

test('duplicate keys are reported to who asks', (t) => {
  const reported: [string, number][] = [];
  const text = '{"spec":{"list":[{"x":1,"\\u0078":2}],"a":0,"a":1,"a":2},"spec":3}';
  const decoded = decodeJson(text, {
    onDuplicate: (path, offset) => reported.push([path, offset]),
  });
  t.deepEqual(decoded, { spec: 3 });
  t.deepEqual(reported, [
    ['spec.list[0].x', 24],
    ['spec.a', 43],
    ['spec.a', 49],
    ['spec', 56],
  ]);
  t.notThrows(() => decodeJson('{"a":{"a":1}}', { onDuplicate: () => t.fail() }));
  t.throws(() => decodeJson('{"a":1', { onDuplicate: () => t.fail() }), { instanceOf: JsonError });
});

test('nesting is refused before any parser runs', (t) => {
  const deep = 200_000;
  for (const text of [
    '['.repeat(deep) + ']'.repeat(deep),
    `${'{"a":'.repeat(deep)}${LOSSY}${'}'.repeat(deep)}`,
  ]) {
    t.is(t.throws(() => decodeJson(text), { instanceOf: JsonError }).code, 'too-deep');
  }
  t.notThrows(() => decodeJson(`${'['.repeat(1000)}${LOSSY}${']'.repeat(1000)}`));
  const wide = `[${'[],{},'.repeat(5000)}0]`;
  t.is((decodeJson(wide) as JsonValue[]).length, 10_001);
});

test('text with half of a surrogate pair is refused', (t) => {
  const error = t.throws(() => decodeJson('{"\u00e9":"\ud800"}'), { instanceOf: JsonError });
  t.is(error.code, 'invalid-utf8');
  t.is(error.offset, 7);
  t.deepEqual(decodeJson('"\u{1f600}"'), '\u{1f600}');
});

const written: readonly (readonly [string, unknown, string])[] = [
  [
    'keys by their UTF-8 bytes',
    { '\u{1f600}': 1, '\uff5e': 2, b: 3, a: 4 },
    '{"a":4,"b":3,"\uff5e":2,"\u{1f600}":1}',
  ],
  ['integer-like keys as text', { 9: 1, 10: 2 }, '{"10":2,"9":1}'],
  [
    'the fewest escapes',
    '/"\\\b\u0000\u001f\u007f\u2028\u{1f600}',
    '"/\\"\\\\\\b\\u0000\\u001f\u007f\u2028\u{1f600}"',
  ],
  ['members that are undefined not at all', { b: undefined, a: [{ c: undefined }] }, '{"a":[{}]}'],
  ['a bigint as an integer', { a: 18446744073709551615n }, '{"a":18446744073709551615}'],
  ['a Date as its text', { a: new Date(0) }, '{"a":"1970-01-01T00:00:00.000Z"}'],
  ['minus zero as zero', -0, '0'],
  ['large and small doubles', [1e21, 1e-7, 0.1], '[1e+21,1e-7,0.1]'],
  ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ['a member named toJSON', { toJSON: 1 }, '{"toJSON":1}'],
];

for (const [name, value, expected] of written) {
  test(`encode writes ${name}`, (t) => {
    t.is(encodeJsonText(value), expected);
    t.is(textOf(encodeJson(value)), expected);
    t.true(equalJson(cloneJson(value), value));
    t.is(encodeJsonText(cloneJson(value)), expected);
  });
}

const self: { [key: string]: unknown } = {};
self['self'] = self;

const notWritten: readonly (readonly [string, unknown, ObjectErrorCode])[] = [
  ['undefined', undefined, 'not-encodable'],
  ['undefined within an array', [undefined], 'not-encodable'],
  ['a hole in an array', Array.from({ length: 1 }), 'not-encodable'],
  ['a function', { a: () => 0 }, 'not-encodable'],
  ['a symbol', [Symbol('a')], 'not-encodable'],
  ['NaN', { a: Number.NaN }, 'number-out-of-range'],
  ['infinity', { a: -Infinity }, 'number-out-of-range'],
  ['a bigint that no double holds', 10n ** 400n, 'number-out-of-range'],
  ['a kept number that no double holds', new LosslessNumber('1e400'), 'number-out-of-range'],
  ['half of a surrogate pair', ['\ud800'], 'invalid-utf8'],
  ['half of a surrogate pair in a key', { '\udc00': 1 }, 'invalid-utf8'],
  ['an object that contains itself', self, 'too-deep'],
];

for (const [name, value, code] of notWritten) {
  test(`encode refuses ${name}`, (t) => {
    t.is(t.throws(() => encodeJson(value), { instanceOf: JsonError }).code, code);
  });
}

test('nesting is bounded when encoding, comparing and copying', (t) => {
  const nest = (depth: number): unknown => {
    let value: unknown[] = [];
    for (let level = 1; level < depth; level++) value = [value];
    return value;
  };
  for (const use of [encodeJson, cloneJson, (value: unknown) => equalJson(value, nest(1001))]) {
    t.notThrows(() => use(nest(1000)));
    t.is(t.throws(() => use(nest(1001)), { instanceOf: JsonError }).code, 'too-deep');
  }
  t.notThrows(() => decodeJson(encodeJson(nest(1000))));
});

const pairs: readonly (readonly [boolean, string, string])[] = [
  [true, '{"a":1,"b":[2]}', '{"b":[2],"a":1}'],
  [true, '1.0', '1.0'],
  [true, '[12345678901234567890]', '[12345678901234567890]'],
  [false, '1', '1.0'],
  [false, '12345678901234567890', '12345678901234567891'],
  [false, '1', '"1"'],
  [false, '1.0', '"1.0"'],
  [false, '1.0', '{"value":"1.0","isLosslessNumber":true}'],
  [false, '{"value":"1.0","isLosslessNumber":true}', '1.0'],
  [false, '[1,2]', '[2,1]'],
  [false, '[1]', '[1,1]'],
  [false, '[]', '{}'],
  [false, '{}', 'null'],
  [false, 'null', 'false'],
  [false, '{"a":null}', '{}'],
  [false, '{"a":1}', '{"b":1}'],
  [false, '{"a":1,"b":1}', '{"a":1}'],
];

for (const [same, left, right] of pairs) {
  test(`${left} and ${right} are ${same ? 'equal' : 'different'}`, (t) => {
    t.is(equalJson(decodeJson(left), decodeJson(right)), same);
    t.is(equalJson(decodeJson(right), decodeJson(left)), same);
  });
}

test('members that are undefined count as absent', (t) => {
  t.true(equalJson({ a: undefined }, {}));
  t.true(equalJson({ a: 1, b: undefined }, { a: 1, c: undefined }));
  t.deepEqual(Object.keys(cloneJson({ a: undefined, b: 1 })), ['b']);
});

test('values are equal when they are written alike, and copies are equal', (t) => {
  const value = fc.json({ maxDepth: 3 });
  fc.assert(
    fc.property(value, value, (left, right) => {
      const a = decodeJson(left);
      const b = decodeJson(right);
      t.is(equalJson(a, b), encodeJsonText(a) === encodeJsonText(b));
      t.true(equalJson(a, cloneJson(a)));
      t.true(equalJson(decodeJson(encodeJson(a)), a));
    }),
    { numRuns: 500 },
  );
});

test('a copy shares nothing that could change', (t) => {
  const original = { a: [{ b: 1 }] };
  const copy = cloneJson(original);
  (copy.a[0] as { b: number }).b = 2;
  copy.a.push({ b: 3 });
  t.deepEqual(original, { a: [{ b: 1 }] });
});
