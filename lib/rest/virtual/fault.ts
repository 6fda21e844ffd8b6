/**
 * What handlers can do wrong, and how it is told: to the client by name, to the server by report.
 */

import type { ResourceType } from '../../object/index.js';
import { qualifiedResource } from '../../object/index.js';
import type { StatusError } from '../../request/index.js';
import { internalError } from '../../request/index.js';
import type { HandlerName } from './contract.js';

/** What a handler gave can't be served. */
export class HandlerFault extends Error {
  override readonly name: string = 'HandlerFault';
  readonly code: string = 'invalid-result';
}

/** `the list handler of widgets.example.com`. */
export function handlerTitle(type: ResourceType, handler: HandlerName): string {
  return `the ${handler} handler of ${qualifiedResource(type)}`;
}

/** 500 for what a handler threw without meaning it for a client, or gave in vain. */
export function handlerError(
  type: ResourceType,
  handler: HandlerName,
  error: unknown,
): StatusError {
  const title = handlerTitle(type, handler);
  const why = error instanceof Error ? error.message : String(error);
  const verb = error instanceof HandlerFault ? 'gave what can not be served' : 'failed';
  return internalError(`${title} ${verb}: ${why}`, error);
}
