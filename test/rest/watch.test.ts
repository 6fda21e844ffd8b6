/** WATCH at the handler: events, transformations, bookmarks, time-outs, errors. */

import test from 'ava';
import type { Json } from './fixture.js';
import { MERGE, TestServer, WatchReader, widget, WIDGETS_URL } from './fixture.js';

const WATCH_URL = `${WIDGETS_URL}?watch=true`;
const TABLE = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

async function create(server: TestServer, name: string, color = 'red'): Promise<Json> {
  const body = widget(name, { spec: { color } });
  return (await server.ask('POST', WIDGETS_URL, { body })).json;
}

async function paint(server: TestServer, name: string, color: string): Promise<Json> {
  const body = { spec: { color } };
  return (await server.ask('PATCH', `${WIDGETS_URL}/${name}`, { body, headers: MERGE })).json;
}

test('a watch without a resourceVersion begins with the present state and goes on', async (t) => {
  const server = await TestServer.start();
  const lamp = await create(server, 'lamp');
  const reply = await server.ask('GET', WATCH_URL);
  t.is(reply.status, 200);
  t.is(reply.header('content-type'), 'application/json');
  t.true(reply.source.type === 'pull' && reply.source.flushHeaders);
  const watch = new WatchReader(reply);
  t.is(await watch.nextLine(), `{"type":"ADDED","object":${JSON.stringify(lamp)}}`);
  const painted = await paint(server, 'lamp', 'blue');
  t.deepEqual(await watch.next(), { type: 'MODIFIED', object: painted });
  await server.ask('DELETE', `${WIDGETS_URL}/lamp`);
  const metadata = { ...painted.metadata, resourceVersion: '4' };
  t.deepEqual(await watch.next(), { type: 'DELETED', object: { ...painted, metadata } });
  watch.close();
});

test('a watch from a resourceVersion delivers what came after it', async (t) => {
  const server = await TestServer.start();
  await create(server, 'a');
  await create(server, 'b');
  const watch = new WatchReader(await server.ask('GET', `${WATCH_URL}&resourceVersion=2`));
  t.is((await watch.next()).object.metadata.name, 'b');
  watch.close();
});

test('leaving the selector is a DELETED with the last matching version', async (t) => {
  const server = await TestServer.start();
  const url = `${WATCH_URL}&resourceVersion=1&fieldSelector=spec.color%3Dred`;
  const watch = new WatchReader(await server.ask('GET', url));
  await create(server, 'lamp');
  await paint(server, 'lamp', 'blue');
  await paint(server, 'lamp', 'red');
  const events = [await watch.next(), await watch.next(), await watch.next()];
  t.deepEqual(
    events.map(({ type, object }) => [type, object.spec.color, object.metadata.resourceVersion]),
    [
      ['ADDED', 'red', '2'],
      ['DELETED', 'red', '3'],
      ['ADDED', 'red', '4'],
    ],
  );
  watch.close();
});

test('a watch in another version shows the objects in that version', async (t) => {
  const server = await TestServer.start();
  await create(server, 'lamp');
  const url = '/apis/example.com/v1beta1/widgets?watch=1';
  const reply = await server.ask('GET', url);
  const advice = 'example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget';
  t.is(reply.header('warning'), `299 - "${advice}"`);
  const watch = new WatchReader(reply);
  t.is((await watch.next()).object.apiVersion, 'example.com/v1beta1');
  watch.close();
});

test('a table watch tells the columns once', async (t) => {
  const server = await TestServer.start();
  await create(server, 'a', 'red');
  await create(server, 'b', 'blue');
  const watch = new WatchReader(await server.ask('GET', WATCH_URL, { headers: TABLE }));
  const first = await watch.next();
  t.is(first.type, 'ADDED');
  t.is(first.object.kind, 'Table');
  t.is(first.object.columnDefinitions.length, 2);
  t.deepEqual(first.object.rows[0].cells, ['a', 'red']);
  const second = await watch.next();
  t.is(second.object.columnDefinitions, null);
  t.deepEqual(second.object.rows[0].cells, ['b', 'blue']);
  await server.ask('DELETE', `${WIDGETS_URL}/a`);
  const third = await watch.next();
  t.is(third.type, 'DELETED');
  t.is(third.object.rows[0].object.metadata.resourceVersion, '4');
  watch.close();
});

test('a watch of metadata shows metadata, bookmarks too', async (t) => {
  const server = await TestServer.start();
  await create(server, 'a');
  const headers = { Accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
  const url = `${WATCH_URL}&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion=1`;
  const watch = new WatchReader(await server.ask('GET', url, { headers }));
  const { object } = await watch.next();
  t.is(object.kind, 'PartialObjectMetadata');
  t.is(object.spec, undefined);
  const pending = watch.next();
  for (let second = 0; second < 70; second++) {
    server.clock.advance(1_000);
    await Promise.resolve();
  }
  t.deepEqual(await pending, {
    type: 'BOOKMARK',
    object: {
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '2' },
    },
  });
  watch.close();
});

test('bookmarks come to those who ask for them, as objects of the type', async (t) => {
  const server = await TestServer.start();
  const url = `${WATCH_URL}&allowWatchBookmarks=true&resourceVersion=1&timeoutSeconds=600`;
  const watch = new WatchReader(await server.ask('GET', url));
  const silent = new WatchReader(
    await server.ask('GET', `${WATCH_URL}&resourceVersion=1&timeoutSeconds=60`),
  );
  const pending = watch.next();
  const end = silent.next();
  for (let second = 0; second < 70; second++) {
    server.clock.advance(1_000);
    await Promise.resolve();
  }
  t.deepEqual(await pending, {
    type: 'BOOKMARK',
    object: { kind: 'Widget', apiVersion: 'example.com/v1', metadata: { resourceVersion: '1' } },
  });
  t.is(await end, undefined);
  watch.close();
});

const TIMEOUTS: readonly (readonly [query: string, random: number, seconds: number])[] = [
  ['', 0, 1_800],
  ['', 0.5, 2_700],
  ['&timeoutSeconds=0', 0.25, 2_250],
  ['&timeoutSeconds=7', 0.5, 7],
];

for (const [query, random, seconds] of TIMEOUTS) {
  test(`a watch${query} at random ${random} ends cleanly after ${seconds} s`, async (t) => {
    const server = await TestServer.start({ random: () => random });
    const watch = new WatchReader(await server.ask('GET', WATCH_URL + query));
    let isOver = false;
    const end = watch.next().then((event) => {
      isOver = true;
      return event;
    });
    server.clock.advance(seconds * 1_000 - 1);
    await new Promise((resolve) => setImmediate(resolve));
    t.false(isOver);
    server.clock.advance(1);
    t.is(await end, undefined);
  });
}

test('a negative timeout is over at once', async (t) => {
  const server = await TestServer.start();
  const watch = new WatchReader(await server.ask('GET', `${WATCH_URL}&timeoutSeconds=-1`));
  const end = watch.next();
  server.clock.advance(1);
  t.is(await end, undefined);
});

test('a resourceVersion that history has lost is an ERROR event, then the end', async (t) => {
  const server = await TestServer.start({ historyEntriesMax: 2 });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await create(server, name);
    server.clock.advance(100_000);
  }
  await server.ask('GET', WIDGETS_URL);
  const reply = await server.ask('GET', `${WATCH_URL}&resourceVersion=2`);
  t.is(reply.status, 200);
  const watch = new WatchReader(reply);
  const { type, object } = await watch.next();
  t.is(type, 'ERROR');
  t.like(object, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'Expired',
    code: 410,
  });
  t.regex(object.message, /^too old resource version: 2 \(\d+\)$/);
  t.is(await watch.next(), undefined);
});

for (const accept of ['application/json', TABLE.Accept]) {
  for (const watchLossErrors of [false, true]) {
    const told = watchLossErrors ? 'told by an ERROR event' : 'not told';
    test(`that a slow client has lost events is ${told}: ${accept}`, async (t) => {
      const server = await TestServer.start({ historyEntriesMax: 2, handler: { watchLossErrors } });
      const { cache } = server.store();
      await create(server, 'a');
      const headers = { Accept: accept };
      const watch = new WatchReader(await server.ask('GET', WATCH_URL, { headers }));
      t.is((await watch.next()).type, 'ADDED');
      for (const name of ['b', 'c', 'd']) await create(server, name);
      await server.ask('GET', WIDGETS_URL);
      if (watchLossErrors) {
        const { type, object } = await watch.next();
        t.is(type, 'ERROR');
        t.like(object, {
          kind: 'Status',
          message: 'The resourceVersion for the provided watch is too old.',
          reason: 'Expired',
          code: 410,
        });
      }
      t.is(await watch.next(), undefined);
      t.deepEqual(cache.stats().watchesTerminated, { expired: 1, replaced: 0 });
      t.is(cache.stats().watches, 0);
    });
  }
}

test('a watch that ends well tells no loss', async (t) => {
  const server = await TestServer.start({ handler: { watchLossErrors: true } });
  const watch = new WatchReader(await server.ask('GET', `${WATCH_URL}&timeoutSeconds=1`));
  const end = watch.next();
  server.clock.advance(1_000);
  t.is(await end, undefined);
  t.deepEqual(server.store().cache.stats().watchesTerminated, { expired: 0, replaced: 0 });
});

const REFUSALS: readonly (readonly [query: string, code: number, message: RegExp])[] = [
  ['&resourceVersion=abc', 400, /^invalid resource version/],
  ['&fieldSelector=spec.size%3D1', 400, /^field label not supported: spec\.size$/],
  ['&timeoutSeconds=x', 400, /^strconv\.ParseInt: parsing "x": invalid syntax$/],
  [
    '&resourceVersionMatch=NotOlderThan',
    422,
    /resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided$/,
  ],
  [
    '&resourceVersionMatch=Exact',
    422,
    /\[resourceVersionMatch: Forbidden: .* is provided, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"\]$/,
  ],
];

for (const [query, code, message] of REFUSALS) {
  test(`refuses a watch with ${query}: ${code}, before the stream begins`, async (t) => {
    const server = await TestServer.start();
    const { source, status } = await server.ask('GET', WATCH_URL + query);
    t.is(status, code);
    if (source.type !== 'bytes') return t.fail('a whole answer');
    t.regex(JSON.parse(Buffer.from(source.bytes).toString()).message, message);
  });
}

test('a watch is JSON only', async (t) => {
  const server = await TestServer.start();
  const reply = await server.ask('GET', WATCH_URL, { headers: { Accept: 'application/yaml' } });
  t.is(reply.status, 406);
  const headers = { Accept: 'application/yaml, application/json;stream=watch' };
  t.is((await server.ask('GET', WATCH_URL, { headers })).status, 200);
});

test('closing the source and leaving both release the watch', async (t) => {
  const server = await TestServer.start();
  const { cache } = server.store();
  const left = new AbortController();
  const watch = new WatchReader(await server.ask('GET', WATCH_URL));
  await server.ask('GET', WATCH_URL, { signal: left.signal });
  await server.ask('GET', WATCH_URL, { headers: TABLE, signal: left.signal });
  t.is(cache.stats().watches, 3);
  watch.close();
  t.is(cache.stats().watches, 2);
  left.abort();
  t.is(cache.stats().watches, 0);
});

test('a watch by the old path may be of one object', async (t) => {
  const server = await TestServer.start();
  await create(server, 'lamp');
  await create(server, 'vase');
  const url = '/apis/example.com/v1/watch/namespaces/team-a/widgets/vase';
  const watch = new WatchReader(await server.ask('GET', url));
  t.is((await watch.next()).object.metadata.name, 'vase');
  await server.ask('DELETE', `${WIDGETS_URL}/lamp`);
  await server.ask('DELETE', `${WIDGETS_URL}/vase`);
  const { type, object } = await watch.next();
  t.deepEqual([type, object.metadata.name], ['DELETED', 'vase']);
  watch.close();
});
