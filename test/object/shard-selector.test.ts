/** Shard selectors: upstream's texts and what is refused, hashes, and ranges. */

import test from 'ava';
import fc from 'fast-check';

import {
  checkShardSelector,
  formatShardSelector,
  isInShard,
  parseShardSelector,
  SelectorError,
  type ShardField,
  shardHash,
  type ShardSelector,
} from '../../lib/object/index.js';

const UID: ShardField = 'object.metadata.uid';
const NAMESPACE: ShardField = 'object.metadata.namespace';
const LOWER = "shardRange(object.metadata.uid, '0x0000000000000000', '0x8000000000000000')";
const UPPER = "shardRange(object.metadata.uid, '0x8000000000000000', '0x10000000000000000')";
const HALF = 2n ** 63n;
const ALL = 2n ** 64n;

const READ: readonly (readonly [
  text: string,
  field: ShardField,
  ...ranges: (readonly [bigint, bigint])[],
])[] = [
  [LOWER, UID, [0n, HALF]],
  [UPPER, UID, [HALF, ALL]],
  [`${LOWER} || ${UPPER}`, UID, [0n, HALF], [HALF, ALL]],
  [`${LOWER}||${UPPER}||${LOWER}`, UID, [0n, HALF], [HALF, ALL], [0n, HALF]],
  [`(${LOWER} || (${UPPER}))`, UID, [0n, HALF], [HALF, ALL]],
  ["shardRange(object.metadata.uid,'0x0000000000000000','0x8000000000000000')", UID, [0n, HALF]],
  [
    '  shardRange( object.metadata.uid ,\n \'0x0000000000000000\' , "0x8000000000000000" )  ',
    UID,
    [0n, HALF],
  ],
  [
    "shardRange(object.metadata.namespace, '0x00000000000000aa', '0x00000000000000ff')",
    NAMESPACE,
    [0xaan, 0xffn],
  ],
];

for (const [text, field, ...ranges] of READ) {
  test(`read: ${text}`, (t) => {
    const selector = parseShardSelector(text);
    t.is(selector.field, field);
    t.deepEqual(
      selector.ranges.map(({ start, end }) => [start, end]),
      ranges.map(([start, end]) => [start, end]),
    );
  });
}

const range = (start: string, end: string, field: string = UID): string =>
  `shardRange(${field}, ${start}, ${end})`;

const REFUSED: readonly (readonly [text: string, why: RegExp])[] = [
  ['', /empty shard selector is not allowed/],
  ['   ', /empty shard selector is not allowed/],
  [range("'0000000000000000'", "'0x8000000000000000'"), /hexStart must have '0x' prefix/],
  [range("'0x0000000000000000'", "'8000000000000000'"), /hexEnd must have '0x' prefix/],
  [range("'0x'", "'0x8000000000000000'"), /hexStart must be hexadecimal digits/],
  [range("'0x000000000000000G'", "'0x8000000000000000'"), /must be hexadecimal digits/],
  [range("'0x000000000000000A'", "'0x8000000000000000'"), /in lower case/],
  [range("'0x0'", "'0x8000000000000000'"), /16-digit hex value.*did you mean "0x0{16}"/],
  [range("'0x0000000000000000'", "'0x10000000000000001'"), /at most 16 digits/],
  [range("'0x0000000000000000'", "'0x000000000000000000'"), /at most 16 digits/],
  [range("'0x8000000000000000'", "'0x8000000000000000'"), /must be less than end/],
  [range("'0xffffffffffffffff'", "'0x0000000000000000'"), /must be less than end/],
  [
    range("'0x0000000000000000'", "'0x8000000000000000'", 'object.metadata.name'),
    /unsupported field/,
  ],
  [range("'0x0000000000000000'", "'0x8000000000000000'", 'metadata.uid'), /unsupported field path/],
  [LOWER.replace('shardRange', 'other'), /unsupported function "other"/],
  [`${LOWER} && ${UPPER}`, /something stands that does not belong there/],
  [`${LOWER} ||`, /something stands that does not belong there/],
  [`(${LOWER}`, /something stands that does not belong there/],
  [`${LOWER})`, /something stands that does not belong there/],
  [`!${LOWER}`, /something stands that does not belong there/],
  [range('0', '8'), /something stands that does not belong there/],
  [range("hex('0')", "'0x8000000000000000'"), /something stands that does not belong there/],
  ["shardRange(object.metadata.uid, '0x0000000000000000')", /something stands that/],
  ["object.metadata.uid > '0x0'", /unsupported function "object.metadata.uid"/],
  [`${LOWER} || ${UPPER.replace('uid', 'namespace')}`, /must use the same field/],
  [Array.from({ length: 1_001 }, () => LOWER).join('||'), /too many ranges/],
  ['('.repeat(100_000), /too many ranges/],
];

for (const [index, [text, why]] of REFUSED.entries()) {
  test(`refused: ${index} ${text.slice(0, 100)}`, (t) => {
    const error = t.throws(() => parseShardSelector(text), { instanceOf: SelectorError });
    t.regex(error.message, why);
    t.true(error.message.startsWith('invalid shard selector: '));
  });
}

const selectors: fc.Arbitrary<ShardSelector> = fc.record({
  field: fc.constantFrom(UID, NAMESPACE),
  ranges: fc.array(
    fc
      .tuple(fc.bigInt({ min: 0n, max: ALL - 1n }), fc.bigInt({ min: 1n, max: ALL }))
      .filter(([start, end]) => start < end)
      .map(([start, end]) => ({ start, end })),
    { minLength: 1, maxLength: 4 },
  ),
});

test('what is written is read as the same', (t) => {
  fc.assert(
    fc.property(selectors, (selector) => {
      checkShardSelector(selector);
      t.deepEqual(parseShardSelector(formatShardSelector(selector)), selector);
    }),
  );
});

test('hashes are those of FNV-1a', (t) => {
  const hashOf = (text: string): bigint => shardHash(Buffer.from(text));
  t.is(hashOf(''), 0xcbf29ce484222325n);
  t.is(hashOf('a'), 0xaf63dc4c8601ec8cn);
  t.is(hashOf('foobar'), 0x85944171f73967e8n);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      let expected = 0xcbf29ce484222325n;
      for (const byte of bytes) {
        expected = BigInt.asUintN(64, (expected ^ BigInt(byte)) * 0x100000001b3n);
      }
      t.is(shardHash(bytes), expected);
    }),
  );
});

test('a range has its start and not its end', (t) => {
  const hash = 0xaf63dc4c8601ec8cn;
  const isIn = (...ranges: [bigint, bigint][]): boolean =>
    isInShard({ field: UID, ranges: ranges.map(([start, end]) => ({ start, end })) }, 'a');
  t.true(isIn([hash, hash + 1n]));
  t.false(isIn([0n, hash]));
  t.false(isIn([hash + 1n, ALL]));
  t.true(isIn([0n, 1n], [0n, ALL]));
});

const WRONG: readonly unknown[] = [
  undefined,
  { field: 'metadata.uid', ranges: [{ start: 0n, end: 1n }] },
  { field: UID, ranges: [] },
  { field: UID },
  { field: UID, ranges: [{ start: 0, end: 1 }] },
  { field: UID, ranges: [{ start: 1n, end: 1n }] },
  { field: UID, ranges: [{ start: -1n, end: 1n }] },
  { field: UID, ranges: [{ start: 0n, end: ALL + 1n }] },
];

test('selectors that programs make are checked', (t) => {
  for (const selector of WRONG) {
    t.throws(() => checkShardSelector(selector as ShardSelector), { instanceOf: SelectorError });
  }
});
