/** A test server in ava: one for each test, since the tests of a file run at the same time. */

import test from 'ava';
import { defineResource } from 'shardwatch';
import { fakeClock, startTestServer } from 'shardwatch/testing';

const lamps = defineResource({ group: 'example.com', version: 'v1', kind: 'Lamp' });
const lamp = (name, color) => ({
  apiVersion: 'example.com/v1',
  kind: 'Lamp',
  metadata: { name },
  spec: { color },
});

test.beforeEach(async (t) => {
  t.context.clock = fakeClock();
  t.context.server = await startTestServer({
    resources: [lamps],
    objects: [lamp('desk', 'red')],
    clock: t.context.clock,
  });
});
test.afterEach.always((t) => t.context.server.close());

test('a lamp can be painted', async (t) => {
  const { server } = t.context;
  const recorder = server.record(lamps);
  await server.patch(lamps, { name: 'desk' }, { spec: { color: 'blue' } });
  t.deepEqual(recorder.types, ['MODIFIED']);
});

test('a lamp can be painted in another test, too', async (t) => {
  const { spec } = await t.context.server.get(lamps, { name: 'desk' });
  t.is(spec.color, 'red');
});

test('a new lamp is as old as the clock says', async (t) => {
  const { clock, server } = t.context;
  await clock.advance(3_600_000);
  const { metadata } = await server.create(lamp('shelf', 'green'));
  t.is(metadata.creationTimestamp, '2024-01-01T01:00:00Z');
});
