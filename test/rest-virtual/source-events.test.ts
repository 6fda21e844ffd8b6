/** Types that are read through by being told: the state, then changes, through every trouble. */

import type { ExecutionContext } from 'ava';
import type { EngineKind } from '../../lib/engine/index.js';
import type { SourceEvent } from '../../lib/rest/index.js';
import { ALL_LAMPS_URL, LAMPS_URL, places, turn, VirtualServer } from './fixture.js';
import { engineTest, Events, readLamps, until } from './source.js';
import type { Row } from './source.js';

const A: Row = { shop: 'shop', name: 'a', color: 'red' };
const B: Row = { shop: 'shop', name: 'b', color: 'blue' };
const state = (...rows: Row[]): SourceEvent<Row> => ({ type: 'state', rows });
const put = (row: Row): SourceEvent<Row> => ({ type: 'put', row });

async function listening(
  t: ExecutionContext,
  engine: EngineKind,
): Promise<{ events: Events; server: VirtualServer }> {
  const events = new Events();
  const server = new VirtualServer(t, [readLamps(events.source())], { engine });
  events.push(state(B, A));
  await server.server.ready();
  return { events, server };
}

engineTest('a state fills the cache, changes follow as they come', async (t, engine) => {
  const { events, server } = await listening(t, engine);
  const list = (await server.get(ALL_LAMPS_URL)).json;
  t.deepEqual(places(list), ['shop/a', 'shop/b']);
  const watch = await server.watch(LAMPS_URL, `&resourceVersion=${list.metadata.resourceVersion}`);
  events.push(
    put({ ...A, color: 'pink' }),
    put({ ...A, color: 'pink' }),
    put({ shop: 'shop', name: 'c', color: 'green' }),
    { type: 'delete', namespace: 'shop', name: 'b' },
    { type: 'delete', namespace: 'shop', name: 'never-there' },
    put(B),
  );
  const told: string[] = [];
  for (let count = 0; count < 4; count++) {
    const { type, object } = await watch.next();
    told.push(`${type} ${object.metadata.name}`);
  }
  t.deepEqual(told, ['MODIFIED a', 'ADDED c', 'DELETED b', 'ADDED b']);
  const revision = BigInt(list.metadata.resourceVersion) + 4n;
  t.is((await server.get(LAMPS_URL)).json.metadata.resourceVersion, String(revision));
  watch.close();
});

engineTest('before the state reads are 429', async (t, engine) => {
  const events = new Events();
  const server = new VirtualServer(t, [readLamps(events.source())], { engine });
  t.is((await server.get(LAMPS_URL)).status, 429);
  events.push(state());
  await server.server.ready();
  t.deepEqual((await server.get(LAMPS_URL)).json.items, []);
});

engineTest('a later state is compared with what is there', async (t, engine) => {
  const { events, server } = await listening(t, engine);
  const before = BigInt((await server.get(LAMPS_URL)).json.metadata.resourceVersion);
  events.push(state(A, { shop: 'shop', name: 'c', color: 'green' }));
  await until(async () => (await server.get(LAMPS_URL)).json.items[1]?.metadata.name === 'c');
  const after = BigInt((await server.get(LAMPS_URL)).json.metadata.resourceVersion);
  t.is(after, before + 2n, 'c came, b went, a stayed');
});

for (const [about, trouble, message] of [
  ['throws', new Error('connection reset'), 'connection reset'],
  ['ends', 'end', 'its events have ended'],
] as const) {
  engineTest(`a source that ${about} is asked anew, and nobody notices`, async (t, engine) => {
    const { events, server } = await listening(t, engine);
    const list = (await server.get(LAMPS_URL)).json;
    const watch = await server.watch(
      LAMPS_URL,
      `&resourceVersion=${list.metadata.resourceVersion}`,
    );
    events.push(trouble);
    await until(() => server.log.length === 1);
    t.is(server.loggedError(), message);
    t.is((await server.get('/readyz')).status, 500);
    t.is((await server.get(LAMPS_URL)).json.items.length, 2, 'the last state is served');
    server.clock.advance(100);
    await until(() => events.signals.length === 2);
    events.push(state({ ...A, color: 'white' }, B));
    const { type, object } = await watch.next();
    t.is(`${type} ${object.metadata.name} ${object.spec.color}`, 'MODIFIED a white');
    await until(async () => (await server.get('/readyz')).status === 200);
    watch.close();
  });
}

const FAULTS: readonly (readonly [about: string, events: readonly unknown[], message: RegExp])[] = [
  ['an event of no type', [{}], /^an event is of type undefined, not state, put or delete$/],
  [
    'a row without a name',
    [put({ shop: 'shop', color: 'red' } as Row)],
    /metadata\.name of a row is/,
  ],
  [
    'a deletion without a name',
    [{ type: 'delete', namespace: 'shop' }],
    /a delete event has no name/,
  ],
  ['a state with one object twice', [state(A, A)], /^shop\/a is there twice$/],
  ['null', [null], /^an event is of type undefined/],
];

for (const [about, faulty, message] of FAULTS) {
  engineTest(`${about} ends what is listened to, and changes nothing`, async (t, engine) => {
    const { events, server } = await listening(t, engine);
    const before = (await server.get(ALL_LAMPS_URL)).text;
    events.push(...(faulty as SourceEvent<Row>[]));
    await until(() => server.log.length === 1);
    t.regex(server.loggedError(), message);
    t.is((await server.get(ALL_LAMPS_URL)).text, before);
    await until(() => events.returned === 1);
    t.true(events.signals[0]?.aborted);
  });
}

engineTest('events that do not begin with the state are refused', async (t, engine) => {
  const events = new Events();
  const server = new VirtualServer(t, [readLamps(events.source())], { engine });
  events.push(put(A));
  await until(() => server.log.length === 1);
  t.is(server.loggedError(), 'its events do not begin with the state');
  t.regex((await server.get(LAMPS_URL)).json.message, /do not begin with the state$/);
});

engineTest('what is no async iterable is told', async (t, engine) => {
  const broken = new Events().source({ events: (() => Promise.resolve()) as never });
  const server = new VirtualServer(t, [readLamps(broken)], { engine });
  await until(() => server.log.length === 1);
  t.is(server.loggedError(), 'its events are no async iterable');
});

engineTest('a server that closes ends what it listens to', async (t, engine) => {
  const { events, server } = await listening(t, engine);
  await server.server.close({ graceMs: 0 });
  await until(() => events.returned === 1);
  t.true(events.signals[0]?.aborted);
  t.is(server.clock.pending, 0);
  events.push(put({ ...A, color: 'late' }));
  await turn();
  t.deepEqual(server.log, []);
});
