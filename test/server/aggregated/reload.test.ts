/** What changes while an aggregated server serves: authorities, certificates, the control plane. */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import test from 'ava';

import { TransportError } from '../../../lib/transport/index.js';
import { createAggregatedServer } from '../../../lib/server/index.js';
import { turn, until } from '../../client/server.js';
import { bench, WIDGETS, widgets } from './bench.js';
import { identityHeaders, startControlPlane, userOf } from './control-plane.js';

const ANA = identityHeaders(userOf('ana'));

test('another authority of the front proxy counts as soon as it is published', async (t) => {
  const { plane, ask, log } = await bench(t);
  plane.policy = () => ({ allowed: true });
  const old = { cert: plane.proxy.cert, key: plane.proxy.key };
  t.is((await ask(WIDGETS, { ...old, headers: ANA })).status, 200);
  const loaded = (): number => log.filter(([message]) => message.includes('in force')).length;
  t.is(loaded(), 2);
  await plane.rotateProxy();
  await until(() => loaded() === 3);
  const { cert, key } = plane.proxy;
  t.is((await ask(WIDGETS, { cert, key, headers: ANA })).status, 200);
  t.is((await ask(WIDGETS, { ...old, headers: ANA })).status, 401);
});

test('a control plane that goes and comes again with other authorities is followed', async (t) => {
  const { plane, ask, log, clock } = await bench(t);
  plane.policy = () => ({ allowed: true });
  const count = (text: string): number => log.filter(([message]) => message.includes(text)).length;
  await plane.stop();
  await until(() => count('authentication configuration') > 2);
  const { cert, key } = plane.proxy;
  t.is((await ask(WIDGETS, { cert, key, headers: ANA })).status, 500, 'nobody can be asked');
  t.is((await ask('/readyz')).status, 200);
  await plane.rotateProxy();
  await plane.start();
  const renewed = { cert: plane.proxy.cert, key: plane.proxy.key };
  t.is((await ask(WIDGETS, { ...renewed, headers: ANA })).status, 401, 'not known yet');
  // Pauses grow: enough of them for the next attempt, however many there were.
  for (let attempt = 0; count('in force') < 3; attempt++) {
    clock.advance(1_000);
    await turn();
  }
  t.is((await ask(WIDGETS, { ...renewed, headers: ANA })).status, 200);
});

test('another serving certificate counts for new connections, and nothing is cut off', async (t) => {
  const world = await bench(t);
  const { plane, ask, clock, log, renew } = world;
  plane.policy = () => ({ allowed: true });
  const { cert, key } = plane.proxy;
  const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  t.teardown(() => agents.forEach((agent) => agent.destroy()));
  const load = new AbortController();
  const statuses = new Set<number>();
  const serials = agents.map(() => new Set<string>());
  const clients = agents.map(async (agent, index) => {
    while (!load.signal.aborted) {
      const answer = await ask(WIDGETS, { agent, cert, key, headers: ANA });
      statuses.add(answer.status);
      serials[index]?.add(answer.serial);
    }
  });
  const fresh = async (): Promise<string> => (await ask('/healthz')).serial;
  const seen = [await fresh()];
  for (let round = 1; round <= 3; round++) {
    await renew();
    clock.advance(10_000);
    await until(() => log.filter(([message]) => message.startsWith('serving')).length === round);
    seen.push(await fresh());
  }
  await until(() => serials.every((set) => set.size === 1));
  load.abort();
  await Promise.all(clients);
  t.is(new Set(seen).size, 4);
  t.deepEqual([...statuses], [200]);
  t.deepEqual(
    serials.map((set) => [...set]),
    agents.map(() => [seen[0]]),
    'connections that were there keep their certificate',
  );
});

test('a certificate without its key is told once, and waited out', async (t) => {
  const { ask, clock, log, renew, keyFile, certFile } = await bench(t);
  const kept = (): readonly unknown[] =>
    log.filter(([message]) => message === 'the serving certificate stays');
  const looked = async (): Promise<void> => {
    await until(() => clock.pending > 0);
    clock.advance(10_000);
    // The next look is set when this one is over.
    await turn();
  };
  const before = (await ask('/healthz')).serial;
  const oldKey = await readFile(keyFile, 'utf8');
  await renew();
  const newKey = await readFile(keyFile, 'utf8');
  await writeFile(keyFile, oldKey);
  await looked();
  await until(() => kept().length === 1);
  for (let count = 0; count < 3; count++) await looked();
  t.is(kept().length, 1);
  t.is((await ask('/healthz')).serial, before);
  await rm(certFile);
  await looked();
  await until(() => kept().length === 2);
  t.is((await ask('/healthz')).serial, before);
  await renew();
  await looked();
  await until(() => log.some(([message]) => message === 'serving another certificate'));
  t.not((await ask('/healthz')).serial, before);
  t.not(await readFile(keyFile, 'utf8'), newKey);
});

test('a certificate that is not there at the start is an error with its name', async (t) => {
  const plane = await startControlPlane();
  t.teardown(() => plane.close());
  const { kubeconfig } = plane;
  const server = await createAggregatedServer({ resources: [widgets], kubeconfig });
  t.teardown(() => server.close({ graceMs: 0 }));
  const tls = { certFile: '/nowhere/tls.crt', keyFile: '/nowhere/tls.key' };
  const error = await t.throwsAsync(server.listen({ tls }), {
    instanceOf: TransportError,
    message: /\/nowhere\/tls\.(crt|key): ENOENT/,
  });
  t.is(error?.code, 'bad-certificate');
});

test('closed, it looks at nothing more', async (t) => {
  const { server, clock } = await bench(t);
  await server.close({ graceMs: 0 });
  await until(() => clock.pending === 0);
  t.is(clock.pending, 0);
});
