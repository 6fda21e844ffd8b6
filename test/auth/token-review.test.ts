/** Bearer tokens that the cluster's API server knows, does not know, or can't be asked about. */

import test, { type ExecutionContext } from 'ava';

import { tokenReviewAuthenticator } from '../../lib/auth/index.js';
import type { TokenReviewOptions } from '../../lib/auth/index.js';
import type { UserInfo } from '../../lib/request/index.js';
import { isStatusError } from '../../lib/request/index.js';
import { requestOf } from './authority.js';
import { decide, fail, reviewing } from './reviewing.js';
import type { Review, Reviewing } from './reviewing.js';

interface Asking extends Reviewing {
  readonly failures: string[];
  ask(token: string): Promise<UserInfo | undefined>;
}

async function asking(
  t: ExecutionContext,
  answer: (review: Review, index: number) => void,
  options: Partial<TokenReviewOptions> = {},
): Promise<Asking> {
  const world = await reviewing(t, answer);
  const failures: string[] = [];
  const authenticator = tokenReviewAuthenticator({
    ...world.delegation,
    onFailure: (error) => void failures.push((error as Error).message),
    ...options,
  });
  const ask = async (token: string): Promise<UserInfo | undefined> =>
    authenticator.authenticate(requestOf({ authorization: `Bearer ${token}` }));
  return { ...world, failures, ask };
}

const ANA = { authenticated: true, user: { username: 'ana' } };

async function refused(t: ExecutionContext, asked: Promise<unknown>): Promise<void> {
  const error = await t.throwsAsync(asked);
  t.true(isStatusError(error));
  t.like(error, { code: 401, message: 'Unauthorized' });
}

test('a token is somebody, whom the server names', async (t) => {
  const user = {
    username: 'system:serviceaccount:shop:robot',
    uid: '7',
    groups: ['system:serviceaccounts'],
    extra: { 'authentication.kubernetes.io/pod-name': ['robot-1'] },
  };
  const { ask, reviews } = await asking(t, (review) =>
    decide(review, { authenticated: true, user }),
  );
  t.deepEqual(await ask('secret'), user);
  t.is(reviews[0]?.path, '/apis/authentication.k8s.io/v1/tokenreviews');
  t.deepEqual(reviews[0]?.body as unknown, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: 'secret' },
  });
});

test('what the server leaves out of a user is empty', async (t) => {
  const { ask } = await asking(t, (review) => decide(review, ANA));
  t.deepEqual(await ask('a'), { username: 'ana', uid: '', groups: [], extra: {} });
});

test('without a token nobody is asked', async (t) => {
  const { delegation, reviews } = await reviewing(t, () => t.fail());
  const authenticator = tokenReviewAuthenticator(delegation);
  t.is(await authenticator.authenticate(requestOf({})), undefined);
  t.deepEqual(reviews, []);
});

test('good and bad answers are used for ten seconds, each token its own', async (t) => {
  const { ask, clock, reviews } = await asking(t, (review) =>
    decide(review, review.body.spec['token'] === 'bad' ? {} : ANA),
  );
  for (let round = 0; round < 2; round++) {
    t.is((await ask('good'))?.username, 'ana');
    await refused(t, ask('bad'));
    clock.advance(9_999);
    t.is((await ask('good'))?.username, 'ana');
    await refused(t, ask('bad'));
    t.is(reviews.length, 2 * (round + 1));
    clock.advance(1);
  }
});

test('equal tokens that come together are reviewed once', async (t) => {
  const { ask, reviews } = await asking(t, (review) => decide(review, ANA), { cacheTtlMs: 0 });
  const users = await Promise.all(['a', 'a', 'b', 'a'].map(ask));
  t.deepEqual(
    users.map((user) => user?.username),
    ['ana', 'ana', 'ana', 'ana'],
  );
  t.is(reviews.length, 2);
  await ask('a');
  t.is(reviews.length, 3, 'and nothing is remembered where nothing is to be');
});

const AUDIENCES: readonly (readonly [told: readonly string[] | undefined, isAccepted: boolean])[] =
  [
    [['widgets'], true],
    [['other', 'gadgets'], true],
    [['other'], false],
    [[], true],
    [undefined, true],
  ];

for (const [told, isAccepted] of AUDIENCES) {
  const which = told === undefined ? 'none' : `[${told.join()}]`;
  test(`a token for ${which} is ${isAccepted ? 'for us' : 'not for us'}`, async (t) => {
    const { ask, reviews } = await asking(
      t,
      (review) => decide(review, { ...ANA, ...(told === undefined ? {} : { audiences: told }) }),
      { audiences: ['widgets', 'gadgets'] },
    );
    if (isAccepted) t.is((await ask('a'))?.username, 'ana');
    else await refused(t, ask('a'));
    t.deepEqual(reviews[0]?.body.spec, { token: 'a', audiences: ['widgets', 'gadgets'] });
  });
}

const NO_ANSWERS: readonly (readonly [
  what: string,
  answer: (review: Review) => void,
  failure: RegExp,
])[] = [
  [
    'a user without a name',
    (review) => decide(review, { authenticated: true, user: {} }),
    /a user without a name/,
  ],
  ['no status', ({ response }) => void response.end('{}'), /the answer has no status/],
  ['nothing to be read', ({ response }) => void response.end('hello'), /is no JSON/],
  ['that we may not ask', (review) => fail(review, 403), /the server answered 403/],
];

for (const [what, answer, failure] of NO_ANSWERS) {
  test(`${what} for an answer lets nobody in, and is not remembered`, async (t) => {
    const { ask, failures, reviews } = await asking(t, (review, index) =>
      index === 0 ? answer(review) : decide(review, ANA),
    );
    await refused(t, ask('a'));
    t.is(failures.length, 1);
    t.regex(failures[0] ?? '', failure);
    t.is((await ask('a'))?.username, 'ana');
    t.is(reviews.length, 2);
  });
}

test('a token that is refused with an error is refused, not remembered, and no failure', async (t) => {
  const refusals: string[] = [];
  const { ask, failures, reviews } = await asking(
    t,
    (review, index) => decide(review, index === 0 ? { error: 'expired' } : ANA),
    { onRefused: (reason) => void refusals.push(reason) },
  );
  await refused(t, ask('a'));
  t.deepEqual([refusals, failures], [['token refused: expired'], []]);
  t.is((await ask('a'))?.username, 'ana');
  t.is(reviews.length, 2);
});

test('what may pass is tried again, five times at most and within ten seconds', async (t) => {
  const { ask, clock, pausing, attempts, failures } = await asking(t, (review) => {
    if (attempts.length === 1) review.response.destroy();
    else fail(review, [500, 429, 504][attempts.length % 3] ?? 500);
  });
  const asked = refused(t, ask('a'));
  for (const [index, ms] of [500, 750, 1_125, 1_687.5].entries()) {
    await pausing(index + 1);
    clock.advance(ms - 0.5);
    t.is(attempts.length, index + 1);
    clock.advance(0.5);
  }
  await asked;
  t.deepEqual(attempts, ['500', '<error>', '504', '500', '429']);
  t.deepEqual(failures, ['the TokenReview failed: the server answered 429: no']);
});

test('a server that says when to come back is asked then, or not at all', async (t) => {
  const { ask, clock, pausing, reviews, failures } = await asking(t, (review, index) => {
    if (index === 1) decide(review, ANA);
    else fail(review, 503, index === 0 ? 3 : 11);
  });
  const asked = ask('a');
  await pausing(1);
  clock.advance(2_999);
  t.is(reviews.length, 1);
  clock.advance(1);
  t.is((await asked)?.username, 'ana');
  await refused(t, ask('b'));
  t.is(reviews.length, 3);
  t.regex(failures[0] ?? '', /503/);
});

test('a server that does not answer is waited for ten seconds', async (t) => {
  const { ask, clock, reviews, failures, attempts } = await asking(t, () => undefined);
  const asked = refused(t, ask('a'));
  while (reviews.length === 0) await new Promise(setImmediate);
  clock.advance(10_000);
  await asked;
  t.deepEqual(attempts, ['<error>']);
  t.regex(failures[0] ?? '', /within 10000 ms/);
});
