/** Who gets through to an aggregated server, as whom, and what is asked about him. */

import { connect as connectHttp2 } from 'node:http2';
import test from 'ava';

import { AuthError } from '../../../lib/auth/index.js';
import { ClientError, createApiClient, readKubeconfig } from '../../../lib/client/index.js';
import type { UserInfo } from '../../../lib/request/index.js';
import { createAggregatedServer } from '../../../lib/server/index.js';
import { keyOf } from '../../auth/authority.js';
import { issueNow } from '../../client/server.js';
import { ManualClock } from '../../clock.js';
import { askServer, bench, WIDGETS, widgets } from './bench.js';
import type { Bench } from './bench.js';
import { identityHeaders, startControlPlane, userOf } from './control-plane.js';

const SPECIAL: UserInfo = {
  username: 'José 模型',
  uid: '7',
  groups: ['a, b', 'größe', 'system:authenticated'],
  extra: { 'example.com/roles': ['one, two', 'drei'], scopes: ['x'] },
};

const asProxy = ({ plane }: Bench) => ({ cert: plane.proxy.cert, key: plane.proxy.key });

test('the front proxy names users, whose every word arrives, over HTTP/1.1', async (t) => {
  const world = await bench(t);
  world.plane.policy = () => ({ allowed: true });
  const headers = identityHeaders(SPECIAL);
  const { status } = await world.ask(WIDGETS, { ...asProxy(world), headers });
  t.is(status, 200);
  t.like(world.plane.accessReviews[0], {
    user: SPECIAL.username,
    uid: '7',
    groups: SPECIAL.groups,
    extra: SPECIAL.extra,
    resourceAttributes: {
      verb: 'list',
      namespace: 'shop',
      group: 'example.com',
      resource: 'widgets',
    },
  });
});

test('and over HTTP/2', async (t) => {
  const world = await bench(t);
  world.plane.policy = () => ({ allowed: true });
  const session = connectHttp2(`https://127.0.0.1:${world.port}`, {
    ca: world.servingCa.pem,
    servername: 'widgets.widgets.svc',
    ...asProxy(world),
  });
  t.teardown(() => session.close());
  const headers = Object.fromEntries(
    Object.entries(identityHeaders(SPECIAL)).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const stream = session.request({ ':path': WIDGETS, ...headers });
  const status = await new Promise((resolve) =>
    stream.on('response', (answer) => resolve(answer[':status'])),
  );
  stream.resume();
  t.is(status, 200);
  const { user, groups, extra } = world.plane.accessReviews[0] ?? {};
  t.deepEqual([user, groups, extra], [SPECIAL.username, SPECIAL.groups, SPECIAL.extra]);
});

test('whoever is not the front proxy names nobody', async (t) => {
  const world = await bench(t);
  const { plane } = world;
  const headers = identityHeaders(userOf('root', ['system:masters']));
  const anonymous = await world.ask(WIDGETS, { headers });
  t.is(anonymous.status, 403);
  t.is(
    (JSON.parse(anonymous.text) as { message: string }).message,
    'widgets.example.com is forbidden: User "system:anonymous" cannot list resource "widgets" in ' +
      'API group "example.com" in the namespace "shop"',
  );
  t.deepEqual(plane.accessReviews[0]?.groups, ['system:unauthenticated']);
  const ana = await issueNow({ subject: 'O=dev,CN=ana', issuer: plane.clusterCa });
  const client = { cert: ana.pem, key: await keyOf(ana) };
  t.is((await world.ask(WIDGETS, { ...client, headers })).status, 403);
  t.like(plane.accessReviews[1], { user: 'ana', groups: ['dev', 'system:authenticated'] });
  const stranger = await issueNow({ subject: 'CN=front-proxy-client' });
  const unknown = { cert: stranger.pem, key: await keyOf(stranger) };
  t.is((await world.ask(WIDGETS, { ...unknown, headers })).status, 401);
  const other = await issueNow({ subject: 'CN=front-proxy-client', issuer: plane.clusterCa });
  t.is(
    (await world.ask(WIDGETS, { cert: other.pem, key: await keyOf(other), headers })).status,
    403,
  );
  t.is(
    plane.accessReviews[2]?.user,
    'front-proxy-client',
    'of the clients’ authority it is a client',
  );
});

test('a bearer token is reviewed, and what is right is remembered', async (t) => {
  const world = await bench(t);
  const { plane } = world;
  plane.users.set('ana-token', userOf('ana', ['dev']));
  plane.policy = ({ user }) => ({ allowed: user === 'ana', reason: 'only ana' });
  const withToken = (token: string) =>
    world.ask(WIDGETS, { headers: { authorization: `Bearer ${token}` } });
  t.is((await withToken('ana-token')).status, 200);
  t.is((await withToken('ana-token')).status, 200);
  t.is((await withToken('nobody')).status, 401);
  t.deepEqual(plane.tokenReviews, ['ana-token', 'nobody']);
  t.is(plane.accessReviews.length, 1);
  plane.users.set('eve-token', userOf('eve'));
  const refused = await withToken('eve-token');
  t.is(refused.status, 403);
  t.regex(refused.text, /in the namespace \\"shop\\": only ana"/);
  world.clock.advance(10_000);
  plane.users.delete('ana-token');
  t.is((await withToken('ana-token')).status, 401);
});

test('who can not be asked about is not let in: 401 for tokens, 500 for access', async (t) => {
  const world = await bench(t);
  const { plane } = world;
  plane.users.set('ana-token', userOf('ana'));
  plane.isReviewing = false;
  const headers = { authorization: 'Bearer ana-token' };
  t.is((await world.ask(WIDGETS, { headers })).status, 401);
  const proxied = await world.ask(`${WIDGETS}?limit=1`, {
    ...asProxy(world),
    headers: identityHeaders(userOf('ana')),
  });
  t.is(proxied.status, 500);
  t.is(proxied.headers['content-type'], 'text/plain; charset=utf-8');
  t.regex(
    proxied.text,
    /^Internal Server Error: "\/apis\/example\.com.*widgets\?limit=1": the SubjectAccessReview failed: .*503/,
  );
  const admin = identityHeaders(userOf('root', ['system:masters']));
  t.is((await world.ask(WIDGETS, { ...asProxy(world), headers: admin })).status, 200);
  t.is((await world.ask('/readyz')).text, 'ok');
  plane.isReviewing = true;
  plane.policy = () => ({ allowed: true });
  t.is((await world.ask(WIDGETS, { headers })).status, 200);
  const metrics = await world.ask('/metrics', { ...asProxy(world), headers: admin });
  t.regex(metrics.text, /^apiserver_delegated_authn_request_total\{code="503"\} 1$/m);
  t.regex(metrics.text, /^apiserver_delegated_authn_request_total\{code="201"\} 1$/m);
  t.regex(metrics.text, /^apiserver_delegated_authz_request_total\{code="503"\} 1$/m);
  t.regex(
    metrics.text,
    /^apiserver_delegated_authz_request_duration_seconds_count\{code="201"\} 1$/m,
  );
});

test('the anonymous may be refused, audiences asked for, and others known', async (t) => {
  const world = await bench(t, {
    authentication: {
      anonymous: false,
      audiences: ['widgets'],
      authenticators: [
        {
          authenticate: async (request) =>
            request.header('x-badge') === 'blue' ? userOf('guard', ['system:masters']) : undefined,
        },
      ],
    },
    authorization: { alwaysAllowPaths: ['/version'] },
  });
  t.is((await world.ask('/version')).status, 401);
  t.is((await world.ask(WIDGETS, { headers: { 'x-badge': 'blue' } })).status, 200);
  const open = identityHeaders(userOf('ana'));
  t.is((await world.ask('/version', { ...asProxy(world), headers: open })).status, 200);
  t.is(world.plane.accessReviews.length, 0);
});

test('without the cluster’s configuration there is no server, or one that is not ready yet', async (t) => {
  const plane = await startControlPlane();
  t.teardown(() => plane.close());
  const { kubeconfig } = plane;
  await plane.stop();
  const options = { resources: [widgets], kubeconfig };
  const refused = await t.throwsAsync(createAggregatedServer(options), { instanceOf: AuthError });
  t.is(refused?.code, 'lookup-failed');
  const clock = new ManualClock(Date.now());
  const server = await createAggregatedServer({
    ...options,
    clock,
    authentication: { tolerateLookupFailure: true },
  });
  t.teardown(() => server.close({ graceMs: 0 }));
  await server.ready();
  const { url } = await server.listen();
  const probe = await fetch(`${url}/readyz`);
  t.is(probe.status, 500);
  t.regex(await probe.text(), /\[-\]authentication-configuration failed: reason withheld/);
  t.is((await fetch(`${url}/livez`)).status, 200);
  await plane.start();
  // As many pauses as it needs to find the cluster again.
  while ((await fetch(`${url}/readyz`)).status !== 200) clock.advance(1_000);
  t.is(await (await fetch(`${url}/readyz`)).text(), 'ok');
});

test('what is given by hand needs no configuration of the cluster', async (t) => {
  const plane = await startControlPlane();
  t.teardown(() => plane.close());
  const client = createApiClient(readKubeconfig({ file: plane.kubeconfig }));
  t.teardown(() => client.close());
  const root = await issueNow({ subject: 'CN=ca', authority: true });
  const serving = await issueNow({ subject: 'CN=s', issuer: root, hosts: ['localhost'] });
  const server = await createAggregatedServer({
    resources: [widgets],
    client,
    authentication: { skipLookup: true, clientCa: root.pem },
  });
  t.teardown(() => server.close({ graceMs: 0 }));
  const tls = { cert: serving.pem, key: await keyOf(serving) };
  const { port } = await server.listen({ tls });
  const ana = await issueNow({ subject: 'O=system:masters,CN=ana', issuer: root });
  const answer = await askServer({
    port,
    path: '/version',
    ca: root.pem,
    servername: 'localhost',
    cert: ana.pem,
    key: await keyOf(ana),
  });
  t.is(answer.status, 200);
  await server.close({ graceMs: 0 });
  t.is((await client.request({ path: '/api/v1/configmaps' })).status, 200, 'it is not closed');
});

test('outside of a cluster a kubeconfig is needed, and one that can be read', async (t) => {
  const nowhere = await t.throwsAsync(createAggregatedServer({ resources: [widgets] }), {
    instanceOf: ClientError,
  });
  t.is(nowhere?.code, 'not-in-cluster');
  const wrong = createAggregatedServer({ resources: [widgets], kubeconfig: '/nowhere/config' });
  t.is((await t.throwsAsync(wrong, { instanceOf: ClientError }))?.code, 'bad-kubeconfig');
  const plane = await startControlPlane();
  t.teardown(() => plane.close());
  const empty = createAggregatedServer({ resources: [], kubeconfig: plane.kubeconfig });
  await t.throwsAsync(empty, { instanceOf: RangeError });
});
