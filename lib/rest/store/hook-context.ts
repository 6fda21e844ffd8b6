/** What hooks are told of a write: the request it belongs to, or that none does. */

import type { ResourceVersion } from '../../object/index.js';
import { silentLogger } from '../../request/index.js';
import type { UserInfo } from '../../request/index.js';
import type { HookContext } from '../definition/index.js';
import type { Caller } from './request.js';

/** Who writes where no request does. */
const SERVER: UserInfo = {
  username: 'system:apiserver',
  uid: '',
  groups: ['system:masters', 'system:authenticated'],
  extra: {},
};

interface WriteRequest {
  readonly namespace: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly caller?: Caller;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export function hookContext(
  request: WriteRequest,
  version: ResourceVersion,
  verb: string,
): HookContext {
  const { caller } = request;
  return {
    verb,
    subresource: request.subresource ?? '',
    namespace: request.namespace,
    name: request.name ?? '',
    version: version.name,
    user: caller?.user ?? SERVER,
    requestInfo: caller?.requestInfo,
    requestId: caller?.requestId ?? '',
    dryRun: request.dryRun === true,
    signal: request.signal ?? new AbortController().signal,
    logger: caller?.logger ?? silentLogger,
  };
}
