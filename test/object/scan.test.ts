/**
 * scanObject and stamping: the table of documents, what is read from an object, and where a
 * resourceVersion and another apiVersion go.
 */

import test from 'ava';

import {
  JSON_BYTES_MAX,
  NESTING_MAX,
  ObjectError,
  replaceApiVersion,
  scanContent,
  scanObject,
  stampInto,
  stampedLength,
  stampRevision,
} from '../../lib/object/index.js';
import { jsonTable } from './json-table.js';

const scan = (text: string, fields: readonly string[] = []) =>
  scanObject(Buffer.from(text), fields);
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

for (const row of jsonTable) {
  if (row.accepted) {
    test(`scan accepts ${row.name}`, (t) => {
      t.is(textOf(scanObject(row.bytes, []).bytes), row.canonical);
    });
  } else {
    test(`scan refuses ${row.name}`, (t) => {
      const error = t.throws(() => scanObject(row.bytes, []), { instanceOf: ObjectError });
      t.is(error.code, row.code);
      t.is(error.offset, row.offset);
      t.is(error.path, row.path);
    });
  }
}

test('a scan after a refused one starts afresh', (t) => {
  t.throws(() => scan('{"a":[{"b":1,"\\u0062":2}]}'), { instanceOf: ObjectError });
  t.is(textOf(scan('{"b":{"c":1},"a":[2]}').bytes), '{"a":[2],"b":{"c":1}}');
});

test('a document larger than the tape was is scanned whole', (t) => {
  const items = Array.from({ length: 20_000 }, (_, index) => ({ b: index, a: [String(index)] }));
  const expected = items.map(({ a, b }) => ({ a, b }));
  const { bytes } = scan(JSON.stringify({ items }));
  t.is(textOf(bytes), JSON.stringify({ items: expected }));
});

test('bytes in the middle of larger memory are scanned alone', (t) => {
  const around = Buffer.from('[{"b":1,"a":"\\u0041"}]');
  t.is(textOf(scanObject(around.subarray(1, -1), []).bytes), '{"a":"A","b":1}');
  const plain = new Uint8Array(around).subarray(1, -1);
  t.is(textOf(scanObject(plain, []).bytes), '{"a":"A","b":1}');
});

test('the result is memory of its own', (t) => {
  for (const text of ['{"a":1,"b":2}', '{"b":2,"a":1}']) {
    const source = Buffer.from(text);
    const { bytes } = scanObject(source, []);
    source.fill(0);
    t.is(textOf(bytes), '{"a":1,"b":2}');
    t.is(Object.getPrototypeOf(bytes), Uint8Array.prototype);
  }
});

test('a document longer than the limit is refused before it is read', (t) => {
  const huge = Object.create(Uint8Array.prototype, {
    length: { value: JSON_BYTES_MAX + 1 },
  }) as Uint8Array;
  const error = t.throws(() => scanObject(huge, []), { instanceOf: ObjectError });
  t.is(error.code, 'too-large');
});

test('metadata, labels and kind are reported', (t) => {
  const scanned = scan(
    `{"kind":"Widget","apiVersion":"example.com/v1","metadata":{"uid":"u-1","name":"caf\\u00e9",
      "namespace":"team-a","resourceVersion":"17",
      "labels":{"b":"2","\\u0061":"\\n","\u{1f600}":"x"}}}`,
  );
  const { bytes, ...facts } = scanned;
  t.is(bytes[facts.revisionOffset - 1], ','.charCodeAt(0));
  t.like(facts, {
    name: 'caf\u00e9',
    namespace: 'team-a',
    uid: 'u-1',
    resourceVersion: '17',
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    hasMetadata: true,
  });
  t.deepEqual(facts.labels, [
    ['a', '\n'],
    ['b', '2'],
    ['\u{1f600}', 'x'],
  ]);
});

test('what an object lacks is reported as empty', (t) => {
  t.like(scan('{}'), {
    name: '',
    namespace: '',
    uid: '',
    resourceVersion: '',
    apiVersion: '',
    kind: '',
    labels: [],
    fields: [],
  });
});

const fieldCases: readonly (readonly [string, string | undefined])[] = [
  ['spec.nodeName', 'node-1'],
  ['spec.escaped', '\u00e9"'],
  ['spec.empty', ''],
  ['spec.integer', '12345678901234567890'],
  ['spec.fraction', '1.0'],
  ['spec.yes', 'true'],
  ['spec.no', 'false'],
  ['spec.nothing', undefined],
  ['spec.object', undefined],
  ['spec.list', undefined],
  ['spec.list.0', undefined],
  ['spec.nodeName.deeper', undefined],
  ['spec.object.below', 'x'],
  ['spec.\u00fc', 'umlaut'],
  ['absent', undefined],
  ['absent.below', undefined],
  ['metadata.name', 'n'],
  ['metadata.resourceVersion', '5'],
];

const fieldObject = `{"spec":{"nodeName":"node-1","escaped":"\\u00e9\\"","empty":"",
  "integer":12345678901234567890,"fraction":1.0,"yes":true,"no":false,"nothing":null,
  "object":{"below":"x"},"list":["a"],"\\u00fc":"umlaut"},
  "metadata":{"name":"n","resourceVersion":"5"}}`;

for (const [path, value] of fieldCases) {
  test(`the value of field ${path} is ${value === undefined ? 'undefined' : `"${value}"`}`, (t) => {
    t.deepEqual(scan(fieldObject, [path]).fields, [value]);
  });
}

test('fields are reported in the order in which they were asked for', (t) => {
  const fields = ['spec.yes', 'absent', 'metadata.name'];
  t.deepEqual(scan(fieldObject, fields).fields, ['true', undefined, 'n']);
  t.deepEqual(scan('{"spec":{"yes":1}}', fields).fields, ['1', undefined, undefined]);
});

const stampCases: readonly (readonly [string, string])[] = [
  ['{}', '{"metadata":{"resourceVersion":"42"}}'],
  ['{"a":1}', '{"a":1,"metadata":{"resourceVersion":"42"}}'],
  ['{"z":1}', '{"metadata":{"resourceVersion":"42"},"z":1}'],
  ['{"a":1,"z":1}', '{"a":1,"metadata":{"resourceVersion":"42"},"z":1}'],
  ['{"metadata":{}}', '{"metadata":{"resourceVersion":"42"}}'],
  ['{"metadata":{"resourceVersion":"7"},"a":1}', '{"a":1,"metadata":{"resourceVersion":"42"}}'],
  ['{"metadata":{"name":"n"}}', '{"metadata":{"name":"n","resourceVersion":"42"}}'],
  ['{"metadata":{"uid":"u"}}', '{"metadata":{"resourceVersion":"42","uid":"u"}}'],
  [
    '{"metadata":{"uid":"u","name":"n","resourceVersion":"7"},"z":{}}',
    '{"metadata":{"name":"n","resourceVersion":"42","uid":"u"},"z":{}}',
  ],
];

for (const [source, expected] of stampCases) {
  test(`a resourceVersion is put at its sorted place of ${source}`, (t) => {
    const scanned = scan(source);
    const stamped = stampRevision(scanned, 42n);
    t.is(textOf(stamped.bytes), expected);
    const { offset, length } = stamped;
    t.is(textOf(stamped.bytes.subarray(offset, offset + length)), '42');
    const again = scanObject(stamped.bytes, []);
    t.deepEqual(again.bytes, scanned.bytes);
    t.is(again.resourceVersion, '42');
    t.is(again.revisionOffset, scanned.revisionOffset);
  });
}

test('a resourceVersion of 64 bits is written whole', (t) => {
  const { bytes, length } = stampRevision(scan('{}'), 18446744073709551615n);
  t.is(textOf(bytes), '{"metadata":{"resourceVersion":"18446744073709551615"}}');
  t.is(length, 20);
});

test('an object can be stamped into memory of the caller', (t) => {
  const scanned = scan('{"metadata":{"name":"n"}}');
  const target = Buffer.alloc(stampedLength(scanned, '7') + 4, '.');
  const offset = stampInto(scanned, '7', target, 2);
  t.is(target.toString(), '..{"metadata":{"name":"n","resourceVersion":"7"}}..');
  t.is(target.toString('utf8', 2 + offset, 3 + offset), '7');
});

const replacedCases: readonly (readonly [title: string, source: string])[] = [
  ['one as long', '{"metadata":{"name":"n","resourceVersion":"41","uid":"u"}}'],
  ['a shorter one', '{"metadata":{"name":"n","resourceVersion":"4","uid":"u"},"spec":{}}'],
  ['a longer one', '{"metadata":{"name":"n","resourceVersion":"4711","uid":"u"},"spec":{}}'],
  ['the only key of metadata', '{"a":1,"metadata":{"resourceVersion":"123456789"},"spec":{}}'],
  ['the last key', '{"metadata":{"name":"n","resourceVersion":"5"}}'],
  ['none', '{"metadata":{"name":"n","uid":"u"}}'],
  ['none, without metadata', '{"kind":"K"}'],
  ['one out of order', '{ "metadata": {"uid":"u", "resourceVersion":"12345", "name":"n"} }'],
];

for (const [title, source] of replacedCases) {
  test(`a document that is stamped without a copy in between is the same: ${title}`, (t) => {
    const { bytes, offset } = stampRevision(scan(source), 42n);
    const target = Buffer.alloc(bytes.length + 4, '.');
    const found = scanContent(Buffer.from(source), [], 'n', (content) => {
      t.is(stampedLength(content, '42'), bytes.length);
      return stampInto(content, '42', target, 2);
    });
    t.is(found, offset);
    t.is(target.toString(), `..${textOf(bytes)}..`, 'and nothing around it is touched');
  });
}

test('a name that is expected is that string, and any other is what the object says', (t) => {
  const names = ['n', 'm', '', 'é', 'Ã©', 'a"b', 'n'.repeat(300)];
  for (const name of names) {
    const source = Buffer.from(JSON.stringify({ metadata: { name } }));
    for (const expected of names) {
      t.is(
        scanContent(source, [], expected, (content) => content.name),
        name,
      );
    }
  }
});

test('texts that documents repeat are told as each document says them', (t) => {
  // More than are remembered, twice, with neighbours that differ in one character or one byte.
  const texts = Array.from({ length: 6_000 }, (_, index) => `value-${index % 5_000}`);
  texts.push('é', 'Ã©', 'value-1', 'value-1 ', '\u00e9', '\0', '', 'v'.repeat(63), 'v'.repeat(64));
  for (const text of [...texts, ...texts.toReversed()]) {
    const object = {
      apiVersion: text,
      metadata: { labels: { [text]: text }, namespace: text },
      spec: { text },
    };
    const scanned = scan(JSON.stringify(object), ['spec.text']);
    const told = [scanned.apiVersion, scanned.namespace, ...scanned.labels.flat()];
    if (told.some((each) => each !== text) || scanned.fields[0] !== text) t.fail(text);
  }
  t.pass();
});

test('what a scan tells of an object outlives the scans after it', (t) => {
  const source = (text: string) => `{"metadata":{"labels":{"k":"${text}"}},"spec":{"f":"${text}"}}`;
  const first = scan(source('a'), ['spec.f']);
  scan(source('b'), ['spec.f', 'spec.g']);
  t.deepEqual(first.labels, [['k', 'a']]);
  t.deepEqual(first.fields, ['a']);
});

const apiVersionCases: readonly (readonly [string, string])[] = [
  ['{"apiVersion":"g/v1","kind":"K"}', '{"apiVersion":"g/v2","kind":"K"}'],
  ['{"kind":"K","apiVersion":"a-long.example.com/v1beta1"}', '{"apiVersion":"g/v2","kind":"K"}'],
  ['{"Aa":"before","apiVersion":"v1"}', '{"Aa":"before","apiVersion":"g/v2"}'],
  ['{"apiVersion":"\\u0000","z":1}', '{"apiVersion":"g/v2","z":1}'],
  ['{"apiVersion":null}', '{"apiVersion":"g/v2"}'],
  ['{}', '{"apiVersion":"g/v2"}'],
  ['{"Aa":1}', '{"Aa":1,"apiVersion":"g/v2"}'],
  ['{"Aa":1,"metadata":{"resourceVersion":"5"}}', '{"Aa":1,"apiVersion":"g/v2"}'],
  ['{"kind":"K"}', '{"apiVersion":"g/v2","kind":"K"}'],
  ['{"Aa":1,"kind":"K"}', '{"Aa":1,"apiVersion":"g/v2","kind":"K"}'],
];

for (const [source, expected] of apiVersionCases) {
  test(`another apiVersion is put into ${source}`, (t) => {
    const scanned = scan(source);
    const { apiVersionOffset, apiVersionLength } = scanned;
    const replaced = replaceApiVersion(scanned.bytes, apiVersionOffset, apiVersionLength, 'g/v2');
    t.is(textOf(replaced), expected);
    const stamped = stampRevision(scanned, 9n).bytes;
    const both = replaceApiVersion(stamped, apiVersionOffset, apiVersionLength, 'g/v2');
    t.deepEqual(both, stampRevision(scan(expected), 9n).bytes);
    t.is(textOf(scanObject(both, []).bytes), expected);
  });
}

test('an apiVersion is quoted as JSON demands', (t) => {
  const { bytes, apiVersionOffset, apiVersionLength } = scan('{"apiVersion":"v1"}');
  const replaced = replaceApiVersion(bytes, apiVersionOffset, apiVersionLength, 'a"\u00e9');
  t.is(textOf(replaced), '{"apiVersion":"a\\"\u00e9"}');
});

test('the limit of nesting is the documented one', (t) => {
  t.is(NESTING_MAX, 1000);
});
