/** The thread that owns the store of owner.ts and answers each key with the object's bytes. */

import { parentPort, workerData } from 'node:worker_threads';

import { Churn } from '../workload/churn.js';
import { podIdentity } from '../workload/pods.js';
import type { OwnerSetup } from './owner.js';

const { ports, seed, updates, ...size } = workerData as OwnerSetup;

const objects = new Map<string, Uint8Array>();
const churn = new Churn(size, seed, {
  put(index, bytes) {
    const { namespace, name } = podIdentity(index);
    // An array of its own: what is cloned is the whole of the memory below.
    objects.set(`${namespace}/${name}`, new Uint8Array(bytes));
  },
});
churn.load();
churn.update(updates);
for (const port of ports) {
  port.on('message', (key: string) => port.postMessage(objects.get(key)));
}
parentPort!.postMessage('ready');
