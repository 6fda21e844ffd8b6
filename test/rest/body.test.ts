/** Indentation in chunks, YAML, pull sources: the parts below the handlers, by property. */

import test from 'ava';
import fc from 'fast-check';
import type { JsonValue } from '../../lib/object/index.js';
import { decodeJson, encodeJson, encodeJsonText } from '../../lib/object/lossless/index.js';
import { decodeYaml, encodeYaml, YamlError } from '../../lib/rest/body/index.js';
import { Indenter, piecesSource } from '../../lib/rest/source/index.js';

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;

test('indentation is that of JSON.stringify, wherever chunks end', (t) => {
  fc.assert(
    fc.property(json, fc.integer({ min: 1, max: 9 }), (value, size) => {
      const bytes = Buffer.from(JSON.stringify(value));
      const indenter = new Indenter();
      const out: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        out.push(indenter.push(bytes.subarray(at, at + size)));
      }
      t.is(Buffer.concat(out).toString(), JSON.stringify(value, undefined, 2));
    }),
    { numRuns: 200 },
  );
});

test('YAML gives back what JSON went in', (t) => {
  fc.assert(
    fc.property(json, (value) => {
      const canonical = encodeJsonText(value);
      t.is(encodeJsonText(decodeYaml(encodeYaml(decodeJson(canonical)))), canonical);
    }),
    { numRuns: 200 },
  );
});

test('YAML keeps the texts of numbers', (t) => {
  for (const text of ['9223372036854775807', '1.0', '-0.10', '1e2', '1E+400', '0']) {
    if (text === '1E+400') {
      t.throws(() => decodeYaml(Buffer.from(`a: ${text}`)), { instanceOf: YamlError });
      continue;
    }
    t.is(encodeJsonText(decodeYaml(Buffer.from(`a: ${text}`))), `{"a":${text}}`);
  }
});

const NO_YAML: readonly (readonly [name: string, text: string | Uint8Array])[] = [
  ['two documents', 'a: 1\n---\nb: 2\n'],
  ['duplicate keys', 'a: 1\na: 2\n'],
  ['infinity', 'a: .inf\n'],
  ['an alias without an anchor', 'a: *b\n'],
  ['bad indentation', 'a:\n  b: 1\n c: 2\n'],
  ['bytes that are no text', new Uint8Array([0xff, 0xfe])],
  ['a key that is a map', '{a: 1}: 2\n'],
];

for (const [name, text] of NO_YAML) {
  test(`YAML with ${name} is refused`, (t) => {
    t.throws(() => decodeYaml(Buffer.from(text)), { instanceOf: YamlError });
  });
}

test('a source of pieces makes no more than it is asked for, and releases once', (t) => {
  let made = 0;
  let released = 0;
  function* pieces(): Generator<Uint8Array> {
    for (; made < 10; made++) yield encodeJson(`piece ${made}`);
  }
  const source = piecesSource(pieces(), () => void released++);
  const first = source.pull(20);
  t.is(first.type === 'chunks' && first.chunks.length, 3);
  t.true(made <= 3);
  source.close();
  source.close();
  t.is(released, 1);
  t.is(source.pull(20).type, 'end');
});

test('a piece that can not be made breaks the answer off', (t) => {
  let released = 0;
  const source = piecesSource(
    (function* () {
      yield new Uint8Array([1]);
      throw new RangeError('no more');
    })(),
    () => void released++,
  );
  t.is(source.pull(1).type, 'chunks');
  const broken = source.pull(1);
  t.is(broken.type === 'abort' && broken.error.message, 'no more');
  t.is(released, 1);
});
