/**
 * Calling a handler: whatever it does, the request gets an answer, and nothing of the request is
 * held by a handler that does not come back.
 *
 *  1. A StatusError that a handler throws is for the client. Everything else it throws, and all
 *     that it gives and can't be served, is 500 and reported.
 *  2. When the request's signal aborts, the request ends with the signal's reason at once (504
 *     after the deadline); what the handler still does or throws is looked at no more.
 */

import { isStatusError, timeout } from '../../request/index.js';
import type { HookContext } from '../definition/index.js';
import { callerOf } from '../handler/caller.js';
import type { RequestContext } from '../handler/context.js';
import { unlessAborted } from './abortable.js';
import type { Awaitable, HandlerFailure, HandlerName } from './contract.js';
import { handlerError, HandlerFault } from './fault.js';
import type { VirtualSettings } from './settings.js';

/** One call of one handler, for one request. */
export class Invocation {
  readonly request: RequestContext;
  readonly settings: VirtualSettings;
  readonly handler: HandlerName;

  constructor(request: RequestContext, settings: VirtualSettings, handler: HandlerName) {
    this.request = request;
    this.settings = settings;
    this.handler = handler;
  }

  /** What every handler is told. `name` is that of the URL unless told otherwise. */
  context(
    signal: AbortSignal,
    { name = '', dryRun = false }: { readonly name?: string; readonly dryRun?: boolean } = {},
  ): HookContext {
    const { info, version } = this.request;
    return {
      verb: info.verb,
      subresource: '',
      namespace: info.namespace,
      name: name === '' ? (info.parts[1] ?? '') : name,
      version: version.name,
      ...callerOf(this.request),
      dryRun,
      signal,
    };
  }

  /**
   * Calls the handler and reads what it gives. Rejects with a StatusError, or with the reason why
   * the request was given up.
   */
  async run<Given, Read>(
    call: (signal: AbortSignal) => Awaitable<Given>,
    read: (given: Given) => Read,
  ): Promise<Read> {
    const { signal } = this.request.request;
    signal.throwIfAborted();
    try {
      return read(await unlessAborted(call(signal), signal));
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** The error that the client is told; reports it where it is the handler's fault. */
  failure(error: unknown): unknown {
    const { signal } = this.request.request;
    if (signal.aborted) {
      if (isStatusError(signal.reason) && signal.reason.code === 504) {
        this.#report('deadline', signal.reason);
      }
      return isStatusError(signal.reason) ? signal.reason : timeout();
    }
    if (isStatusError(error)) return error;
    this.#report(error instanceof HandlerFault ? 'result' : 'thrown', error);
    return handlerError(this.request.type, this.handler, error);
  }

  #report(reason: HandlerFailure['reason'], error: unknown): void {
    const { type, request } = this.request;
    this.settings.report({
      type,
      handler: this.handler,
      reason,
      requestId: request.auditId ?? '',
      error,
    });
  }
}
