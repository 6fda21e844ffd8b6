/** The simplest authorizer: whoever has been authenticated may do everything. */

import { AUTHENTICATED_GROUP } from './chain.js';
import type { Authorizer } from './contract.js';

/** Allows every request of a user in `system:authenticated`, and no other. */
export const allowAuthenticated: Authorizer = {
  authorize: ({ user }) =>
    user.groups.includes(AUTHENTICATED_GROUP)
      ? ALLOWED
      : { allowed: false, reason: `user "${user.username}" is not authenticated` },
};

const ALLOWED = { allowed: true } as const;
