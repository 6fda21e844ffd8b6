/** DELETE: removal, finalizers, propagation, preconditions, collections. */

import test from 'ava';
import type { Json } from './fixture.js';
import { MERGE, TestServer, WatchReader, widget, WIDGETS_URL } from './fixture.js';

const LAMP = `${WIDGETS_URL}/lamp`;

async function withLamp(metadata = {}): Promise<{ server: TestServer; lamp: Json }> {
  const server = await TestServer.start();
  const body = widget('lamp', { metadata });
  const { json: lamp } = await server.ask('POST', WIDGETS_URL, { body });
  return { server, lamp };
}

test('an object without finalizers is gone at once; the answer is a Status', async (t) => {
  const { server } = await withLamp();
  const reply = await server.ask('DELETE', LAMP);
  t.is(reply.status, 200);
  t.deepEqual(reply.json, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'lamp', group: 'example.com', kind: 'widgets', uid: 'uid-1' },
  });
  t.is((await server.ask('GET', LAMP)).status, 404);
  const again = await server.ask('DELETE', LAMP);
  t.is(again.status, 404);
  t.is(again.json.message, 'widgets.example.com "lamp" not found');
});

test('a delete takes one revision, that of the DELETED event', async (t) => {
  const { server, lamp } = await withLamp();
  const { resourceVersion } = lamp.metadata;
  const url = `${WIDGETS_URL}?watch=1&resourceVersion=${resourceVersion}`;
  const watch = new WatchReader(await server.ask('GET', url));
  const deleted = await server.store().delete({ namespace: 'team-a', name: 'lamp' });
  t.is(deleted.resourceVersion, '3');
  t.true(deleted.gone);
  const event = await watch.next();
  t.is(event.type, 'DELETED');
  t.deepEqual(event.object, JSON.parse(Buffer.from(deleted.bytes).toString()));
  t.is(event.object.metadata.resourceVersion, '3');
  watch.close();
});

test('an object with finalizers is marked, and goes with the last of them', async (t) => {
  const { server } = await withLamp({ finalizers: ['example.com/a', 'example.com/b'] });
  server.clock.advance(1_000);
  const marked = await server.ask('DELETE', LAMP);
  t.is(marked.status, 200);
  t.like(marked.json.metadata, {
    deletionTimestamp: '2026-01-02T03:04:06Z',
    deletionGracePeriodSeconds: 0,
    generation: 2,
    resourceVersion: '3',
    finalizers: ['example.com/a', 'example.com/b'],
  });
  server.clock.advance(1_000);
  const again = await server.ask('DELETE', LAMP);
  t.deepEqual(again.json, marked.json, 'a second delete changes nothing');
  const added = await server.ask('PATCH', LAMP, {
    body: { metadata: { finalizers: ['example.com/a', 'example.com/d', 'example.com/c'] } },
    headers: MERGE,
  });
  t.is(added.status, 422);
  t.is(
    added.json.message,
    'Widget.example.com "lamp" is invalid: metadata.finalizers: Forbidden: no new finalizers ' +
      'can be added if the object is being deleted, found new finalizers ' +
      '[]string{"example.com/c", "example.com/d"}',
  );
  const revived = await server.ask('PATCH', LAMP, {
    body: { metadata: { deletionTimestamp: null, deletionGracePeriodSeconds: null } },
    headers: MERGE,
  });
  t.deepEqual(revived.json, marked.json, 'a deletion is not taken back');
  const one = await server.ask('PATCH', LAMP, {
    body: { metadata: { finalizers: ['example.com/b'] } },
    headers: MERGE,
  });
  t.is(one.status, 200);
  t.is((await server.ask('GET', LAMP)).status, 200);
  const none = await server.ask('PATCH', LAMP, {
    body: { metadata: { finalizers: null } },
    headers: MERGE,
  });
  t.is(none.status, 200);
  t.is(none.json.metadata.finalizers, undefined);
  t.is((await server.ask('GET', LAMP)).status, 404);
  t.is(await server.storage.committedRevision(), 5n);
});

const POLICIES: readonly (readonly [options: Json, finalizers: Json, status: number])[] = [
  [{ propagationPolicy: 'Foreground' }, ['foregroundDeletion'], 200],
  [{ propagationPolicy: 'Orphan' }, ['orphan'], 200],
  [{ orphanDependents: true }, ['orphan'], 200],
  [{ propagationPolicy: 'Background' }, undefined, 200],
  [{ orphanDependents: false }, undefined, 200],
  [{}, undefined, 200],
];

for (const [options, finalizers, status] of POLICIES) {
  test(`a delete with ${JSON.stringify(options)} leaves ${finalizers ?? 'nothing'}`, async (t) => {
    const { server } = await withLamp();
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...options };
    const reply = await server.ask('DELETE', LAMP, { body });
    t.is(reply.status, status);
    const left = await server.ask('GET', LAMP);
    t.is(left.status, finalizers === undefined ? 404 : 200);
    t.deepEqual(left.json.metadata.finalizers, finalizers);
  });
}

test('202 says that an object waits, after cascading in the old spelling', async (t) => {
  const { server } = await withLamp({ finalizers: ['example.com/a'] });
  t.is((await server.ask('DELETE', `${LAMP}?orphanDependents=false`)).status, 202);
});

test('another policy exchanges the finalizer, none keeps it', async (t) => {
  const { server } = await withLamp();
  const finalizers = async (query: string): Promise<Json> =>
    (await server.ask('DELETE', `${LAMP}${query}`)).json.metadata.finalizers;
  t.deepEqual(await finalizers('?propagationPolicy=Orphan'), ['orphan']);
  t.deepEqual(await finalizers(''), ['orphan']);
  t.deepEqual(await finalizers('?propagationPolicy=Foreground'), ['foregroundDeletion']);
  const reply = await server.ask('DELETE', `${LAMP}?propagationPolicy=Background`);
  t.is(reply.json.kind, 'Status');
  t.is((await server.ask('GET', LAMP)).status, 404);
});

test('a dry run says what would happen and does nothing', async (t) => {
  const { server, lamp } = await withLamp();
  t.is((await server.ask('DELETE', `${LAMP}?dryRun=All`)).json.status, 'Success');
  t.is((await server.ask('DELETE', LAMP, { body: { dryRun: ['All'] } })).json.status, 'Success');
  t.deepEqual((await server.ask('GET', LAMP)).json, lamp);
});

const REFUSALS: readonly (readonly [name: string, options: Json, code: number, message: string])[] =
  [
    [
      'another uid',
      { preconditions: { uid: 'other' } },
      409,
      'Operation cannot be fulfilled on Widget.example.com "lamp": the UID in the precondition ' +
        '(other) does not match the UID in record (uid-1). The object might have been deleted and ' +
        'then recreated',
    ],
    [
      'another resourceVersion',
      { preconditions: { resourceVersion: '1' } },
      409,
      'Operation cannot be fulfilled on Widget.example.com "lamp": the ResourceVersion in the ' +
        'precondition (1) does not match the ResourceVersion in record (2). The object might have ' +
        'been modified',
    ],
    [
      'two policies',
      { propagationPolicy: 'Orphan', orphanDependents: true },
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": ' +
        'orphanDependents and deletionPropagation cannot be both set',
    ],
    [
      'an unknown policy',
      { propagationPolicy: 'Sideways' },
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Sideways": ' +
        'supported values: "Foreground", "Background", "Orphan", "nil"',
    ],
    [
      'an unknown dryRun',
      { dryRun: ['Some'] },
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: ' +
        'supported values: "All"',
    ],
    [
      'an empty policy',
      { propagationPolicy: '' },
      422,
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "": ' +
        'supported values: "Foreground", "Background", "Orphan", "nil"',
    ],
    [
      'an empty uid',
      { preconditions: { uid: '' } },
      409,
      'Operation cannot be fulfilled on Widget.example.com "lamp": the UID in the precondition () ' +
        'does not match the UID in record (uid-1). The object might have been deleted and then ' +
        'recreated',
    ],
    [
      'malformed JSON',
      Buffer.from('{'),
      400,
      "couldn't get version/kind; json parse error: unexpected end where a key should begin at " +
        'byte 1',
    ],
    [
      'another kind',
      { kind: 'Widget' },
      400,
      'decoded object cannot be converted to DeleteOptions: its kind is Widget',
    ],
    [
      'preconditions of another type',
      { preconditions: 1 },
      400,
      'decoded object cannot be converted to DeleteOptions: preconditions is not an object',
    ],
    [
      'a grace period that is no integer',
      { gracePeriodSeconds: 'soon' },
      400,
      'decoded object cannot be converted to DeleteOptions: gracePeriodSeconds is not an integer',
    ],
  ];

for (const [name, body, code, message] of REFUSALS) {
  test(`refuses ${name}: ${code}, and deletes nothing`, async (t) => {
    const { server, lamp } = await withLamp();
    const reply = await server.ask('DELETE', LAMP, { body });
    t.is(reply.json.message, message);
    t.is(reply.status, code);
    t.deepEqual((await server.ask('GET', LAMP)).json, lamp);
  });
}

const QUERY_REFUSALS: readonly (readonly [query: string, code: number])[] = [
  ['uid=other', 409],
  ['resourceVersion=1', 409],
  ['propagationPolicy=', 422],
  ['preconditions.uid=other', 200],
];

for (const [query, code] of QUERY_REFUSALS) {
  test(`DELETE with ?${query} is ${code}`, async (t) => {
    const { server } = await withLamp();
    t.is((await server.ask('DELETE', `${LAMP}?${query}`)).status, code);
  });
}

test('a body of null is no options', async (t) => {
  const { server } = await withLamp();
  t.is((await server.ask('DELETE', LAMP, { body: Buffer.from('null') })).status, 200);
});

test('the Status of a deletion comes as YAML to who wants that', async (t) => {
  const { server } = await withLamp();
  const reply = await server.ask('DELETE', LAMP, { headers: { Accept: 'application/yaml' } });
  t.is(reply.header('content-type'), 'application/yaml');
  t.regex(reply.text, /^status: Success$/m);
});

test('preconditions that hold let the delete pass', async (t) => {
  const { server } = await withLamp();
  const body = { preconditions: { uid: 'uid-1', resourceVersion: '2' } };
  t.is((await server.ask('DELETE', LAMP, { body })).status, 200);
});

async function withMany(): Promise<TestServer> {
  const server = await TestServer.start();
  for (const name of ['a', 'b', 'c', 'd']) {
    const labels = { parity: name < 'c' ? 'low' : 'high' };
    await server.ask('POST', WIDGETS_URL, { body: widget(name, { metadata: { labels } }) });
  }
  return server;
}

async function namesLeft(server: TestServer): Promise<string[]> {
  const { json } = await server.ask('GET', WIDGETS_URL);
  return json.items.map((item: Json) => item.metadata.name as string);
}

test('a collection is deleted by selector, and answered as it was listed', async (t) => {
  const server = await withMany();
  const reply = await server.ask('DELETE', `${WIDGETS_URL}?labelSelector=parity%3Dlow`);
  t.is(reply.status, 200);
  t.like(reply.json, { kind: 'WidgetList', apiVersion: 'example.com/v1' });
  t.is(reply.json.metadata.resourceVersion, '5');
  t.deepEqual(
    reply.json.items.map((item: Json) => item.metadata.name),
    ['a', 'b'],
  );
  t.deepEqual(await namesLeft(server), ['c', 'd']);
});

test('a collection without matches is an empty list', async (t) => {
  const server = await withMany();
  const reply = await server.ask('DELETE', `${WIDGETS_URL}?fieldSelector=metadata.name%3Dx`);
  t.deepEqual(reply.json.items, []);
});

test('a limit deletes the first page only', async (t) => {
  const server = await withMany();
  const { json } = await server.ask('DELETE', `${WIDGETS_URL}?limit=3`);
  t.is(json.metadata.remainingItemCount, 1);
  t.is(typeof json.metadata.continue, 'string', 'the answer says how to go on');
  t.deepEqual(await namesLeft(server), ['d']);
});

test('a collection in a dry run stays', async (t) => {
  const server = await withMany();
  const reply = await server.ask('DELETE', `${WIDGETS_URL}?dryRun=All`);
  t.is(reply.json.items.length, 4);
  t.is((await namesLeft(server)).length, 4);
});

test('workers delete a collection together, over what vanishes meanwhile', async (t) => {
  const server = await withMany();
  const store = server.store();
  const [deleted] = await Promise.all([
    store.deleteCollection({ namespace: 'team-a', workers: 3 }),
    store.delete({ namespace: 'team-a', name: 'd' }),
  ]);
  t.is(deleted.objects.length >= 3, true);
  t.deepEqual(await namesLeft(server), []);
});

test('the first failure ends a deletion of a collection', async (t) => {
  const server = await withMany();
  const preconditions = { uid: 'uid-1' };
  const error = await t.throwsAsync(
    server.store().deleteCollection({ namespace: 'team-a', preconditions }),
  );
  t.regex(error.message, /does not match the UID in record \(uid-2\)/);
  t.deepEqual(await namesLeft(server), ['b', 'c', 'd']);
});
