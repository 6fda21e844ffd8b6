/** A thread that asks the owner of a store, as the main one does (owner.ts). */

import { parentPort, workerData } from 'node:worker_threads';

import { Asker, type AskerJob, type AskerSetup } from './owner.js';

const setup = workerData as AskerSetup;
const asker = new Asker(setup, setup.keys.length / 2);

parentPort!.on('message', (job: AskerJob) => {
  const answer = job.type === 'digest' ? asker.digest() : asker.read(job.interval);
  void answer.then((result) => parentPort!.postMessage(result));
});
parentPort!.postMessage('ready');
