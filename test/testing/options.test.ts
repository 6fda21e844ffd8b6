/** Options that a test server passes on: each changes what a client meets. */

import test from 'ava';
import { defineResource } from '../../lib/rest/index.js';
import { fakeClock } from '../../lib/testing/index.js';
import { ENGINES } from '../engine/engines.js';
import { ask, openWatch, serverFor, widget, widgets, WIDGETS } from './fixture.js';

for (const { kind: engine } of ENGINES) {
  test(`${engine}: a watch behind a short history expires by itself`, async (t) => {
    const server = await serverFor(t, { engine, history: { entriesMin: 2, entriesMax: 2 } });
    for (const name of ['a', 'b', 'c', 'd']) await server.create(widget(name));
    await server.list(widgets);
    const watch = await openWatch(server, `${WIDGETS}?watch=true&resourceVersion=2`);
    const event = await watch.next();
    t.is(event?.type, 'ERROR');
    t.is(event?.object.code, 410);
  });

  test(`${engine}: a watch that names no end ends by the option, at its clock`, async (t) => {
    const clock = fakeClock();
    const server = await serverFor(t, {
      engine,
      clock,
      random: () => 0,
      minRequestTimeoutMs: 5_000,
    });
    const watch = await openWatch(server, `${WIDGETS}?watch=true&resourceVersion=1`);
    await server.watches.atLeast(1);
    await clock.advance(4_999);
    t.is(server.watches.count(), 1);
    await clock.advance(1);
    t.is(await watch.next(), undefined, 'a clean end');
  });
}

test('a request that takes too long is 504 by the clock, without a wait', async (t) => {
  const clock = fakeClock();
  let asked: () => void = () => undefined;
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const slow = defineResource({
    group: 'example.com',
    version: 'v1',
    kind: 'Slow',
    plural: 'slows',
    handlers: {
      get: () => {
        asked();
        return new Promise<never>(() => undefined);
      },
    },
  });
  const server = await serverFor(t, { resources: [slow], clock, requestTimeoutMs: 7_000 });
  const answer = ask(server, '/apis/example.com/v1/namespaces/shop/slows/a');
  await isAsked;
  await clock.advance(7_000);
  t.is((await answer).status, 504);
});

test('generated names are the same for the same chance', async (t) => {
  const names = await Promise.all(
    [0, 0].map(async (chance) => {
      const server = await serverFor(t, { random: () => chance });
      const { spec } = widget('');
      const made = { ...widget(''), metadata: { generateName: 'made-' }, spec };
      return (await server.create(made)).metadata;
    }),
  );
  const [first, second] = names as { name?: string }[];
  t.regex(first?.name ?? '', /^made-.{5}$/);
  t.is(first?.name, second?.name);
});

test('the logger is told what the server has to say', async (t) => {
  const messages: string[] = [];
  const note = (_: object, message: string): void => void messages.push(message);
  const logger = { debug: note, info: note, warn: note, error: note };
  const server = await serverFor(t, { logger });
  await ask(server, WIDGETS);
  t.true(messages.includes('answered'), messages.join());
  server.faults.disconnect({});
  await t.throwsAsync(ask(server, WIDGETS));
  t.true(messages.includes('transport'), messages.join());
});
