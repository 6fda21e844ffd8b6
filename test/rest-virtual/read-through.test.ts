/** Types that are read through by polling: reads as of stored types, changes found by comparing. */

import { LAMPS_URL, ALL_LAMPS_URL, places, VirtualServer } from './fixture.js';
import type { ExecutionContext } from 'ava';
import type { EngineKind } from '../../lib/engine/index.js';
import type { ReadThroughOptions } from '../../lib/rest/index.js';
import { Chance, drawSeed } from '../chance.js';
import { engineTest, EVERY_MS, readLamps, rowObject, Table, until } from './source.js';
import type { Row } from './source.js';
import type { Lamp } from './fixture.js';

const ROWS: readonly Row[] = [
  { shop: 'shop', name: 'c', color: 'green', room: 'hall' },
  { shop: 'shop', name: 'a', color: 'red', room: 'hall' },
  { shop: 'store', name: 'x', color: 'red' },
  { shop: 'shop', name: 'b', color: 'blue', room: 'bath' },
];

interface Served {
  readonly table: Table;
  readonly server: VirtualServer;
  /** Lets the time of the next poll come, and waits until it is over. */
  poll(): Promise<void>;
}

function serve(
  t: ExecutionContext,
  engine: EngineKind,
  table: Table,
  options: Partial<ReadThroughOptions<Lamp, Row>> = {},
): Served {
  const server = new VirtualServer(t, [readLamps(table.source(options))], { engine });
  return {
    table,
    server,
    poll: async () => {
      const outcomes = await counted(server);
      server.clock.advance(EVERY_MS);
      await until(async () => (await counted(server)) > outcomes);
    },
  };
}

async function filled(
  t: ExecutionContext,
  engine: EngineKind,
  options: Partial<ReadThroughOptions<Lamp, Row>> = {},
  table = new Table(),
): Promise<Served> {
  if (table.rows.length === 0) table.rows.push(...ROWS);
  const served = serve(t, engine, table, options);
  await served.server.server.ready();
  return served;
}

const LABELS = '{group="example.com",resource="lamps"}';
const failures = (server: VirtualServer) =>
  server.metric(`shardwatch_read_through_failures_total${LABELS}`);

async function counted(server: VirtualServer): Promise<number> {
  const successes = await server.metric(`shardwatch_read_through_successes_total${LABELS}`);
  return (successes ?? 0) + ((await failures(server)) ?? 0);
}

engineTest('lists, pages, selectors and tables are those of a stored type', async (t, engine) => {
  const { server } = await filled(t, engine);
  const all = (await server.get(ALL_LAMPS_URL)).json;
  t.deepEqual(places(all), ['shop/a', 'shop/b', 'shop/c', 'store/x']);
  const { resourceVersion } = all.metadata as { resourceVersion: string };
  t.is(all.items[0].metadata.resourceVersion, resourceVersion);
  t.is(all.items[0].apiVersion, 'example.com/v1');
  const byLabel = (await server.get(`${LAMPS_URL}?labelSelector=room=hall`)).json;
  t.deepEqual(places(byLabel), ['shop/a', 'shop/c']);
  const byField = (await server.get(`${ALL_LAMPS_URL}?fieldSelector=spec.color=red`)).json;
  t.deepEqual(places(byField), ['shop/a', 'store/x']);
  const page = (await server.get(`${ALL_LAMPS_URL}?limit=3`)).json;
  t.is(page.metadata.remainingItemCount, 1);
  const rest = (await server.get(`${ALL_LAMPS_URL}?limit=3&continue=${page.metadata.continue}`))
    .json;
  t.deepEqual(places(rest), ['store/x']);
  t.is(rest.metadata.resourceVersion, resourceVersion);
  const exact = `resourceVersionMatch=Exact&resourceVersion=${resourceVersion}`;
  t.is((await server.get(`${LAMPS_URL}?${exact}`)).json.items.length, 3);
  t.is((await server.get(`${LAMPS_URL}/b`)).json.spec.color, 'blue');
  t.is((await server.get(`${LAMPS_URL}/x`)).status, 404);
  const Accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
  const table = (await server.get(LAMPS_URL, { headers: { Accept } })).json;
  t.deepEqual(table.rows[0].cells, ['a', 'red']);
});

engineTest('a poll makes events of what has changed, and of nothing else', async (t, engine) => {
  const { table, server, poll } = await filled(t, engine);
  const { resourceVersion } = (await server.get(ALL_LAMPS_URL)).json.metadata;
  const watch = await server.watch(ALL_LAMPS_URL, `&resourceVersion=${resourceVersion}`);
  table.rows = [
    { shop: 'shop', name: 'a', color: 'red', room: 'hall' },
    { shop: 'shop', name: 'b', color: 'white', room: 'bath' },
    { shop: 'store', name: 'x', color: 'red' },
    { shop: 'store', name: 'y', color: 'black' },
  ];
  await poll();
  const revision = BigInt(resourceVersion);
  const told: string[] = [];
  for (let events = 0; events < 3; events++) {
    const { type, object } = await watch.next();
    t.is(object.metadata.resourceVersion, String(revision + BigInt(events) + 1n));
    told.push(`${type} ${object.metadata.name} ${object.spec.color}`);
  }
  t.deepEqual(told, ['MODIFIED b white', 'ADDED y black', 'DELETED c green']);
  const after = (await server.get(ALL_LAMPS_URL)).json;
  t.deepEqual(places(after), ['shop/a', 'shop/b', 'store/x', 'store/y']);
  await poll();
  const same = (await server.get(ALL_LAMPS_URL)).json.metadata.resourceVersion;
  t.is(same, after.metadata.resourceVersion, 'nothing has changed');
  watch.close();
});

engineTest('selectors of a watch see objects come and go', async (t, engine) => {
  const { table, server, poll } = await filled(t, engine);
  const watch = await server.watch(LAMPS_URL, '&labelSelector=room=bath');
  t.is((await watch.next()).object.metadata.name, 'b');
  table.rows = table.rows.map((row) => ({ ...row, room: row.name === 'a' ? 'bath' : 'hall' }));
  await poll();
  const told = [await watch.next(), await watch.next()];
  t.deepEqual(told.map(({ type, object }) => `${type} ${object.metadata.name}`).toSorted(), [
    'ADDED a',
    'DELETED b',
  ]);
  watch.close();
});

engineTest('bookmarks tell how far a quiet type has come', async (t, engine) => {
  const { server } = await filled(t, engine);
  const { resourceVersion } = (await server.get(LAMPS_URL)).json.metadata;
  const query = `&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`;
  const watch = await server.watch(LAMPS_URL, query);
  const next = watch.next();
  server.clock.advance(61_000);
  const { type, object } = await next;
  t.is(type, 'BOOKMARK');
  t.is(object.metadata.resourceVersion, resourceVersion);
  watch.close();
});

engineTest('before the first state reads are 429, with the reason', async (t, engine) => {
  const table = new Table();
  table.failure = new Error('no route to the database');
  const { server } = serve(t, engine, table);
  const early = await server.get(LAMPS_URL);
  t.is(early.status, 429);
  await until(async () => (await failures(server)) === 1);
  for (const path of [
    LAMPS_URL,
    `${LAMPS_URL}?limit=5`,
    `${LAMPS_URL}/a`,
    `${LAMPS_URL}?watch=1`,
  ]) {
    const reply = await server.get(path);
    t.is(reply.status, 429, path);
    t.is(reply.json.reason, 'TooManyRequests');
    t.is(reply.json.message, 'storage is (re)initializing: no route to the database');
    t.is(reply.header('Retry-After'), '1');
  }
  const ready = await server.get('/readyz?verbose');
  t.is(ready.status, 500);
  t.regex(ready.text, /\[-\]informer-sync failed/);
  t.regex(ready.text, /\[-\]read-through failed/);
  table.failure = undefined;
  table.rows.push(...ROWS);
  server.clock.advance(200);
  await server.server.ready();
  t.is((await server.get(LAMPS_URL)).status, 200);
  t.is((await server.get('/readyz')).status, 200);
});

engineTest('a poll that fails keeps the last state, and is told everywhere', async (t, engine) => {
  const { table, server, poll } = await filled(t, engine);
  const before = (await server.get(LAMPS_URL)).json.metadata.resourceVersion;
  const watch = await server.watch(LAMPS_URL, `&resourceVersion=${before}`);
  t.is((await server.get('/readyz')).status, 200);
  table.failure = new Error('the database is gone');
  await poll();
  const list = (await server.get(LAMPS_URL)).json;
  t.is(list.items.length, 3);
  t.is(list.metadata.resourceVersion, before);
  t.regex((await server.get('/readyz')).text, /\[-\]read-through failed: reason withheld/);
  t.is((await server.get('/livez')).status, 200);
  const [entry] = server.log;
  t.is(entry?.level, 'warn');
  t.is(entry?.message, 'reading through failed');
  t.like(entry?.fields, { resource: 'lamps.example.com', retryMs: 100 });
  t.is(server.loggedError(), 'the database is gone');
  const inARow = `shardwatch_read_through_failures_in_a_row${LABELS}`;
  t.is(await server.metric(inARow), 1);

  // Pauses double: after 100 ms, 200 ms, 400 ms.
  for (const [pauseMs, expected] of [
    [99, 1],
    [1, 2],
    [199, 2],
    [1, 3],
    [399, 3],
    [1, 4],
  ] as const) {
    server.clock.advance(pauseMs);
    await until(async () => (await failures(server)) === expected);
  }
  table.failure = undefined;
  table.rows = [{ shop: 'shop', name: 'a', color: 'black' }];
  server.clock.advance(800);
  const changed = [await watch.next(), await watch.next(), await watch.next()];
  t.deepEqual(
    changed.map(({ type }) => type),
    ['MODIFIED', 'DELETED', 'DELETED'],
  );
  t.is((await server.get('/readyz')).status, 200);
  t.is(await server.metric(inARow), 0);
  const stamp = `shardwatch_read_through_last_success_timestamp_seconds${LABELS}`;
  t.is(await server.metric(stamp), server.clock.now() / 1_000);
  watch.close();
});

engineTest('readiness bears failures for as long as it is told to', async (t, engine) => {
  const { table, server, poll } = await filled(t, engine, { toleranceMs: 10_000 });
  table.failure = new Error('away');
  await poll();
  t.is((await server.get('/readyz')).status, 200);
  server.clock.advance(9_999);
  t.is((await server.get('/readyz')).status, 200);
  server.clock.advance(1);
  t.is((await server.get('/readyz')).status, 500);
});

const FAULTS: readonly (readonly [about: string, instead: unknown, message: RegExp])[] = [
  ['no list', 7, /^its rows are no list$/],
  ['nothing', null, /^its rows are no list$/],
  ['one object twice', [ROWS[0], ROWS[1], ROWS[0]], /^shop\/c is there twice$/],
  ['a row without a name', [{ shop: 'shop', color: 'red' }], /metadata\.name of row 0 is missing$/],
  [
    'a name that no path can have',
    [{ ...ROWS[0], name: 'a/b' }],
    /metadata\.name of row 0 .* is "a\/b"/,
  ],
  ['a namespace that is none', [{ ...ROWS[0], shop: 'Shop!' }], /metadata\.namespace of row 0/],
  ['a row without a namespace', [{ name: 'a', color: 'red' }], /metadata\.namespace of row 0/],
];

for (const [about, instead, message] of FAULTS) {
  engineTest(`a poll that gives ${about} changes nothing`, async (t, engine) => {
    const { table, server, poll } = await filled(t, engine);
    const before = (await server.get(ALL_LAMPS_URL)).text;
    table.instead = instead;
    await poll();
    t.is((await server.get(ALL_LAMPS_URL)).text, before);
    t.regex(server.loggedError(), message);
    t.is((await server.get('/readyz')).status, 500);
  });
}

engineTest('a first poll can not be unchanged', async (t, engine) => {
  const table = new Table();
  table.instead = 'unchanged';
  const { server } = serve(t, engine, table);
  await until(async () => (await failures(server)) === 1);
  t.regex((await server.get(LAMPS_URL)).json.message, /unchanged, but there was no state$/);
});

engineTest('an etag spares everything else', async (t, engine) => {
  const table = new Table();
  table.etag = 'one';
  const { server, poll } = await filled(t, engine, {}, table);
  t.is(table.mapped, 4);
  table.rows = [];
  await poll();
  t.deepEqual(
    table.polls.map(({ etag }) => etag),
    [undefined, 'one'],
  );
  t.is(table.mapped, 4);
  t.is((await server.get(ALL_LAMPS_URL)).json.items.length, 4);
  table.etag = 'two';
  await poll();
  t.is((await server.get(ALL_LAMPS_URL)).json.items.length, 0);
});

engineTest('a version and a key spare the making of objects', async (t, engine) => {
  const table = new Table();
  table.rows = ROWS.map((row, index) => ({ ...row, version: index }));
  const { server, poll } = await filled(
    t,
    engine,
    { version: (row) => row.version, key: ({ shop, name }) => ({ namespace: shop, name }) },
    table,
  );
  const before = (await server.get(ALL_LAMPS_URL)).json.metadata.resourceVersion;
  await poll();
  t.is(table.mapped, 4, 'no row has another version');
  table.rows = table.rows.map((row) => ({
    ...row,
    version: 100,
    ...(row.name === 'a' ? { color: 'pink' } : {}),
  }));
  await poll();
  t.is(table.mapped, 8);
  const after = (await server.get(ALL_LAMPS_URL)).json;
  t.is(after.items[0].spec.color, 'pink');
  t.is(BigInt(after.metadata.resourceVersion), BigInt(before) + 1n, 'one object has changed');
  table.rows = table.rows.map((row) => ({ ...row, color: 'grey' }));
  await poll();
  t.is((await server.get(`${LAMPS_URL}/b`)).json.spec.color, 'blue', 'the version is believed');
});

engineTest('a key that is not the object’s is a fault', async (t, engine) => {
  const { table, server, poll } = await filled(t, engine, {
    key: ({ shop, name }) => ({ namespace: shop, name: name === 'late' ? 'other' : name }),
  });
  table.rows = [{ shop: 'shop', name: 'late', color: 'red' }];
  await poll();
  t.regex(server.loggedError(), /the key of row 0 is shop\/other, its object shop\/late/);
  t.is((await server.get(LAMPS_URL)).json.items.length, 3);
});

engineTest('a poll that does not come back is given up, and is told', async (t, engine) => {
  const table = new Table();
  const hung: AbortSignal[] = [];
  table.rows.push(...ROWS);
  let isHanging = false;
  const list = (context: Parameters<Table['list']>[0]) => {
    if (!isHanging) return table.list(context);
    hung.push(context.signal);
    return new Promise<never>(() => undefined);
  };
  const { server } = await filled(
    t,
    engine,
    { poll: { everyMs: EVERY_MS, timeoutMs: 2_000, list } },
    table,
  );
  isHanging = true;
  server.clock.advance(EVERY_MS);
  await until(() => hung.length === 1);
  server.clock.advance(1_999);
  t.false(hung[0]?.aborted);
  server.clock.advance(1);
  await until(async () => (await failures(server)) === 1);
  t.true(hung[0]?.aborted);
  t.is(server.loggedError(), 'it gave nothing within 2000 ms');
  isHanging = false;
  server.clock.advance(100);
  await until(async () => (await server.get('/readyz')).status === 200);
});

engineTest('polls do not overlap, however long one takes', async (t, engine) => {
  const table = new Table();
  table.rows.push(...ROWS);
  let open = 0;
  let most = 0;
  let release = (): void => undefined;
  const list = async (context: Parameters<Table['list']>[0]) => {
    most = Math.max(most, ++open);
    await new Promise<void>((resolve) => (release = resolve));
    open--;
    return table.list(context);
  };
  const { server } = serve(t, engine, table, { poll: { everyMs: EVERY_MS, list } });
  server.clock.advance(4 * EVERY_MS);
  await until(() => open === 1);
  release();
  await server.server.ready();
  t.is(most, 1);
});

engineTest('rows may come one after the other', async (t, engine) => {
  const table = new Table();
  async function* streamed() {
    yield* ROWS;
  }
  table.instead = { rows: streamed() };
  const { server } = await filled(t, engine, {}, table);
  t.is((await server.get(ALL_LAMPS_URL)).json.items.length, 4);
});

engineTest('revisions go on after a restart: an old one is too old', async (t, engine) => {
  const first = await filled(t, engine);
  const { resourceVersion } = (await first.server.get(LAMPS_URL)).json.metadata;
  first.server.clock.advance(1_000);
  const table = new Table();
  table.rows.push(...ROWS);
  const { clock } = first.server;
  const again = new VirtualServer(t, [readLamps(table.source())], { engine, clock });
  await again.server.ready();
  const restarted = (await again.get(LAMPS_URL)).json.metadata.resourceVersion;
  t.true(BigInt(restarted) > BigInt(resourceVersion));
  const watch = await again.watch(LAMPS_URL, `&resourceVersion=${resourceVersion}`);
  const { type, object } = await watch.next();
  t.is(type, 'ERROR');
  t.is(object.code, 410);
});

engineTest('a server that closes asks no more and leaves no timer', async (t, engine) => {
  const table = new Table();
  const signals: AbortSignal[] = [];
  const list = ({ signal }: { readonly signal: AbortSignal }) => {
    signals.push(signal);
    return new Promise<never>(() => undefined);
  };
  const { server } = serve(t, engine, table, { poll: { everyMs: 1, list } });
  await until(() => signals.length === 1);
  await server.server.close({ graceMs: 0 });
  t.true(signals[0]?.aborted);
  t.is(server.clock.pending, 0);
  server.clock.advance(60_000);
  t.is(signals.length, 1);
  t.deepEqual(server.log, [], 'its end is no failure');
});

engineTest(
  'what watches tell folds into what is listed, whatever the table does',
  async (t, engine) => {
    const seed = drawSeed();
    const chance = new Chance(seed);
    const { table, server, poll } = await filled(t, engine);
    const start = (await server.get(ALL_LAMPS_URL)).json;
    const query = `&resourceVersion=${start.metadata.resourceVersion}`;
    const watch = await server.watch(ALL_LAMPS_URL, `${query}&timeoutSeconds=100000`);
    const seen = new Map<string, string>();
    const placeOf = ({ metadata }: Lamp): string => `${metadata.namespace}/${metadata.name}`;
    for (const object of start.items as Lamp[]) seen.set(placeOf(object), JSON.stringify(object));
    let reached = BigInt(start.metadata.resourceVersion);
    for (let round = 0; round < 20; round++) {
      const rows: Row[] = [];
      for (const shop of ['shop', 'store', 'store-2']) {
        for (const name of ['a', 'b', 'c', 'd']) {
          if (chance.holds(0.4)) continue;
          rows.push({
            shop,
            name,
            color: chance.of(['red', 'blue']),
            room: chance.of(['hall', 'bath']),
          });
        }
      }
      table.rows = rows.toSorted(() => chance.fraction() - 0.5);
      await poll();
      const listed = (await server.get(ALL_LAMPS_URL)).json;
      const expected = rows.map((row) => JSON.stringify(rowObject(row).spec)).toSorted();
      t.deepEqual(
        (listed.items as Lamp[]).map(({ spec }) => JSON.stringify(spec)).toSorted(),
        expected,
        `seed ${seed}`,
      );
      const last = BigInt(listed.metadata.resourceVersion);
      while (reached < last) {
        const { type, object } = await watch.next();
        reached = BigInt(object.metadata.resourceVersion);
        if (type === 'DELETED') seen.delete(placeOf(object));
        else seen.set(placeOf(object), JSON.stringify(object));
      }
      t.is(reached, last);
      t.deepEqual(
        [...seen.values()].toSorted(),
        (listed.items as Lamp[]).map((object) => JSON.stringify(object)).toSorted(),
        `seed ${seed}, round ${round}`,
      );
    }
    watch.close();
  },
);
