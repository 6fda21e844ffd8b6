/** A request that waits for nothing is answered in its turn, in no other way than the others. */

import test from 'ava';

import type { AuthorizationDecision } from '../../lib/auth/index.js';
import { defineResource } from '../../lib/rest/index.js';
import {
  forbidden,
  isPromise,
  jsonAnswer,
  unauthorized,
  type Answer,
  type UserInfo,
} from '../../lib/request/index.js';
import { createServer } from '../../lib/server/index.js';
import { silentLogger } from '../../lib/server/logger.js';
import { createPipeline, type PipelineParts } from '../../lib/server/pipeline.js';
import { ManualClock } from '../clock.js';
import { ENGINES } from '../engine/engines.js';
import { limiterOf } from '../flowcontrol/limiter.js';
import { makeRecord } from '../request/make-record.js';

const ANA: UserInfo = { username: 'ana', uid: '', groups: ['system:authenticated'], extra: {} };
const NOBODY: UserInfo = { ...ANA, username: 'system:anonymous' };

/** What the filters and the handler say; what is an error is thrown, or rejected with. */
interface Said {
  readonly user?: UserInfo | undefined | Error;
  readonly decision?: AuthorizationDecision | Error;
  readonly answer?: Answer | Error;
}

const CASES: readonly (readonly [what: string, said: Said, status: number])[] = [
  ['an answer', {}, 200],
  ['nobody', { user: undefined }, 401],
  ['bad credentials', { user: unauthorized() }, 401],
  ['an authenticator that fails', { user: new Error('no') }, 500],
  ['a refusal', { decision: { allowed: false, reason: 'no' } }, 403],
  ['an authorizer that fails', { decision: new Error('no') }, 500],
  ['a Status', { answer: forbidden('no') }, 403],
  ['a fault', { answer: new TypeError('a bug') }, 500],
  ['a stranger', { user: NOBODY }, 200],
  ['a stranger that may not', { user: NOBODY, decision: { allowed: false, reason: '' } }, 403],
  ['a stranger and a fault', { user: NOBODY, answer: new Error('a bug') }, 500],
];

function give<T>(value: T | Error): T {
  if (value instanceof Error) throw value;
  return value;
}

function partsOf(
  said: Said,
  clock: ManualClock,
  isLate: boolean,
  inflight = limiterOf(1),
): PipelineParts {
  const { decision = { allowed: true }, answer = jsonAnswer(200, {}) } = said;
  const user = 'user' in said ? said.user : ANA;
  const by = <T>(value: T | Error) => (isLate ? async () => give(value) : () => give(value));
  return {
    authenticator: { authenticate: by(user) },
    authorizer: { authorize: by(decision) },
    inflight,
    route: by(answer),
    clock,
    requestTimeoutMs: 60_000,
    uuid: () => 'made-up-id',
    logger: silentLogger,
    refusal: () => undefined,
    started: () => undefined,
    terminated: () => undefined,
    finish: (_request, _info, finished) => finished,
  };
}

for (const [what, said, status] of CASES) {
  test(`${what} is the same at once and later`, async (t) => {
    const clock = new ManualClock();
    // Whoever does not give the only seat back has the next one refused.
    const inflight = limiterOf(1);
    const ask = (isLate: boolean) => {
      const record = {
        ...makeRecord('/apis/example.com/v1/widgets?timeout=5s', {}),
        protocol: 'HTTP/2' as const,
        receivedAt: clock.now(),
      };
      return createPipeline(partsOf(said, clock, isLate, inflight))(record);
    };
    const later = ask(true);
    t.true(isPromise(later));
    const answer = await later;
    t.is(answer.status, status);
    t.deepEqual(await ask(false), answer);
    t.deepEqual(await ask(true), answer);
    t.is(clock.pending, 0);
  });
}

test('what is answered at once has no timer, and its deadline', (t) => {
  const clock = new ManualClock();
  const record = { ...makeRecord('/version?timeout=5s'), receivedAt: clock.now() };
  const route: PipelineParts['route'] = () => {
    t.is(clock.pending, 0);
    return jsonAnswer(200, {});
  };
  const answer = createPipeline({ ...partsOf({}, clock, false), route })(record);
  if (isPromise(answer)) return t.fail('it was promised');
  t.is(answer.deadline, clock.now() + 5_000);
});

const widgets = defineResource({ group: 'example.com', version: 'v1', kind: 'Widget' });

for (const { kind: engine } of ENGINES) {
  test(`${engine}: a GET of what the cache has is answered at once`, async (t) => {
    const server = createServer({
      resources: [widgets],
      engine,
      authenticator: { authenticate: () => ANA },
    });
    t.teardown(() => server.close());
    await server.ready();
    const path = '/apis/example.com/v1/namespaces/shop/widgets';
    const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } };
    t.is((await server.inject({ method: 'POST', path, body })).status, 201);
    t.is((await server.inject({ path: `${path}/w` })).status, 200);
    for (const [target, status] of [
      [`${path}/w?resourceVersion=0`, 200],
      [`${path}/v?resourceVersion=0`, 404],
      [`${path}/w?resourceVersion=x`, 400],
      [`${path}/w/scale`, 404],
    ] as const) {
      const answer = server.handler({ ...makeRecord(target), receivedAt: Date.now() });
      if (isPromise(answer)) return t.fail(`${target} was promised`);
      t.is(answer.status, status, target);
    }
  });
}
