/** What an aggregator reads of a server: that it is there, what it serves, and how that looks. */

import test from 'ava';

import { bench, GROUP_VERSION } from './bench.js';
import { identityHeaders } from './control-plane.js';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

const aggregator = (...groups: readonly string[]) =>
  identityHeaders({ username: 'system:kube-aggregator', uid: '', groups, extra: {} });

test('the aggregator finds the group version, its discovery and its schemas', async (t) => {
  const { plane, ask } = await bench(t);
  const proxy = { cert: plane.proxy.cert, key: plane.proxy.key };
  const headers = aggregator('system:masters');
  const probe = await ask(GROUP_VERSION, { ...proxy, headers });
  t.is(probe.status, 200);
  t.like(JSON.parse(probe.text), { kind: 'APIResourceList', groupVersion: 'example.com/v1' });

  const discover = (more: object) =>
    ask('/apis', { ...proxy, headers: { ...headers, accept: AGGREGATED, ...more } });
  const found = await discover({});
  t.is(found.headers['content-type'], AGGREGATED);
  t.like(JSON.parse(found.text), {
    kind: 'APIGroupDiscoveryList',
    items: [{ metadata: { name: 'example.com' } }],
  });
  const again = await discover({ 'if-none-match': found.headers['etag'] });
  t.deepEqual([again.status, again.text], [304, '']);

  const schemas = await ask('/openapi/v3', { ...proxy, headers });
  const { paths } = JSON.parse(schemas.text) as {
    paths: { [path: string]: { serverRelativeURL: string } };
  };
  const group = paths['apis/example.com/v1']?.serverRelativeURL ?? '';
  t.is((await ask(group, { ...proxy, headers })).status, 200);
  t.is((await ask('/openapi/v2', { ...proxy, headers })).status, 404);
  t.deepEqual(plane.accessReviews, []);
});

test('without its great group the aggregator is a user whose rights are asked about', async (t) => {
  const { plane, ask } = await bench(t);
  plane.policy = ({ nonResourceAttributes }) => ({
    allowed: nonResourceAttributes?.path.startsWith('/apis') === true,
  });
  const proxy = { cert: plane.proxy.cert, key: plane.proxy.key };
  const headers = aggregator('system:authenticated');
  t.is((await ask(GROUP_VERSION, { ...proxy, headers })).status, 200);
  const refused = await ask('/openapi/v3', { ...proxy, headers });
  t.is(refused.status, 403);
  t.is(
    (JSON.parse(refused.text) as { message: string }).message,
    'forbidden: User "system:kube-aggregator" cannot get path "/openapi/v3"',
  );
});
