/** A thread beside the main one that has an end of a queue (queue-end.ts). */

import { parentPort, workerData } from 'node:worker_threads';

import { openQueueEnd, type QueueToken } from './queue-end.js';
import { Flow, type FlowJob } from './queue-flow.js';

/** What it knows from its start. */
export interface QueueThreadSetup {
  readonly token: QueueToken;
  readonly depth: number;
  readonly seed: number;
}

const { token, depth, seed } = workerData as QueueThreadSetup;
const flow = new Flow(openQueueEnd(token), depth, seed);

parentPort!.on('message', (job: FlowJob) => {
  void flow.run(job).then((result) => parentPort!.postMessage(result));
});
parentPort!.postMessage('ready');
