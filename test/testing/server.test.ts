/** A test server from its start to its end: what it serves, to whom, and by itself. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { isStatusError } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { fakeClock, startTestServer, TestingError } from '../../lib/testing/index.js';
import { ENGINES } from '../engine/engines.js';
import { ask, serverFor, teams, widget, widgets, WIDGETS, type Widget } from './fixture.js';

const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'lamps.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'lamps', kind: 'Lamp' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object' } },
        subresources: { status: {} },
      },
    ],
  },
};

const CRD_TEXT = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shades.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: shades, kind: Shade}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
`;

async function clientOf(config: KubeConfig, name: string): Promise<Widget> {
  const api = config.makeApiClient(CustomObjectsApi);
  const where = { group: 'example.com', version: 'v1', namespace: 'shop', plural: 'widgets' };
  return (await api.getNamespacedCustomObject({ ...where, name })) as Widget;
}

test('every form of the kubeconfig lets a client in', async (t) => {
  const server = await serverFor(t, { objects: [widget('lamp')] });
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rm(folder, { recursive: true }));
  server.writeKubeconfig(join(folder, 'config'));
  const load: { readonly [form: string]: (config: KubeConfig) => void } = {
    text: (config) => config.loadFromString(server.kubeconfigText),
    object: (config) => config.loadFromString(JSON.stringify(server.kubeconfig)),
    options: (config) => config.loadFromOptions(server.clientOptions),
    file: (config) => config.loadFromFile(join(folder, 'config')),
  };
  for (const [form, into] of Object.entries(load)) {
    const config = new KubeConfig();
    into(config);
    t.is((await clientOf(config, 'lamp')).spec.color, 'red', form);
  }
  t.regex(await readFile(join(folder, 'config'), 'utf8'), /client-certificate-data/);
  t.deepEqual(
    server.requests.all().map(({ user }) => user),
    Array(4).fill('shardwatch-admin'),
  );
});

test('definitions come as objects, texts, files and folders, beside types made by code', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const named = (name: string, kind: string): string =>
    CRD_TEXT.replaceAll('shades', name).replace('Shade', kind);
  await writeFile(join(folder, 'a.yaml'), named('chairs', 'Chair'));
  const inner = await mkdtemp(join(folder, 'inner-'));
  await writeFile(join(inner, 'b.yml'), named('desks', 'Desk'));
  const server = await startTestServer({
    crds: [CRD, CRD_TEXT, join(folder, 'a.yaml'), inner],
    resources: [teams],
  });
  t.teardown(() => server.close());
  const { resources } = (await ask(server, '/apis/example.com/v1')).json<{
    resources: { name: string }[];
  }>();
  t.deepEqual(
    resources.map(({ name }) => name).filter((name) => !name.includes('/')),
    ['chairs', 'desks', 'lamps', 'shades', 'teams'],
  );
});

test('objects are there from the beginning, in order, with their status', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeFile(
    join(folder, 'two.yaml'),
    `apiVersion: example.com/v1
kind: Widget
metadata: {name: from-file}
spec: {color: blue, big: 9007199254740993}
status: {phase: Ready, seen: 9007199254740995, load: 1.0}
---
# nothing here
---
apiVersion: example.com/v1
kind: Team
metadata: {name: atlas}
`,
  );
  const server = await serverFor(t, {
    objects: [
      { ...widget('plain'), status: { phase: 'Ready' } },
      { ...widget('', 'green'), metadata: { generateName: 'made-' }, status: { phase: 'New' } },
      folder,
    ],
  });
  const plain = await server.get(widgets, { namespace: 'shop', name: 'plain' });
  t.is(plain?.status?.phase, 'Ready');
  const [made, fromFile] = await Promise.all([
    server.list(widgets, { namespace: 'default', fieldSelector: 'spec.color=green' }),
    ask(server, '/apis/example.com/v1/namespaces/default/widgets/from-file'),
  ]);
  t.regex(made[0]?.metadata.name ?? '', /^made-/);
  t.is(made[0]?.status?.phase, 'New');
  for (const lexeme of ['9007199254740993', '9007199254740995', '"load":1.0']) {
    t.true(fromFile.text.includes(lexeme), lexeme);
  }
  t.truthy(await server.get(teams, { name: 'atlas' }));
});

test('the test itself creates, reads, changes and deletes', async (t) => {
  const server = await serverFor(t);
  const created = await server.create(widget('lamp'));
  t.regex(created.metadata.uid ?? '', /-/);
  const reference = { namespace: 'shop', name: 'lamp' };
  const updated = await server.update({ ...created, spec: { color: 'blue' } });
  t.is(updated.spec.color, 'blue');
  const conflict = await t.throwsAsync(server.update({ ...created, spec: { color: 'grey' } }));
  t.true(isStatusError(conflict) && conflict.code === 409 && conflict.reason === 'Conflict');
  const merged = await server.patch(widgets, reference, { spec: { color: 'green' } });
  t.is(merged.spec.color, 'green');
  const patch = [{ op: 'replace', path: '/spec/color', value: 'white' }];
  const patched = await server.patch(widgets, reference, patch, { type: 'json' });
  t.is(patched.spec.color, 'white');
  const status = { ...patched, spec: { color: 'lost' }, status: { phase: 'Ready' } };
  const ready = await server.update(status, { subresource: 'status' });
  t.like(ready, { spec: { color: 'white' }, status: { phase: 'Ready' } });
  await server.create({ ...widget('other', 'black', 'attic') });
  const names = async (selection: object): Promise<(string | undefined)[]> =>
    (await server.list(widgets, selection)).map(({ metadata }) => metadata.name);
  t.deepEqual(await names({}), ['other', 'lamp']);
  t.deepEqual(await names({ namespace: 'shop' }), ['lamp']);
  t.deepEqual(await names({ fieldSelector: 'spec.color=black' }), ['other']);
  t.is(await server.delete(widgets, reference), undefined);
  t.is(await server.get(widgets, reference), undefined);
  await t.throwsAsync(server.delete(widgets, reference), { message: /"lamp" not found/ });
  t.is(server.requests.count(), 0, 'what the test does itself is no request');
});

test('a deletion that finalizers hold up resolves to what is left', async (t) => {
  const server = await serverFor(t);
  const held = widget('lamp');
  await server.create({ ...held, metadata: { ...held.metadata, finalizers: ['example.com/x'] } });
  const reference = { namespace: 'shop', name: 'lamp' };
  const left = await server.delete(widgets, reference);
  t.deepEqual(left?.metadata.finalizers, ['example.com/x']);
  await server.patch(widgets, reference, { metadata: { finalizers: null } });
  t.is(await server.get(widgets, reference), undefined);
});

test('what is served by handlers is reached, and not recorded', async (t) => {
  const asked: string[] = [];
  const checks = defineResource({
    group: 'example.com',
    version: 'v1',
    kind: 'Check',
    handlers: {
      create: ({ user, object }) => {
        asked.push(user.username);
        return { ...object, status: { allowed: true } };
      },
      get: ({ name }) => ({ metadata: { name, namespace: 'default' } }),
    },
  });
  const server = await startTestServer({ resources: [checks, widgets] });
  t.teardown(() => server.close());
  const check = { apiVersion: 'example.com/v1', kind: 'Check', metadata: { name: 'may-i' } };
  const created: typeof check & { status?: object } = await server.create(check);
  t.deepEqual(created.status, { allowed: true });
  t.deepEqual(asked, ['shardwatch-admin']);
  t.is((await server.get(checks, { name: 'a' }))?.metadata?.name, 'a');
  t.deepEqual(server.snapshot(), {});
  for (const use of [
    async () => server.record(checks),
    async () => server.waitFor(checks, () => true),
    async () => server.snapshot({ resources: ['checks.example.com'] }),
  ]) {
    const error = await t.throwsAsync(use, { instanceOf: TestingError, message: /not stored/ });
    t.is(error?.code, 'invalid-options');
  }
});

test('users have tokens and groups, and only what they may do is done', async (t) => {
  const server = await serverFor(t, {
    users: [{ name: 'ana', groups: ['makers'] }, { name: 'guest' }],
    authorizer: {
      authorize: async ({ user }) =>
        user.groups.includes('makers') ? { allowed: true } : { allowed: false, reason: 'no maker' },
    },
  });
  const asked = async (user?: string): Promise<number> =>
    (await ask(server, WIDGETS, user === undefined ? {} : { user })).status;
  t.is(await asked('ana'), 200);
  t.is(await asked('guest'), 403);
  t.is(await asked(), 200, 'the administrator may do everything');
  const config = new KubeConfig();
  config.loadFromString(server.user('guest').kubeconfigText);
  const refused = await t.throwsAsync(clientOf(config, 'lamp'));
  t.regex(refused?.message ?? '', /guest.*no maker/);
  t.throws(() => server.user('nobody'), { instanceOf: TestingError, message: /ana, guest/ });
});

test('without TLS it is plain HTTP, with tokens', async (t) => {
  const server = await serverFor(t, { tls: false, objects: [widget('lamp')] });
  t.regex(server.url, /^http:/);
  const headers = { authorization: `Bearer ${server.user().token}` };
  const answer = await fetch(`${server.url}${WIDGETS}/lamp`, { headers });
  t.is(answer.status, 200);
  t.like(await answer.json(), { spec: { color: 'red' } });
  t.is((await fetch(`${server.url}${WIDGETS}`)).status, 401);
  t.is(server.requests.all().at(-1)?.user, '');
});

test('servers side by side have nothing to do with each other', async (t) => {
  const servers = await Promise.all(Array.from({ length: 5 }, () => serverFor(t)));
  await Promise.all(servers.map((server, index) => server.create(widget(`lamp-${index}`))));
  for (const [index, server] of servers.entries()) {
    const found = await server.list(widgets);
    t.deepEqual(
      found.map(({ metadata }) => metadata.name),
      [`lamp-${index}`],
    );
  }
  t.is(new Set(servers.map(({ url }) => url)).size, 5);
  await servers[0]?.close();
  t.is((await ask(servers[1]!, WIDGETS)).status, 200);
  const foreign = await fetch(servers[1]!.url, {
    headers: { authorization: `Bearer ${servers[2]!.user().token}` },
  }).catch((error: unknown) => error);
  t.true(foreign instanceof Error, 'a certificate that nobody vouches for');
});

for (const { kind: engine } of ENGINES) {
  test(`${engine}: the engine is the one that was asked for`, async (t) => {
    const server = await serverFor(t, { engine, objects: [widget('lamp')] });
    t.is(server.engine, engine);
    t.is((await ask(server, `${WIDGETS}/lamp`)).status, 200);
  });
}

test('its times are those of its clock', async (t) => {
  const clock = fakeClock({ now: Date.UTC(2031, 4, 5) });
  const server = await serverFor(t, { clock, objects: [widget('lamp')] });
  t.is(server.clock, clock);
  const lamp = await server.get('widgets.example.com', { namespace: 'shop', name: 'lamp' });
  t.is(lamp?.metadata?.creationTimestamp, '2031-05-05T00:00:00Z');
  await clock.advance(86_400_000);
  await server.create(widget('later'));
  const later = await server.get('widgets.example.com', { namespace: 'shop', name: 'later' });
  t.is(later?.metadata?.creationTimestamp, '2031-05-06T00:00:00Z');
});

test('after close nothing is served, and what is asked of it says so', async (t) => {
  const server = await serverFor(t);
  const waiting = t.throwsAsync(
    server.waitFor(() => false),
    { instanceOf: TestingError },
  );
  const recorder = server.record(widgets);
  const next = t.throwsAsync(recorder.next(), { instanceOf: TestingError });
  await Promise.all([server.close(), server.close()]);
  t.is((await waiting)?.code, 'closed');
  t.is((await next)?.code, 'closed');
  await t.throwsAsync(ask(server, WIDGETS), { code: 'ECONNREFUSED' });
  for (const use of [
    () => server.create(widget('lamp')),
    () => server.record(widgets),
    () => server.snapshot(),
    () => server.waitFor(() => true),
  ]) {
    const error = await t.throwsAsync(async () => use(), { instanceOf: TestingError });
    t.is(error?.code, 'closed');
  }
});

test('await using closes it', async (t) => {
  let url: string;
  {
    await using server = await startTestServer({ resources: [widgets], tls: false });
    url = server.url;
    t.is((await fetch(url)).status, 401);
  }
  await t.throwsAsync(fetch(url));
});
