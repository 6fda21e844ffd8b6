/** What servers tell to node:diagnostics_channel, and what it costs when nobody listens. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import test, { type ExecutionContext } from 'ava';
import type { RequestRecord } from '../../lib/request/index.js';
import { defineResource } from '../../lib/rest/index.js';
import { Diagnostics } from '../../lib/server/diagnostics.js';
import {
  createServer,
  type ApiServer,
  type DiagnosticsChannel,
  type DiagnosticsMessages,
} from '../../lib/server/index.js';
import { ManualClock } from '../clock.js';

const PATH = '/apis/example.com/v1/namespaces/shop/widgets';
const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });

/** The messages of one server on a channel, from now until the test ends. */
function messages<Name extends DiagnosticsChannel>(
  t: ExecutionContext,
  name: Name,
  server: ApiServer,
): DiagnosticsMessages[Name][] {
  const seen: DiagnosticsMessages[Name][] = [];
  const listener = (message: unknown): void => {
    const told = message as DiagnosticsMessages[Name];
    if (told.server === server) seen.push(told);
  };
  subscribe(name, listener);
  t.teardown(() => void unsubscribe(name, listener));
  return seen;
}

function serverOf(t: ExecutionContext, clock = new ManualClock()): ApiServer {
  const server = createServer({ resources: [widgets], clock });
  t.teardown(() => server.close({ graceMs: 0 }));
  return server;
}

test.serial('a server tells that it listens, that it closes, and that it is closed', async (t) => {
  const server = serverOf(t);
  const listening = messages(t, 'shardwatch:server:listening', server);
  const closing = messages(t, 'shardwatch:server:closing', server);
  const closed = messages(t, 'shardwatch:server:closed', server);
  await server.ready();
  const { url, port } = await server.listen();
  t.deepEqual(listening, [{ server, url, address: '127.0.0.1', port }]);
  const done = server.close({ graceMs: 5 });
  t.deepEqual(closing, [{ server, graceMs: 5, delayMs: 0, watchGraceMs: 0 }]);
  t.is(closed.length, 0);
  await done;
  t.deepEqual(closed, [{ server }]);
});

test.serial('a request is told when it comes and when its answer has gone', async (t) => {
  const clock = new ManualClock();
  const server = serverOf(t, clock);
  await server.ready();
  const started = messages(t, 'shardwatch:request:start', server);
  const ended = messages(t, 'shardwatch:request:end', server);
  const headers = { 'audit-id': 'one', authorization: 'Bearer x' };
  const user = { username: 'ana' };
  const answer = await server.inject({ path: `${PATH}/a?pretty=1`, headers, user });
  t.is(answer.status, 404);
  t.deepEqual(started[0]?.request, {
    id: 'one',
    method: 'GET',
    path: `${PATH}/a`,
    protocol: 'HTTP/1.1',
    remoteAddress: '127.0.0.1',
    receivedAt: clock.now(),
  });
  t.like(ended[0], { status: 404, bodyBytes: answer.bytes.byteLength, isAborted: false });
  t.like(ended[0]?.info, { verb: 'get', resource: 'widgets', name: 'a' });
  t.is(ended[0]?.request, started[0]?.request);
  const unreadable = await server.inject({ path: '/apis/%ff' });
  t.is(unreadable.status, 400);
  t.is(ended[1]?.info, undefined);
});

test.serial('a list ends whole; a watch when it ends, and how', async (t) => {
  const clock = new ManualClock();
  const server = serverOf(t, clock);
  await server.ready();
  const ended = messages(t, 'shardwatch:request:end', server);
  const list = await server.inject({ path: PATH });
  t.like(ended[0], { status: 200, bodyBytes: list.bytes.byteLength, isAborted: false });
  const left = await server.inject({ path: PATH, query: { watch: 1 } });
  t.is(ended.length, 1);
  clock.advance(250);
  left.close();
  t.like(ended[1], { status: 200, bodyBytes: 0, durationMs: 250, isAborted: true });
  const timed = await server.inject({ path: PATH, query: { watch: 1, timeoutSeconds: 1 } });
  const events = timed.events();
  const next = events.next();
  clock.advance(1_000);
  t.true((await next).done);
  t.like(ended[2], { durationMs: 1_000, isAborted: false });
});

test.serial('who subscribes in the middle gets an end without a start', async (t) => {
  const server = serverOf(t);
  await server.ready();
  const ended = messages(t, 'shardwatch:request:end', server);
  await server.inject({ path: '/version', headers: { 'audit-id': 'two' } });
  t.is(ended[0]?.request.id, 'two');
});

test.serial('where nobody subscribes, nothing is looked at and an answer stays as it is', (t) => {
  const diagnostics = new Diagnostics(serverOf(t), new ManualClock());
  const untouchable = new Proxy({} as RequestRecord, { get: () => t.fail() as never });
  const answer = {
    status: 200,
    headers: [],
    source: { type: 'bytes', bytes: new Uint8Array(1) },
  } as const;
  diagnostics.started(untouchable);
  t.is(diagnostics.answered(untouchable, undefined, answer), answer);
});
