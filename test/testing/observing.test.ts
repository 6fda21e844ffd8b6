/** What a test sees of the server: waits, recorded events, recorded requests, snapshots. */

import test from 'ava';
import { fakeClock, TestingError, type WaitOptions } from '../../lib/testing/index.js';
import { ask, serverFor, teams, widget, widgets, WIDGETS, type Widget } from './fixture.js';

const LAMP = { namespace: 'shop', name: 'lamp' };

test('waitFor gives what the condition gives, now or after a change', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const looked: number[] = [];
  const blue = server.waitFor(widgets, (all) => {
    looked.push(all.length);
    return all.find(({ spec }) => spec.color === 'blue');
  });
  t.is(await server.waitFor(widgets, (all) => all.length), 1, 'it is true already');
  await server.create(widget('other'));
  await server.patch(widgets, LAMP, { spec: { color: 'blue' } });
  const found: Widget = await blue;
  t.is(found.metadata.name, 'lamp');
  t.is(looked[0], 1);
  t.true(looked.length <= 3, 'woken by changes, not polled');
});

test('waitFor looks at one namespace, where it is told', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp', 'red', 'attic')] });
  const seen: string[] = [];
  const waiting = server.waitFor(
    widgets,
    (all) => {
      seen.push(all.map(({ metadata }) => metadata.name).join());
      return all.length > 0;
    },
    { namespace: 'shop' },
  );
  await server.create(widget('desk'));
  await waiting;
  t.deepEqual(seen, ['', 'desk']);
});

test('a free condition is looked at after changes, requests and answers', async (t) => {
  const server = await serverFor(t);
  let seen = 0;
  const answered = server.waitFor(() => {
    seen++;
    return server.requests.all().find(({ status }) => status === 200);
  });
  await ask(server, WIDGETS);
  t.is((await answered).verb, 'list');
  t.true(seen >= 2);
  const created = server.waitFor(async () => (await server.list(widgets)).length === 1);
  await server.create(widget('lamp'));
  t.true(await created);
});

test('what a condition throws means not yet, and is told in the end', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const lit = server.waitFor(widgets, ([lamp]) => {
    t.assert(lamp !== undefined);
    if (lamp?.status?.phase !== 'Lit') throw new Error(`the phase is ${lamp?.status?.phase}`);
    return true;
  });
  await server.patch(widgets, LAMP, { status: { phase: 'Lit' } }, { subresource: 'status' });
  t.true(await lit);
  const error = await t.throwsAsync(
    server.waitFor(
      widgets,
      () => {
        throw new Error('never so');
      },
      { timeoutMs: 1, message: 'the lamp to be lit' },
    ),
    { instanceOf: TestingError },
  );
  t.is(error?.code, 'timeout');
  const text = error?.message ?? '';
  t.regex(text, /^waited 1 ms for the lamp to be lit: never so\nthe last state:\n/);
  t.regex(text, /widgets\.example\.com shop\/lamp \{.*"spec":\{"color":"red"\}.*"phase":"Lit"/);
});

test('the clock of the server does not decide how long a test waits', async (t) => {
  const server = await serverFor(t, { clock: fakeClock() });
  const error = await t.throwsAsync(
    server.waitFor(() => false, { timeoutMs: 1 }),
    {
      instanceOf: TestingError,
      message: /waited 1 ms for a condition\nthe last state has no teams\.example\.com, widgets/,
    },
  );
  t.is(error?.code, 'timeout');
});

test('the server tells how long waits last that do not say', async (t) => {
  const server = await serverFor(t, { waitTimeoutMs: 1 });
  for (const wait of [
    server.waitFor(() => false),
    server.record(widgets).next(),
    server.requests.first(),
    server.watches.atLeast(1),
    server.faults.hang({}).hitAtLeast(1),
  ]) {
    await t.throwsAsync(wait, { instanceOf: TestingError, message: /^waited 1 ms for / });
  }
});

test('a wait ends with its signal, also while its condition hangs', async (t) => {
  const server = await serverFor(t);
  const aborting = new AbortController();
  const waiting = server.waitFor(() => new Promise<boolean>(() => undefined), {
    signal: aborting.signal,
  });
  aborting.abort(new Error('enough'));
  const error = await t.throwsAsync(waiting, { instanceOf: TestingError });
  t.is(error?.code, 'aborted');
  t.like(error?.cause, { message: 'enough' });
  const early = server.waitFor(() => false, { signal: AbortSignal.abort() });
  t.is((await t.throwsAsync(early, { instanceOf: TestingError }))?.code, 'aborted');
});

for (const [about, options] of [
  ['an unknown option', { timeout: 5 }],
  ['a negative time', { timeoutMs: -1 }],
  ['a text as a time', { timeoutMs: '5' }],
] as const) {
  test(`a wait refuses ${about}`, async (t) => {
    const server = await serverFor(t);
    const error = await t.throwsAsync(
      server.waitFor(() => true, options as WaitOptions),
      {
        instanceOf: TestingError,
      },
    );
    t.is(error?.code, 'invalid-options');
  });
}

test('a recorder has every event from its beginning, in order', async (t) => {
  const server = await serverFor(t, { objects: [widget('before')] });
  const recorder = server.record(widgets);
  const lamp = await server.create(widget('lamp'));
  t.deepEqual(recorder.types, ['ADDED'], 'it is there when the write is answered');
  await server.patch(widgets, LAMP, { spec: { color: 'blue' } });
  await server.create({ apiVersion: 'example.com/v1', kind: 'Team', metadata: { name: 'a' } });
  await server.delete(widgets, LAMP);
  t.deepEqual(recorder.types, ['ADDED', 'MODIFIED', 'DELETED']);
  const [added, modified, deleted] = recorder.events.map(({ object }) => object);
  t.deepEqual(added, lamp);
  t.is(modified?.spec.color, 'blue');
  t.is(deleted?.spec.color, 'blue', 'the last version');
  const revisions = recorder.events.map(({ object }) => Number(object.metadata.resourceVersion));
  t.deepEqual(
    revisions,
    revisions.toSorted((left, right) => left - right),
  );
  t.is(new Set(revisions).size, 3);
});

test('next and until read on, and wait for what is not there yet', async (t) => {
  const server = await serverFor(t);
  using recorder = server.record(widgets, { namespace: 'shop', name: 'lamp' });
  const first = recorder.next();
  await server.create(widget('other'));
  await server.create(widget('lamp'));
  t.is((await first).type, 'ADDED');
  const until = recorder.until(({ object }) => object.spec.color === 'blue');
  for (const color of ['green', 'blue', 'black']) {
    await server.patch(widgets, LAMP, { spec: { color } });
  }
  t.deepEqual(
    (await until).map(({ object }) => object.spec.color),
    ['green', 'blue'],
  );
  t.is((await recorder.next()).object.spec.color, 'black');
  const error = await t.throwsAsync(recorder.next({ timeoutMs: 1 }), {
    instanceOf: TestingError,
    message: /recorded: ADDED shop\/lamp, MODIFIED shop\/lamp, MODIFIED/,
  });
  t.is(error?.code, 'timeout');
  recorder.clear();
  t.is(recorder.events.length, 0);
  recorder.close();
  await server.patch(widgets, LAMP, { spec: { color: 'white' } });
  t.is(recorder.events.length, 0, 'closed');
  t.is((await t.throwsAsync(recorder.next(), { instanceOf: TestingError }))?.code, 'closed');
});

test('events of an object belong to whoever gets them', async (t) => {
  const server = await serverFor(t);
  const [left, right] = [server.record(widgets), server.record(widgets)];
  await server.create(widget('lamp'));
  left.events[0]!.object.spec.color = 'changed';
  t.is(right.events[0]?.object.spec.color, 'red');
  t.is((await server.get(widgets, LAMP))?.spec.color, 'red');
});

test('a recorder refuses an option that it has not got', async (t) => {
  const server = await serverFor(t);
  for (const options of [{ namepsace: 'shop' }, { name: 7 }]) {
    t.throws(() => server.record(widgets, options as object), { instanceOf: TestingError });
  }
});

test('requests are recorded with what they asked, who asked, and what became of them', async (t) => {
  const server = await serverFor(t, { users: [{ name: 'ana' }] });
  const body = widget('lamp');
  await ask(server, WIDGETS, { method: 'POST', body, user: 'ana' });
  await ask(server, `${WIDGETS}/lamp/status`, {
    method: 'PATCH',
    body: { status: { phase: 'Ready' } },
    contentType: 'application/merge-patch+json',
  });
  await ask(server, `${WIDGETS}?labelSelector=a%3Db&limit=3`);
  await ask(server, `${WIDGETS}/lamp`, { method: 'DELETE' });
  await ask(server, `${WIDGETS}/lamp`, { user: 'ana' });
  await ask(server, '/readyz');
  const all = server.requests.all();
  const common = { resource: 'widgets.example.com', namespace: 'shop', subresource: '' };
  t.like(all[0], { ...common, verb: 'create', name: 'lamp', user: 'ana', status: 201, body });
  t.like(all[1], {
    ...common,
    verb: 'patch',
    subresource: 'status',
    name: 'lamp',
    body: { status: { phase: 'Ready' } },
    contentType: 'application/merge-patch+json',
    user: 'shardwatch-admin',
  });
  t.like(all[2], {
    ...common,
    verb: 'list',
    name: '',
    query: { labelSelector: 'a=b', limit: '3' },
    body: undefined,
  });
  t.is(all[2]?.url, `${WIDGETS}?labelSelector=a%3Db&limit=3`);
  t.deepEqual(
    all.slice(3).map(({ verb, status, url }) => [verb, status, url]),
    [
      ['delete', 200, `${WIDGETS}/lamp`],
      ['get', 404, `${WIDGETS}/lamp`],
      ['get', 200, '/readyz'],
    ],
  );
});

test('requests are found by a match, and waited for', async (t) => {
  const server = await serverFor(t);
  const asked = server.requests.first({ verb: ['create', 'update'], resource: widgets });
  const two = server.requests.atLeast(2, { resource: 'widgets.example.com' });
  await ask(server, WIDGETS);
  await ask(server, WIDGETS, { method: 'POST', body: widget('lamp') });
  t.is((await asked).name, 'lamp');
  t.is((await two).length, 2);
  t.is(server.requests.count({ name: 'lamp' }), 1);
  t.is(server.requests.count({ path: WIDGETS }), 2);
  t.is(server.requests.count({ where: ({ method }) => method === 'GET' }), 1);
  t.is(server.requests.count({ resource: teams }), 0);
  const error = await t.throwsAsync(server.requests.first({ verb: 'delete' }, { timeoutMs: 1 }), {
    instanceOf: TestingError,
    message: /requests that came:\n.*GET .*200\n.*POST .*201$/,
  });
  t.is(error?.code, 'timeout');
  server.requests.clear();
  t.is(server.requests.count(), 0);
});

test('a body that is too long is refused as ever, and not kept', async (t) => {
  const server = await serverFor(t);
  const big = widget('lamp', 'x'.repeat(3 * 1024 * 1024));
  t.is((await ask(server, WIDGETS, { method: 'POST', body: big })).status, 413);
  t.like(server.requests.all()[0], { verb: 'create', body: undefined, status: 413 });
});

test('a snapshot is the same for the same state', async (t) => {
  const names = ['b', 'a', 'c'];
  const snapshots = await Promise.all(
    [names, names.toReversed()].map(async (order) => {
      const server = await serverFor(t, {
        objects: order.map((name) => ({
          ...widget(name),
          status: { conditions: [{ type: 'Ready', lastTransitionTime: new Date() }] },
        })),
      });
      return server.snapshot({ without: ['uid', 'resourceVersion', 'timestamps', 'generation'] });
    }),
  );
  t.deepEqual(snapshots[0], snapshots[1]);
  t.is(JSON.stringify(snapshots[0]), JSON.stringify(snapshots[1]));
  const expected = ['a', 'b', 'c'].map((name) => ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name, namespace: 'shop' },
    spec: { color: 'red' },
    status: { conditions: [{ type: 'Ready' }] },
  }));
  t.deepEqual(snapshots[0], { 'widgets.example.com': expected } as never);
});

test('a snapshot shows what is asked for, and leaves out nothing unasked', async (t) => {
  const team = { apiVersion: 'example.com/v1', kind: 'Team', metadata: { name: 'atlas' } };
  const server = await serverFor(t, {
    objects: [widget('lamp'), widget('lamp', 'red', 'attic'), team],
  });
  t.deepEqual(Object.keys(server.snapshot()), ['teams.example.com', 'widgets.example.com']);
  const shop = server.snapshot({ resources: ['widgets.example.com'], namespace: 'shop' });
  const lamp = await server.get(widgets, LAMP);
  t.deepEqual(shop, { 'widgets.example.com': [lamp] } as never);
  t.truthy(lamp?.metadata.uid);
  t.throws(() => server.snapshot({ without: ['time' as never] }), { instanceOf: TestingError });
});
