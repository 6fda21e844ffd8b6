/**
 * What functions of a definition (hooks of its strategy, subresources, handlers) know about the
 * request that they are called for. Immutable.
 */

import type { Logger, RequestInfo, UserInfo } from '../../request/index.js';

export interface HookContext {
  /** As in request info: `create`, `update`, `patch`, `get`, … */
  readonly verb: string;
  /** `''`, `status`, `scale`, or one of the type's own. */
  readonly subresource: string;
  /** `''` for a cluster-scoped type. */
  readonly namespace: string;
  /** Of the object; `''` for a collection, and before a create has chosen one. */
  readonly name: string;
  /** The version of the type that the request is in, such as `v1`. */
  readonly version: string;
  readonly user: UserInfo;
  /** Absent where code, and no request, asks the store. */
  readonly requestInfo: RequestInfo | undefined;
  /** The audit ID: what the answer says in `Audit-Id`. `''` where no request asks. */
  readonly requestId: string;
  /** Everything happens but the write: what a function does elsewhere must not happen either. */
  readonly dryRun: boolean;
  /**
   * Aborted when the client leaves and when the request's deadline passes: whatever is waited for
   * is in vain from then on.
   */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** The context of a change of an object that is there. */
export interface UpdateContext<T> extends HookContext {
  /** The object as it is stored. Frozen. */
  readonly old: T;
}
