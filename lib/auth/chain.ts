/**
 * Asks authenticators in turn; the first that knows the user decides.
 *
 * 1. Bad credentials of one kind do not spoil good ones of another (a client certificate of some
 *    other authority beside a valid token).
 * 2. Whoever is accepted is in the group `system:authenticated`, except who is said to be in
 *    `system:unauthenticated` (apiserver `authentication/group`).
 * 3. Who shows no credentials is anonymous, if the chain has such a user; who shows bad ones only
 *    never is. Whoever is not accepted gets 401 Unauthorized, and is told no more.
 */

import type { Awaitable, RequestRecord, StatusError, UserInfo } from '../request/index.js';
import { isPromise, isStatusError, unauthorized, whenThere } from '../request/index.js';
import type { Authenticator } from './contract.js';

/** The group of everybody who has been authenticated. */
export const AUTHENTICATED_GROUP = 'system:authenticated';

/** The group of those who are let in without being known. */
const UNAUTHENTICATED_GROUP = 'system:unauthenticated';

/** Who is let in without being known. */
export const ANONYMOUS_USER = 'system:anonymous';

const ANONYMOUS: UserInfo = {
  username: ANONYMOUS_USER,
  uid: '',
  groups: [UNAUTHENTICATED_GROUP],
  extra: {},
};

/** An authenticator that always decides: a user, or StatusError 401. */
export interface AuthenticatorChain extends Authenticator {
  authenticate(request: RequestRecord): Awaitable<UserInfo>;
}

export interface AuthenticatorChainOptions {
  /** Lets in who shows no credentials, as `system:anonymous`. Default false. */
  readonly anonymous?: boolean;
}

/** A chain of the given authenticators; with none of them, nobody is known. */
export function authenticatorChain(
  authenticators: readonly Authenticator[],
  options: AuthenticatorChainOptions = {},
): AuthenticatorChain {
  return {
    authenticate: (request) =>
      whenThere(authenticateFirst(authenticators, request), ({ user, refused }) => {
        if (user !== undefined) return withGroup(user);
        if (refused === undefined && options.anonymous === true) return ANONYMOUS;
        return Promise.reject(refused ?? unauthorized());
      }),
    isCredentialHeader: (name) =>
      authenticators.some((authenticator) => authenticator.isCredentialHeader?.(name) === true),
  };
}

/** What authenticators have found, asked in turn. */
export interface FirstUser {
  readonly user: UserInfo | undefined;
  /** The last refusal, if there was one. */
  readonly refused: StatusError | undefined;
}

/** The first user that any of them knows. Rejects with what is no refusal. */
export function authenticateFirst(
  authenticators: readonly Authenticator[],
  request: RequestRecord,
): Awaitable<FirstUser> {
  return askFrom(0, undefined, authenticators, request);
}

function askFrom(
  first: number,
  refusedBefore: StatusError | undefined,
  authenticators: readonly Authenticator[],
  request: RequestRecord,
): Awaitable<FirstUser> {
  let refused = refusedBefore;
  for (let index = first; index < authenticators.length; index++) {
    try {
      const asked = authenticators[index]?.authenticate(request);
      if (isPromise(asked)) {
        return found(asked, refused).then((known) =>
          known.user === undefined
            ? askFrom(index + 1, known.refused, authenticators, request)
            : known,
        );
      }
      if (asked !== undefined) return { user: asked, refused };
    } catch (error) {
      if (!isRefusal(error)) return Promise.reject(error);
      refused = error;
    }
  }
  return { user: undefined, refused };
}

async function found(
  asked: Promise<UserInfo | undefined>,
  refused: StatusError | undefined,
): Promise<FirstUser> {
  try {
    return { user: await asked, refused };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { user: undefined, refused: error };
  }
}

const isRefusal = (error: unknown): error is StatusError =>
  isStatusError(error) && error.code === 401;

function withGroup(user: UserInfo): UserInfo {
  const { groups } = user;
  if (groups.includes(AUTHENTICATED_GROUP) || groups.includes(UNAUTHENTICATED_GROUP)) return user;
  return { ...user, groups: [...groups, AUTHENTICATED_GROUP] };
}
