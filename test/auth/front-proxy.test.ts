/** Who is named by a front proxy's headers, and when headers are nothing but headers. */

import test from 'ava';

import { AuthError, frontProxyAuthenticator } from '../../lib/auth/index.js';
import type { FrontProxyTrust } from '../../lib/auth/index.js';
import type { PeerCertificate, RequestRecord, UserInfo } from '../../lib/request/index.js';
import { isStatusError } from '../../lib/request/index.js';
import { makeRecord } from '../request/make-record.js';
import { issue, NOW, peerOf } from './authority.js';
import type { Issued } from './authority.js';

type Headers = readonly (readonly [name: string, value: string])[];

interface World {
  readonly authority: Issued;
  readonly proxy: PeerCertificate;
  readonly other: PeerCertificate;
}

let made: Promise<World> | undefined;

const world = (): Promise<World> => (made ??= make());

async function make(): Promise<World> {
  const authority = await issue({ subject: 'CN=front-proxy-ca', authority: true });
  const foreign = await issue({ subject: 'CN=client-ca', authority: true });
  return {
    authority,
    proxy: peerOf(await issue({ subject: 'CN=front-proxy-client', issuer: authority })),
    other: peerOf(await issue({ subject: 'CN=front-proxy-client', issuer: foreign })),
  };
}

const request = (headers: Headers, peerCertificate?: PeerCertificate): RequestRecord => ({
  ...makeRecord('/', { headers }),
  peerCertificate,
});

async function authenticate(
  headers: Headers,
  trust: Partial<FrontProxyTrust> = {},
): Promise<UserInfo | undefined> {
  const { authority, proxy } = await world();
  const options = { authorities: authority.pem, clock: { now: () => NOW }, ...trust };
  return (await frontProxyAuthenticator(options)).authenticate(request(headers, proxy));
}

const CASES: readonly (readonly [
  what: string,
  headers: Headers,
  user: Partial<UserInfo> | undefined,
  trust?: Partial<FrontProxyTrust>,
])[] = [
  ['no headers', [], undefined],
  ['an empty name', [['x-remote-user', '']], undefined],
  ['groups without a name', [['x-remote-group', 'system:masters']], undefined],
  ['a name alone', [['x-remote-user', 'ana']], { username: 'ana', uid: '', groups: [], extra: {} }],
  [
    'groups with commas, and an empty one',
    [
      ['x-remote-user', 'ana'],
      ['x-remote-group', 'a, b'],
      ['x-remote-group', ''],
      ['x-remote-group', 'c'],
    ],
    { groups: ['a, b', 'c'] },
  ],
  [
    'extra with encoded keys and several values',
    [
      ['x-remote-user', 'ana'],
      ['x-remote-extra-example.com%2froles', 'one, two'],
      ['x-remote-extra-example.com%2froles', 'three'],
      ['x-remote-extra-100%', 'kept'],
      ['x-remote-extra-__proto__', 'harmless'],
    ],
    {
      username: 'ana',
      extra: {
        'example.com/roles': ['one, two', 'three'],
        '100%': ['kept'],
        ['__proto__']: ['harmless'],
      },
    },
  ],
  [
    'letters beyond ASCII, as bytes of UTF-8 and as Latin-1',
    [
      ['x-remote-user', Buffer.from('José 模型').toString('latin1')],
      ['x-remote-group', 'caf\u00e9'],
      ['x-remote-group', Buffer.from('größe').toString('latin1')],
      ['x-remote-extra-a', Buffer.from('ß').toString('latin1')],
    ],
    { username: 'José 模型', groups: ['café', 'größe'], extra: { a: ['ß'] } },
  ],
  [
    'a uid that nobody has asked for',
    [
      ['x-remote-user', 'ana'],
      ['x-remote-uid', '7'],
    ],
    { uid: '' },
  ],
  [
    'headers of other names, in their order',
    [
      ['x-remote-user', 'not me'],
      ['x-user', ''],
      ['x-name', 'ana'],
      ['x-uid', '7'],
      ['x-roles', 'r'],
      ['x-teams', 't'],
      ['x-b-k', '2'],
      ['x-a-k', '1'],
    ],
    { username: 'ana', uid: '7', groups: ['t', 'r'], extra: { k: ['1', '2'] } },
    {
      usernameHeaders: ['X-User', ' X-Name '],
      uidHeaders: ['X-Uid'],
      groupHeaders: ['X-Teams', 'X-Roles'],
      extraHeaderPrefixes: ['X-A-', 'X-B-'],
    },
  ],
];

for (const [what, headers, user, trust] of CASES) {
  test(`${what} from the front proxy`, async (t) => {
    const found = await authenticate(headers, trust);
    if (user === undefined) {
      t.is(found, undefined);
      return;
    }
    const { extra, ...rest } = user;
    t.like(found, rest);
    if (extra !== undefined) t.deepEqual(found?.extra, extra);
  });
}

test('without a certificate headers are nothing', async (t) => {
  const { authority } = await world();
  const clock = { now: () => NOW };
  const authenticator = await frontProxyAuthenticator({ authorities: authority.pem, clock });
  t.is(await authenticator.authenticate(request([['x-remote-user', 'ana']])), undefined);
});

test('with a certificate of another authority, or of another name, they are refused', async (t) => {
  const { authority, proxy, other } = await world();
  const reasons: string[] = [];
  const common = {
    authorities: authority.pem,
    clock: { now: () => NOW },
    onRefused: (reason: string) => void reasons.push(reason),
  };
  const headers: Headers = [['x-remote-user', 'ana']];
  const any = await frontProxyAuthenticator(common);
  const named = await frontProxyAuthenticator({ ...common, allowedNames: ['aggregator'] });
  const ours = await frontProxyAuthenticator({
    ...common,
    allowedNames: ['aggregator', 'front-proxy-client'],
  });
  for (const refused of [
    async () => any.authenticate(request(headers, other)),
    async () => named.authenticate(request(headers, proxy)),
  ]) {
    const error = await t.throwsAsync(refused);
    t.true(isStatusError(error));
    t.like(error, { code: 401, message: 'Unauthorized' });
  }
  t.is((await any.authenticate(request(headers, proxy)))?.username, 'ana');
  t.is((await ours.authenticate(request(headers, proxy)))?.username, 'ana');
  t.deepEqual(reasons, [
    'client certificate refused: no trusted authority has issued it',
    'client certificate refused: "front-proxy-client" is no allowed front proxy',
  ]);
});

test('an expired certificate of the front proxy is refused, though it was good before', async (t) => {
  const { authority, proxy } = await world();
  let now = NOW;
  const clock = { now: () => now };
  const authenticator = await frontProxyAuthenticator({ authorities: authority.pem, clock });
  const asked = request([['x-remote-user', 'ana']], proxy);
  t.is((await authenticator.authenticate(asked))?.username, 'ana');
  now += 11 * 86_400_000;
  await t.throwsAsync(async () => authenticator.authenticate(asked));
});

test('it tells which headers are credentials', async (t) => {
  const { authority } = await world();
  const authenticator = await frontProxyAuthenticator({
    authorities: authority.pem,
    clock: { now: () => NOW },
    usernameHeaders: ['X-User'],
    uidHeaders: ['X-Uid'],
    groupHeaders: ['X-Group'],
    extraHeaderPrefixes: ['X-Extra-'],
  });
  const names = ['x-user', 'x-uid', 'x-group', 'x-extra-a', 'x-extra', 'accept'];
  t.deepEqual(
    names.filter((name) => authenticator.isCredentialHeader?.(name)),
    ['x-user', 'x-uid', 'x-group', 'x-extra-a'],
  );
});

for (const field of [
  'usernameHeaders',
  'uidHeaders',
  'groupHeaders',
  'extraHeaderPrefixes',
] as const) {
  test(`a blank name among ${field} is refused`, async (t) => {
    const error = await t.throwsAsync(authenticate([], { [field]: ['X-A', ' '] }), {
      instanceOf: AuthError,
      message: /is blank/,
    });
    t.is(error?.code, 'bad-front-proxy');
  });
}

test('a bundle that can not be read is refused', async (t) => {
  const error = await t.throwsAsync(authenticate([], { authorities: 'x' }), {
    instanceOf: AuthError,
    message: /the front proxy's CA bundle/,
  });
  t.is(error?.code, 'bad-authorities');
});
