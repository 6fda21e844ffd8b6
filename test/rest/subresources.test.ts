/** Subresources that are functions: what they are given, and what becomes of their results. */

import test from 'ava';

import { forbidden, silentLogger, timeout } from '../../lib/request/index.js';
import type { LogFields } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import type {
  OwnSubresources,
  ResourceStrategy,
  SubresourceContext,
} from '../../lib/rest/index.js';
import { TestServer, WIDGETS_URL } from './fixture.js';
import type { Json } from './fixture.js';

interface Widget {
  apiVersion: string;
  kind: string;
  metadata: { name: string; resourceVersion?: string; annotations?: { [key: string]: string } };
  spec: { size?: number };
}

const LAMP = `${WIDGETS_URL}/lamp`;

async function serve(
  subresources: OwnSubresources<Widget>,
  strategy: ResourceStrategy<Widget> = {},
): Promise<{ server: TestServer; log: LogFields[] }> {
  const log: LogFields[] = [];
  const tell = (fields: LogFields): void => void log.push(fields);
  const logger = { ...silentLogger, warn: tell, error: tell };
  const names = { group: 'example.com', version: 'v1', kind: 'Widget' };
  const type = defineResource<Widget>({ ...names, subresources, strategy });
  const server = await TestServer.start({ handler: { logger } }, [type]);
  const body = Buffer.from(
    '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"lamp"},"spec":{"size":1.0}}',
  );
  await server.ask('POST', WIDGETS_URL, { body });
  return { server, log };
}

test('a function knows the request, reads the body and changes its object', async (t) => {
  const seen: Json[] = [];
  const validated: string[] = [];
  const restart = async (context: SubresourceContext<Widget>): Promise<object> => {
    const { verb, subresource, namespace, name, version, user, requestId, dryRun, query } = context;
    seen.push({ verb, subresource, namespace, name, version, requestId, dryRun });
    t.is(user.username, 'tester');
    t.is(query.get('hard'), 'yes');
    const { reason = '' } = (await context.body<{ reason: string }>()) ?? {};
    t.is((await context.object()).spec.size, 1);
    const changed = await context.update((object) => {
      object.metadata.annotations = { 'example.com/restarted': reason };
    });
    return { restarted: changed.metadata.resourceVersion };
  };
  const { server } = await serve(
    { restart: { kind: 'Restart', create: restart } },
    {
      validateUpdate: (_, { verb, subresource }) => {
        validated.push(`${verb} ${subresource}`);
        return [];
      },
    },
  );
  const reply = await server.ask('POST', `${LAMP}/restart?hard=yes`, {
    body: { reason: 'slow' },
    auditId: 'audit-9',
  });
  t.is(reply.status, 201, reply.text);
  t.deepEqual(reply.json, { kind: 'Restart', apiVersion: 'example.com/v1', restarted: '3' });
  const about = { namespace: 'team-a', name: 'lamp', version: 'v1', requestId: 'audit-9' };
  t.deepEqual(seen, [{ verb: 'create', subresource: 'restart', ...about, dryRun: false }]);
  t.deepEqual(validated, ['update restart']);
  const stored = await server.ask('GET', LAMP);
  t.is(stored.json.metadata.annotations['example.com/restarted'], 'slow');
  t.true(stored.text.includes('"size":1.0'));
});

test('a dry run of a function changes nothing', async (t) => {
  const { server } = await serve({
    grow: {
      update: async ({ update, dryRun }) => {
        t.true(dryRun);
        return update(({ spec }) => void (spec.size = 9));
      },
    },
  });
  const reply = await server.ask('PUT', `${LAMP}/grow?dryRun=All`);
  t.is(reply.status, 200);
  t.is(reply.json.spec.size, 9);
  t.is((await server.ask('GET', LAMP)).json.spec.size, 1);
  t.is((await server.ask('PUT', `${LAMP}/grow?dryRun=Some`)).status, 422);
});

test('only the verbs that there are functions for are served', async (t) => {
  const { server } = await serve({ report: { get: () => ({ lines: 2 }) } });
  t.is((await server.ask('GET', `${LAMP}/report`)).json.kind, 'Widget');
  t.is((await server.ask('HEAD', `${LAMP}/report`)).text, '');
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    t.is((await server.ask(method, `${LAMP}/report`)).status, 405, method);
  }
  t.is((await server.ask('GET', `${LAMP}/other`)).status, 404);
});

test('nothing is a Status of success, and a Status is answered with its code', async (t) => {
  const results: Json[] = [];
  const { server } = await serve({ eviction: { create: async () => results.shift() } });
  const done = await server.ask('POST', `${LAMP}/eviction`);
  t.is(done.status, 201);
  t.like(done.json, { kind: 'Status', apiVersion: 'v1', status: 'Success', code: 201 });
  const result = { kind: 'Status', status: 'Failure', reason: 'TooManyRequests', code: 429 };
  results.push(result, result);
  const refused = await server.ask('POST', `${LAMP}/eviction`);
  t.is(refused.status, 429);
  t.like(refused.json, { ...result, apiVersion: 'v1' });
  const yaml = { headers: { Accept: 'application/yaml' } };
  t.regex((await server.ask('POST', `${LAMP}/eviction`, yaml)).text, /^kind: Status$/m);
});

test('a kind of another group is answered with its group and version', async (t) => {
  const kind = { group: 'policy', version: 'v1', kind: 'Eviction' };
  const { server } = await serve({ eviction: { kind, create: () => ({ metadata: {} }) } });
  const { json } = await server.ask('POST', `${LAMP}/eviction`);
  t.deepEqual(json, { kind: 'Eviction', apiVersion: 'policy/v1', metadata: {} });
});

test('a body is JSON or YAML, or there is none', async (t) => {
  const bodies: unknown[] = [];
  const { server } = await serve({
    note: { create: async ({ body }) => void bodies.push(await body()) },
  });
  const ask = (body: string, type?: string): Promise<Json> =>
    server.ask('POST', `${LAMP}/note`, {
      body: Buffer.from(body),
      ...(type === undefined ? {} : { headers: { 'Content-Type': type } }),
    });
  await ask('');
  await ask('{"big":9007199254740993}');
  await ask('a: [1, 2]', 'application/yaml');
  t.deepEqual(bodies, [undefined, { big: 9007199254740992 }, { a: [1, 2] }]);
  t.is((await ask('{')).status, 400);
  t.is((await ask('x', 'text/plain')).status, 415);
});

const bug = (): never => {
  throw new Error('a bug');
};

for (const [what, create, why] of [
  ['throws', bug, 'a bug'],
  ['rejects', async () => bug(), 'a bug'],
  ['returns a text', () => 'done', 'the result is no object'],
  ['returns what JSON has no word for', () => ({ a: Number.NaN }), /NaN/],
  [
    'changes the object asynchronously',
    ({ update }: Json) => update(async () => undefined),
    'update: change is async',
  ],
] as const) {
  test(`500 that names the function, the reason in the log: it ${what}`, async (t) => {
    const { server, log } = await serve({ restart: { create: create as never } });
    const reply = await server.ask('POST', `${LAMP}/restart`, { auditId: 'audit-1' });
    t.is(reply.status, 500, reply.text);
    t.is(
      reply.json.message,
      'Internal error occurred: subresources.restart.create of widgets.example.com failed',
    );
    t.is(log.length, 1);
    t.like(log[0], { auditId: 'audit-1', function: 'subresources.restart.create' });
    const { message } = (log[0] as LogFields)['err'] as Error;
    if (typeof why === 'string') t.is(message, why);
    else t.regex(message, why);
  });
}

test('StatusErrors of a function are the answer, and so is a missing object', async (t) => {
  const { server, log } = await serve({
    restart: {
      create: () => {
        throw forbidden('not on Sundays');
      },
      get: ({ object }) => object(),
      update: ({ update }) => update(() => undefined),
    },
  });
  t.is((await server.ask('POST', `${LAMP}/restart`)).status, 403);
  t.is((await server.ask('GET', `${WIDGETS_URL}/none/restart`)).status, 404);
  t.is((await server.ask('PUT', `${WIDGETS_URL}/none/restart`)).status, 404);
  t.deepEqual(log, []);
});

test('a function that never ends is given up with its request', async (t) => {
  let entered: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => (entered = resolve));
  const { server, log } = await serve({
    restart: {
      create: () => {
        entered();
        return new Promise<void>(() => undefined);
      },
    },
  });
  const controller = new AbortController();
  const asked = server.ask('POST', `${LAMP}/restart`, { signal: controller.signal });
  await inside;
  controller.abort(timeout());
  t.is((await asked).status, 504);
  t.is(log.length, 1);
});

test('a connection needs a client that offers a protocol', async (t) => {
  const { server, log } = await serve({
    shell: {
      connect: ({ protocols }) => {
        if (!protocols.includes('echo')) throw forbidden('only echo is spoken here');
        return { protocol: protocols[0] as string, serve: () => undefined };
      },
    },
  });
  t.is((await server.ask('GET', `${LAMP}/shell`)).status, 400);
  const head = await server.ask('HEAD', `${LAMP}/shell`, { headers: { Upgrade: 'echo' } });
  t.is(head.status, 400);
  const upgrade = (protocols: string): Promise<Json> =>
    server.ask('GET', `${LAMP}/shell`, { headers: { Upgrade: protocols } });
  t.is((await upgrade('other')).status, 403);
  const taken = await upgrade('echo, other');
  t.is(taken.status, 101);
  t.deepEqual([taken.header('connection'), taken.header('upgrade')], ['Upgrade', 'echo']);
  t.is(taken.source.type, 'connect');
  t.deepEqual(log, []);
});

for (const [what, connection] of [
  ['nothing', undefined],
  ['no function to serve it', { protocol: 'echo' }],
  ['a protocol that nobody offered', { protocol: 'other', serve: () => undefined }],
] as const) {
  test(`500 where connect gives ${what}`, async (t) => {
    const { server, log } = await serve({ shell: { connect: () => connection as never } });
    const headers = { Upgrade: 'echo' };
    t.is((await server.ask('GET', `${LAMP}/shell`, { headers })).status, 500);
    t.like(log[0], { function: 'subresources.shell.connect' });
  });
}
