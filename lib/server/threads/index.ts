/** Several threads that serve, inside the server. */

export type {
  ServerKind,
  ServingThread,
  ServingThreads,
  ThreadContext,
  ThreadModule,
  ThreadServerOptions,
} from './contract.js';
export { checkThreads, startThreads, type ThreadedServer } from './start.js';
export { registerThreadMetrics } from './metrics.js';
export type { ThreadGroup } from './group.js';
export type { ThreadPlace } from './place.js';
export { requireSameTypes } from './types.js';
