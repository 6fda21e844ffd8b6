/** A test server in jest. Modules are ECMAScript's: hence the flag of Node in package.json. */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
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
  expect(recorder.types).toEqual(['MODIFIED']);
});

test('what a test has made is a snapshot', async () => {
  await server.create(lamp('shelf', 'green'));
  const stable = server.snapshot({
    without: ['uid', 'resourceVersion', 'generation', 'timestamps'],
  });
  expect(stable).toMatchInlineSnapshot(`
    {
      "lamps.example.com": [
        {
          "apiVersion": "example.com/v1",
          "kind": "Lamp",
          "metadata": {
            "name": "desk",
            "namespace": "default",
          },
          "spec": {
            "color": "red",
          },
        },
        {
          "apiVersion": "example.com/v1",
          "kind": "Lamp",
          "metadata": {
            "name": "shelf",
            "namespace": "default",
          },
          "spec": {
            "color": "green",
          },
        },
      ],
    }
  `);
});

test('a new lamp is as old as the clock says', async () => {
  await clock.advance(3_600_000);
  const { metadata } = await server.create(lamp('shelf', 'green'));
  expect(metadata.creationTimestamp).toBe('2024-01-01T01:00:00Z');
});
