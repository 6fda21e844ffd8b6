import test from 'ava';

import { allowAuthenticated, authenticatorChain } from '../../lib/auth/index.js';
import type { Authenticator, AuthorizationRequest } from '../../lib/auth/index.js';
import { isStatusError, unauthorized } from '../../lib/request/index.js';
import type { UserInfo } from '../../lib/request/index.js';
import { requestOf } from './authority.js';

const userOf = (username: string, groups: readonly string[] = []): UserInfo => ({
  username,
  uid: '',
  groups,
  extra: {},
});
const knows = (user: UserInfo): Authenticator => ({ authenticate: async () => user });
const nothing: Authenticator = { authenticate: async () => undefined };
const refuses: Authenticator = { authenticate: () => Promise.reject(unauthorized()) };

test('the first authenticator that knows the user decides; its group is added once', async (t) => {
  const chain = authenticatorChain([nothing, knows(userOf('a', ['dev'])), knows(userOf('b'))]);
  t.deepEqual(
    await chain.authenticate(requestOf({})),
    userOf('a', ['dev', 'system:authenticated']),
  );
  const already = authenticatorChain([knows(userOf('a', ['system:authenticated', 'x']))]);
  t.deepEqual((await already.authenticate(requestOf({}))).groups, ['system:authenticated', 'x']);
});

test('who is let in without being known is not taken for somebody known', async (t) => {
  const chain = authenticatorChain([knows(userOf('guest', ['system:unauthenticated']))]);
  const { groups } = await chain.authenticate(requestOf({}));
  t.deepEqual(groups, ['system:unauthenticated']);
});

test('bad credentials of one kind do not spoil good ones of another', async (t) => {
  const chain = authenticatorChain([refuses, knows(userOf('a'))]);
  t.is((await chain.authenticate(requestOf({}))).username, 'a');
});

for (const [name, authenticators] of [
  ['no authenticator', []],
  ['no credentials', [nothing, nothing]],
  ['bad credentials', [nothing, refuses]],
] as const) {
  test(`with ${name} everybody gets 401 Unauthorized`, async (t) => {
    const chain = authenticatorChain(authenticators);
    const error = await t.throwsAsync(async () => chain.authenticate(requestOf({})));
    t.true(isStatusError(error));
    t.like(error, { code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
  });
}

test('an authenticator that fails is no refusal', async (t) => {
  const failure = new Error('a bug');
  const failing: Authenticator = { authenticate: () => Promise.reject(failure) };
  const chain = authenticatorChain([failing, knows(userOf('a'))]);
  t.is(await t.throwsAsync(async () => chain.authenticate(requestOf({}))), failure);
});

test('whoever is authenticated may do everything, nobody else anything', async (t) => {
  const asked = (groups: readonly string[]): AuthorizationRequest =>
    ({ user: userOf('a', groups), info: {} }) as AuthorizationRequest;
  t.deepEqual(await allowAuthenticated.authorize(asked(['system:authenticated'])), {
    allowed: true,
  });
  t.like(await allowAuthenticated.authorize(asked(['dev'])), { allowed: false });
});

test('who shows no credentials is anonymous where that is allowed, who shows bad ones is not', async (t) => {
  const anonymous = {
    username: 'system:anonymous',
    uid: '',
    groups: ['system:unauthenticated'],
    extra: {},
  };
  const ask = (...authenticators: readonly Authenticator[]) =>
    authenticatorChain(authenticators, { anonymous: true }).authenticate(requestOf({}));
  t.deepEqual(await ask(nothing), anonymous);
  t.deepEqual(await ask(), anonymous);
  t.is((await ask(nothing, knows(userOf('a')))).username, 'a');
  const error = await t.throwsAsync(async () => ask(nothing, refuses, nothing));
  t.like(error, { code: 401 });
});

test('a chain knows the credential headers of all', (t) => {
  const sees = (header: string): Authenticator => ({
    ...nothing,
    isCredentialHeader: (name) => name === header,
  });
  const chain = authenticatorChain([nothing, sees('x-a'), sees('x-b')]);
  t.deepEqual(
    ['x-a', 'x-b', 'x-c'].map((name) => chain.isCredentialHeader?.(name)),
    [true, true, false],
  );
});
