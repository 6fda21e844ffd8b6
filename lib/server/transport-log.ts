/** What the transport tells, as lines of the log. */

import type { DescriptorState, TransportErrorPlace } from '../transport/index.js';
import type { Logger } from './logger.js';

// What clients do to their connections is noise; what handlers and sources throw is a bug.
export function logTransportError(
  logger: Logger,
  error: unknown,
  place: TransportErrorPlace,
): void {
  const isBug = place === 'handler' || place === 'source';
  logger[isBug ? 'error' : 'debug']({ err: error, place }, 'transport');
}

export function logDescriptors(logger: Logger, { isScarce, ...state }: DescriptorState): void {
  if (isScarce) logger.warn(state, 'hardly any descriptors are left for connections');
  else logger.info(state, 'there are descriptors for connections again');
}
