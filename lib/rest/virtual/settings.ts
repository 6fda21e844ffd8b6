/** What virtual resources need of the server that they are served by. */

import type { Clock } from '../../storage/index.js';
import type { HandlerFailure } from './contract.js';

export interface VirtualSettings {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Is told of every failure that is a handler's fault. Must not throw. */
  readonly report: (failure: HandlerFailure) => void;
}
