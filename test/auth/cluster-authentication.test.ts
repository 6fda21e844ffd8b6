/** The cluster's own configuration of authentication, looked up, followed, and given by hand. */

import type { ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';

import { AuthError, followClusterAuthentication } from '../../lib/auth/index.js';
import type { ClusterAuthentication, ClusterAuthenticationOptions } from '../../lib/auth/index.js';
import { createApiClient } from '../../lib/client/index.js';
import type { PeerCertificate, RequestRecord } from '../../lib/request/index.js';
import { serveHttp, until } from '../client/server.js';
import { ManualClock } from '../clock.js';
import { makeRecord } from '../request/make-record.js';
import { issue, NOW, peerOf } from './authority.js';
import type { Issued } from './authority.js';

interface World {
  readonly proxyCa: Issued;
  readonly newProxyCa: Issued;
  readonly clientCa: Issued;
  readonly proxy: PeerCertificate;
  readonly newProxy: PeerCertificate;
  readonly client: PeerCertificate;
}

let made: Promise<World> | undefined;

const world = (): Promise<World> => (made ??= make());

async function make(): Promise<World> {
  const authority = (name: string): Promise<Issued> =>
    issue({ subject: `CN=${name}`, authority: true });
  const [proxyCa, newProxyCa, clientCa] = await Promise.all(
    ['proxy-ca', 'new-proxy-ca', 'client-ca'].map(authority),
  );
  if (!proxyCa || !newProxyCa || !clientCa) throw new Error('not made');
  const issued = async (subject: string, issuer: Issued): Promise<PeerCertificate> =>
    peerOf(await issue({ subject, issuer }));
  return {
    proxyCa,
    newProxyCa,
    clientCa,
    proxy: await issued('CN=aggregator', proxyCa),
    newProxy: await issued('CN=aggregator', newProxyCa),
    client: await issued('O=dev,CN=ana', clientCa),
  };
}

const from = (peerCertificate: PeerCertificate, user?: string): RequestRecord => ({
  ...makeRecord('/', { headers: user === undefined ? [] : [['x-remote-user', user]] }),
  peerCertificate,
});

const dataOf = ({ proxyCa, clientCa }: Pick<World, 'proxyCa' | 'clientCa'>) => ({
  'client-ca-file': clientCa.pem,
  'requestheader-client-ca-file': proxyCa.pem,
  'requestheader-allowed-names': '["aggregator"]',
  'requestheader-username-headers': '["X-Remote-User"]',
  'requestheader-group-headers': '["X-Remote-Group"]',
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
});

const NAME = 'extension-apiserver-authentication';
const PATH = '/api/v1/namespaces/kube-system/configmaps';

interface Cluster {
  readonly options: ClusterAuthenticationOptions;
  readonly clock: ManualClock;
  readonly failures: string[];
  readonly loaded: string[];
  readonly refused: string[];
  /** What the server answers for the ConfigMap; a number is a failure. */
  state: object | number;
  /** The open watch, once there is one. */
  watching(): Promise<ServerResponse>;
}

async function cluster(t: ExecutionContext, state: object | number): Promise<Cluster> {
  const clock = new ManualClock(NOW);
  const watches: ServerResponse[] = [];
  const lists: [string[], string[], string[]] = [[], [], []];
  const found: Cluster = {
    clock,
    state,
    failures: lists[0],
    loaded: lists[1],
    refused: lists[2],
    options: { clock },
    watching: async () => {
      await until(() => watches.length > 0);
      return watches.shift() as ServerResponse;
    },
  };
  const { url } = await serveHttp(t, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://a');
    if (typeof found.state === 'number') {
      response.writeHead(found.state).end();
    } else if (pathname === `${PATH}/${NAME}`) {
      response.end(JSON.stringify({ metadata: { name: NAME }, data: found.state }));
    } else if (searchParams.get('fieldSelector') !== `metadata.name=${NAME}`) {
      response.writeHead(403).end();
    } else if (searchParams.has('watch')) {
      response.writeHead(200).flushHeaders();
      watches.push(response);
    } else {
      const items = [{ metadata: { name: NAME }, data: found.state }];
      response.end(JSON.stringify({ metadata: { resourceVersion: '5' }, items }));
    }
  });
  const client = createApiClient({ server: url }, { clock });
  t.teardown(() => client.close());
  const options = {
    client,
    clock,
    random: () => 0,
    onFailure: (error: unknown) => void found.failures.push((error as Error).message),
    onLoaded: (part: string) => void found.loaded.push(part),
    onRefused: (reason: string) => void found.refused.push(reason),
  };
  return Object.assign(found, { options });
}

async function followed(
  t: ExecutionContext,
  options: ClusterAuthenticationOptions,
): Promise<ClusterAuthentication> {
  const authentication = await followClusterAuthentication(options);
  t.teardown(() => authentication.close());
  return authentication;
}

const event = (type: string, data: object): string =>
  `${JSON.stringify({ type, object: { metadata: { name: NAME, resourceVersion: '6' }, data } })}\n`;

test('the front proxy and client certificates are believed as the ConfigMap says', async (t) => {
  const all = await world();
  const { options, loaded, refused } = await cluster(t, dataOf(all));
  const authentication = await followed(t, options);
  t.true(authentication.isKnown);
  t.deepEqual(loaded, ['front-proxy', 'client-ca']);
  t.like(await authentication.authenticate(from(all.proxy, 'eva')), { username: 'eva' });
  t.like(await authentication.authenticate(from(all.client)), { username: 'ana', groups: ['dev'] });
  t.true(authentication.isCredentialHeader?.('x-remote-group'));
  t.deepEqual(refused, []);
  // A header of a client that is no front proxy is nothing: it is the client that asks.
  t.like(await authentication.authenticate(from(all.client, 'root')), { username: 'ana' });
  t.is(await authentication.authenticate(makeRecord('/')), undefined);
  const error = await t.throwsAsync(async () =>
    authentication.authenticate(from(all.newProxy, 'eva')),
  );
  t.like(error, { code: 401 });
});

test('a new authority of the front proxy counts at once, and the old one no more', async (t) => {
  const all = await world();
  const { options, loaded, watching } = await cluster(t, dataOf(all));
  const authentication = await followed(t, options);
  const watch = await watching();
  const both = {
    ...dataOf(all),
    'requestheader-client-ca-file': all.proxyCa.pem + all.newProxyCa.pem,
  };
  watch.write(event('MODIFIED', both));
  await until(() => loaded.length === 3);
  t.is((await authentication.authenticate(from(all.proxy, 'eva')))?.username, 'eva');
  t.is((await authentication.authenticate(from(all.newProxy, 'eva')))?.username, 'eva');
  watch.write(event('MODIFIED', dataOf({ ...all, proxyCa: all.newProxyCa })));
  await until(() => loaded.length === 4);
  t.is((await authentication.authenticate(from(all.newProxy, 'eva')))?.username, 'eva');
  await t.throwsAsync(async () => authentication.authenticate(from(all.proxy, 'eva')));
  t.deepEqual(loaded, ['front-proxy', 'client-ca', 'front-proxy', 'front-proxy']);
});

test('a change that was missed while the server was away is seen afterwards', async (t) => {
  const all = await world();
  const found = await cluster(t, dataOf(all));
  const { clock, failures, loaded, options, watching } = found;
  const authentication = await followed(t, options);
  const watch = await watching();
  found.state = 500;
  watch.end(event('BOOKMARK', {}));
  await until(() => failures.length === 1);
  t.regex(failures[0] ?? '', /can't read ConfigMap kube-system\/extension-apiserver-auth.*500/);
  t.is((await authentication.authenticate(from(all.client)))?.username, 'ana');
  found.state = dataOf({ ...all, clientCa: all.newProxyCa });
  clock.advance(800);
  await until(() => loaded.length === 3);
  t.is((await authentication.authenticate(from(all.newProxy)))?.username, 'aggregator');
});

const KEPT: readonly (readonly [
  what: string,
  change: (data: object) => object,
  failure: RegExp,
])[] = [
  [
    'a bundle that is broken',
    (data) => ({ ...data, 'requestheader-client-ca-file': 'x' }),
    /the front proxy's CA bundle has no certificate/,
  ],
  [
    'a list that is no list',
    (data) => ({ ...data, 'requestheader-allowed-names': '"aggregator"' }),
    /requestheader-allowed-names of the authentication ConfigMap is no JSON list/,
  ],
  [
    'a list that is no JSON',
    (data) => ({ ...data, 'requestheader-group-headers': '[' }),
    /requestheader-group-headers of the authentication ConfigMap is no JSON list/,
  ],
  [
    'a blank header',
    (data) => ({ ...data, 'requestheader-username-headers': '[" "]' }),
    /username headers is blank/,
  ],
];

for (const [what, change, failure] of KEPT) {
  test(`${what} leaves what was in force, and the other part counts`, async (t) => {
    const all = await world();
    const { options, failures, loaded, watching } = await cluster(t, dataOf(all));
    const authentication = await followed(t, options);
    const next = change(dataOf({ ...all, clientCa: all.newProxyCa }));
    (await watching()).write(event('MODIFIED', next));
    await until(() => failures.length === 1 && loaded.length === 3);
    t.regex(failures[0] ?? '', failure);
    t.is((await authentication.authenticate(from(all.proxy, 'eva')))?.username, 'eva');
    t.is((await authentication.authenticate(from(all.newProxy)))?.username, 'aggregator');
  });
}

test('a ConfigMap that is emptied or deleted changes nothing', async (t) => {
  const all = await world();
  const { options, failures, watching } = await cluster(t, dataOf(all));
  const authentication = await followed(t, options);
  (await watching()).write(event('MODIFIED', {}) + event('DELETED', {}));
  await until(() => failures.length === 1);
  t.regex(failures[0] ?? '', /it was deleted/);
  t.is((await authentication.authenticate(from(all.proxy, 'eva')))?.username, 'eva');
  t.is((await authentication.authenticate(from(all.client)))?.username, 'ana');
});

for (const [state, message] of [
  [404, /can't read ConfigMap kube-system\/extension-apiserver-authentication.*404/],
  [403, /kubectl create rolebinding -n kube-system .*extension-apiserver-authentication-reader/],
  [500, /500/],
  [{}, /it names no authority that can be used/],
] as const) {
  const what = typeof state === 'number' ? String(state) : 'no authority';
  test(`a look-up that gives ${what} fails, with what to do`, async (t) => {
    const { options } = await cluster(t, state);
    const error = await t.throwsAsync(followClusterAuthentication(options), {
      instanceOf: AuthError,
      message,
    });
    t.is(error?.code, 'lookup-failed');
  });
}

for (const [state, isKnown] of [
  [404, true],
  [403, true],
  [500, false],
  [{}, true],
] as const) {
  const what = typeof state === 'number' ? String(state) : 'no authority';
  test(`a look-up that gives ${what} may be tolerated, and is tried again`, async (t) => {
    const all = await world();
    const found = await cluster(t, state);
    const { clock, failures, loaded } = found;
    const authentication = await followed(t, { ...found.options, tolerateLookupFailure: true });
    t.is(authentication.isKnown, isKnown);
    t.is(await authentication.authenticate(from(all.proxy, 'eva')), undefined);
    t.false(authentication.isCredentialHeader?.('x-remote-user'));
    if (typeof state === 'number') {
      await until(() => failures.length === 2);
      found.state = dataOf(all);
      clock.advance(800);
    } else {
      (await found.watching()).write(event('MODIFIED', dataOf(all)));
    }
    await until(() => loaded.length === 2);
    t.true(authentication.isKnown);
    t.is((await authentication.authenticate(from(all.proxy, 'eva')))?.username, 'eva');
  });
}

test('what is given by hand is not looked up, and both need no server', async (t) => {
  const all = await world();
  const clock = new ManualClock(NOW);
  const frontProxy = { authorities: all.proxyCa.pem, allowedNames: ['aggregator'] };
  const alone = await followed(t, { clock, frontProxy, clientCa: all.clientCa.pem });
  t.true(alone.isKnown);
  t.is((await alone.authenticate(from(all.proxy, 'eva')))?.username, 'eva');
  t.is((await alone.authenticate(from(all.client)))?.username, 'ana');
  const missing = followClusterAuthentication({ clock, frontProxy });
  t.is((await t.throwsAsync(missing, { instanceOf: AuthError }))?.code, 'lookup-failed');

  const skipped = await followed(t, { clock, frontProxy, skipLookup: true });
  t.is((await skipped.authenticate(from(all.proxy, 'eva')))?.username, 'eva');
  t.is(await skipped.authenticate(from(all.client)), undefined);

  const swapped = dataOf({ proxyCa: all.clientCa, clientCa: all.newProxyCa });
  const { options } = await cluster(t, swapped);
  const mixed = await followed(t, { ...options, frontProxy });
  t.is((await mixed.authenticate(from(all.proxy, 'eva')))?.username, 'eva');
  t.is((await mixed.authenticate(from(all.newProxy)))?.username, 'aggregator');
  await t.throwsAsync(async () => mixed.authenticate(from(all.client)));

  const wrong = followClusterAuthentication({ clock, frontProxy, clientCa: 'x' });
  t.is((await t.throwsAsync(wrong, { instanceOf: AuthError }))?.code, 'bad-authorities');
});

test('closed, it follows no more', async (t) => {
  const all = await world();
  const { options, watching, clock } = await cluster(t, dataOf(all));
  const authentication = await followClusterAuthentication(options);
  const watch = await watching();
  const ended = new Promise((resolve) => watch.once('close', resolve));
  authentication.close();
  await ended;
  await until(() => clock.pending === 0);
  t.is((await authentication.authenticate(from(all.proxy, 'eva')))?.username, 'eva');
});
