/** Faults, as clients meet them over sockets, on both engines where a watch is concerned. */

import http2 from 'node:http2';
import test from 'ava';
import { fakeClock, type TestServer } from '../../lib/testing/index.js';
import { ENGINES } from '../engine/engines.js';
import { ask, openWatch, serverFor, widget, widgets, WIDGETS } from './fixture.js';

const LAMP = { namespace: 'shop', name: 'lamp' };

interface StatusBody {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: { readonly retryAfterSeconds?: number; readonly name?: string };
}

test('an error is answered so often, and then no more', async (t) => {
  const server = await serverFor(t);
  const fault = server.faults.answer(
    { verb: 'list', resource: widgets },
    { code: 429, retryAfterSeconds: 3 },
    { times: 2 },
  );
  for (const round of [1, 2]) {
    const answer = await ask(server, WIDGETS);
    t.is(answer.status, 429);
    t.is(answer.headers['retry-after'], '3');
    t.like(answer.json<StatusBody>(), { code: 429, reason: 'TooManyRequests' });
    t.is(fault.hits, round);
  }
  t.false(fault.active);
  t.is((await ask(server, WIDGETS)).status, 200);
  t.deepEqual(
    server.requests.all().map(({ status }) => status),
    [429, 429, 200],
  );
});

for (const [code, reason] of [
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
  [410, 'Expired'],
] as const) {
  test(`an error of ${code} has its usual reason`, async (t) => {
    const server = await serverFor(t);
    server.faults.answer({}, { code, message: 'on purpose' });
    const answer = await ask(server, `${WIDGETS}/lamp`);
    t.is(answer.status, code);
    t.like(answer.json<StatusBody>(), { code, reason, message: 'on purpose' });
  });
}

test('the n-th PUT conflicts, and nothing is written by it', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  server.faults.conflict({ verb: 'update', resource: widgets, name: 'lamp' }, { skip: 1 });
  const put = async (color: string): Promise<number> => {
    const body = { ...(await server.get(widgets, LAMP)), spec: { color } };
    return (await ask(server, `${WIDGETS}/lamp`, { method: 'PUT', body })).status;
  };
  t.is(await put('blue'), 200);
  t.is(await put('green'), 409);
  t.is((await server.get(widgets, LAMP))?.spec.color, 'blue');
  t.is(await put('white'), 200);
  server.faults.conflict({});
  const answer = await ask(server, `${WIDGETS}/lamp`, { method: 'DELETE' });
  t.like(answer.json<StatusBody>(), {
    reason: 'Conflict',
    message:
      'Operation cannot be fulfilled on widgets.example.com "lamp": the object has been modified; please apply your changes to the latest version and try again',
  });
});

test('a fault hits what matches, and nothing else', async (t) => {
  const server = await serverFor(t, { users: [{ name: 'ana' }], objects: [widget('lamp')] });
  const status = async (path: string, asking = {}): Promise<number> =>
    (await ask(server, path, asking)).status;
  const match = { verb: 'get', namespace: 'shop', name: 'lamp', user: 'ana' } as const;
  const fault = server.faults.answer(match, { code: 500 }, { times: Infinity });
  t.is(await status(`${WIDGETS}/lamp`, { user: 'ana' }), 500);
  t.is(await status(`${WIDGETS}/lamp`), 200);
  t.is(await status(`${WIDGETS}/other`, { user: 'ana' }), 404);
  t.is(await status(WIDGETS, { user: 'ana' }), 200);
  t.is(await status('/apis/example.com/v1/namespaces/attic/widgets/lamp', { user: 'ana' }), 404);
  t.is(fault.hits, 1);
  fault.clear();
  t.is(await status(`${WIDGETS}/lamp`, { user: 'ana' }), 200);
  server.faults.answer({ path: '/readyz' }, { code: 503 });
  t.is(await status('/livez'), 200);
  t.is(await status('/readyz'), 503);
  server.faults.answer({ where: ({ query }) => query['limit'] === '1' }, { code: 400 });
  t.is(await status(WIDGETS), 200);
  t.is(await status(`${WIDGETS}?limit=1`), 400);
});

test('faults come in the order in which they were injected', async (t) => {
  const server = await serverFor(t);
  const first = server.faults.answer({}, { code: 500 });
  const second = server.faults.answer({}, { code: 503 });
  t.is((await ask(server, WIDGETS)).status, 500);
  t.deepEqual([first.hits, second.hits], [1, 0]);
  t.is((await ask(server, WIDGETS)).status, 503);
  server.faults.answer({}, { code: 500 }, { times: Infinity });
  server.faults.clear();
  t.is((await ask(server, WIDGETS)).status, 200);
});

test('a match that throws is told to whoever asked', async (t) => {
  const server = await serverFor(t);
  const broken = (): boolean => {
    throw new Error('a test that is wrong');
  };
  server.faults.hang({ where: broken });
  const answer = await ask(server, WIDGETS);
  t.is(answer.status, 500);
  t.regex(answer.text, /a test that is wrong/);
});

const post = (server: TestServer, name: string): Promise<number> =>
  ask(server, WIDGETS, { method: 'POST', body: widget(name) }).then(({ status }) => status);

test('a connection breaks before the server has seen the request', async (t) => {
  const server = await serverFor(t);
  server.faults.disconnect({ verb: 'create' });
  await t.throwsAsync(post(server, 'lamp'), { code: 'ECONNRESET' });
  t.is(await server.get(widgets, LAMP), undefined);
  t.like(server.requests.all()[0], { name: 'lamp', status: undefined });
  t.is(await post(server, 'lamp'), 201);
});

test('a connection breaks after the request has done its work', async (t) => {
  const server = await serverFor(t);
  server.faults.disconnect({ verb: 'create' }, { at: 'answer' });
  await t.throwsAsync(post(server, 'lamp'), { code: 'ECONNRESET' });
  t.truthy(await server.get(widgets, LAMP));
  t.is(await post(server, 'lamp'), 409, 'it is there already');
});

test('a LIST breaks off in the middle, after as many bytes as told', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp'), widget('desk')] });
  for (const [afterBytes, arrived] of [
    [100, 100],
    [undefined, 1],
  ] as const) {
    server.faults.disconnect(
      { verb: 'list' },
      { at: 'body', ...(afterBytes === undefined ? {} : { afterBytes }) },
    );
    const { status, bytes, isComplete } = await partial(server, WIDGETS);
    t.deepEqual([status, bytes, isComplete], [200, arrived, false]);
  }
  server.faults.disconnect({ verb: 'list' }, { at: 'body', afterBytes: 100 });
  await t.throwsAsync(ask(server, WIDGETS), { code: 'ECONNRESET' }, 'over HTTP/1.1, too');
  const { text } = await ask(server, WIDGETS);
  server.faults.disconnect({ verb: 'list' }, { at: 'body', afterBytes: 1_000_000 });
  const { bytes, isComplete } = await partial(server, WIDGETS);
  t.deepEqual([bytes, isComplete], [Buffer.byteLength(text), false], 'at the end of a shorter one');
});

// HTTP/2, whose streams break off one by one.
async function partial(
  server: TestServer,
  path: string,
): Promise<{ status: number; bytes: number; isComplete: boolean }> {
  const { clientOptions, token } = server.user();
  const session = http2.connect(server.url, {
    ca: Buffer.from(clientOptions.clusters[0]?.caData ?? '', 'base64'),
  });
  try {
    return await new Promise((resolve) => {
      const stream = session.request({ ':path': path, authorization: `Bearer ${token}` });
      let status = 0;
      let bytes = 0;
      let isComplete = false;
      stream.on('response', (headers) => (status = headers[':status'] ?? 0));
      stream.on('data', (chunk: Buffer) => (bytes += chunk.byteLength));
      stream.on('error', () => undefined);
      stream.on('close', () => {
        isComplete = stream.rstCode === 0;
        resolve({ status, bytes, isComplete });
      });
      stream.end();
    });
  } finally {
    session.close();
  }
}

test('a request that hangs goes on when its fault is cleared', async (t) => {
  const server = await serverFor(t);
  const fault = server.faults.hang({ verb: 'list' });
  const asked = ask(server, WIDGETS);
  await fault.hitAtLeast(1);
  t.is(server.requests.all()[0]?.status, undefined);
  fault.clear();
  t.is((await asked).status, 200);
});

test('a request that hangs ends with the server', async (t) => {
  const server = await serverFor(t);
  const fault = server.faults.hang({ verb: 'list' });
  const asked = t.throwsAsync(ask(server, WIDGETS));
  await fault.hitAtLeast(1);
  await server.close();
  await asked;
});

test('a delay goes by the clock', async (t) => {
  const clock = fakeClock();
  const server = await serverFor(t, { clock });
  const fault = server.faults.delay({ verb: 'list' }, { ms: 60_000 });
  const asked = ask(server, WIDGETS);
  await fault.hitAtLeast(1);
  await clock.advance(59_999);
  t.is(server.requests.all()[0]?.status, undefined);
  await clock.advance(1);
  t.is((await asked).status, 200);
});

test('a slow LIST comes in portions, by the clock', async (t) => {
  const clock = fakeClock();
  const server = await serverFor(t, { clock, objects: [widget('lamp')] });
  const whole = await ask(server, WIDGETS);
  const length = Buffer.byteLength(whole.text);
  server.faults.slow({ verb: 'list' }, { bytes: 200, everyMs: 1_000 });
  let arrived = 0;
  let noticed: () => void = () => undefined;
  const asked = ask(server, WIDGETS, {
    onData: (bytes) => {
      arrived += bytes;
      noticed();
    },
  });
  const arrivedAtLeast = (bytes: number): Promise<void> =>
    new Promise((resolve) => {
      noticed = () => {
        if (arrived >= bytes) resolve();
      };
      noticed();
    });
  for (let portion = 1; portion * 200 < length; portion++) {
    await arrivedAtLeast(portion * 200);
    t.is(arrived, portion * 200);
    await clock.advance(999);
    t.is(arrived, portion * 200, 'nothing before its time');
    await clock.advance(1);
  }
  t.is((await asked).text, whole.text);
  t.true(length > 200);
});

for (const { kind: engine } of ENGINES) {
  const path = `${WIDGETS}?watch=true&resourceVersion=`;

  test(`${engine}: the next watch is told that its revision is too old`, async (t) => {
    const server = await serverFor(t, { engine });
    server.faults.expire({ verb: 'watch' });
    const watch = await openWatch(server, `${path}1`);
    t.is(watch.status, 200);
    const event = await watch.next();
    t.is(event?.type, 'ERROR');
    t.like(event?.object, { code: 410, reason: 'Expired' });
    t.is(await watch.next(), undefined);
    const again = await openWatch(server, `${path}1`);
    await server.create(widget('lamp'));
    t.is((await again.next())?.type, 'ADDED');
    again.close();
  });

  test(`${engine}: a list is told so by its status`, async (t) => {
    const server = await serverFor(t, { engine });
    server.faults.expire({ resource: widgets });
    t.is((await ask(server, `${WIDGETS}/lamp`)).status, 404, 'a get is not concerned');
    const answer = await ask(server, `${WIDGETS}?resourceVersion=1`);
    t.is(answer.status, 410);
    t.is(answer.json<StatusBody>().reason, 'Expired');
  });

  test(`${engine}: a watch breaks, or expires, after so many events`, async (t) => {
    const server = await serverFor(t, { engine });
    server.faults.disconnect({ verb: 'watch' }, { at: 'body', afterEvents: 2 });
    const broken = await openWatch(server, `${path}1`);
    for (const name of ['a', 'b', 'c']) await server.create(widget(name));
    t.is((await broken.next())?.object.metadata.name, 'a');
    t.is((await broken.next())?.object.metadata.name, 'b');
    await t.throwsAsync(broken.next());
    server.faults.expire({ verb: 'watch' }, { afterEvents: 1 });
    const expiring = await openWatch(server, `${path}1`);
    t.is((await expiring.next())?.object.metadata.name, 'a');
    t.is((await expiring.next())?.type, 'ERROR');
    t.is(await expiring.next(), undefined);
  });

  test(`${engine}: events come late, in order, by the clock`, async (t) => {
    const clock = fakeClock();
    const server = await serverFor(t, { engine, clock });
    server.faults.delayEvents({ verb: 'watch' }, { ms: 5_000 });
    const watch = await openWatch(server, `${path}1`);
    await server.create(widget('a'));
    await server.create(widget('b'));
    const first = watch.next();
    let hasCome = false;
    void first.then(() => (hasCome = true));
    await clock.advance(4_999);
    t.false(hasCome);
    await clock.advance(1);
    t.is((await first)?.object.metadata.name, 'a');
    t.is((await watch.next())?.object.metadata.name, 'b');
    watch.close();
  });

  for (const [about, options, copies] of [
    ['twice', {}, 2],
    ['as often as told', { copies: 3 }, 3],
  ] as const) {
    test(`${engine}: events come ${about}`, async (t) => {
      const server = await serverFor(t, { engine });
      server.faults.duplicateEvents({ resource: widgets }, options);
      const watch = await openWatch(server, `${path}1`);
      for (const name of ['a', 'b']) await server.create(widget(name));
      const names: (string | undefined)[] = [];
      while (names.length < 2 * copies) names.push((await watch.next())?.object.metadata.name);
      t.deepEqual(names, [...Array(copies).fill('a'), ...Array(copies).fill('b')]);
      watch.close();
    });
  }

  test(`${engine}: open watches are counted and ended from outside`, async (t) => {
    const server = await serverFor(t, { engine });
    t.is(server.watches.count(), 0);
    const [broken, expired, ended] = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        openWatch(server, `${path}1&fieldSelector=metadata.name%3D${name}`),
      ),
    );
    await server.watches.atLeast(3, { resource: widgets });
    t.is(server.watches.count({ name: 'a' }), 1);
    t.is(server.watches.disconnect({ name: 'a' }), 1);
    t.is(server.watches.expire({ name: 'b' }), 1);
    t.is(server.watches.end({ name: 'c' }), 1);
    t.is(server.watches.count(), 0);
    await t.throwsAsync(broken!.next());
    t.is((await expired!.next())?.object.code, 410);
    t.is(await expired!.next(), undefined);
    t.is(await ended!.next(), undefined);
    const left = await openWatch(server, `${path}1`);
    await server.watches.atLeast(1);
    left.close();
    await server.waitFor(() => server.watches.count() === 0);
  });

  test(`${engine}: a watch with a timeout ends by the clock, behind its bookmark`, async (t) => {
    const clock = fakeClock();
    const server = await serverFor(t, { engine, clock });
    const watch = await openWatch(server, `${path}1&timeoutSeconds=120&allowWatchBookmarks=true`);
    await server.watches.atLeast(1);
    await server.create(widget('lamp'));
    t.is((await watch.next())?.type, 'ADDED');
    await clock.advance(61_500);
    const bookmark = await watch.next();
    t.is(bookmark?.type, 'BOOKMARK');
    await clock.advance(120_000);
    let event = await watch.next();
    while (event?.type === 'BOOKMARK') event = await watch.next();
    t.is(event, undefined);
  });
}
