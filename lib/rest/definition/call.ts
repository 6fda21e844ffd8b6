/**
 * Calling a function that a definition brings along: code of the type's author, which may throw and
 * may never end.
 *
 *  1. A StatusError is meant for the client and passes through. Everything else is the server's
 *     fault: the client is told 500 and which function it was, the log what happened.
 *  2. Nobody waits longer than the request does: when its signal aborts, the call is over, with the
 *     reason of the signal. What the function does from then on is heard by nobody.
 */

import { qualifiedResource } from '../../object/index.js';
import type { ResourceType } from '../../object/index.js';
import { internalError, isStatusError } from '../../request/index.js';
import type { StatusError } from '../../request/index.js';
import type { HookContext } from './context.js';

/** What a function did that it must not do; the log tells it. */
export class DefinitionFault extends Error {
  override readonly name: string = 'DefinitionFault';
  readonly code: string = 'definition-fault';
}

/**
 * Calls `run`, which is the function `name` (`strategy.validate`) of the type. Rejects with a
 * StatusError, or with the reason of the context's signal.
 */
export async function callFunction<Result>(
  type: ResourceType,
  name: string,
  context: HookContext,
  run: () => Result | PromiseLike<Result>,
): Promise<Awaited<Result>> {
  context.signal.throwIfAborted();
  try {
    return await untilAborted(run(), context.signal);
  } catch (error) {
    if (error instanceof GivenUp) {
      const { reason } = error;
      context.logger.warn({ ...placeOf(type, name, context), reason }, 'function given up');
      throw reason;
    }
    throw functionFailure(type, name, context, error);
  }
}

/** The StatusError for what the function `name` threw; logged unless it is one itself. */
export function functionFailure(
  type: ResourceType,
  name: string,
  context: HookContext,
  error: unknown,
): StatusError {
  if (isStatusError(error)) return error;
  context.logger.error({ ...placeOf(type, name, context), err: error }, 'function failed');
  return internalError(`${name} of ${qualifiedResource(type)} failed`, error);
}

class GivenUp extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('given up');
    this.reason = reason;
  }
}

function untilAborted<Result>(
  result: Result | PromiseLike<Result>,
  signal: AbortSignal,
): Promise<Awaited<Result>> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new GivenUp(signal.reason));
    signal.addEventListener('abort', giveUp, { once: true });
    // The function may have made it abort itself.
    if (signal.aborted) giveUp();
    Promise.resolve(result)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', giveUp));
  });
}

function placeOf(
  type: ResourceType,
  name: string,
  context: HookContext,
): { readonly [field: string]: string } {
  return {
    auditId: context.requestId,
    function: name,
    resource: qualifiedResource(type),
    verb: context.verb,
    namespace: context.namespace,
    name: context.name,
  };
}
