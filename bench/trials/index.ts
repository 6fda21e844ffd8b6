/** All trials there are. Their rows have the names that goals.tsv gives them. */

import type { Trial } from './contract.js';
import { etcdLagTrials } from './etcd-lag.js';
import { etcdPoolTrials } from './etcd-pool.js';
import { etcdTrials } from './etcd.js';
import { fanOutTrials } from './fan-out.js';
import { getTrials } from './get.js';
import { growthMemoryTrials } from './growth-memory.js';
import { growthTrials } from './growth.js';
import { h2Trials } from './h2.js';
import { httpTrials } from './http.js';
import { idleWatchTrials } from './idle-watches.js';
import { listTrials } from './list.js';
import { memoryTrials } from './memory.js';
import { peerTrials } from './peer.js';
import { queueTrials } from './queue.js';
import { quietNamespaceTrials } from './quiet-namespace.js';
import { sharedQueueTrials } from './shared-queue.js';
import { testingTrials } from './testing.js';
import { threadTrials } from './threads.js';
import { watchTrials } from './watch.js';

export const TRIALS: readonly Trial[] = [
  ...listTrials,
  ...getTrials,
  ...memoryTrials,
  ...watchTrials,
  ...idleWatchTrials,
  ...growthTrials,
  ...growthMemoryTrials,
  ...threadTrials,
  ...quietNamespaceTrials,
  ...queueTrials,
  ...sharedQueueTrials,
  ...httpTrials,
  ...fanOutTrials,
  ...h2Trials,
  ...etcdTrials,
  ...etcdPoolTrials,
  ...etcdLagTrials,
  ...peerTrials,
  ...testingTrials,
];
