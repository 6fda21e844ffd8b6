/** Faults between clients and a test server, and the watches that clients have open. */

export type { FaultAnswer, FaultStatus } from './checks.js';
export type { Fault, FaultContext, FaultOptions } from './fault.js';
export { Faults, isLost } from './faults.js';
export type {
  DelayOptions,
  DisconnectOptions,
  DuplicateOptions,
  ExpireOptions,
  SlowOptions,
} from './faults.js';
export { OpenWatches } from './open-watches.js';
export { WatchBody } from './watch-body.js';
