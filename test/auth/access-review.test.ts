/** What may be done, as the cluster's API server decides it, or does not. */

import test, { type ExecutionContext } from 'ava';

import { accessReviewAuthorizer, AuthError } from '../../lib/auth/index.js';
import type { AccessReviewOptions, AuthorizationDecision } from '../../lib/auth/index.js';
import type { UserInfo } from '../../lib/request/index.js';
import { parseRequestInfo } from '../../lib/request/index.js';
import { decide, fail, reviewing } from './reviewing.js';
import type { Review, Reviewing } from './reviewing.js';

const ANA: UserInfo = {
  username: 'ana',
  uid: '7',
  groups: ['dev', 'system:authenticated'],
  extra: { scopes: ['a', 'b'] },
};

interface Asking extends Reviewing {
  ask(method: string, target: string, user?: UserInfo): Promise<AuthorizationDecision>;
}

async function asking(
  t: ExecutionContext,
  answer: (review: Review, index: number) => void,
  options: Partial<AccessReviewOptions> = {},
): Promise<Asking> {
  const world = await reviewing(t, answer);
  const authorizer = accessReviewAuthorizer({ ...world.delegation, ...options });
  return {
    ...world,
    ask: async (method, target, user = ANA) => {
      const { pathname, searchParams } = new URL(target, 'http://a');
      return authorizer.authorize({ user, info: parseRequestInfo(method, pathname, searchParams) });
    },
  };
}

const WIDGETS = '/apis/example.com/v1/namespaces/shop/widgets';

const QUESTIONS: readonly (readonly [method: string, target: string, attributes: object])[] = [
  ['GET', `${WIDGETS}/w/status`, { verb: 'get', name: 'w', subresource: 'status' }],
  ['POST', WIDGETS, { verb: 'create' }],
  ['DELETE', WIDGETS, { verb: 'deletecollection' }],
  [
    'GET',
    `${WIDGETS}?watch=1&fieldSelector=metadata.name%3Dw,spec.color!%3Dred`,
    {
      verb: 'watch',
      name: 'w',
      fieldSelector: {
        requirements: [
          { key: 'metadata.name', operator: 'In', values: ['w'] },
          { key: 'spec.color', operator: 'NotIn', values: ['red'] },
        ],
      },
    },
  ],
  [
    'GET',
    `${WIDGETS}?labelSelector=${encodeURIComponent('a in (1,2),b!=3,c,!d,e=4,f>5')}`,
    {
      verb: 'list',
      labelSelector: {
        requirements: [
          { key: 'a', operator: 'In', values: ['1', '2'] },
          { key: 'b', operator: 'NotIn', values: ['3'] },
          { key: 'c', operator: 'Exists' },
          { key: 'd', operator: 'DoesNotExist' },
          { key: 'e', operator: 'In', values: ['4'] },
        ],
      },
    },
  ],
  ['GET', `${WIDGETS}?labelSelector=a%20in%20(`, { verb: 'list' }],
];

for (const [method, target, attributes] of QUESTIONS) {
  test(`${method} ${target} is asked about as it is`, async (t) => {
    const { ask, reviews } = await asking(t, (review) => decide(review, { allowed: true }));
    t.deepEqual(await ask(method, target), { allowed: true });
    t.is(reviews[0]?.path, '/apis/authorization.k8s.io/v1/subjectaccessreviews');
    t.deepEqual(reviews[0]?.body as unknown, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: 'ana',
        uid: '7',
        groups: ['dev', 'system:authenticated'],
        extra: { scopes: ['a', 'b'] },
        resourceAttributes: {
          namespace: 'shop',
          group: 'example.com',
          version: 'v1',
          resource: 'widgets',
          subresource: '',
          name: '',
          ...attributes,
        },
      },
    });
  });
}

test('what is no resource is asked about by its path', async (t) => {
  const { ask, reviews } = await asking(t, (review) => decide(review, { allowed: true }));
  await ask('GET', '/openapi/v3', { ...ANA, uid: '' });
  const { uid: _, ...nameless } = { ...reviews[0]?.body.spec } as { readonly uid?: string };
  t.deepEqual(nameless as unknown, {
    user: 'ana',
    groups: ANA.groups,
    extra: ANA.extra,
    nonResourceAttributes: { path: '/openapi/v3', verb: 'get' },
  });
  t.is(_, undefined);
});

for (const [status, decision] of [
  [{ allowed: true }, { allowed: true }],
  [{ allowed: false }, { allowed: false, reason: '' }],
  [
    { allowed: false, reason: 'no role' },
    { allowed: false, reason: 'no role' },
  ],
  [
    { allowed: false, denied: true, reason: 'never' },
    { allowed: false, reason: 'never' },
  ],
  [{}, { allowed: false, reason: '' }],
] as const) {
  test(`the status ${JSON.stringify(status)} is a decision`, async (t) => {
    const { ask } = await asking(t, (review) => decide(review, status));
    t.deepEqual(await ask('GET', WIDGETS), decision);
  });
}

test('the privileged and the open paths are not asked about', async (t) => {
  const { ask, reviews } = await asking(t, (review) => decide(review, {}));
  const admin = { ...ANA, groups: ['system:masters'] };
  t.true((await ask('DELETE', WIDGETS, admin)).allowed);
  for (const path of ['/healthz', '/livez', '/readyz']) t.true((await ask('GET', path)).allowed);
  t.deepEqual(reviews, []);
  for (const path of ['/healthz/ping', '/version', '/apis/readyz/v1/readyz']) {
    t.false((await ask('GET', path)).allowed);
  }
});

test('who is privileged and what is open may be chosen', async (t) => {
  const { ask } = await asking(t, (review) => decide(review, {}), {
    alwaysAllowGroups: ['dev'],
    alwaysAllowPaths: ['version', '/open*', '/'],
  });
  const nobody = { ...ANA, groups: ['system:masters'] };
  t.true((await ask('DELETE', WIDGETS)).allowed);
  t.false((await ask('DELETE', WIDGETS, nobody)).allowed);
  for (const path of ['/version', '/openapi/v3', '/']) {
    t.true((await ask('GET', path, nobody)).allowed, path);
  }
  for (const path of ['/healthz', '/version/x']) {
    t.false((await ask('GET', path, nobody)).allowed, path);
  }
  const wrong = { client: {} as never, clock: {} as never, alwaysAllowPaths: ['/a*b'] };
  const error = t.throws(() => accessReviewAuthorizer(wrong), { instanceOf: AuthError });
  t.is(error?.code, 'bad-path');
});

test('decisions are used for as long as each kind may be', async (t) => {
  const { ask, clock, reviews } = await asking(
    t,
    (review) => decide(review, { allowed: review.body.spec['user'] === 'ana' }),
    { allowCacheTtlMs: 5_000, denyCacheTtlMs: 2_000 },
  );
  const eve = { ...ANA, username: 'eve' };
  const both = async (): Promise<void> => {
    t.true((await ask('GET', WIDGETS)).allowed);
    t.false((await ask('GET', WIDGETS, eve)).allowed);
  };
  await both();
  clock.advance(1_999);
  await both();
  t.is(reviews.length, 2);
  clock.advance(1);
  await both();
  t.is(reviews.length, 3);
  clock.advance(3_000);
  await both();
  t.is(reviews.length, 5);
});

test('other users, groups, verbs and names are other questions', async (t) => {
  const { ask, reviews } = await asking(t, (review) => decide(review, { allowed: true }));
  await ask('GET', WIDGETS);
  await ask('GET', WIDGETS, { ...ANA, groups: ['ops'] });
  await ask('GET', WIDGETS, { ...ANA, extra: {} });
  await ask('POST', WIDGETS);
  await ask('GET', `${WIDGETS}/w`);
  await ask('GET', `${WIDGETS}?fieldSelector=metadata.name%3Dw`);
  await ask('GET', `${WIDGETS}?limit=1`);
  t.is(reviews.length, 6, 'a limit is nothing that is decided upon');
});

test('a question with much that the client chose is not remembered', async (t) => {
  const { ask, reviews } = await asking(t, (review) => decide(review, { allowed: true }));
  const long = `${WIDGETS}?labelSelector=${'a,'.repeat(5_000)}a`;
  await ask('GET', long);
  await ask('GET', long);
  t.is(reviews.length, 2);
});

test('equal questions that come together are one', async (t) => {
  const { ask, reviews } = await asking(t, (review) => decide(review, { allowed: true }));
  await Promise.all([ask('GET', WIDGETS), ask('GET', WIDGETS), ask('POST', WIDGETS)]);
  t.is(reviews.length, 2);
});

for (const [what, answer, message] of [
  ['may not ask', (review: Review) => fail(review, 403), /answered 403/],
  ['gets both yes and no', (review: Review) => decide(review, BOTH), /both allows and denies/],
  ['gets no status', ({ response }: Review) => response.end('{}'), /has no status/],
] as const) {
  test(`whoever ${what} decides nothing, and remembers nothing`, async (t) => {
    const { ask, reviews } = await asking(t, (review, index) =>
      index === 0 ? void answer(review) : decide(review, { allowed: true }),
    );
    const error = await t.throwsAsync(ask('GET', WIDGETS), { instanceOf: AuthError, message });
    t.is(error?.code, 'review-failed');
    t.true((await ask('GET', WIDGETS)).allowed);
    t.is(reviews.length, 2);
  });
}

const BOTH = { allowed: true, denied: true };

test('what may pass is tried again', async (t) => {
  const { ask, clock, pausing, attempts } = await asking(t, (review, index) =>
    index < 2 ? fail(review, 500) : decide(review, { allowed: true }),
  );
  const asked = ask('GET', WIDGETS);
  await pausing(1);
  clock.advance(500);
  await pausing(2);
  clock.advance(750);
  t.true((await asked).allowed);
  t.deepEqual(attempts, ['500', '500', '201']);
});
