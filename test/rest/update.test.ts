/** PUT and PATCH: merging into the present object, versions, generations, status, refusals. */

import test from 'ava';
import { encodeJson } from '../../lib/object/lossless/index.js';
import type { Json } from './fixture.js';
import { JSON_PATCH, MERGE, RACKS_URL, TestServer, widget, WIDGETS_URL } from './fixture.js';

const LAMP = `${WIDGETS_URL}/lamp`;

async function withLamp(more = {}): Promise<{ server: TestServer; lamp: Json }> {
  const server = await TestServer.start();
  const body = widget('lamp', { spec: { size: 1 }, ...more });
  const { json: lamp } = await server.ask('POST', WIDGETS_URL, { body });
  return { server, lamp };
}

test('a PUT replaces spec and metadata, and raises the generation', async (t) => {
  const { server, lamp } = await withLamp();
  const body = {
    ...lamp,
    metadata: {
      name: 'lamp',
      resourceVersion: lamp.metadata.resourceVersion,
      labels: { a: 'b' },
      generation: 77,
      creationTimestamp: '2001-01-01T00:00:00Z',
    },
    spec: { size: 2 },
    status: { phase: 'ignored' },
  };
  const reply = await server.ask('PUT', LAMP, { body });
  t.is(reply.status, 200);
  t.is(
    reply.text,
    '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{' +
      '"creationTimestamp":"2026-01-02T03:04:05Z","generation":2,"labels":{"a":"b"},' +
      '"name":"lamp","namespace":"team-a","resourceVersion":"3","uid":"uid-1"},"spec":{"size":2}}\n',
  );
  t.is((await server.ask('GET', LAMP)).text, reply.text);
});

test('a change of metadata alone keeps the generation', async (t) => {
  const { server } = await withLamp();
  const body = { metadata: { labels: { a: 'b' } } };
  const reply = await server.ask('PATCH', LAMP, { body, headers: MERGE });
  t.is(reply.json.metadata.generation, 1);
  t.is(reply.json.metadata.resourceVersion, '3');
});

test('an update that changes nothing writes nothing, and watches hear nothing', async (t) => {
  const { server, lamp } = await withLamp();
  const requests = [
    ['PUT', lamp, {}],
    ['PATCH', {}, MERGE],
    ['PATCH', { metadata: { labels: {}, annotations: null } }, MERGE],
    ['PATCH', [], JSON_PATCH],
  ] as const;
  for (const [method, body, headers] of requests) {
    const reply = await server.ask(method, LAMP, { body, headers });
    t.is(reply.status, 200);
    t.deepEqual(reply.json, lamp);
  }
  t.is(await server.storage.committedRevision(), 2n);
});

test('1 and 1.0 are two values, and 64-bit integers survive patches', async (t) => {
  const { server } = await withLamp({ spec: { size: 1, big: 1 } });
  const merged = await server.ask('PATCH', LAMP, {
    body: Buffer.from('{"spec":{"size":1.0,"big":9223372036854775807}}'),
    headers: MERGE,
  });
  t.true(merged.text.includes('"spec":{"big":9223372036854775807,"size":1.0}'));
  t.is(merged.json.metadata.generation, 2);
  const patched = await server.ask('PATCH', LAMP, {
    body: Buffer.from(
      '[{"op":"test","path":"/spec/big","value":9223372036854775807},' +
        '{"op":"copy","from":"/spec/big","path":"/spec/copy"}]',
    ),
    headers: JSON_PATCH,
  });
  t.true(
    patched.text.includes(
      '"spec":{"big":9223372036854775807,"copy":9223372036854775807,"size":1.0}',
    ),
  );
  const failed = await server.ask('PATCH', LAMP, {
    body: Buffer.from('[{"op":"test","path":"/spec/big","value":9223372036854775806}]'),
    headers: JSON_PATCH,
  });
  t.is(failed.status, 422);
});

test('the main endpoint keeps the status, and /status keeps the rest', async (t) => {
  const { server, lamp } = await withLamp();
  const ready = { status: { phase: 'Ready' }, spec: { size: 9 }, metadata: { labels: { x: 'y' } } };
  const status = await server.ask('PATCH', `${LAMP}/status`, { body: ready, headers: MERGE });
  t.is(status.status, 200);
  t.deepEqual(status.json.status, { phase: 'Ready' });
  t.deepEqual(status.json.spec, { size: 1 });
  t.is(status.json.metadata.labels, undefined);
  t.is(status.json.metadata.generation, 1);
  const main = await server.ask('PATCH', LAMP, {
    body: { status: { phase: 'Broken' } },
    headers: MERGE,
  });
  t.deepEqual(main.json, status.json, 'nothing changed');
  const put = await server.ask('PUT', `${LAMP}/status`, {
    body: { ...status.json, spec: {}, status: undefined } as Json,
  });
  t.is(put.json.status, undefined);
  t.deepEqual(put.json.spec, { size: 1 });
  const stale = await server.ask('PUT', `${LAMP}/status`, { body: lamp });
  t.is(stale.status, 409);
  t.deepEqual((await server.ask('GET', `${LAMP}/status`)).json, put.json);
});

test('without a status subresource the status is a field like any other', async (t) => {
  const server = await TestServer.start();
  const rack = { apiVersion: 'example.com/v1', kind: 'Rack', metadata: { name: 'r' } };
  await server.ask('POST', RACKS_URL, { body: rack });
  const body = { status: { phase: 'Ready' } };
  const reply = await server.ask('PATCH', `${RACKS_URL}/r`, { body, headers: MERGE });
  t.is(reply.json.metadata.generation, 2);
  t.is((await server.ask('GET', `${RACKS_URL}/r/status`)).status, 404);
});

test('a patch in another version is applied to the object as that version shows it', async (t) => {
  const { server } = await withLamp();
  const url = '/apis/example.com/v1beta1/namespaces/team-a/widgets/lamp';
  const test = { op: 'test', path: '/apiVersion', value: 'example.com/v1beta1' };
  const size = { op: 'replace', path: '/spec/size', value: 2 };
  const reply = await server.ask('PATCH', url, { body: [test, size], headers: JSON_PATCH });
  t.is(reply.json.apiVersion, 'example.com/v1beta1');
  t.is((await server.ask('GET', LAMP)).json.apiVersion, 'example.com/v1');
  t.is((await server.ask('GET', LAMP)).json.spec.size, 2);
});

test('a dry run answers the result and writes nothing', async (t) => {
  const { server, lamp } = await withLamp();
  const body = { spec: { size: 2 } };
  const reply = await server.ask('PATCH', `${LAMP}?dryRun=All`, { body, headers: MERGE });
  t.is(reply.json.spec.size, 2);
  t.is(reply.json.metadata.generation, 2);
  t.is(reply.json.metadata.resourceVersion, '2');
  t.deepEqual((await server.ask('GET', LAMP)).json, lamp);
});

test('an object of an older storage version is moved by its next write', async (t) => {
  const server = await TestServer.start();
  const old = encodeJson({
    ...widget('lamp', { spec: { size: 1 } }),
    apiVersion: 'example.com/v1beta1',
    metadata: { name: 'lamp', namespace: 'team-a', uid: 'u', generation: 4 },
  });
  const key = '/example.com/widgets/team-a/lamp';
  await server.storage.write({ key, expected: 0n, value: old });
  t.is((await server.ask('GET', LAMP)).json.apiVersion, 'example.com/v1');
  const body = { metadata: { labels: { a: 'b' } } };
  const reply = await server.ask('PATCH', LAMP, { body, headers: MERGE });
  t.is(reply.json.metadata.generation, 4);
  const stored = await server.storage.get(key);
  t.regex(Buffer.from(stored?.value ?? []).toString(), /^{"apiVersion":"example.com\/v1",/);
});

test('duplicate and unknown members of patches are warned of, or ignored', async (t) => {
  const { server } = await withLamp();
  const type = 'application/merge-patch+json';
  const body = Buffer.from('{"spec":{"a":1,"a":2}}');
  const headers = { 'Content-Type': type };
  const warned = await server.ask('PATCH', LAMP, { body, headers });
  t.is(warned.header('warning'), '299 - "duplicate field \\"spec.a\\""');
  const ignored = await server.ask('PATCH', `${LAMP}?fieldValidation=Ignore`, { body, headers });
  t.is(ignored.header('warning'), undefined);
  const operations = [{ op: 'test', path: '/spec/a', value: 2, more: 1 }];
  const reply = await server.ask('PATCH', LAMP, {
    body: operations,
    headers: { 'Content-Type': 'application/json-patch+json' },
  });
  t.is(reply.header('warning'), '299 - "json patch unknown field \\"[0].more\\""');
});

test('a JSON patch of null changes nothing', async (t) => {
  const { server, lamp } = await withLamp();
  const headers = { 'Content-Type': 'application/json-patch+json' };
  const reply = await server.ask('PATCH', LAMP, { body: Buffer.from('null'), headers });
  t.deepEqual(reply.json, lamp);
});

test('only new finalizers are warned of', async (t) => {
  const { server } = await withLamp();
  const headers = { 'Content-Type': 'application/merge-patch+json' };
  const finalize = (...finalizers: string[]): ReturnType<TestServer['ask']> =>
    server.ask('PATCH', LAMP, { body: { metadata: { finalizers } }, headers });
  t.regex((await finalize('old')).header('warning') ?? '', /"old\\"/);
  t.is((await finalize('old')).header('warning'), undefined);
  const warning = (await finalize('old', 'new')).header('warning') ?? '';
  t.regex(warning, /"new\\"/);
  t.notRegex(warning, /"old\\"/);
});

test('the update that lets an object go answers with the revision it last had', async (t) => {
  const { server } = await withLamp({ finalizers: ['example.com/f'] });
  const marked = (await server.ask('DELETE', LAMP)).json;
  const reply = await server.ask('PATCH', LAMP, {
    body: { metadata: { finalizers: null } },
    headers: { 'Content-Type': 'application/merge-patch+json' },
  });
  t.is(reply.json.metadata.resourceVersion, marked.metadata.resourceVersion);
  t.is((await server.ask('GET', LAMP)).status, 404);
});
