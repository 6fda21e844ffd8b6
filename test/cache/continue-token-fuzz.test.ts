/**
 * Continue tokens that nobody made: any text, and real tokens with something changed in them. What
 * comes of one is a continuation whose own token says the same, or the typed refusal: never another
 * error, since tokens come straight out of a URL.
 */

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';

import { decodeContinue, encodeContinue } from '../../lib/cache/continue-token.js';
import { CacheError } from '../../lib/cache/index.js';

type Bytes = readonly number[];

const SCOPE = { cache: 'widgets.example.com', namespace: undefined };

interface Edit {
  readonly at: number;
  readonly removed: number;
  readonly added: Bytes;
}

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');

/** The continuation, or undefined for a token that is refused as it should be. */
function decodeOrRefuse(t: ExecutionContext, token: string): object | undefined {
  let decoded;
  try {
    decoded = decodeContinue(token, SCOPE);
  } catch (error) {
    t.true(error instanceof CacheError, `${String(error)} for ${token}`);
    t.is((error as CacheError).code, 'invalid-continue');
    return undefined;
  }
  t.deepEqual(decodeContinue(encodeContinue(decoded, SCOPE), SCOPE), decoded, token);
  return decoded;
}

function applyEdits(source: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const bytes = [...source];
  for (const { at, removed, added } of edits) {
    bytes.splice(at % (bytes.length + 1), removed, ...added);
  }
  return Uint8Array.from(bytes);
}

const continuation = fc.record({
  revision: fc.oneof(fc.bigInt(1n, 2n ** 63n - 1n), fc.constant(-1n)),
  start: fc
    .tuple(fc.stringMatching(/^[a-z0-9-]{1,12}$/), fc.string({ minLength: 1, maxLength: 12 }))
    .map(([namespace, name]) => `${namespace}/${name.replaceAll(/[/.]/g, '-')}\0`),
});

const edits = (byte: fc.Arbitrary<number>): fc.Arbitrary<readonly Edit[]> =>
  fc.array(
    fc.record({
      at: fc.nat(400),
      removed: fc.nat(4),
      added: fc.array(byte, { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 3 },
  );

const letter = fc
  .constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
  .map((text) => text.charCodeAt(0));
const jsonByte = fc.oneof(
  fc.constantFrom(...'{}[]",:\\0123456789-+.eE/ \n').map((text) => text.charCodeAt(0)),
  fc.integer({ min: 0, max: 255 }),
);

test('any text is decoded or refused', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.base64String()),
      (token) => void decodeOrRefuse(t, token),
    ),
    { numRuns: 200 },
  );
});

test('any bytes as a token’s JSON are decoded or refused', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 80 }),
        fc.array(jsonByte, { minLength: 1, maxLength: 40 }).map((bytes) => Uint8Array.from(bytes)),
      ),
      (bytes) => void decodeOrRefuse(t, base64(bytes)),
    ),
    { numRuns: 500 },
  );
});

/** Whether the token has a checksum, and so says what it was made with or nothing. */
function isBound(token: string): boolean {
  const { of } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { of?: unknown };
  return of !== undefined;
}

test('a token with changed letters goes on where it did, or is refused', (t) => {
  fc.assert(
    fc.property(continuation, edits(letter), (made, changes) => {
      const bytes = applyEdits(Buffer.from(encodeContinue(made, SCOPE)), changes);
      const token = Buffer.from(bytes).toString('latin1');
      const decoded = decodeOrRefuse(t, token);
      if (decoded !== undefined && isBound(token)) t.deepEqual(decoded, made);
    }),
    { numRuns: 1000 },
  );
});

test('a token with changed JSON goes on where it did, or is refused', (t) => {
  let accepted = 0;
  fc.assert(
    fc.property(continuation, edits(jsonByte), (made, changes) => {
      const json = applyEdits(Buffer.from(encodeContinue(made, SCOPE), 'base64url'), changes);
      const token = base64(json);
      const decoded = decodeOrRefuse(t, token);
      if (decoded === undefined) return;
      accepted++;
      if (isBound(token)) t.deepEqual(decoded, made);
    }),
    { numRuns: 1000 },
  );
  t.true(accepted > 0, 'some changes leave a token');
});

const scope = fc.record({
  cache: fc.constantFrom('widgets.example.com', 'widgets.example.co', 'gadgets.example.com', ''),
  namespace: fc.constantFrom(undefined, '', 'a', 'ab', '*', '/'),
});

test('a token of another type or scope is refused', (t) => {
  fc.assert(
    fc.property(continuation, scope, scope, (made, own, other) => {
      const token = encodeContinue(made, own);
      t.deepEqual(decodeContinue(token, own), made);
      if (own.cache === other.cache && own.namespace === other.namespace) return;
      const error = t.throws(() => decodeContinue(token, other), { instanceOf: CacheError });
      t.is(error.code, 'invalid-continue');
      t.regex(error.message, /it was not given with a page of this list$/);
    }),
    { numRuns: 500 },
  );
});

test('a token whose fields have any value is decoded or refused', (t) => {
  const field = (real: unknown): fc.Arbitrary<unknown> =>
    fc.oneof(fc.constant(real), fc.jsonValue({ stringUnit: 'binary' }));
  const made = fc.record(
    { v: field('meta.k8s.io/v1'), rv: field(5), start: field('a'), x: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(made, (fields) => void decodeOrRefuse(t, base64(JSON.stringify(fields)))),
    { numRuns: 1000 },
  );
});
