/** Hooks of a type's strategy: when they are called, with what, and what becomes of it. */

import test from 'ava';

import type { ObjectMeta } from '../../lib/object/index.js';
import { fieldInvalid, fieldRequired } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import type { HookContext, ResourceStrategy, UpdateContext } from '../../lib/rest/index.js';
import { MERGE, TestServer, widget, WIDGETS_URL } from './fixture.js';
import type { Json, Reply } from './fixture.js';

interface Widget {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: { size?: number; color?: string; parts?: number[] };
  status?: { phase?: string };
}

const LAMP = `${WIDGETS_URL}/lamp`;

/** A server of widgets with this strategy. */
async function serve(strategy: ResourceStrategy<Widget>): Promise<TestServer> {
  const type = defineResource<Widget>({
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    statusSubresource: true,
    strategy,
  });
  return TestServer.start({}, [type]);
}

const post = (server: TestServer, more: Json = { spec: {} }): Promise<Reply> =>
  server.ask('POST', WIDGETS_URL, { body: widget('lamp', more) });

/** Puts the object with a change made to it. */
async function put(server: TestServer, change: Json, url = LAMP): Promise<Reply> {
  const current = (await server.ask('GET', LAMP)).json;
  return server.ask('PUT', url, { body: { ...current, ...change } });
}

test('hooks of a create are called in order, each with what the others made', async (t) => {
  const seen: Json[] = [];
  const see = (hook: string, object: Widget, { verb, name, subresource }: HookContext): void => {
    seen.push([hook, verb, subresource, name, structuredClone(object)]);
  };
  const server = await serve({
    default: (object) => void (object.spec.color ??= 'red'),
    prepareForCreate: (object, context) => {
      see('prepareForCreate', object, context);
      object.status = { phase: 'New' };
    },
    validate: async (object, context) => {
      see('validate', object, context);
      return [];
    },
    warningsOnCreate: (object, context) => {
      see('warningsOnCreate', object, context);
      return ['a red lamp', 'a lamp'];
    },
    canonicalize: async (object, context) => {
      see('canonicalize', object, context);
      return { ...object, spec: { ...object.spec, parts: [1, 2] } };
    },
    prepareForUpdate: () => t.fail(),
    validateUpdate: () => t.fail() as never,
    warningsOnUpdate: () => t.fail() as never,
  });
  const reply = await post(server, { spec: { size: 3 }, status: { phase: 'mine' } });
  t.is(reply.status, 201, reply.text);
  const metadata = {
    name: 'lamp',
    namespace: 'team-a',
    uid: 'uid-1',
    creationTimestamp: '2026-01-02T03:04:05Z',
    generation: 1,
  };
  const prepared = {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata,
    spec: { size: 3, color: 'red' },
  };
  const whole = { ...prepared, status: { phase: 'New' } };
  t.deepEqual(seen, [
    ['prepareForCreate', 'create', '', 'lamp', prepared],
    ['validate', 'create', '', 'lamp', whole],
    ['warningsOnCreate', 'create', '', 'lamp', whole],
    ['canonicalize', 'create', '', 'lamp', whole],
  ]);
  t.deepEqual(reply.headers('warning'), ['299 - "a red lamp"', '299 - "a lamp"']);
  const stored = (await server.ask('GET', LAMP)).json;
  t.deepEqual(stored.spec, { size: 3, color: 'red', parts: [1, 2] });
  t.deepEqual(stored.status, { phase: 'New' });
});

test('hooks of an update know the stored object, its resourceVersion and its status', async (t) => {
  const seen: Json[] = [];
  const see = (hook: string, object: Widget, { verb, old }: UpdateContext<Widget>): void => {
    t.true(Object.isFrozen(old) && Object.isFrozen(old.spec));
    seen.push([hook, verb, object.spec.size, object.status, old.spec.size, old.status]);
  };
  const server = await serve({
    prepareForCreate: (object) => void (object.status = { phase: 'New' }),
    prepareForUpdate: (object, context) => {
      see('prepareForUpdate', object, context);
      object.spec.size = (object.spec.size ?? 0) * 10;
      t.is(context.old.metadata.resourceVersion, '2');
    },
    validateUpdate: async (object, context) => {
      see('validateUpdate', object, context);
      return [];
    },
    warningsOnUpdate: (object, context) => {
      see('warningsOnUpdate', object, context);
      return ['bigger'];
    },
    canonicalize: (object) => void (object.spec.color = 'blue'),
    warningsOnCreate: () => [],
  });
  await post(server, { spec: { size: 1 } });
  const reply = await put(server, { spec: { size: 2 }, status: { phase: 'mine' } });
  const status = { phase: 'New' };
  t.deepEqual(seen, [
    ['prepareForUpdate', 'update', 2, status, 1, status],
    ['validateUpdate', 'update', 20, status, 1, status],
    ['warningsOnUpdate', 'update', 20, status, 1, status],
  ]);
  t.deepEqual(reply.json.spec, { size: 20, color: 'blue' });
  t.is(reply.json.metadata.generation, 2);
  t.deepEqual(reply.headers('warning'), ['299 - "bigger"']);
});

test('the default fills what patches took away, and what old objects lack', async (t) => {
  let color: string | undefined;
  const olds: (string | undefined)[] = [];
  const server = await serve({
    default: (object) =>
      color === undefined ? object : { ...object, spec: { color, ...object.spec } },
    validateUpdate: (_, { old }) => {
      olds.push(old.spec.color);
      return [];
    },
  });
  await post(server, { spec: { size: 1 } });
  color = 'red';
  const patched = await server.ask('PATCH', LAMP, { headers: MERGE, body: { spec: { size: 2 } } });
  t.deepEqual(patched.json.spec, { size: 2, color: 'red' });
  t.is(patched.json.metadata.generation, 2);
  color = 'blue';
  const removed = await server.ask('PATCH', LAMP, {
    headers: MERGE,
    body: { spec: { color: null } },
  });
  t.deepEqual(removed.json.spec, { size: 2, color: 'blue' });
  const replaced = await put(server, { spec: {} });
  t.deepEqual(replaced.json.spec, { color: 'blue' });
  t.deepEqual(olds, ['red', 'red', 'blue']);
});

test('field errors stand behind those of the metadata, in one answer', async (t) => {
  const server = await serve({
    validate: ({ spec }) => [
      ...(spec.size === undefined ? [fieldRequired('spec.size')] : []),
      ...(spec.color === 'red' ? [] : [fieldInvalid('spec.color', spec.color, 'must be red')]),
    ],
  });
  const metadata = { labels: { 'a/b/c': 'x' } };
  const refused = await post(server, { metadata, spec: { color: 'blue' } });
  t.is(refused.status, 422);
  t.is(refused.json.reason, 'Invalid');
  t.deepEqual(
    refused.json.details.causes.map(({ reason, field }: Json) => [reason, field]),
    [
      ['FieldValueInvalid', 'metadata.labels'],
      ['FieldValueRequired', 'spec.size'],
      ['FieldValueInvalid', 'spec.color'],
    ],
  );
  t.regex(
    refused.json.message,
    /^Widget\.example\.com "lamp" is invalid: \[metadata\.labels: .*, spec\.size: Required value, spec\.color: Invalid value: "blue": must be red\]$/,
  );
  t.is((await server.ask('GET', LAMP)).status, 404);
  t.is((await post(server, { spec: { size: 1, color: 'red' } })).status, 201);
  const worse = await put(server, { spec: { size: 1, color: 'green' } });
  t.is(worse.status, 422, 'validate is asked for updates too where there is no validateUpdate');
  t.is(worse.json.details.causes.length, 1);
});

test('the status endpoint shows hooks the stored object with another status', async (t) => {
  const seen: Json[] = [];
  const server = await serve({
    prepareForUpdate: (object, { subresource, old }) => {
      seen.push([subresource, object.spec, object.metadata.labels, object.status, old.status]);
      object.spec = { size: 99 };
      object.metadata.labels = { hook: 'yes' };
      object.status = { phase: `${object.status?.phase}!` };
    },
    validateUpdate: ({ status }, { subresource }) =>
      subresource === 'status' && status?.phase === 'Bad!'
        ? [fieldInvalid('status.phase', status.phase, 'must be good')]
        : [],
    canonicalize: (object) => void (object.spec = { size: 98 }),
  });
  await post(server, { spec: {} });
  const stored = (await server.ask('GET', LAMP)).json;
  seen.length = 0;
  const metadata = { ...stored.metadata, labels: { client: 'yes' } };
  const change = { metadata, spec: { size: 7 }, status: { phase: 'Up' } };
  const reply = await put(server, change, `${LAMP}/status`);
  t.is(reply.status, 200, reply.text);
  t.deepEqual(seen, [['status', stored.spec, undefined, { phase: 'Up' }, undefined]]);
  t.deepEqual(reply.json.status, { phase: 'Up!' });
  t.deepEqual(reply.json.spec, stored.spec);
  t.is(reply.json.metadata.labels, undefined);
  t.is(reply.json.metadata.generation, 1);
  const bad = await put(server, { status: { phase: 'Bad' } }, `${LAMP}/status`);
  t.is(bad.status, 422);
  t.is(bad.json.details.causes[0].field, 'status.phase');
});

test('the generation counts what hooks change of the spec, and of nothing else', async (t) => {
  let change: (object: Widget) => void = () => undefined;
  const server = await serve({ prepareForUpdate: (object) => change(object) });
  await post(server, { spec: { size: 1 } });
  const generation = async (): Promise<number> =>
    (await put(server, { metadata: (await server.ask('GET', LAMP)).json.metadata })).json.metadata
      .generation;
  change = (object) => void (object.status = { phase: 'Touched' });
  t.is(await generation(), 1);
  change = (object) => void (object.metadata.annotations = { hook: 'yes' });
  t.is(await generation(), 1);
  change = (object) => void (object.spec.size = 2);
  t.is(await generation(), 2);
  change = () => undefined;
  t.is(await generation(), 2);
  const { status, metadata } = (await server.ask('GET', LAMP)).json;
  t.deepEqual([status, metadata.annotations], [{ phase: 'Touched' }, { hook: 'yes' }]);
});

test('numbers are numbers for hooks, and stay as they are written', async (t) => {
  const sizes: unknown[] = [];
  const server = await serve({
    default: (object) => void (object.spec.color ??= 'red'),
    prepareForCreate: (object) => ({ ...object, metadata: { ...object.metadata, labels: {} } }),
    prepareForUpdate: (object) => void object.spec.parts?.shift(),
    validate: ({ spec }) => {
      sizes.push(spec.size, spec.parts);
      return [];
    },
    canonicalize: (object) => structuredClone(object),
  });
  const body = Buffer.from(
    '{"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"lamp"},' +
      '"spec":{"size":9007199254740993,"parts":[1.0,2.50,9223372036854775807]}}',
  );
  const created = await server.ask('POST', WIDGETS_URL, { body });
  const parts = '"parts":[1.0,2.50,9223372036854775807],"size":9007199254740993}';
  t.true(created.text.includes(`"spec":{"color":"red",${parts}`), created.text);
  t.deepEqual(sizes, [9007199254740992, [1, 2.5, 2 ** 63]]);
  const patch = { metadata: { labels: { a: 'b' } } };
  const patched = await server.ask('PATCH', LAMP, { headers: MERGE, body: patch });
  t.true(patched.text.includes('"parts":[2.50,9223372036854775807],"size":9007199254740993}'));
});

test('hooks know who asks for what, and whether it is for real', async (t) => {
  const contexts: HookContext[] = [];
  const strategy: ResourceStrategy<Widget> = {
    prepareForCreate: (_, context) => void contexts.push(context),
    prepareForUpdate: (_, context) => void contexts.push(context),
  };
  const server = await serve(strategy);
  const body = widget('', { spec: {}, metadata: { name: undefined, generateName: 'w-' } } as never);
  await server.ask('POST', `${WIDGETS_URL}?dryRun=All`, { body, auditId: 'a-1' });
  await post(server);
  await server.ask('PATCH', `${LAMP}/status`, { headers: MERGE, body: { status: { phase: 'x' } } });
  const shown = contexts.map((context) => {
    const { verb, subresource, namespace, name, version, requestId, dryRun } = context;
    return { verb, subresource, namespace, name, version, requestId, dryRun };
  });
  const common = { namespace: 'team-a', version: 'v1', dryRun: false, requestId: '' };
  t.deepEqual(shown, [
    { ...common, verb: 'create', subresource: '', name: 'w-bbbbb', requestId: 'a-1', dryRun: true },
    { ...common, verb: 'create', subresource: '', name: 'lamp' },
    { ...common, verb: 'patch', subresource: 'status', name: 'lamp' },
  ]);
  t.is(contexts[0]?.user.username, 'tester');
  t.is(contexts[2]?.requestInfo?.path, `${LAMP}/status`);
  t.false(contexts[0]?.signal.aborted);
  const store = [...server.stores.values()][0];
  await store?.create({ namespace: 'team-a', object: widget('own', { spec: {} }) });
  t.is(contexts[3]?.user.username, 'system:apiserver');
  t.is(contexts[3]?.requestInfo, undefined);
});

test('hooks run again on the state of whoever was faster', async (t) => {
  const sizes: (number | undefined)[] = [];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let entered: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => (entered = resolve));
  const server = await serve({
    prepareForUpdate: async (object, { old }) => {
      if (object.spec.color !== 'slow') return;
      sizes.push(old.spec.size);
      entered();
      await held;
    },
  });
  await post(server, { spec: { size: 1 } });
  const patch = (spec: Json): Promise<Reply> =>
    server.ask('PATCH', LAMP, { headers: MERGE, body: { spec } });
  const slow = patch({ color: 'slow' });
  await inside;
  t.is((await patch({ size: 2 })).status, 200, 'nobody waits for a hook of another request');
  release();
  t.deepEqual((await slow).json.spec, { size: 2, color: 'slow' });
  t.deepEqual(sizes, [1, 2]);
});

test('an object made valid by its last change may lose its finalizers and go', async (t) => {
  const server = await serve({ validateUpdate: () => [], canonicalize: (object) => object });
  await post(server, { spec: {}, metadata: { finalizers: ['example.com/hold'] } });
  t.is((await server.ask('DELETE', LAMP)).status, 200);
  const body = { metadata: { finalizers: null } };
  t.is((await server.ask('PATCH', LAMP, { headers: MERGE, body })).status, 200);
  t.is((await server.ask('GET', LAMP)).status, 404);
});

test('hooks of a create run again with another name when the first one is taken', async (t) => {
  const tried: string[] = [];
  const type = defineResource<Widget>({
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    strategy: {
      prepareForCreate: (object, { name }) => void tried.push(`${name} ${object.metadata.name}`),
    },
  });
  const digits = [...Array.from({ length: 10 }, () => 0), 1, 0, 0, 0, 0];
  const random = (): number => (digits.shift() ?? 0) / 27 + 0.001;
  const server = await TestServer.start({ random }, [type]);
  const metadata = { name: undefined, generateName: 'w-' };
  const body = widget('', { spec: {}, metadata } as never);
  await server.ask('POST', WIDGETS_URL, { body });
  t.is((await server.ask('POST', WIDGETS_URL, { body })).json.metadata.name, 'w-cbbbb');
  t.deepEqual(tried, ['w-bbbbb w-bbbbb', 'w-bbbbb w-bbbbb', 'w-cbbbb w-cbbbb']);
});
