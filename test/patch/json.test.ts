/** JSON Patch: RFC 6902's appendix, errors, losslessness, purity, a differential property. */

import test from 'ava';
import fc from 'fast-check';
import { createPatch } from 'rfc6902';
import type { JsonValue } from '../../lib/object/index.js';
import { decodeJson, encodeJsonText, equalJson } from '../../lib/object/lossless/index.js';
import {
  applyJsonPatch,
  JSON_PATCH_OPERATIONS_MAX,
  parseJsonPatch,
  PatchError,
} from '../../lib/patch/index.js';

function apply(target: string, patch: string): string {
  return encodeJsonText(applyJsonPatch(decodeJson(target), parseJsonPatch(decodeJson(patch))));
}

const APPLIED: readonly (readonly [name: string, target: string, patch: string, result: string])[] =
  [
    [
      'A.1 adding an object member',
      '{"foo":"bar"}',
      '[{"op":"add","path":"/baz","value":"qux"}]',
      '{"baz":"qux","foo":"bar"}',
    ],
    [
      'A.2 adding an array element',
      '{"foo":["bar","baz"]}',
      '[{"op":"add","path":"/foo/1","value":"qux"}]',
      '{"foo":["bar","qux","baz"]}',
    ],
    [
      'A.3 removing an object member',
      '{"baz":"qux","foo":"bar"}',
      '[{"op":"remove","path":"/baz"}]',
      '{"foo":"bar"}',
    ],
    [
      'A.4 removing an array element',
      '{"foo":["bar","qux","baz"]}',
      '[{"op":"remove","path":"/foo/1"}]',
      '{"foo":["bar","baz"]}',
    ],
    [
      'A.5 replacing a value',
      '{"baz":"qux","foo":"bar"}',
      '[{"op":"replace","path":"/baz","value":"boo"}]',
      '{"baz":"boo","foo":"bar"}',
    ],
    [
      'A.6 moving a value',
      '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
      '[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]',
      '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
    ],
    [
      'A.7 moving an array element',
      '{"foo":["all","grass","cows","eat"]}',
      '[{"op":"move","from":"/foo/1","path":"/foo/3"}]',
      '{"foo":["all","cows","eat","grass"]}',
    ],
    [
      'A.8 testing a value: success',
      '{"baz":"qux","foo":["a",2,"c"]}',
      '[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]',
      '{"baz":"qux","foo":["a",2,"c"]}',
    ],
    [
      'A.10 adding a nested member object',
      '{"foo":"bar"}',
      '[{"op":"add","path":"/child","value":{"grandchild":{}}}]',
      '{"child":{"grandchild":{}},"foo":"bar"}',
    ],
    [
      'A.11 ignoring unrecognized elements',
      '{"foo":"bar"}',
      '[{"op":"add","path":"/baz","value":"qux","xyz":123}]',
      '{"baz":"qux","foo":"bar"}',
    ],
    [
      'A.14 ~ escape ordering',
      '{"/":9,"~1":10}',
      '[{"op":"test","path":"/~01","value":10}]',
      '{"/":9,"~1":10}',
    ],
    [
      'A.16 adding an array value',
      '{"foo":["bar"]}',
      '[{"op":"add","path":"/foo/-","value":["abc","def"]}]',
      '{"foo":["bar",["abc","def"]]}',
    ],
    [
      'a whole document is replaced',
      '{"a":1}',
      '[{"op":"replace","path":"","value":{"b":2}}]',
      '{"b":2}',
    ],
    [
      'an add at an existing member replaces',
      '{"a":1}',
      '[{"op":"add","path":"/a","value":null}]',
      '{"a":null}',
    ],
    [
      'replacing a member that is not there adds it',
      '{}',
      '[{"op":"replace","path":"/a","value":1}]',
      '{"a":1}',
    ],
    ['a value that is left out is null', '{}', '[{"op":"add","path":"/a"}]', '{"a":null}'],
    [
      'an index below 0 counts from the end',
      '{"a":[1,2,3]}',
      '[{"op":"replace","path":"/a/-1","value":9},{"op":"remove","path":"/a/-3"}]',
      '{"a":[2,9]}',
    ],
    [
      'an add at -1 comes last',
      '{"a":[1,2]}',
      '[{"op":"add","path":"/a/-1","value":3}]',
      '{"a":[1,2,3]}',
    ],
    [
      'a copy is independent of its source',
      '{"a":{"x":1}}',
      '[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/a/y","value":2}]',
      '{"a":{"x":1,"y":2},"b":{"x":1}}',
    ],
    [
      'a value added twice is two values',
      '{}',
      '[{"op":"add","path":"/a","value":[]},{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/a/-","value":1}]',
      '{"a":[1],"b":[]}',
    ],
    ['a member with an empty name', '{"":1}', '[{"op":"replace","path":"/","value":2}]', '{"":2}'],
    [
      '64-bit integers and lexemes stay',
      '{"a":9007199254740993,"b":1.0}',
      '[{"op":"move","from":"/a","path":"/c"},{"op":"add","path":"/d","value":1e2}]',
      '{"b":1.0,"c":9007199254740993,"d":1e2}',
    ],
    ['null is tested where nothing is', '{}', '[{"op":"test","path":"/a","value":null}]', '{}'],
    [
      'members named like parts of the prototype are members',
      '{"constructor":{}}',
      '[{"op":"add","path":"/constructor/prototype","value":1}]',
      '{"constructor":{"prototype":1}}',
    ],
  ];

for (const [name, target, patch, result] of APPLIED) {
  test(`applies: ${name}`, (t) => {
    t.is(apply(target, patch), result);
  });
}

const REFUSED: readonly (readonly [name: string, target: string, patch: string, code: string])[] = [
  [
    'A.9 testing a value: error',
    '{"baz":"qux"}',
    '[{"op":"test","path":"/baz","value":"bar"}]',
    'test-failed',
  ],
  [
    'A.12 adding to a nonexistent target',
    '{"foo":"bar"}',
    '[{"op":"add","path":"/baz/bat","value":"qux"}]',
    'not-applicable',
  ],
  [
    'A.15 comparing strings and numbers',
    '{"/":9,"~1":10}',
    '[{"op":"test","path":"/~01","value":"10"}]',
    'test-failed',
  ],
  ['1 is not 1.0', '{"a":1}', '[{"op":"test","path":"/a","value":1.0}]', 'test-failed'],
  [
    'neighbours above 2^53 differ',
    '{"a":9007199254740993}',
    '[{"op":"test","path":"/a","value":9007199254740992}]',
    'test-failed',
  ],
  ['removing what is not there', '{}', '[{"op":"remove","path":"/a"}]', 'not-applicable'],
  [
    'replacing an entry that is not there',
    '{"a":[1]}',
    '[{"op":"replace","path":"/a/1","value":1}]',
    'not-applicable',
  ],
  [
    'replacing in what is not there',
    '{}',
    '[{"op":"replace","path":"/a/b","value":1}]',
    'not-applicable',
  ],
  ['an index before the first', '{"a":[1]}', '[{"op":"remove","path":"/a/-2"}]', 'not-applicable'],
  ['removing the document', '{}', '[{"op":"remove","path":""}]', 'not-applicable'],
  ['copying what is not there', '{}', '[{"op":"copy","from":"/a","path":"/b"}]', 'not-applicable'],
  [
    'moving into a child',
    '{"a":{}}',
    '[{"op":"move","from":"/a","path":"/a/b"}]',
    'not-applicable',
  ],
  [
    'an index behind the end',
    '{"a":[1]}',
    '[{"op":"add","path":"/a/2","value":1}]',
    'not-applicable',
  ],
  [
    'an index with a leading zero',
    '{"a":[1,2]}',
    '[{"op":"remove","path":"/a/01"}]',
    'not-applicable',
  ],
  [
    'an index that is a word',
    '{"a":[1]}',
    '[{"op":"replace","path":"/a/length","value":0}]',
    'not-applicable',
  ],
  [
    'the element behind the end of an array',
    '{"a":[1]}',
    '[{"op":"remove","path":"/a/-"}]',
    'not-applicable',
  ],
  [
    'a path through a number',
    '{"a":9007199254740993}',
    '[{"op":"add","path":"/a/value","value":"1"}]',
    'not-applicable',
  ],
  [
    'a path through the prototype',
    '{}',
    '[{"op":"add","path":"/__proto__/polluted","value":1}]',
    'not-applicable',
  ],
  ['an unknown operation', '{}', '[{"op":"merge","path":"/a","value":1}]', 'not-applicable'],
  ['no operation', '{}', '[{"path":"/a","value":1}]', 'not-applicable'],
  ['no path', '{}', '[{"op":"add","value":1}]', 'not-applicable'],
  ['no from', '{}', '[{"op":"move","path":"/a"}]', 'not-applicable'],
  ['a path without a slash', '{}', '[{"op":"add","path":"a","value":1}]', 'not-applicable'],
  ['an object', '{}', '{"op":"add","path":"/a","value":1}', 'malformed'],
  ['null', '{}', 'null', 'malformed'],
  ['an operation that is no text', '{}', '[{"op":1,"path":"/a"}]', 'malformed'],
  ['a path that is no text', '{}', '[{"op":"add","path":1}]', 'malformed'],
  ['a number for an operation', '{}', '[9007199254740993]', 'malformed'],
];

for (const [name, target, patch, code] of REFUSED) {
  test(`refuses with ${code}: ${name}`, (t) => {
    const before = decodeJson(target);
    const error = t.throws(() => applyJsonPatch(before, parseJsonPatch(decodeJson(patch))), {
      instanceOf: PatchError,
    });
    t.is(error.code, code as PatchError['code']);
    t.is(encodeJsonText(before), encodeJsonText(decodeJson(target)), 'the target is as it was');
    t.is(({} as { polluted?: number }).polluted, undefined);
  });
}

test('the error names the operation that failed', (t) => {
  const patch = '[{"op":"add","path":"/a","value":1},{"op":"remove","path":"/b"}]';
  const error = t.throws(() => apply('{}', patch), { instanceOf: PatchError });
  t.is(error.index, 1);
  t.is(error.message, 'operation 1: there is no "/b"');
});

test('ten thousand operations are taken, one more is not', (t) => {
  const operation = { op: 'test', path: '', value: {} };
  const most = Array.from({ length: JSON_PATCH_OPERATIONS_MAX }, () => operation);
  t.deepEqual(applyJsonPatch({}, parseJsonPatch(most)), {});
  const error = t.throws(() => parseJsonPatch([...most, operation]), { instanceOf: PatchError });
  t.is(error.code, 'too-many-operations');
  t.is(error.message, 'The allowed maximum operations in a JSON patch is 10000, got 10001');
});

test('copies that double again and again are ended', (t) => {
  const doubling = Array.from({ length: 40 }, (_, index) => ({
    op: 'copy',
    from: '',
    path: `/${index}`,
  }));
  const error = t.throws(() => applyJsonPatch({ a: 'x'.repeat(1000) }, parseJsonPatch(doubling)), {
    instanceOf: PatchError,
  });
  t.is(error.code, 'copy-too-large');
});

test('copies that nest too deep are refused', (t) => {
  let target: JsonValue = {};
  for (let depth = 0; depth < 900; depth++) target = { a: target };
  const bottom = '/a'.repeat(901);
  const patch = [
    { op: 'copy', from: '', path: bottom },
    { op: 'copy', from: '/a', path: '/b' },
  ];
  const error = t.throws(() => applyJsonPatch(target, parseJsonPatch(patch)), {
    instanceOf: PatchError,
  });
  t.is(error.code, 'not-applicable');
  t.is(error.index, 1);
});

test('a member named __proto__ is set as a member', (t) => {
  t.is(apply('{}', '[{"op":"add","path":"/__proto__","value":{"a":1}}]'), '{"__proto__":{"a":1}}');
});

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;

test('the difference of two documents, applied to the one, gives the other', (t) => {
  fc.assert(
    fc.property(json, json, (source, target) => {
      // Keys that the other implementation does not follow, on purpose; -0 has no JSON of its own.
      const before = JSON.stringify(source);
      const after = JSON.stringify(target);
      fc.pre(!/__proto__|constructor|prototype/.test(before + after));
      const from = JSON.parse(before) as JsonValue;
      const to = JSON.parse(after) as JsonValue;
      const operations = createPatch(from, to) as unknown as JsonValue;
      t.true(equalJson(applyJsonPatch(from, parseJsonPatch(operations)), to));
      t.is(JSON.stringify(from), before);
    }),
    { numRuns: 300 },
  );
});
