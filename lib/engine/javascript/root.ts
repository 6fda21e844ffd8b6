/**
 * A root: everything that readers see of a cache at one moment. Immutable; published as a whole.
 */

import type { Directory } from './directory.js';

export interface Root {
  /** Raised by `replace`. Watches and history do not outlive it, held roots do. */
  readonly generation: number;
  readonly revision: bigint;
  /** End of the event log: the root holds the effect of every record below it and of no other. */
  readonly sequence: number;
  readonly directory: Directory;
}
