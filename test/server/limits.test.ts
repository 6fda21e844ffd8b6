/** Requests under way are limited, in front of everything that costs: reads apart from the rest. */

import test, { type ExecutionContext } from 'ava';

import { defineResource } from '../../lib/rest/index.js';
import { createServer, type ApiServer, type ServerOptions } from '../../lib/server/index.js';
import { ManualClock } from '../clock.js';

const WIDGETS = '/apis/example.com/v1/namespaces/shop/widgets';
const SLOW = '/apis/example.com/v1/slows';
const ANA = { username: 'ana', groups: ['makers'] };
const MASTER = { username: 'root', groups: ['system:masters'] };

interface Scene {
  readonly server: ApiServer;
  readonly clock: ManualClock;
  /** Handlers that have been called and wait: each is let go by its function. */
  readonly waiting: (() => void)[];
  readonly get: (path: string, user?: object | null) => Promise<string>;
}

/** A server with a type whose handlers come back when they are told to. */
async function scene(t: ExecutionContext, options: Partial<ServerOptions>): Promise<Scene> {
  const waiting: (() => void)[] = [];
  const slow = (name: string): Promise<object> =>
    new Promise((resolve) => waiting.push(() => resolve({ metadata: { name } })));
  const types = [
    defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' }),
    defineResource({
      group: 'example.com',
      version: 'v1',
      kind: 'Slow',
      scope: 'Cluster',
      handlers: {
        get: ({ name }) => slow(name) as Promise<{ metadata: { name: string } }>,
        create: () => slow('made') as Promise<{ metadata: { name: string } }>,
      },
    }),
  ];
  const clock = new ManualClock();
  const server = createServer({ resources: types, clock, ...options });
  t.teardown(() => server.close({ graceMs: 0 }));
  await server.ready();
  const get = async (path: string, user: object | null = ANA): Promise<string> => {
    const answer = await server.inject({ path, user: user as typeof ANA });
    return `${answer.status} ${answer.text()}`;
  };
  return { server, clock, waiting, get };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => void setImmediate(resolve));
}

test('who finds no seat is told in plain text to come back, and no more is asked', async (t) => {
  let asked = 0;
  const authorize = async (): Promise<{ allowed: true }> => {
    asked++;
    return { allowed: true };
  };
  const limits = { maxRequestsInflight: 1, maxMutatingRequestsInflight: 1 };
  const { server, waiting, get } = await scene(t, { ...limits, authorizer: { authorize } });
  const held = get(`${SLOW}/a`);
  await until(() => waiting.length === 1);
  const refused = await server.inject({ path: WIDGETS, user: ANA });
  t.is(refused.status, 429);
  t.is(refused.text(), 'Too many requests, please try again later.\n');
  t.is(refused.header('retry-after'), '1');
  t.is(refused.header('content-type'), 'text/plain; charset=utf-8');
  t.is(refused.header('x-content-type-options'), 'nosniff');
  t.is(asked, 1);
  const made = { apiVersion: 'example.com/v1', kind: 'Slow', metadata: { name: 'made' } };
  const making = server.inject({ method: 'POST', path: SLOW, user: ANA, body: made });
  await until(() => waiting.length === 2);
  const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } };
  const create = () => server.inject({ method: 'POST', path: WIDGETS, user: ANA, body });
  t.is((await create()).status, 429);
  waiting.forEach((release) => release());
  t.is((await held).slice(0, 3), '200');
  t.is((await making).status, 201);
  t.is((await create()).status, 201);
  for (let count = 0; count < 3; count++) t.is((await get(WIDGETS)).slice(0, 3), '200');
});

test('probes, watches and masters are served whatever is taken', async (t) => {
  const { server, waiting, get } = await scene(t, { maxRequestsInflight: 1 });
  const held = get(`${SLOW}/a`);
  await until(() => waiting.length === 1);
  t.is(await get('/readyz', null), '200 ok');
  t.is((await get(WIDGETS, MASTER)).slice(0, 3), '200');
  const watch = await server.inject({ path: WIDGETS, query: { watch: true }, user: ANA });
  t.is(watch.status, 200);
  watch.close();
  t.is((await get(WIDGETS)).slice(0, 3), '429');
  waiting[0]!();
  await held;
});

test('refusals and missed deadlines are counted, and what is under way is told', async (t) => {
  const { clock, waiting, get } = await scene(t, { maxRequestsInflight: 1 });
  const late = get(`${SLOW}/a?timeout=2s`);
  await until(() => waiting.length === 1);
  t.is((await get(WIDGETS)).slice(0, 3), '429');
  const metrics = await get('/metrics', MASTER);
  t.true(metrics.includes('apiserver_current_inflight_requests{request_kind="readOnly"} 1'));
  clock.advance(2_000);
  t.is((await late).slice(0, 3), '504');
  t.is((await get(WIDGETS)).slice(0, 3), '200');
  const lines = (await get('/metrics')).split('\n');
  const ended = (verb: string, resource: string, scope: string, code: number): string =>
    `apiserver_request_terminations_total{verb="${verb}",group="example.com",version="v1",` +
    `resource="${resource}",subresource="",scope="${scope}",` +
    `component="apiserver",code="${code}"} 1`;
  t.true(lines.includes(ended('GET', 'slows', 'resource', 504)));
  t.true(lines.includes(ended('LIST', 'widgets', 'namespace', 429)));
});

test('who is unknown takes no seat, who may not does', async (t) => {
  const denied = new Set(['ana']);
  const inside: (() => void)[] = [];
  const { get } = await scene(t, {
    maxRequestsInflight: 1,
    authorizer: {
      authorize: async ({ user }) => {
        await new Promise<void>((resolve) => inside.push(resolve));
        return { allowed: !denied.has(user.username), reason: 'no' };
      },
    },
  });
  t.is((await get(WIDGETS, null)).slice(0, 3), '401');
  const forbidden = get(WIDGETS);
  await until(() => inside.length === 1);
  t.is((await get(WIDGETS, { username: 'ben' })).slice(0, 3), '429');
  inside[0]!();
  t.is((await forbidden).slice(0, 3), '403');
  const allowed = get(WIDGETS, { username: 'ben' });
  await until(() => inside.length === 2);
  inside[1]!();
  t.is((await allowed).slice(0, 3), '200');
});

test('limits that are none are refused', (t) => {
  const resources = [defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' })];
  t.throws(() => createServer({ resources, maxRequestsInflight: -1 }), {
    instanceOf: RangeError,
    message: 'maxRequestsInflight is a whole number of requests from 0 on: -1 is not',
  });
});
