/** The filters in front of every handler, and their order. */

import test from 'ava';
import {
  jsonAnswer,
  serviceUnavailable,
  unauthorized,
  type Answer,
  type RequestRecord,
  type UserInfo,
} from '../../lib/request/index.js';
import { silentLogger, type LogFields } from '../../lib/server/logger.js';
import { createPipeline, type PipelineParts, type Sender } from '../../lib/server/pipeline.js';
import { ManualClock } from '../clock.js';
import { limiterOf } from '../flowcontrol/limiter.js';
import { makeRecord } from '../request/make-record.js';

const ANA: UserInfo = { username: 'ana', uid: '', groups: ['system:authenticated'], extra: {} };

function partsWith(parts: Partial<PipelineParts> = {}): PipelineParts {
  return {
    authenticator: { authenticate: async () => ANA },
    authorizer: { authorize: async () => ({ allowed: true }) },
    inflight: limiterOf(0),
    route: async () => jsonAnswer(200, {}),
    clock: new ManualClock(),
    requestTimeoutMs: 60_000,
    uuid: () => 'made-up-id',
    logger: silentLogger,
    refusal: () => undefined,
    started: () => undefined,
    terminated: () => undefined,
    finish: async (_request, _info, answer) => answer,
    ...parts,
  };
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: { readonly [name: string]: string };
}

async function ask(
  parts: PipelineParts,
  { method = 'GET', path = '/version', headers = {} }: Asked = {},
  sender?: Sender,
): Promise<Answer> {
  const record = makeRecord(path, { method, headers: Object.entries(headers) });
  return createPipeline(parts)({ ...record, receivedAt: parts.clock.now() }, sender);
}

const header = (answer: Answer, name: string): string | undefined =>
  answer.headers.find(([candidate]) => candidate === name)?.[1];

function textOf(answer: Answer): string {
  if (answer.source.type !== 'bytes') throw new Error('no body');
  return new TextDecoder().decode(answer.source.bytes);
}

function bodyOf(answer: Answer): { reason?: string; message?: string; code?: number } {
  return JSON.parse(textOf(answer)) as object;
}

test('an unknown client gets 401 and reaches nothing behind', async (t) => {
  for (const authenticate of [
    async () => undefined,
    async () => {
      throw unauthorized();
    },
  ]) {
    const answer = await ask(
      partsWith({
        authenticator: { authenticate },
        authorizer: { authorize: async () => t.fail() as never },
        route: async () => t.fail() as never,
      }),
    );
    t.is(answer.status, 401);
    t.like(bodyOf(answer), { reason: 'Unauthorized', message: 'Unauthorized', code: 401 });
  }
});

test('a known client that may not gets 403 with the reason, and no more', async (t) => {
  const parts = partsWith({
    authorizer: { authorize: async () => ({ allowed: false, reason: 'not today' }) },
    route: async () => t.fail() as never,
  });
  const path = '/apis/example.com/v1/namespaces/shop/widgets/w';
  t.is(
    bodyOf(await ask(parts, { path })).message,
    'widgets.example.com "w" is forbidden: User "ana" cannot get resource "widgets" in API group ' +
      '"example.com" in the namespace "shop": not today',
  );
  t.is(
    bodyOf(await ask(parts, { path: '/apis/example.com/v1/teams/t/status', method: 'PATCH' }))
      .message,
    'teams.example.com "t" is forbidden: User "ana" cannot patch resource "teams/status" in API ' +
      'group "example.com" at the cluster scope: not today',
  );
  t.is(
    bodyOf(await ask(parts, { path: '/metrics' })).message,
    'forbidden: User "ana" cannot get path "/metrics": not today',
  );
});

test('what a client chose is no markup in the message of a 403', async (t) => {
  const user = { ...ANA, username: '<b>"a&b"</b>' };
  const parts = partsWith({
    authenticator: { authenticate: async () => user },
    authorizer: { authorize: async () => ({ allowed: false, reason: '' }) },
  });
  t.is(
    bodyOf(await ask(parts, { path: '/<x>' })).message,
    'forbidden: User "&lt;b&gt;\\"a&amp;b\\"&lt;/b&gt;" cannot get path "/&lt;x&gt;"',
  );
});

test('an authorizer that fails lets nobody in: 500 as text', async (t) => {
  const failure = new Error('no answer from <it>');
  const logged: unknown[] = [];
  const parts = partsWith({
    authorizer: { authorize: () => Promise.reject(failure) },
    route: async () => t.fail() as never,
    logger: { ...silentLogger, error: ({ err }) => void logged.push(err) },
  });
  const answer = await ask(parts, { path: '/apis/example.com/v1/widgets?watch=1' });
  t.is(answer.status, 500);
  t.is(header(answer, 'Content-Type'), 'text/plain; charset=utf-8');
  t.is(
    textOf(answer),
    'Internal Server Error: "/apis/example.com/v1/widgets?watch=1": no answer from &lt;it&gt;\n',
  );
  t.deepEqual(logged, [failure]);
});

test('no handler sees credentials', async (t) => {
  const seen: { [name: string]: readonly string[] } = {};
  const parts = partsWith({
    authenticator: {
      authenticate: async () => ANA,
      isCredentialHeader: (name) => name.startsWith('x-user'),
    },
    route: async (request) => {
      for (const name of request.headerNames()) seen[name] = request.headers(name);
      t.is(request.header('authorization'), undefined);
      t.deepEqual(request.headers('x-remote-group'), []);
      return jsonAnswer(200, {});
    },
  });
  await ask(parts, {
    headers: {
      accept: 'application/json',
      authorization: 'Bearer secret',
      'x-remote-user': 'root',
      'x-remote-uid': '0',
      'x-remote-group': 'system:masters',
      'x-remote-extra-scopes': 'all',
      'x-user-name': 'root',
      'x-remote': 'kept',
    },
  });
  t.deepEqual(seen, { accept: ['application/json'], 'x-remote': ['kept'] });
});

test('probes need no credentials', async (t) => {
  const users: (UserInfo | undefined)[] = [];
  const parts = partsWith({
    authenticator: { authenticate: async () => undefined },
    route: async (_request, _info, user) => {
      users.push(user);
      return jsonAnswer(200, {});
    },
  });
  t.is((await ask(parts, { path: '/readyz' })).status, 200);
  t.is((await ask(parts, { path: '/readyzz' })).status, 401);
  t.deepEqual(users, [undefined]);
});

test('what a handler throws becomes a Status 500, and is logged', async (t) => {
  const logged: string[] = [];
  const answer = await ask(
    partsWith({
      route: async () => {
        throw new TypeError('a bug');
      },
      logger: { ...silentLogger, error: (_fields, message) => logged.push(message) },
    }),
  );
  t.like(bodyOf(answer), {
    code: 500,
    reason: 'InternalError',
    message: 'Internal error occurred: a bug',
  });
  t.deepEqual(logged, ['request failed']);
});

test('no signal is made for a request that nobody asks it of; asked late, it tells', async (t) => {
  const clock = new ManualClock();
  const client = new AbortController();
  let made = 0;
  const record = {
    ...makeRecord('/version?timeout=5s'),
    receivedAt: clock.now(),
    get signal() {
      made++;
      return client.signal;
    },
  };
  await createPipeline(partsWith({ clock }))(record);
  t.is(made, 0);
  let seen: RequestRecord | undefined;
  let finish: (answer: Answer) => void = () => undefined;
  const route: PipelineParts['route'] = (request) => {
    seen = request;
    return new Promise((resolve) => (finish = resolve));
  };
  const answering = createPipeline(partsWith({ clock, route }))(record);
  await new Promise((resolve) => setImmediate(resolve));
  t.false(seen?.signal.aborted);
  t.is(seen?.signal, seen?.signal);
  client.abort(new Error('left'));
  t.true(seen?.signal.aborted);
  finish(jsonAnswer(200, {}));
  t.is((await answering).status, 200);
});

test('a signal that is asked of a request after its deadline is aborted', async (t) => {
  const clock = new ManualClock();
  let seen: RequestRecord | undefined;
  const route: PipelineParts['route'] = (request) => {
    seen = request;
    return new Promise(() => undefined);
  };
  const answering = ask(partsWith({ clock, route }), { path: '/version?timeout=5s' });
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(5_000);
  t.is((await answering).status, 504);
  t.true(seen?.signal.aborted);
});

test('a request is given up at its deadline, and its late answer is released', async (t) => {
  const clock = new ManualClock();
  let finish: (answer: Answer) => void = () => undefined;
  let signal: AbortSignal | undefined;
  let closed = 0;
  const answering = ask(
    partsWith({
      clock,
      route: (request) => {
        signal = request.signal;
        return new Promise((resolve) => (finish = resolve));
      },
    }),
    { path: '/version?timeout=5s' },
  );
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(4_999);
  t.false(signal?.aborted);
  clock.advance(1);
  const answer = await answering;
  t.true(signal?.aborted);
  t.like(bodyOf(answer), {
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: request did not complete within the allotted timeout',
  });
  const source = {
    type: 'pull' as const,
    flushHeaders: false,
    pull: () => ({ type: 'end' as const }),
    onReadable: () => undefined,
    close: () => closed++,
  };
  finish({ status: 200, headers: [], source });
  await new Promise((resolve) => setImmediate(resolve));
  t.is(closed, 1);
});

test('a seat is held until the handler is back, deadline or not', async (t) => {
  const clock = new ManualClock();
  const inflight = limiterOf(1);
  const ended: number[] = [];
  const terminated: PipelineParts['terminated'] = (_request, _info, code) => void ended.push(code);
  let comeBack!: (answer: Answer) => void;
  const route = () => new Promise<Answer>((resolve) => (comeBack = resolve));
  const parts = partsWith({ clock, inflight, route, terminated });
  const path = '/apis/example.com/v1/teams';
  const late = ask(parts, { path });
  await settled();
  clock.advance(60_000);
  t.is((await late).status, 504);
  const others = { ...parts, route: async () => jsonAnswer(200, {}) };
  t.is((await ask(others, { path })).status, 429);
  t.is((await ask(others, { path, method: 'POST' })).status, 200);
  comeBack(jsonAnswer(200, {}));
  await settled();
  t.is((await ask(others, { path })).status, 200);
  t.deepEqual(ended, [504, 429]);
  const failing = { ...parts, route: () => Promise.reject(new Error('a bug')) };
  for (let count = 0; count < 3; count++) t.is((await ask(failing, { path })).status, 500);
});

test('a watch has no deadline, and a malformed timeout is refused', async (t) => {
  const clock = new ManualClock();
  const watch = '/apis/example.com/v1/widgets?watch=1&timeout=1s';
  t.is((await ask(partsWith({ clock }), { path: watch })).status, 200);
  t.is(clock.pending, 0);
  const refused = await ask(partsWith({ clock }), { path: '/version?timeout=soon' });
  t.is(refused.status, 400);
  t.regex(bodyOf(refused).message ?? '', /^invalid timeout specified in the request URL/);
});

test('handlers and the log know the audit ID of the answer', async (t) => {
  const ids: unknown[] = [];
  const logger = { ...silentLogger, error: ({ auditId }: LogFields) => void ids.push(auditId) };
  const route: PipelineParts['route'] = async ({ auditId }) => {
    ids.push(auditId);
    throw new Error('a bug');
  };
  for (const path of ['/version', '/apis/example.com/v1/widgets?watch=true']) {
    const answer = await ask(partsWith({ logger, route }), {
      path,
      headers: { 'audit-id': 'mine-1' },
    });
    t.is(header(answer, 'Audit-Id'), 'mine-1');
    t.deepEqual(ids.splice(0), ['mine-1', 'mine-1'], path);
  }
  await ask(partsWith({ logger, route }));
  t.deepEqual(ids, ['made-up-id', 'made-up-id']);
});

test('answers carry an audit ID and say that they must not be cached', async (t) => {
  const made = await ask(partsWith());
  t.is(header(made, 'Audit-Id'), 'made-up-id');
  t.is(header(made, 'Cache-Control'), 'no-cache, private');
  const given = await ask(partsWith(), { headers: { 'audit-id': 'mine-1' } });
  t.is(header(given, 'Audit-Id'), 'mine-1');
  for (const bad of ['x'.repeat(65), 'a b', '']) {
    const answer = await ask(partsWith(), { headers: { 'audit-id': bad } });
    t.is(header(answer, 'Audit-Id'), 'made-up-id', bad);
  }
  const cached = partsWith({
    route: async () => jsonAnswer(200, {}, [['Cache-Control', 'public']]),
  });
  t.is(header(await ask(cached), 'Cache-Control'), 'public');
});

test('every answer is finished with what was asked, and goes out as finished', async (t) => {
  const seen: [string | undefined, number][] = [];
  const finish: PipelineParts['finish'] = async (_request, info, answer) => {
    seen.push([info?.verb, answer.status]);
    return { ...answer, status: 299 };
  };
  const unknown = { authenticate: async (): Promise<undefined> => undefined };
  const answers = [
    await ask(partsWith({ finish }), { path: '/apis/example.com/v1/widgets' }),
    await ask(partsWith({ finish, authenticator: unknown })),
    await ask(partsWith({ finish }), { path: '/%zz' }),
  ];
  t.deepEqual(seen, [
    ['list', 200],
    ['get', 401],
    [undefined, 400],
  ]);
  t.deepEqual(
    answers.map(({ status }) => status),
    [299, 299, 299],
  );
});

test('an answer says by when it has to be sent, a watch does not', async (t) => {
  const source = { type: 'pull', flushHeaders: false } as never;
  const parts = partsWith({ route: async () => ({ status: 200, headers: [], source }) });
  const path = '/apis/example.com/v1/widgets';
  const now = parts.clock.now();
  t.is((await ask(parts, { path })).deadline, now + 60_000);
  t.is((await ask(parts, { path: `${path}?timeout=5s` })).deadline, now + 5_000);
  t.is((await ask(parts, { path: `${path}?watch=1&timeout=5s` })).deadline, undefined);
});

test('a sender that is settled is not asked who he is, and only a trusted one may do all', async (t) => {
  const asked: string[] = [];
  const parts = partsWith({
    authenticator: { authenticate: async () => t.fail() as never },
    authorizer: {
      authorize: async ({ user }) => {
        asked.push(user.username);
        return { allowed: false, reason: 'not today' };
      },
    },
    route: async (_request, _info, user) => jsonAnswer(200, { username: user?.username }),
  });
  t.is((await ask(parts, {}, { user: ANA, isTrusted: false })).status, 403);
  t.deepEqual(asked, ['ana']);
  const trusted = await ask(parts, {}, { user: ANA, isTrusted: true });
  t.deepEqual(bodyOf(trusted) as object, { username: 'ana' });
  t.deepEqual(asked, ['ana']);
});

test('a request that comes too late is refused before anybody looks at it, and not logged', async (t) => {
  const started: (string | undefined)[] = [];
  const parts = partsWith({
    authenticator: { authenticate: async () => t.fail() as never },
    logger: { ...silentLogger, error: () => t.fail() },
    refusal: (path) => (path === '/version' ? serviceUnavailable('closing', 1) : undefined),
    started: ({ auditId }) => void started.push(auditId),
  });
  const answer = await ask(parts);
  t.is(answer.status, 503);
  t.is(header(answer, 'Retry-After'), '1');
  t.is(header(answer, 'Audit-Id'), 'made-up-id');
  t.deepEqual(started, ['made-up-id']);
});
