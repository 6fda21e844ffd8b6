import test from 'ava';
import fc from 'fast-check';

import {
  decodeContinue,
  encodeContinue,
  startAfter,
  startKey,
} from '../../lib/cache/continue-token.js';
import { rejects } from './fixture.js';

const SCOPE = { cache: 'widgets.example.com', namespace: undefined };

const encode = (json: string): string => Buffer.from(json).toString('base64url');

test('a token is what upstream makes of the same key, and a checksum', (t) => {
  const token = encodeContinue({ revision: 4711n, start: 'ns1/a\0' }, SCOPE);
  t.is(
    Buffer.from(token, 'base64url').toString(),
    '{"v":"meta.k8s.io/v1","rv":4711,"start":"ns1/a\\u0000","of":"6Pd31UT9"}',
  );
  t.notRegex(token, /[=+/]/);
});

test('a token of upstream’s own is taken', (t) => {
  const token = encode('{"v":"meta.k8s.io/v1","rv":4711,"start":"ns1/a\\u0000"}');
  t.deepEqual(decodeContinue(token, SCOPE), { revision: 4711n, start: 'ns1/a\0' });
});

const segment = fc
  .string({ unit: 'binary', minLength: 1 })
  .map((text) => text.replaceAll('/', '-'))
  .filter((text) => text !== '.' && text !== '..' && Buffer.from(text).toString() === text);

test('decoding gives what was encoded, for all keys and revisions', (t) => {
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 3 }),
      fc.oneof(fc.bigInt(1n, 2n ** 63n - 1n), fc.constant(-1n)),
      (path, revision) => {
        const start = `${path.join('/')}\0`;
        t.deepEqual(decodeContinue(encodeContinue({ revision, start }, SCOPE), SCOPE), {
          revision,
          start,
        });
      },
    ),
    { numRuns: 200 },
  );
});

test('the next page begins right after its key, in every scope', (t) => {
  fc.assert(
    fc.property(segment, segment, (namespace, name) => {
      const last = { namespace, name };
      const within = startKey(startAfter(last, namespace), namespace, true);
      t.deepEqual(within, { namespace, name: `${name}\0` });
      t.deepEqual(startKey(startAfter(last, undefined), undefined, true), within);
      const cluster = { namespace: '', name };
      const next = { namespace: '', name: `${name}\0` };
      t.deepEqual(startKey(startAfter(cluster, ''), '', false), next);
      t.deepEqual(startKey(startAfter(cluster, undefined), undefined, false), next);
    }),
    { numRuns: 100 },
  );
});

test('a start without a namespace begins at the namespaces after it', (t) => {
  t.deepEqual(startKey('b\0', undefined, true), { namespace: 'b\0', name: '' });
  t.deepEqual(startKey('/b', undefined, true), { namespace: 'b\0', name: '' });
});

const CLIMBING = [
  '../secrets',
  'ns/../../x',
  '..',
  '.',
  'a/./b',
  'a//b',
  'a/',
  '//',
  '/../x',
  'a/..',
];

for (const start of CLIMBING) {
  test(`a start that is no clean path is refused: ${start}`, async (t) => {
    const token = encodeContinue({ revision: 5n, start }, SCOPE);
    await rejects(
      t,
      () => decodeContinue(token, SCOPE),
      'invalid-continue',
      /^invalid continue token: continue key is not valid/,
    );
  });
}

test('a token that climbs anywhere is refused', (t) => {
  const part = fc.oneof(segment, fc.constantFrom('..', '.', ''));
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (path) => {
      fc.pre(path.some((text) => ['..', '.', ''].includes(text)));
      const start = `a/${path.join('/')}`;
      t.throws(() => decodeContinue(encodeContinue({ revision: 5n, start }, SCOPE), SCOPE));
    }),
    { numRuns: 100 },
  );
});

const VERSION = '"v":"meta.k8s.io/v1"';

const TAMPERED: readonly (readonly [what: string, token: string, message: RegExp])[] = [
  ['no base64', 'a b!', /continue key is not valid/],
  ['padded', `${encode(`{${VERSION},"rv":5,"start":"a"}`)}==`, /continue key is not valid/],
  ['no UTF-8', Buffer.from([0xff, 0xfe]).toString('base64url'), /continue key is not valid/],
  ['no JSON', encode('{'), /continue key is not valid/],
  ['no object', encode('[1]'), /continue key is not valid/],
  ['null', encode('null'), /continue key is not valid/],
  [
    'another version',
    encode('{"v":"meta.k8s.io/v2","rv":5,"start":"a"}'),
    /server does not recognize this encoded version meta\.k8s\.io\/v2/,
  ],
  ['no version', encode('{"rv":5,"start":"a"}'), /server does not recognize/],
  [
    'a version that can be no text',
    encode('{"v":{"toString":1,"valueOf":1},"rv":5,"start":"a"}'),
    /server does not recognize/,
  ],
  [
    'a version of endless depth',
    encode(`{"v":${'['.repeat(20_000)}${']'.repeat(20_000)},"rv":5,"start":"a"}`),
    /server does not recognize/,
  ],
  [
    'half a surrogate pair in its start',
    encode(String.raw`{"v":"meta.k8s.io/v1","rv":5,"start":"\ud800"}`),
    /start is not Unicode/,
  ],
  [
    'revision 0',
    encode(`{${VERSION},"rv":0,"start":"a"}`),
    /incorrect encoded start resourceVersion \(version meta\.k8s\.io\/v1\)/,
  ],
  ['no revision', encode(`{${VERSION},"start":"a"}`), /incorrect encoded start resourceVersion/],
  ['a text as revision', encode(`{${VERSION},"rv":"5","start":"a"}`), /not an integer/],
  ['a fraction as revision', encode(`{${VERSION},"rv":1.5,"start":"a"}`), /not an integer/],
  ['an exponent as revision', encode(`{${VERSION},"rv":1e3,"start":"a"}`), /not an integer/],
  [
    'a revision beyond 63 bits',
    encode(`{${VERSION},"rv":9223372036854775808,"start":"a"}`),
    /not an integer/,
  ],
  [
    'no start',
    encode(`{${VERSION},"rv":5}`),
    /encoded start key empty \(version meta\.k8s\.io\/v1\)/,
  ],
  ['an empty start', encode(`{${VERSION},"rv":5,"start":""}`), /encoded start key empty/],
  ['a checksum of another', encode(`{${VERSION},"rv":5,"start":"a","of":"AAAAAAAA"}`), /this list/],
  ['a checksum that is no text', encode(`{${VERSION},"rv":5,"start":"a","of":7}`), /this list/],
  ['an empty checksum', encode(`{${VERSION},"rv":5,"start":"a","of":null}`), /this list/],
  ['a number as start', encode(`{${VERSION},"rv":5,"start":7}`), /start is not a string/],
];

for (const [what, token, message] of TAMPERED) {
  test(`a token with ${what} is refused`, async (t) => {
    const error = await rejects(t, () => decodeContinue(token, SCOPE), 'invalid-continue', message);
    t.regex(error.message, /^invalid continue token: continue key is not valid: /);
  });
}

test('random bytes are refused or decoded, never anything else', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
      try {
        decodeContinue(Buffer.from(bytes).toString('base64url'), SCOPE);
      } catch (error) {
        t.is((error as { code?: string }).code, 'invalid-continue');
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('a revision inside the start does not pass for the token’s', (t) => {
  const token = encodeContinue({ revision: 5n, start: 'x","rv":9,"y' }, SCOPE);
  t.is(decodeContinue(token, SCOPE).revision, 5n);
});

test('a revision inside a field that nobody knows does not pass for the token’s', (t) => {
  const token = encode(`{${VERSION},"rv":5,"start":"a","x":{"rv":9}}`);
  t.is(decodeContinue(token, SCOPE).revision, 5n);
});
