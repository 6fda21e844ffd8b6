/**
 * Requests whose hooks never end hold nothing once they are given up: nobody waits for them, and
 * their objects are garbage. A file of its own, because it counts the bytes of its thread's heap.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';

import { timeout } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { TestServer, widget, WIDGETS_URL } from './fixture.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const REQUESTS = 200;
const FILLER = 100_000;

async function usedBytes(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('hooks that never end hold neither writers nor memory', async (t) => {
  const pending: Promise<void>[] = [];
  // Made outside of the hook, so that only the store can hold what the hook was given.
  const never = (): Promise<void> => new Promise(() => undefined);
  const server = await TestServer.start({}, [
    defineResource({
      group: 'example.com',
      version: 'v1',
      kind: 'Widget',
      strategy: {
        prepareForCreate: ({ metadata }) => {
          if (metadata?.name === 'quick') return undefined;
          const promise = never();
          pending.push(promise);
          return promise;
        },
      },
    }),
  ]);
  const before = await usedBytes();
  const controllers = Array.from({ length: REQUESTS }, () => new AbortController());
  const asked = controllers.map(({ signal }, index) => {
    const body = widget(`slow-${index}`, { spec: { filler: `${index}`.padEnd(FILLER, 'x') } });
    return server.ask('POST', WIDGETS_URL, { body, signal }).then(({ status }) => status);
  });
  const quick = await server.ask('POST', WIDGETS_URL, { body: widget('quick') });
  t.is(quick.status, 201, 'nobody waits for the hooks of others');
  t.is(pending.length, REQUESTS);
  t.true((await usedBytes()) - before > REQUESTS * FILLER, 'the requests hold their objects');
  for (const controller of controllers) controller.abort(timeout());
  t.true((await Promise.all(asked)).every((status) => status === 504));
  asked.length = 0;
  const held = (await usedBytes()) - before;
  t.is(pending.length, REQUESTS, 'the hooks have not ended');
  t.true(held < (REQUESTS * FILLER) / 10, `${held} bytes are still held`);
});
