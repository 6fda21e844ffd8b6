/** What the log says of a request. */

import type { Answer, RequestInfo, RequestRecord } from '../request/index.js';
import type { Clock } from '../storage/index.js';
import type { LogFields } from './logger.js';

/** The fields of an entry about an answered request. */
export function accessFields(
  request: RequestRecord,
  info: RequestInfo | undefined,
  answer: Answer,
  clock: Clock,
): LogFields {
  return {
    verb: info?.verb ?? '',
    method: request.method,
    path: request.path,
    code: answer.status,
    durationMs: clock.now() - request.receivedAt,
    client: request.remoteAddress,
    userAgent: request.header('user-agent') ?? '',
  };
}
