/** What an embedder adds to a server: checks and metrics of its own. */

import test from 'ava';
import { MetricsRegistry } from '../../lib/metrics/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { createServer } from '../../lib/server/index.js';

const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });

test('further checks are asked like the server’s own', async (t) => {
  let reason: string | undefined = 'the disk is full';
  const server = createServer({
    resources: [widgets],
    healthChecks: [{ name: 'disk', endpoints: ['readyz'], check: () => reason }],
  });
  t.teardown(() => server.close());
  await server.ready();
  const { url } = await server.listen();
  const failing = await fetch(`${url}/readyz`);
  t.is(failing.status, 500);
  t.regex(
    await failing.text(),
    /\[\+\]informer-sync ok\n(?:.*\n)*\[-\]disk failed: reason withheld/,
  );
  t.is((await fetch(`${url}/livez`)).status, 200);
  reason = undefined;
  t.is(await (await fetch(`${url}/readyz`)).text(), 'ok');
});

test('metrics may go where an embedder’s own are', async (t) => {
  const metrics = new MetricsRegistry();
  metrics.counter({ name: 'widgets_made_total', help: 'Widgets made.' }).with().value = 3;
  const server = createServer({
    resources: [widgets],
    metrics,
    authenticator: {
      authenticate: async () => ({ username: 'ana', uid: '', groups: [], extra: {} }),
    },
  });
  t.teardown(() => server.close());
  const { url } = await server.listen();
  const text = await (await fetch(`${url}/metrics`)).text();
  t.regex(text, /^widgets_made_total 3$/m);
  t.regex(text, /^apiserver_request_total\{|^# TYPE apiserver_request_total counter$/m);
  t.is(await metrics.exposition().then((own) => own.includes('widgets_made_total 3')), true);
});
