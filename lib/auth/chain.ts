/**
 * Asks authenticators in turn; the first that knows the user decides.
 *
 * 1. Bad credentials of one kind do not spoil good ones of another (a client certificate of some
 *    other authority beside a valid token).
 * 2. Whoever is accepted is in the group `system:authenticated`, except who is said to be in
 *    `system:unauthenticated` (apiserver `authentication/group`).
 * 3. There is no anonymous user: who is not accepted gets 401 Unauthorized, and is told no more.
 */

import type { RequestRecord, UserInfo } from '../request/index.js';
import { isStatusError, unauthorized } from '../request/index.js';
import type { Authenticator } from './contract.js';

/** The group of everybody who has been authenticated. */
export const AUTHENTICATED_GROUP = 'system:authenticated';

/** The group of those who are let in without being known. */
const UNAUTHENTICATED_GROUP = 'system:unauthenticated';

/** An authenticator that always decides: a user, or StatusError 401. */
export interface AuthenticatorChain extends Authenticator {
  authenticate(request: RequestRecord): Promise<UserInfo>;
}

/** A chain of the given authenticators; with none of them, everybody gets 401. */
export function authenticatorChain(authenticators: readonly Authenticator[]): AuthenticatorChain {
  return {
    async authenticate(request) {
      for (const authenticator of authenticators) {
        const user = await attempt(authenticator, request);
        if (user !== undefined) return withGroup(user);
      }
      throw unauthorized();
    },
    isCredentialHeader: (name) =>
      authenticators.some((authenticator) => authenticator.isCredentialHeader?.(name) === true),
  };
}

async function attempt(
  authenticator: Authenticator,
  request: RequestRecord,
): Promise<UserInfo | undefined> {
  try {
    return await authenticator.authenticate(request);
  } catch (error) {
    if (isStatusError(error) && error.code === 401) return undefined;
    throw error;
  }
}

function withGroup(user: UserInfo): UserInfo {
  const { groups } = user;
  if (groups.includes(AUTHENTICATED_GROUP) || groups.includes(UNAUTHENTICATED_GROUP)) return user;
  return { ...user, groups: [...groups, AUTHENTICATED_GROUP] };
}
