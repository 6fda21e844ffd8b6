/** The operator against a real API server, with everything that may go wrong on the way. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KubeConfig } from '@kubernetes/client-node';
import { fakeClock, startTestServer } from 'shardwatch/testing';
import { startOperator } from './operator.mjs';

const GREETINGS = 'greetings.example.com';
const CRD = fileURLToPath(new URL('greetings.yaml', import.meta.url));

const greeting = (name) => ({
  apiVersion: 'example.com/v1',
  kind: 'Greeting',
  metadata: { name: name.toLowerCase() },
  spec: { name },
});

const writes = { verb: 'patch', resource: GREETINGS, subresource: 'status' };
const lists = { verb: 'list', resource: GREETINGS };
const watches = { verb: 'watch', resource: GREETINGS };

/** The operator's clock; the server goes by the system's. */
let clock;
let server;
let operator;

beforeEach(async () => {
  clock = fakeClock();
  server = await startTestServer({
    crds: [CRD],
    objects: [greeting('Ana')],
    // Machines that run tests are busy at times.
    waitTimeoutMs: 30_000,
  });
});

afterEach(async () => {
  await operator?.stop();
  await server.close();
});

function start() {
  const config = new KubeConfig();
  config.loadFromString(server.kubeconfigText);
  operator = startOperator(config, clock);
}

const isGreeted = (name) =>
  server.waitFor(
    GREETINGS,
    (all) =>
      all.find(({ spec, status }) => spec.name === name && status?.message === `Hello, ${name}!`),
    { message: `${name} to be greeted` },
  );

test('who is there is greeted, and who comes later', async () => {
  start();
  await isGreeted('Ana');
  await server.create(greeting('Bo'));
  await isGreeted('Bo');
  assert.equal(server.requests.count(writes), 2, 'one write each');
});

test('a conflict is made good by the event of the change that came first', async () => {
  const conflict = server.faults.conflict(writes);
  start();
  await conflict.hitAtLeast(1);
  await server.patch(GREETINGS, { name: 'ana' }, { spec: { name: 'Anna' } });
  await isGreeted('Anna');
});

test('a server that is overloaded is asked again, later each time', async () => {
  const overloaded = server.faults.answer(writes, { code: 503 }, { times: 3 });
  start();
  for (const [hits, pauseMs] of [1_000, 2_000, 4_000].entries()) {
    await overloaded.hitAtLeast(hits + 1);
    await clock.timersAtLeast(1);
    await clock.advance(pauseMs - 1);
    assert.equal(overloaded.hits, hits + 1, 'not before its time');
    await clock.advance(1);
  }
  await isGreeted('Ana');
});

test('an answer that is lost does no harm', async () => {
  const lost = server.faults.disconnect(writes, { at: 'answer' });
  const recorder = server.record(GREETINGS);
  start();
  await lost.hitAtLeast(1);
  await isGreeted('Ana');
  await clock.timersAtLeast(1);
  await clock.advance(60_000);
  await server.create(greeting('Bo'));
  await isGreeted('Bo');
  const ofAna = recorder.events.filter(({ object }) => object.spec.name === 'Ana');
  assert.equal(ofAna.length, 1, 'it saw that the work was done');
});

test('a LIST that breaks off is made again', async () => {
  server.faults.disconnect(lists, { at: 'body', afterBytes: 20 });
  start();
  await server.requests.first(lists);
  await clock.timersAtLeast(1);
  await clock.advance(1_000);
  await isGreeted('Ana');
});

test('a watch that expired, broke or told everything twice loses nothing', async () => {
  server.faults.duplicateEvents(watches, { times: Infinity });
  start();
  await server.watches.atLeast(1, watches);
  server.faults.expire(watches);
  server.watches.end(watches);
  await server.requests.atLeast(2, lists);
  await server.watches.atLeast(1, watches);
  server.watches.disconnect(watches);
  await server.create(greeting('Bo'));
  await clock.timersAtLeast(1);
  await clock.advance(1_000);
  await isGreeted('Bo');
});
