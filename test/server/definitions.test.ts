/** Code of definitions behind a whole server: deadlines, audit IDs, connections. */

import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import test from 'ava';
import type { Authenticator, Authorizer } from '../../lib/auth/index.js';
import type { Answer } from '../../lib/request/index.js';
import { defineResource, type ResourceOptions } from '../../lib/rest/index.js';
import { createServer, silentLogger, type LogFields } from '../../lib/server/index.js';
import { ManualClock } from '../clock.js';
import { makeRecord } from '../request/make-record.js';

const PATH = '/apis/example.com/v1/namespaces/shop/widgets';
const BODY = JSON.stringify({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w' },
});

const everybody: Authenticator = {
  authenticate: async () => ({
    username: 'ana',
    uid: '',
    groups: ['system:authenticated'],
    extra: {},
  }),
};

const widgets = (options: Partial<ResourceOptions>): ReturnType<typeof defineResource> =>
  defineResource({ group: 'example.com', version: 'v1', kind: 'Widget', ...options });

function statusOf(answer: Answer): { message?: string; code?: number } {
  if (answer.source.type !== 'bytes') throw new Error('no body');
  return JSON.parse(new TextDecoder().decode(answer.source.bytes)) as object;
}

const auditIdOf = ({ headers }: Answer): string | undefined =>
  headers.find(([name]) => name === 'Audit-Id')?.[1];

test('a hook that never ends is answered 504 at the deadline, and logged with the audit ID', async (t) => {
  const log: LogFields[] = [];
  const clock = new ManualClock();
  let signal: AbortSignal | undefined;
  let finish: () => void = () => undefined;
  let entered: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => (entered = resolve));
  const type = widgets({
    strategy: {
      validate: async (_, context) => {
        signal = context.signal;
        entered();
        await new Promise<void>((resolve) => (finish = resolve));
        return [];
      },
    },
  });
  const server = createServer({
    resources: [type],
    authenticator: everybody,
    clock,
    logger: { ...silentLogger, warn: (fields) => void log.push(fields) },
  });
  t.teardown(() => server.close());
  await server.ready();
  const record = makeRecord(PATH, { method: 'POST', body: BODY, receivedAt: clock.now() });
  const asked = server.handler(record);
  await inside;
  t.false(signal?.aborted);
  clock.advance(60_000);
  const answer = await asked;
  t.is(answer.status, 504);
  t.true(signal?.aborted);
  await new Promise((resolve) => setImmediate(resolve));
  t.is(log.length, 1);
  t.like(log[0], { auditId: auditIdOf(answer), function: 'strategy.validate' });
  finish();
  await new Promise((resolve) => setImmediate(resolve));
  const read = makeRecord(`${PATH}/w`, { receivedAt: clock.now() });
  t.is((await server.handler(read)).status, 404);
});

test('a hook that throws is answered 500, and logged with the audit ID', async (t) => {
  const log: LogFields[] = [];
  const type = widgets({
    strategy: {
      prepareForCreate: () => {
        throw new Error('a bug');
      },
    },
  });
  const server = createServer({
    resources: [type],
    authenticator: everybody,
    logger: { ...silentLogger, error: (fields) => void log.push(fields) },
  });
  t.teardown(() => server.close());
  await server.ready();
  const record = makeRecord(PATH, { method: 'POST', body: BODY, receivedAt: Date.now() });
  const answer = await server.handler(record);
  t.is(answer.status, 500);
  t.regex(statusOf(answer).message ?? '', /strategy\.prepareForCreate of widgets\.example\.com/);
  t.like(log[0], { auditId: auditIdOf(answer), function: 'strategy.prepareForCreate' });
});

test('a PUT that creates needs leave to create from the authorizer', async (t) => {
  const verbs: string[] = [];
  const authorizer: Authorizer = {
    authorize: async ({ info: { verb } }) => {
      verbs.push(verb);
      return verb === 'create' ? { allowed: false, reason: 'no' } : { allowed: true };
    },
  };
  const type = widgets({ strategy: { allowCreateOnUpdate: true } });
  const server = createServer({ resources: [type], authenticator: everybody, authorizer });
  t.teardown(() => server.close());
  await server.ready();
  const request = { method: 'PUT', body: BODY, receivedAt: Date.now() };
  const refused = await server.handler(makeRecord(`${PATH}/w`, request));
  t.is(refused.status, 403);
  t.regex(statusOf(refused).message ?? '', /User "ana" cannot create resource "widgets"/);
  t.deepEqual(verbs, ['update', 'create']);
});

async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.includes(end)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString();
  }
  return text;
}

const UPGRADE = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`;

test('a subresource that connects owns the connection, until it or the client ends it', async (t) => {
  let left: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => (left = resolve));
  const failures: LogFields[] = [];
  const type = widgets({
    subresources: {
      shell: {
        connect: async ({ object, name, signal, protocols }) => {
          await object();
          signal.addEventListener('abort', left);
          return {
            protocol: protocols[0] as string,
            headers: [['X-Widget', name]],
            serve: async ({ readable, write }) => {
              for await (const bytes of readable) {
                const text = Buffer.from(bytes).toString();
                if (text.includes('throw')) throw new Error('a bug');
                await write(bytes);
                if (text.includes('end')) return;
              }
            },
          };
        },
      },
    },
  });
  const server = createServer({
    resources: [type],
    authenticator: everybody,
    logger: { ...silentLogger, error: (fields) => void failures.push(fields) },
  });
  t.teardown(() => server.close({ graceMs: 0 }));
  await server.ready();
  const { port } = await server.listen();
  const open = async (path: string): Promise<Socket> => {
    const socket = connectTcp(port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    socket.write(UPGRADE(path));
    return socket;
  };
  t.regex(await readUntil(await open(`${PATH}/w/shell`), '"code":404'), /^HTTP\/1\.1 404/);
  const create = makeRecord(PATH, { method: 'POST', body: BODY, receivedAt: Date.now() });
  t.is((await server.handler(create)).status, 201);

  const ended = await open(`${PATH}/w/shell`);
  const head = await readUntil(ended, '\r\n\r\n');
  t.regex(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  t.regex(head, /\r\nUpgrade: echo\r\nX-Widget: w\r\n/);
  t.regex(head, /\r\nAudit-Id: /);
  ended.write('hello');
  await readUntil(ended, 'hello');
  ended.write('end');
  await readUntil(ended, 'end');
  await once(ended, 'end');

  const failed = await open(`${PATH}/w/shell`);
  await readUntil(failed, '\r\n\r\n');
  failed.write('throw');
  failed.resume();
  await once(failed, 'end');
  t.like(failures[0], { function: 'subresources.shell.connect' });

  const gone = await open(`${PATH}/w/shell`);
  await readUntil(gone, '\r\n\r\n');
  gone.destroy();
  await aborted;
  t.pass();
});
