/**
 * scanObject against random documents: the canonical form does not depend on how a document is
 * written, says what JSON.parse reads, and comes out of itself; corrupted bytes are refused, never
 * worse.
 */

import test from 'ava';
import fc from 'fast-check';

import { ObjectError, scanObject, stampRevision } from '../../lib/object/index.js';
import { encodeJson } from '../../lib/object/lossless/index.js';

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const scan = (text: string) => scanObject(Buffer.from(text), []);

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', '', '__proto__', 'metadata', 'name', 'labels', 'resourceVersion'),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  fc.string({ unit: fc.constantFrom('\n', '\u0001', '"', '\\', '/', '\uffff', '\u{1f600}', 'z') }),
);

const { value: anyValue, object: anyObject } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.constantFrom(null, true, false),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
}));

const metadata = fc.record(
  {
    name: fc.string({ unit: 'grapheme' }),
    namespace: fc.string(),
    uid: fc.string(),
    resourceVersion: fc.nat().map(String),
    labels: fc.dictionary(key, fc.string(), { noNullPrototype: true }),
    zone: anyValue,
  },
  { requiredKeys: [], noNullPrototype: true },
);

/** Objects that are accepted: any JSON, but for the fields whose type is fixed. */
const object = fc
  .tuple(anyObject, fc.option(metadata, { nil: undefined }), fc.string())
  .map(([members, meta, apiVersion]) => {
    const { metadata: dropped, apiVersion: _, kind: __, ...rest } = members as Members;
    return { ...rest, ...(meta && { metadata: meta }), ...(dropped ? { apiVersion } : {}) };
  });

interface Members {
  [key: string]: unknown;
}

/** The same document, written with other white space and escapes and in another order of keys. */
function rewrite(value: unknown, choose: () => number): string {
  const space = ['', '', ' ', '\n\t', '\r'][choose() % 5] as string;
  if (typeof value === 'string') return space + rewriteString(value, choose) + space;
  if (Array.isArray(value)) {
    return `${space}[${value.map((element) => rewrite(element, choose)).join(',') || space}]`;
  }
  if (typeof value !== 'object' || value === null) return space + writeNumber(value) + space;
  const members = Object.entries(value).map(
    ([name, member]) => `${space}${rewriteString(name, choose)}${space}:${rewrite(member, choose)}`,
  );
  members.sort(() => (choose() % 2 === 0 ? 1 : -1));
  return `{${members.join(',') || space}}${space}`;
}

// JSON.stringify takes the sign off a zero, which the two forms would disagree on.
const writeNumber = (value: unknown) => JSON.stringify(value);

function rewriteString(text: string, choose: () => number): string {
  let written = '"';
  for (const unit of text.split('')) {
    const code = unit.charCodeAt(0);
    const escape = `\\u${code.toString(16).padStart(4, '0')}`;
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    if (isSurrogate || choose() % 4 === 0) written += choose() % 2 ? escape : hexUpper(escape);
    else written += unit === '/' && choose() % 2 ? '\\/' : JSON.stringify(unit).slice(1, -1);
  }
  return `${written}"`;
}

const hexUpper = (escape: string) => `\\u${escape.slice(2).toUpperCase()}`;

/** What is left of a value when the resourceVersion and an empty metadata are taken out. */
function withoutRevision(value: Members): Members {
  const { metadata: meta, ...rest } = value as { metadata?: Members };
  if (meta === undefined) return rest;
  const { resourceVersion: _, ...members } = meta;
  return Object.keys(members).length === 0 ? rest : { ...rest, metadata: members };
}

const choices = fc.infiniteStream(fc.nat(999));

test('however a document is written, its canonical bytes are the same', (t) => {
  fc.assert(
    fc.property(object, choices, (value, stream) => {
      const choose = () => stream.next().value as number;
      const canonical = textOf(scanObject(encodeJson(value), []).bytes);
      t.is(textOf(scan(rewrite(value, choose)).bytes), canonical);
    }),
    { numRuns: 400 },
  );
});

test('the canonical bytes say what the document says', (t) => {
  fc.assert(
    fc.property(object, choices, (value, stream) => {
      const choose = () => stream.next().value as number;
      const { bytes } = scan(rewrite(value, choose));
      const expected = JSON.parse(JSON.stringify(withoutRevision(value))) as unknown;
      t.deepEqual(JSON.parse(textOf(bytes)), expected);
    }),
    { numRuns: 400 },
  );
});

test('encodeJson writes the canonical form', (t) => {
  fc.assert(
    fc.property(object, (value) => {
      t.is(
        textOf(scanObject(encodeJson(value), []).bytes),
        textOf(encodeJson(withoutRevision(value))),
      );
    }),
    { numRuns: 400 },
  );
});

test('scanning is idempotent, with and without a resourceVersion', (t) => {
  fc.assert(
    fc.property(object, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value, revision) => {
      const scanned = scan(JSON.stringify(value));
      const again = scanObject(scanned.bytes, []);
      t.deepEqual(again.bytes, scanned.bytes);
      const { bytes, offset, length } = stampRevision(scanned, revision);
      const stamped = scanObject(bytes, []);
      t.deepEqual(stamped, { ...scanned, resourceVersion: revision.toString() });
      t.is(textOf(bytes.subarray(offset, offset + length)), revision.toString());
    }),
    { numRuns: 400 },
  );
});

test('corrupted bytes are refused with an ObjectError or are JSON', (t) => {
  const corruption = fc.record({
    at: fc.nat(),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\0e-. tu'))),
    kind: fc.constantFrom('replace', 'insert', 'delete', 'cut'),
  });
  fc.assert(
    fc.property(object, fc.array(corruption, { minLength: 1, maxLength: 3 }), (value, faults) => {
      let bytes = Buffer.from(JSON.stringify(value));
      for (const { at, byte, kind } of faults) {
        const index = bytes.length === 0 ? 0 : at % bytes.length;
        const head = bytes.subarray(0, index);
        const tail = bytes.subarray(kind === 'insert' ? index : index + 1);
        const middle = kind === 'replace' || kind === 'insert' ? [byte] : [];
        bytes = Buffer.concat([head, Buffer.from(middle), kind === 'cut' ? Buffer.of() : tail]);
      }
      agreesWithJsonParse(t, bytes);
    }),
    { numRuns: 1500 },
  );
});

interface Assertions {
  deepEqual(actual: unknown, expected: unknown, message?: string): unknown;
  true(actual: unknown, message?: string): unknown;
}

// Strict scanning refuses more than JSON.parse, but only for reasons of its own.
function agreesWithJsonParse(t: Assertions, bytes: Uint8Array): void {
  let canonical: Uint8Array;
  try {
    canonical = scanObject(bytes, ['a.b']).bytes;
  } catch (error) {
    t.true(error instanceof ObjectError, String(error));
    const { code, offset } = error as ObjectError;
    t.true(offset >= 0 && offset <= bytes.length);
    if (code === 'invalid-json') t.true(!parses(bytes), textOf(bytes));
    return;
  }
  t.true(parses(bytes), textOf(bytes));
  const expected = withoutRevision(JSON.parse(textOf(bytes)) as Members);
  t.deepEqual(JSON.parse(textOf(canonical)), expected);
}

function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}
