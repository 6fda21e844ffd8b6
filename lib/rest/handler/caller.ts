/** Whose request it is, as the store passes it on to hooks. */

import type { Caller } from '../store/index.js';
import type { RequestContext } from './context.js';

export function callerOf({ user, info, request, settings }: RequestContext): Caller {
  return {
    user,
    requestInfo: info,
    requestId: request.auditId ?? '',
    logger: settings.logger,
  };
}
