/** JSON Merge Patch: RFC 7386's appendix, losslessness, purity, and properties. */

import test from 'ava';
import fc from 'fast-check';
import type { JsonValue } from '../../lib/object/index.js';
import { decodeJson, encodeJsonText, equalJson } from '../../lib/object/lossless/index.js';
import { applyMergePatch } from '../../lib/patch/index.js';

function merge(target: string, patch: string): string {
  return encodeJsonText(applyMergePatch(decodeJson(target), decodeJson(patch)));
}

const CASES: readonly (readonly [target: string, patch: string, result: string])[] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', 'null', 'null'],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"a":1,"e":null}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  // Beyond the appendix.
  ['{"a":9007199254740993,"b":1.0}', '{"c":1.10}', '{"a":9007199254740993,"b":1.0,"c":1.10}'],
  ['{"a":9007199254740993}', '{"a":{"b":1}}', '{"a":{"b":1}}'],
  ['{"a":{"b":1}}', '{"a":9007199254740993}', '{"a":9007199254740993}'],
  ['{}', '{"a":[null,{"b":null}]}', '{"a":[null,{"b":null}]}'],
  ['{}', '{"__proto__":{"polluted":1}}', '{"__proto__":{"polluted":1}}'],
  [
    '{}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
  ],
];

for (const [target, patch, result] of CASES) {
  test(`${target} with ${patch} is ${result}`, (t) => {
    t.is(merge(target, patch), result);
    t.is(({} as { polluted?: number }).polluted, undefined);
  });
}

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;

test('target and patch stay as they are, and the result shares nothing with them', (t) => {
  fc.assert(
    fc.property(json, json, (target, patch) => {
      const before = [encodeJsonText(target), encodeJsonText(patch)];
      const result = applyMergePatch(target, patch);
      scribble(result);
      t.deepEqual([encodeJsonText(target), encodeJsonText(patch)], before);
    }),
    { numRuns: 200 },
  );
});

test('applying a patch twice is applying it once', (t) => {
  fc.assert(
    fc.property(json, json, (target, patch) => {
      const once = applyMergePatch(target, patch);
      t.true(equalJson(applyMergePatch(once, patch), once));
    }),
    { numRuns: 200 },
  );
});

function scribble(value: JsonValue): void {
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) scribble(member as JsonValue);
  if (Array.isArray(value)) (value as JsonValue[]).push('scribble');
  else (value as { [key: string]: JsonValue })['scribble'] = true;
}
