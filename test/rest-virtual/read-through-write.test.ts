/**
 * Writes of types that are read through: done elsewhere, and seen here before they are answered.
 */

import type { ExecutionContext } from 'ava';
import type { EngineKind } from '../../lib/engine/index.js';
import { alreadyExists } from '../../lib/request/index.js';
import type { VirtualHandlers } from '../../lib/rest/index.js';
import { MERGE } from '../rest/fixture.js';
import { LAMPS_URL, places, turn, VirtualServer } from './fixture.js';
import type { Json, Lamp } from './fixture.js';
import { engineTest, Events, readLamps, rowObject, Table, until } from './source.js';
import type { Row } from './source.js';

const sent = (name: string, color: string, metadata: object = {}): Json => ({
  apiVersion: 'example.com/v1',
  kind: 'Lamp',
  metadata: { name, ...metadata },
  spec: { color },
});

/** Writes to the rows of a table. */
function writing(table: Table): VirtualHandlers<Lamp> {
  const rowOf = ({ metadata, spec }: Lamp): Row => ({
    shop: metadata.namespace,
    name: metadata.name,
    color: spec?.color ?? '',
  });
  const without = (name: string): Row[] => table.rows.filter((row) => row.name !== name);
  return {
    create: ({ object, name }) => {
      if (table.rows.some((row) => row.name === name)) {
        throw alreadyExists({ group: 'example.com', resource: 'lamps' }, name);
      }
      const row = rowOf(object);
      table.rows = [...table.rows, row];
      return rowObject(row);
    },
    update: ({ object, name }) => {
      const row = rowOf(object);
      table.rows = [...without(name), row];
      return rowObject(row);
    },
    delete: ({ name }) => {
      const before = table.rows.length;
      table.rows = without(name);
      return table.rows.length < before;
    },
  };
}

async function served(
  t: ExecutionContext,
  engine: EngineKind,
): Promise<{ table: Table; server: VirtualServer }> {
  const table = new Table();
  table.rows.push({ shop: 'shop', name: 'a', color: 'red' });
  const server = new VirtualServer(t, [readLamps(table.source(), writing(table))], { engine });
  await server.server.ready();
  return { table, server };
}

engineTest('discovery tells reads and the writes that there are', async (t, engine) => {
  const { server } = await served(t, engine);
  const { resources } = (await server.get('/apis/example.com/v1')).json as Json;
  t.deepEqual(resources[0].verbs, ['delete', 'get', 'list', 'patch', 'create', 'update', 'watch']);
  const reading = new VirtualServer(t, [readLamps(new Table().source())], { engine });
  const { resources: read } = (await reading.get('/apis/example.com/v1')).json as Json;
  t.deepEqual(read[0].verbs, ['get', 'list', 'watch']);
  t.is((await reading.ask('DELETE', `${LAMPS_URL}/a`)).status, 405);
});

engineTest('what was written is read at once, with its revision', async (t, engine) => {
  const { table, server } = await served(t, engine);
  const watch = await server.watch(LAMPS_URL, '&fieldSelector=metadata.name=b');
  const created = await server.ask('POST', LAMPS_URL, { body: sent('b', 'blue') });
  t.is(created.status, 201);
  const { resourceVersion } = created.json.metadata as { resourceVersion: string };
  t.truthy(resourceVersion);
  t.is((await server.get(`${LAMPS_URL}/b`)).text, created.text);
  t.deepEqual(places((await server.get(LAMPS_URL)).json), ['shop/a', 'shop/b']);
  t.is((await watch.next()).object.metadata.resourceVersion, resourceVersion);

  const body = sent('b', 'white', { resourceVersion });
  const updated = await server.ask('PUT', `${LAMPS_URL}/b`, { body });
  t.is(updated.status, 200);
  t.is(updated.json.metadata.resourceVersion, String(BigInt(resourceVersion) + 1n));
  const stale = await server.ask('PUT', `${LAMPS_URL}/b`, { body });
  t.is(stale.status, 409);
  const patch = { spec: { color: 'green' } };
  const patched = await server.ask('PATCH', `${LAMPS_URL}/b`, { headers: MERGE, body: patch });
  t.is(patched.json.spec.color, 'green');
  t.is(table.rows.find(({ name }) => name === 'b')?.color, 'green');

  t.is((await server.ask('DELETE', `${LAMPS_URL}/b`)).status, 200);
  t.is((await server.get(`${LAMPS_URL}/b`)).status, 404);
  t.is((await server.ask('DELETE', `${LAMPS_URL}/b`)).status, 404);
  const told = [await watch.next(), await watch.next(), await watch.next()];
  t.deepEqual(
    told.map(({ type }) => type),
    ['MODIFIED', 'MODIFIED', 'DELETED'],
  );
  watch.close();
});

engineTest('a create that the other system refuses is refused', async (t, engine) => {
  const { table, server } = await served(t, engine);
  const polls = table.polls.length;
  const reply = await server.ask('POST', LAMPS_URL, { body: sent('a', 'blue') });
  t.is(reply.status, 409);
  t.is(table.polls.length, polls, 'there is nothing new to read');
});

engineTest('many writes at once are seen by few polls', async (t, engine) => {
  const { table, server } = await served(t, engine);
  const polls = table.polls.length;
  const names = Array.from({ length: 40 }, (_, index) => `n-${index}`);
  const replies = await Promise.all(
    names.map((name) => server.ask('POST', LAMPS_URL, { body: sent(name, 'red') })),
  );
  for (const reply of replies) t.truthy(reply.json.metadata.resourceVersion);
  t.is((await server.get(LAMPS_URL)).json.items.length, 41);
  t.true(table.polls.length - polls <= 10, `${table.polls.length - polls} polls`);
});

engineTest('a poll that began before the write does not count', async (t, engine) => {
  const table = new Table();
  const releases: (() => void)[] = [];
  const list = async (context: Parameters<Table['list']>[0]) => {
    const rows = await table.list(context);
    await new Promise<void>((resolve) => releases.push(resolve));
    return rows;
  };
  const source = table.source({ poll: { everyMs: 1_000, list } });
  const server = new VirtualServer(t, [readLamps(source, writing(table))], { engine });
  await until(() => releases.length === 1);
  releases[0]?.();
  await server.server.ready();
  server.clock.advance(1_000);
  await until(() => releases.length === 2);
  let isAnswered = false;
  const creating = server.ask('POST', LAMPS_URL, { body: sent('b', 'blue') });
  void creating.then(() => (isAnswered = true));
  await turn();
  releases[1]?.();
  await until(() => releases.length === 3);
  t.false(isAnswered, 'the poll under way had read the rows already');
  releases[2]?.();
  t.truthy((await creating).json.metadata.resourceVersion);
});

engineTest(
  'a write that is not seen in time is answered as its handler gave it',
  async (t, engine) => {
    const { table, server } = await served(t, engine);
    table.failure = new Error('the replica is away');
    const timers = server.clock.pending;
    const creating = server.ask('POST', LAMPS_URL, { body: sent('b', 'blue') });
    await until(() => server.log.length === 1);
    server.clock.advance(3_000);
    const reply = await creating;
    t.is(reply.status, 201);
    t.is(reply.json.spec.color, 'blue');
    t.is(reply.json.metadata.resourceVersion, undefined);
    t.true(server.clock.pending <= timers + 1, 'only the next poll');
  },
);

engineTest('with events a write is seen when the other system tells of it', async (t, engine) => {
  const events = new Events();
  const handlers: VirtualHandlers<Lamp> = {
    create: ({ object }) => object,
    delete: () => true,
  };
  const server = new VirtualServer(t, [readLamps(events.source(), handlers)], { engine });
  events.push({ type: 'state', rows: [] });
  await server.server.ready();
  let isAnswered = false;
  const creating = server.ask('POST', LAMPS_URL, { body: sent('b', 'blue') });
  void creating.then(() => (isAnswered = true));
  // One that was under way before the write says nothing of it.
  events.push({ type: 'put', row: { shop: 'shop', name: 'b', color: 'grey' } });
  await until(async () => (await server.get(`${LAMPS_URL}/b`)).status === 200);
  t.false(isAnswered);
  events.push({ type: 'put', row: { shop: 'shop', name: 'b', color: 'blue' } });
  const created = await creating;
  t.is((await server.get(`${LAMPS_URL}/b`)).text, created.text);

  const deleting = server.ask('DELETE', `${LAMPS_URL}/b`);
  await turn();
  events.push({ type: 'delete', namespace: 'shop', name: 'b' });
  t.is((await deleting).status, 200);
  t.is((await server.get(`${LAMPS_URL}/b`)).status, 404);
});

engineTest('a client that leaves does not wait for its write to be seen', async (t, engine) => {
  const events = new Events();
  const handlers: VirtualHandlers<Lamp> = { create: ({ object }) => object };
  const server = new VirtualServer(t, [readLamps(events.source(), handlers)], { engine });
  events.push({ type: 'state', rows: [] });
  await server.server.ready();
  const abortion = new AbortController();
  const timers = server.clock.pending;
  const creating = server.ask('POST', LAMPS_URL, {
    body: sent('b', 'blue'),
    signal: abortion.signal,
  });
  await until(() => server.clock.pending > timers + 1);
  abortion.abort();
  t.is((await creating).status, 504);
  t.is(server.clock.pending, timers);
});
