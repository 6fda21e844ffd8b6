/** A test server in node:test: one for each test, so that none sees what another has done. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { defineResource } from 'shardwatch';
import { fakeClock, startTestServer } from 'shardwatch/testing';

const lamps = defineResource({ group: 'example.com', version: 'v1', kind: 'Lamp' });
const lamp = (name, color) => ({
  apiVersion: 'example.com/v1',
  kind: 'Lamp',
  metadata: { name },
  spec: { color },
});

let clock;
let server;
beforeEach(async () => {
  clock = fakeClock();
  server = await startTestServer({ resources: [lamps], objects: [lamp('desk', 'red')], clock });
});
afterEach(() => server.close());

test('a lamp can be painted', async () => {
  const recorder = server.record(lamps);
  await server.patch(lamps, { name: 'desk' }, { spec: { color: 'blue' } });
  assert.deepEqual(recorder.types, ['MODIFIED']);
});

test('a lamp can be painted in another test, too', async () => {
  const { spec } = await server.get(lamps, { name: 'desk' });
  assert.equal(spec.color, 'red');
});

test('a new lamp is as old as the clock says', async () => {
  await clock.advance(3_600_000);
  const { metadata } = await server.create(lamp('shelf', 'green'));
  assert.equal(metadata.creationTimestamp, '2024-01-01T01:00:00Z');
});
