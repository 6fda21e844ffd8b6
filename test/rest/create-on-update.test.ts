/** What a strategy allows a PUT: to create what is missing, and to replace whatever there is. */

import test from 'ava';

import { forbidden } from '../../lib/request/index.js';
import type { RequestInfo, UserInfo } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import type { ResourceStrategy } from '../../lib/rest/index.js';
import type { UnknownObject } from '../../lib/object/index.js';
import { JSON_PATCH, MERGE, TestServer, widget, WIDGETS_URL } from './fixture.js';
import type { ServerOptions } from './fixture.js';

const LAMP = `${WIDGETS_URL}/lamp`;

const serve = (
  strategy: ResourceStrategy<UnknownObject>,
  options: ServerOptions = {},
): Promise<TestServer> => {
  const names = { group: 'example.com', version: 'v1', kind: 'Widget' };
  const type = defineResource({ ...names, statusSubresource: true, strategy });
  return TestServer.start(options, [type]);
};

test('a PUT to a missing name creates, with the hooks of a create', async (t) => {
  const hooks: string[] = [];
  const server = await serve({
    allowCreateOnUpdate: true,
    prepareForCreate: (_, { verb, name }) => void hooks.push(`prepareForCreate ${verb} ${name}`),
    validate: () => [],
    validateUpdate: () => t.fail() as never,
    warningsOnCreate: () => ['made by a PUT'],
  });
  const body = widget('lamp', { spec: { size: 1 }, status: { phase: 'mine' } });
  const reply = await server.ask('PUT', LAMP, { body });
  t.is(reply.status, 201, reply.text);
  t.deepEqual(hooks, ['prepareForCreate update lamp']);
  t.deepEqual(reply.headers('warning'), ['299 - "made by a PUT"']);
  const { uid, generation, creationTimestamp, namespace } = reply.json.metadata;
  t.deepEqual(
    [uid, generation, creationTimestamp, namespace, reply.json.status],
    ['uid-1', 1, '2026-01-02T03:04:05Z', 'team-a', undefined],
  );
  t.is((await server.ask('GET', LAMP)).text, reply.text);
});

test('without leave a PUT to a missing name is 404', async (t) => {
  for (const strategy of [{}, { allowCreateOnUpdate: false }]) {
    const server = await serve(strategy);
    t.is((await server.ask('PUT', LAMP, { body: widget('lamp') })).status, 404);
  }
});

test('a patch and an update of the status create nothing', async (t) => {
  const server = await serve({ allowCreateOnUpdate: true });
  t.is((await server.ask('PATCH', LAMP, { headers: MERGE, body: {} })).status, 404);
  t.is((await server.ask('PATCH', LAMP, { headers: JSON_PATCH, body: [] })).status, 404);
  t.is((await server.ask('PUT', `${LAMP}/status`, { body: widget('lamp') })).status, 404);
});

test('what is refused of a create is refused of a PUT that creates', async (t) => {
  const server = await serve({ allowCreateOnUpdate: true });
  const uid = widget('lamp', { metadata: { uid: 'gone' } });
  const conflict = await server.ask('PUT', LAMP, { body: uid });
  t.is(conflict.status, 409);
  t.regex(conflict.json.message, /UID in precondition: gone, UID in object meta: $/);
  const malformed = widget('lamp', { metadata: { resourceVersion: 'x' } });
  const bad = await server.ask('PUT', LAMP, { body: malformed });
  t.is(bad.status, 400);
  t.is(bad.json.message, 'invalid resource version: "x"');
  const labels = widget('lamp', { metadata: { labels: { a: '-' } } });
  t.is((await server.ask('PUT', LAMP, { body: labels })).status, 422);
  t.is((await server.ask('PUT', LAMP, { body: widget('other') })).status, 400);
  t.is((await server.ask('GET', LAMP)).status, 404);
});

test('a PUT that creates needs leave to create, and only then', async (t) => {
  const asked: string[] = [];
  const authorize = async (
    { username }: UserInfo,
    _request: unknown,
    info: RequestInfo,
  ): Promise<void> => {
    asked.push(`${username} ${info.verb} ${info.name}`);
    throw forbidden('not you', info, info.name);
  };
  const server = await serve({ allowCreateOnUpdate: true }, { handler: { authorize } });
  t.is((await server.ask('PUT', LAMP, { body: widget('lamp') })).status, 403);
  t.deepEqual(asked, ['tester create lamp']);
  const { json } = await server.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  t.is((await server.ask('PUT', LAMP, { body: { ...json, spec: {} } })).status, 200);
  t.is(asked.length, 1);
});

test('a PUT creates although it has a resourceVersion, as upstream', async (t) => {
  const server = await serve({ allowCreateOnUpdate: true });
  const body = widget('lamp', { metadata: { resourceVersion: '5' } });
  const reply = await server.ask('PUT', LAMP, { body });
  t.is(reply.status, 201);
  t.is(reply.json.metadata.resourceVersion, '2');
});

test('a dry PUT shows what it would create, and creates nothing', async (t) => {
  const server = await serve({ allowCreateOnUpdate: true });
  const reply = await server.ask('PUT', `${LAMP}?dryRun=All`, { body: widget('lamp') });
  t.is(reply.status, 201);
  t.is(reply.json.metadata.resourceVersion, undefined);
  t.is((await server.ask('GET', LAMP)).status, 404);
});

test('a PUT that finds the object made meanwhile is an update after all', async (t) => {
  let meet: (() => Promise<unknown>) | undefined;
  const server = await serve({
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: true,
    prepareForCreate: async () => {
      const first = meet;
      meet = undefined;
      await first?.();
    },
  });
  meet = () => server.ask('POST', WIDGETS_URL, { body: widget('lamp', { spec: { by: 'POST' } }) });
  const reply = await server.ask('PUT', LAMP, { body: widget('lamp', { spec: { by: 'PUT' } }) });
  t.is(reply.status, 200, reply.text);
  t.is(reply.json.metadata.generation, 2);
  t.deepEqual(reply.json.spec, { by: 'PUT' });
});

test('an update without a resourceVersion is refused, unless the strategy allows it', async (t) => {
  const strict = await serve({ allowUnconditionalUpdate: false });
  await strict.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  const refused = await strict.ask('PUT', LAMP, { body: widget('lamp', { spec: {} }) });
  t.is(refused.status, 422);
  t.deepEqual(refused.json.details.causes, [
    {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0: must be specified for an update',
      field: 'metadata.resourceVersion',
    },
  ]);
  const lax = await serve({ allowUnconditionalUpdate: true });
  const { json } = await lax.ask('POST', WIDGETS_URL, { body: widget('lamp') });
  const replaced = await lax.ask('PUT', LAMP, { body: widget('lamp', { spec: { a: 1 } }) });
  t.is(replaced.status, 200);
  t.deepEqual(replaced.json.spec, { a: 1 });
  const stale = await lax.ask('PUT', LAMP, { body: json });
  t.is(stale.status, 409, 'one that is given still has to be the newest');
});
