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

import type { RequestRecord, StatusError, UserInfo } from '../request/index.js';
import { isStatusError, unauthorized } from '../request/index.js';
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
  authenticate(request: RequestRecord): Promise<UserInfo>;
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
    async authenticate(request) {
      const { user, refused } = await authenticateFirst(authenticators, request);
      if (user !== undefined) return withGroup(user);
      if (refused === undefined && options.anonymous === true) return ANONYMOUS;
      throw refused ?? unauthorized();
    },
    isCredentialHeader: (name) =>
      authenticators.some((authenticator) => authenticator.isCredentialHeader?.(name) === true),
  };
}

/** The first user that any of them knows; else the last refusal, if there was one. */
export async function authenticateFirst(
  authenticators: readonly Authenticator[],
  request: RequestRecord,
): Promise<{ readonly user: UserInfo | undefined; readonly refused: StatusError | undefined }> {
  let refused: StatusError | undefined;
  for (const authenticator of authenticators) {
    try {
      const user = await authenticator.authenticate(request);
      if (user !== undefined) return { user, refused };
    } catch (error) {
      if (!isStatusError(error) || error.code !== 401) throw error;
      refused = error;
    }
  }
  return { user: undefined, refused };
}

function withGroup(user: UserInfo): UserInfo {
  const { groups } = user;
  if (groups.includes(AUTHENTICATED_GROUP) || groups.includes(UNAUTHENTICATED_GROUP)) return user;
  return { ...user, groups: [...groups, AUTHENTICATED_GROUP] };
}
