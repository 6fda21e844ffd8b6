/** `/scale`: the counts of an object as a Scale, and what a change of it does to the object. */

import test from 'ava';

import { defineResource } from '../../lib/rest/index.js';
import type { JsonValue } from '../../lib/object/index.js';
import { JSON_PATCH, MERGE, TestServer, widget, WIDGETS_URL } from './fixture.js';
import type { AskOptions, Json, Reply } from './fixture.js';

const LAMP = `${WIDGETS_URL}/lamp`;

const WIDGETS = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  statusSubresource: true,
  scale: {
    specReplicasPath: '.spec.scaling.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
  strategy: {
    warningsOnUpdate: (_, { verb, subresource }) => [`${verb} ${subresource || 'object'}`],
  },
});

/** A server with a lamp of this spec and status. */
async function serve(spec: JsonValue, status?: JsonValue): Promise<TestServer> {
  const server = await TestServer.start({}, [WIDGETS]);
  await server.ask('POST', WIDGETS_URL, { body: widget('lamp', { spec }) });
  if (status !== undefined) {
    const patch = { headers: MERGE, body: { status } };
    await server.ask('PATCH', `${LAMP}/status`, patch);
  }
  return server;
}

const scale = (server: TestServer, method: string, options?: AskOptions): Promise<Reply> =>
  server.ask(method, `${LAMP}/scale`, options);

const body = (spec: Json, metadata: Json = {}): AskOptions => {
  const about = { apiVersion: 'autoscaling/v1', kind: 'Scale' };
  return { body: { ...about, metadata: { name: 'lamp', ...metadata }, spec } };
};

test('a Scale shows counts, selector and what names the object, byte for byte', async (t) => {
  const status = { replicas: 2, selector: 'app=lamp' };
  const server = await serve({ scaling: { replicas: 3 }, size: 1.5 }, status);
  t.is(
    (await scale(server, 'GET')).text,
    '{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"lamp",' +
      '"namespace":"team-a","uid":"uid-1","resourceVersion":"3",' +
      '"creationTimestamp":"2026-01-02T03:04:05Z"},"spec":{"replicas":3},' +
      '"status":{"replicas":2,"selector":"app=lamp"}}\n',
  );
});

test('a count of 0 is left out of the spec, what is absent of the status is 0', async (t) => {
  const server = await serve({ scaling: { replicas: 0 } });
  const { json } = await scale(server, 'GET');
  t.deepEqual([json.spec, json.status], [{}, { replicas: 0 }]);
});

test('an object without a count has no Scale', async (t) => {
  const server = await serve({ scaling: null });
  const reply = await scale(server, 'GET');
  t.is(reply.status, 500);
  t.regex(
    reply.json.message,
    /the spec replicas field "\.spec\.scaling\.replicas" does not exist$/,
  );
  t.is((await server.ask('GET', `${WIDGETS_URL}/none/scale`)).status, 404);
});

test('a Scale as a table', async (t) => {
  const server = await serve({ scaling: { replicas: 3 } });
  const headers = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
  const { json } = await scale(server, 'GET', { headers });
  t.deepEqual(
    json.columnDefinitions.map(({ name }: Json) => name),
    ['Name', 'Desired', 'Available', 'Age'],
  );
  t.deepEqual(json.rows[0].cells.slice(0, 3), ['lamp', 3, 0]);
  await scale(server, 'PUT', body({}));
  const none = await scale(server, 'GET', { headers });
  t.deepEqual(none.json.rows[0].cells.slice(0, 3), ['lamp', 0, 0]);
});

test('a patch scales the object, and nothing else of it', async (t) => {
  const server = await serve({ scaling: { replicas: 3, mode: 'x' }, size: 1 });
  const before = (await server.ask('GET', LAMP)).json;
  const reply = await scale(server, 'PATCH', { headers: MERGE, body: { spec: { replicas: 5 } } });
  t.is(reply.status, 200, reply.text);
  t.deepEqual(reply.json.spec, { replicas: 5 });
  t.is(reply.json.kind, 'Scale');
  t.deepEqual(reply.headers('warning'), ['299 - "patch scale"']);
  const after = (await server.ask('GET', LAMP)).json;
  t.deepEqual(after.spec, { scaling: { replicas: 5, mode: 'x' }, size: 1 });
  t.deepEqual(
    { ...after.metadata, resourceVersion: '', generation: 0 },
    { ...before.metadata, resourceVersion: '', generation: 0 },
  );
  t.is(after.metadata.generation, 2);
  const operations = [
    { op: 'test', path: '/spec/replicas', value: 5 },
    { op: 'replace', path: '/spec/replicas', value: 6 },
  ];
  const patched = await scale(server, 'PATCH', { headers: JSON_PATCH, body: operations });
  t.deepEqual(patched.json.spec, { replicas: 6 });
});

test('an update scales with or without a resourceVersion, and to 0 by leaving it out', async (t) => {
  const server = await serve({ scaling: { replicas: 3 } });
  t.deepEqual((await scale(server, 'PUT', body({ replicas: 4 }))).json.spec, { replicas: 4 });
  const stale = await scale(server, 'PUT', body({ replicas: 5 }, { resourceVersion: '2' }));
  t.is(stale.status, 409);
  const newest = await scale(server, 'PUT', body({ replicas: 5 }, { resourceVersion: '3' }));
  t.is(newest.status, 200);
  t.deepEqual((await scale(server, 'PUT', body({}))).json.spec, {});
  t.is((await server.ask('GET', LAMP)).json.spec.scaling.replicas, 0);
  const other = await scale(server, 'PUT', body({ replicas: 1 }, { uid: 'other' }));
  t.is(other.status, 409);
  t.regex(other.json.message, /UID in precondition: other/);
});

test('an update makes the count where there is none; a patch has to name it', async (t) => {
  const server = await serve({ size: 1 });
  const patch = { headers: MERGE, body: { metadata: {} } };
  const empty = await scale(server, 'PATCH', patch);
  t.is(empty.status, 400);
  t.is(empty.json.message, 'the spec replicas field ".spec.scaling.replicas" cannot be empty');
  t.is((await scale(server, 'PUT', body({ replicas: 1 }))).status, 200);
  t.deepEqual((await server.ask('GET', LAMP)).json.spec, { size: 1, scaling: { replicas: 1 } });
});

test('a dry run shows what would be', async (t) => {
  const server = await serve({ scaling: { replicas: 3 } });
  const patch = { headers: MERGE, body: { spec: { replicas: 5 } } };
  const reply = await server.ask('PATCH', `${LAMP}/scale?dryRun=All`, patch);
  t.deepEqual(reply.json.spec, { replicas: 5 });
  t.deepEqual((await scale(server, 'GET')).json.spec, { replicas: 3 });
});

type Row = readonly [what: string, options: AskOptions, status: number, message: RegExp];

const refused: readonly Row[] = [
  [
    'a negative count',
    body({ replicas: -1 }),
    422,
    /\.spec\.scaling\.replicas: Invalid value: -1: should be a non-negative integer$/,
  ],
  ['a count beyond 32 bits', body({ replicas: 2 ** 31 }), 400, /spec\.replicas must be an integer/],
  ['a count that is text', body({ replicas: '3' }), 400, /spec\.replicas must be an integer/],
  ['a spec that is text', body('3'), 400, /spec must be an object/],
  ['another name', body({}, { name: 'vase' }), 400, /does not match the name on the URL/],
  ['another namespace', body({}, { namespace: 'team-b' }), 400, /namespace/],
  [
    'an object of the type',
    { body: widget('lamp') },
    400,
    /does not match the expected API version \(autoscaling\/v1\)/,
  ],
  [
    'another kind',
    { body: { apiVersion: 'autoscaling/v1', kind: 'Ruler', metadata: { name: 'lamp' } } },
    400,
    /is a Ruler, not a Scale/,
  ],
];

for (const [what, options, status, message] of refused) {
  test(`refused of an update: ${what}`, async (t) => {
    const server = await serve({ scaling: { replicas: 3 } });
    const reply = await scale(server, 'PUT', options);
    t.is(reply.status, status, reply.text);
    t.regex(reply.json.message, message);
    t.is((await server.ask('GET', LAMP)).json.spec.scaling.replicas, 3);
  });
}

test('unknown fields of a Scale are refused, warned of or ignored, as is asked', async (t) => {
  const server = await serve({ scaling: { replicas: 3 } });
  const unknown = body({ replicas: 4, replcas: 5 });
  const url = (mode: string): string => `${LAMP}/scale?fieldValidation=${mode}`;
  const strict = await server.ask('PUT', url('Strict'), unknown);
  t.is(strict.status, 400);
  t.regex(strict.json.message, /strict decoding error: unknown field "spec\.replcas"$/);
  const warned = await server.ask('PUT', url('Warn'), unknown);
  t.deepEqual(warned.headers('warning')[0], '299 - "unknown field \\"spec.replcas\\""');
  t.is((await server.ask('PUT', url('Ignore'), unknown)).headers('warning').length, 1);
});

test('a scaled type holds its counts to what a Scale can say', async (t) => {
  const server = await serve({ scaling: { replicas: 3 } });
  const put = async (spec: Json): Promise<Reply> => {
    const { json } = await server.ask('GET', LAMP);
    return server.ask('PUT', LAMP, { body: { ...json, spec } });
  };
  for (const [replicas, detail] of [
    [-1, 'should be a non-negative integer'],
    [2 ** 31, 'should be less than or equal to 2147483647'],
    ['many', '.spec.scaling.replicas accessor error: "many" is not an integer'],
  ]) {
    const reply = await put({ scaling: { replicas } });
    t.is(reply.status, 422);
    t.true(reply.json.message.endsWith(String(detail)), reply.json.message);
    t.is(reply.json.details.causes[0].field, '.spec.scaling.replicas');
  }
  t.is((await put({ scaling: [] })).status, 422);
  t.is((await put({})).status, 200);
  const status = async (value: Json): Promise<Reply> =>
    server.ask('PATCH', `${LAMP}/status`, { headers: MERGE, body: { status: value } });
  t.is((await status({ replicas: -1 })).json.details.causes[0].field, '.status.replicas');
  t.is((await status({ selector: {} })).json.details.causes[0].field, '.status.selector');
  t.is((await status({ replicas: 1, selector: 'a=b' })).status, 200);
});

test('verbs that a scale has not are 405, a type without one has none', async (t) => {
  const server = await serve({ scaling: { replicas: 3 } });
  for (const method of ['POST', 'DELETE']) t.is((await scale(server, method)).status, 405);
  const plain = await TestServer.start();
  await plain.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  t.is((await plain.ask('GET', `${LAMP}/scale`)).status, 404);
});
