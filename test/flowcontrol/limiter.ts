/** A limiter that nobody watches, with seats of its own. */

import { InflightLimiter, inflightShare } from '../../lib/flowcontrol/index.js';

/** With so many seats of each kind; 0: any number. */
export function limiterOf(limit: number): InflightLimiter {
  const limits = { maxRequestsInflight: limit, maxMutatingRequestsInflight: limit };
  const ignored = { entered: () => undefined, leaving: () => undefined };
  return new InflightLimiter(inflightShare(limits, 1), 1, ignored);
}
