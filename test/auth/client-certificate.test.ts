import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';

import test from 'ava';

import { AuthError, clientCertificateAuthenticator } from '../../lib/auth/index.js';
import type { PeerCertificate } from '../../lib/request/index.js';
import { isStatusError, textAnswer } from '../../lib/request/index.js';
import { issue, keyOf, NOW, peerOf, requestOf } from './authority.js';
import type { Issued, IssueOptions } from './authority.js';
import { bench } from '../transport/fixture.js';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_USAGE = '2.5.29.37.0';

interface World {
  readonly root: Issued;
  readonly other: Issued;
  readonly impostor: Issued;
  readonly intermediate: Issued;
  readonly deep: Issued;
  readonly narrow: Issued;
  readonly expiredAuthority: Issued;
  readonly pinned: Issued;
  readonly constrained: Issued;
  readonly serverOnly: Issued;
  readonly noAuthority: Issued;
}

let made: Promise<World> | undefined;

function world(): Promise<World> {
  made ??= make();
  return made;
}

async function make(): Promise<World> {
  const root = await issue({ subject: 'CN=root', authority: true });
  const authority = (subject: string, more: Partial<IssueOptions> = {}): Promise<Issued> =>
    issue({ subject, issuer: root, authority: true, ...more });
  const intermediate = await authority('CN=intermediate');
  return {
    root,
    other: await issue({ subject: 'CN=other', authority: true }),
    impostor: await issue({ subject: 'CN=root', authority: true }),
    intermediate,
    deep: await issue({ subject: 'CN=deep', issuer: intermediate, authority: true }),
    narrow: await authority('CN=narrow', { pathLength: 0 }),
    expiredAuthority: await authority('CN=expired', { notAfterDays: -1 }),
    pinned: await issue({ subject: 'CN=pinned' }),
    constrained: await authority('CN=constrained', { nameConstraints: true }),
    serverOnly: await authority('CN=server-only', { usages: [SERVER_AUTH] }),
    noAuthority: await issue({ subject: 'CN=no-authority', issuer: root }),
  };
}

interface Case {
  readonly name: string;
  readonly peer: (world: World) => Promise<PeerCertificate>;
  /** The reason for a refusal; absent: accepted. */
  readonly refused?: RegExp;
}

const leaf = (issuer: Issued | undefined, more: Partial<IssueOptions> = {}): Promise<Issued> =>
  issue({ subject: 'CN=anna', ...(issuer === undefined ? {} : { issuer }), ...more });

const under =
  (pick: (world: World) => readonly Issued[], more: Partial<IssueOptions> = {}) =>
  async (all: World): Promise<PeerCertificate> => {
    const chain = pick(all);
    return peerOf(await leaf(chain[0], more), ...chain);
  };

const CASES: readonly Case[] = [
  { name: 'a certificate of the authority', peer: under(({ root }) => [root]) },
  {
    name: 'one for client authentication',
    peer: under(({ root }) => [root], { usages: [CLIENT_AUTH] }),
  },
  {
    name: 'one for servers and clients',
    peer: under(({ root }) => [root], { usages: [SERVER_AUTH, CLIENT_AUTH] }),
  },
  { name: 'one for any use', peer: under(({ root }) => [root], { usages: [ANY_USAGE] }) },
  {
    name: 'one for servers only',
    peer: under(({ root }) => [root], { usages: [SERVER_AUTH] }),
    refused: /"anna" is not meant for client authentication/,
  },
  { name: 'one by an intermediate', peer: under(({ intermediate }) => [intermediate]) },
  {
    name: 'one by two intermediates',
    peer: under(({ deep, intermediate }) => [deep, intermediate]),
  },
  {
    name: 'one by two intermediates in the wrong order, with others between',
    peer: async ({ deep, intermediate, other, root }) =>
      peerOf(await leaf(deep), other, root, intermediate, deep),
  },
  {
    name: 'one by an intermediate that was not sent',
    peer: async ({ intermediate }) => peerOf(await leaf(intermediate)),
    refused: /no trusted authority/,
  },
  {
    name: 'one of another authority',
    peer: under(({ other }) => [other]),
    refused: /no trusted authority/,
  },
  {
    name: 'one of an authority with the same name',
    peer: under(({ impostor }) => [impostor]),
    refused: /no trusted authority/,
  },
  {
    name: 'one that signed itself',
    peer: async () => peerOf(await leaf(undefined)),
    refused: /no trusted authority/,
  },
  {
    name: 'one that signed itself and calls itself an authority',
    peer: async () => peerOf(await leaf(undefined, { authority: true })),
    refused: /no trusted authority/,
  },
  { name: 'one that is trusted itself', peer: async ({ pinned }) => peerOf(pinned) },
  {
    name: 'an expired one',
    peer: under(({ root }) => [root], { notAfterDays: -1 }),
    refused: /"anna" has expired/,
  },
  {
    name: 'one that is not valid yet',
    peer: under(({ root }) => [root], { notBeforeDays: 1 }),
    refused: /"anna" is not valid yet/,
  },
  {
    name: 'one by an expired intermediate',
    peer: under(({ expiredAuthority }) => [expiredAuthority]),
    refused: /"expired" has expired/,
  },
  {
    name: 'one by an intermediate that is for servers only',
    peer: under(({ serverOnly }) => [serverOnly]),
    refused: /"server-only" is not meant for client authentication/,
  },
  {
    name: 'one by a certificate that is no authority',
    peer: under(({ noAuthority }) => [noAuthority]),
    refused: /no trusted authority/,
  },
  {
    name: 'one by an intermediate that allows no further ones',
    peer: under(({ narrow }) => [narrow]),
  },
  {
    name: 'one by an intermediate below one that allows none',
    peer: async ({ narrow }) => {
      const below = await issue({ subject: 'CN=below', issuer: narrow, authority: true });
      return peerOf(await leaf(below), below, narrow);
    },
    refused: /"narrow" does not allow so many intermediates/,
  },
  {
    name: 'one with a critical extension that nobody knows',
    peer: under(({ root }) => [root], { unknownExtension: '1.2.3.4' }),
    refused: /"anna" has a critical extension 1\.2\.3\.4/,
  },
  {
    name: 'one without names by an authority that constrains names',
    peer: under(({ constrained }) => [constrained]),
  },
  {
    name: 'one with names by an authority that constrains names',
    peer: under(({ constrained }) => [constrained], { hosts: ['b'] }),
    refused: /"constrained" constrains names/,
  },
  {
    name: 'bytes that are no certificate',
    peer: async () => ({ raw: new Uint8Array([1, 2, 3]), chain: [] }),
    refused: /./,
  },
  {
    name: 'a certificate with bytes in its chain that are none',
    peer: async ({ root }) => ({ ...peerOf(await leaf(root)), chain: [new Uint8Array(3)] }),
    refused: /./,
  },
];

for (const { name, peer, refused } of CASES) {
  test(`${name} is ${refused === undefined ? 'accepted' : 'refused'}`, async (t) => {
    const all = await world();
    const reasons: string[] = [];
    const authenticator = await clientCertificateAuthenticator({
      authorities: `${all.root.pem}\n${all.pinned.pem}\n`,
      clock: { now: () => NOW },
      onRefused: (reason) => reasons.push(reason),
    });
    const request = requestOf({ peer: await peer(all) });
    if (refused === undefined) {
      const user = await authenticator.authenticate(request);
      t.regex(user?.username ?? '', /^(anna|pinned)$/);
      t.deepEqual(reasons, []);
      return;
    }
    const error = await t.throwsAsync(async () => authenticator.authenticate(request));
    t.true(isStatusError(error));
    t.like(error, { code: 401, message: 'Unauthorized' });
    t.regex(reasons[0] ?? '', refused);
  });
}

const SUBJECTS: readonly (readonly [
  subject: string,
  user: string | undefined,
  groups: readonly string[],
])[] = [
  ['CN=anna', 'anna', []],
  ['O=dev,O=system:masters,CN=anna', 'anna', ['dev', 'system:masters']],
  ['CN=anna,O=dev\\, ops,O=dev', 'anna', ['dev, ops', 'dev']],
  ['CN=system:node:a,O=system:nodes', 'system:node:a', ['system:nodes']],
  ['CN=José 模型,O=größe', 'José 模型', ['größe']],
  ['CN=first,CN=last', 'last', []],
  ['O=dev', undefined, []],
];

for (const [subject, username, groups] of SUBJECTS) {
  const who = username === undefined ? 'nobody' : `user ${username}`;
  test(`the subject ${subject} is ${who}`, async (t) => {
    const { root } = await world();
    const authenticator = await clientCertificateAuthenticator({
      authorities: root.pem,
      clock: { now: () => NOW },
    });
    const certificate = await issue({ subject, issuer: root });
    const user = await authenticator.authenticate(requestOf({ peer: peerOf(certificate) }));
    if (username === undefined) {
      t.is(user, undefined);
      return;
    }
    const fingerprint = createHash('sha256').update(certificate.raw).digest('hex');
    t.deepEqual(user, {
      username,
      uid: '',
      groups: [...groups],
      extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
    });
  });
}

test('a client without a certificate is nobody', async (t) => {
  const { root } = await world();
  const clock = { now: () => NOW };
  const authenticator = await clientCertificateAuthenticator({ authorities: root.pem, clock });
  t.is(await authenticator.authenticate(requestOf({})), undefined);
});

test('what was accepted is remembered, also without its chain, until it expires', async (t) => {
  const { root, intermediate } = await world();
  let now = NOW;
  const authenticator = await clientCertificateAuthenticator({
    authorities: root.pem,
    clock: { now: () => now },
  });
  const certificate = await leaf(intermediate, { notAfterDays: 5 });
  const first = await authenticator.authenticate(
    requestOf({ peer: peerOf(certificate, intermediate) }),
  );
  t.is(first?.username, 'anna');
  const bare = requestOf({ peer: peerOf(certificate) });
  t.is(await authenticator.authenticate(bare), first);
  now = NOW + 6 * 86_400_000;
  await t.throwsAsync(async () => authenticator.authenticate(bare));
});

test('at most 1024 certificates are remembered, the ones used last', async (t) => {
  const { root } = await world();
  const clock = { now: () => NOW };
  const authenticator = await clientCertificateAuthenticator({ authorities: root.pem, clock });
  const intermediate = await issue({ subject: 'CN=i', issuer: root, authority: true });
  const forgotten = await leaf(intermediate);
  const used = await leaf(intermediate);
  for (const certificate of [forgotten, used]) {
    await authenticator.authenticate(requestOf({ peer: peerOf(certificate, intermediate) }));
  }
  const bare = (certificate: Issued) => requestOf({ peer: peerOf(certificate) });
  for (let count = 0; count < 1023; count++) {
    const other = await issue({ subject: `CN=user-${count}`, issuer: root });
    await authenticator.authenticate(bare(other));
    if (count === 1000) await authenticator.authenticate(bare(used));
  }
  t.is((await authenticator.authenticate(bare(used)))?.username, 'anna');
  await t.throwsAsync(async () => authenticator.authenticate(bare(forgotten)));
});

test('a chain sent over TLS is verified, also when the client resumes its session', async (t) => {
  const { root, intermediate } = await world();
  const refusals: string[] = [];
  const make = () =>
    clientCertificateAuthenticator({
      authorities: root.pem,
      clock: { now: () => NOW },
      onRefused: (reason) => refusals.push(reason),
    });
  const { listener } = await bench(t, 'HTTP/1.1 over TLS', async (request) => {
    // Anew each time: nothing is to be remembered here.
    const authenticator = await make();
    const judged = (async () => authenticator.authenticate(request))();
    const user = await judged.catch(() => undefined);
    return textAnswer(200, user?.username ?? 'nobody', [['Connection', 'close']]);
  });
  const certificate = await leaf(intermediate);
  let session: Buffer | undefined;
  for (let attempt = 0; attempt < 3; attempt++) {
    const socket = connectTls({
      port: listener.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      cert: `${certificate.pem}\n${intermediate.pem}\n`,
      key: await keyOf(certificate),
      ...(session === undefined ? {} : { session }),
    });
    socket.on('session', (ticket: Buffer) => (session = ticket));
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(socket, 'close');
    t.regex(text, /anna$/);
  }
  t.deepEqual(refusals, []);
});

for (const [name, pem] of [
  ['nothing', ''],
  ['text', 'no certificate'],
  ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'],
  ['a broken certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
] as const) {
  test(`a bundle of ${name} is refused by its name`, async (t) => {
    const options = { authorities: pem, name: '/etc/ca.crt', clock: { now: () => NOW } };
    const error = await t.throwsAsync(clientCertificateAuthenticator(options), {
      instanceOf: AuthError,
    });
    t.is(error?.code, 'bad-authorities');
    t.regex(error?.message ?? '', /\/etc\/ca\.crt/);
  });
}
