/** A thread beside the main one: opens a view of the store and does the jobs it is given. */

import { parentPort, workerData } from 'node:worker_threads';

import type { PodIdentity } from '../workload/pods.js';
import { type Interval, nowUs } from './clock.js';
import { inTurns, listDigest, readUntil, takeList, writeEvenly, Writer } from './jobs.js';
import { openView } from './open.js';
import { digestOf, type Token } from './view.js';

/** What a worker knows from its start. */
export interface WorkerSetup {
  readonly token: Token;
  /** What it reads. */
  readonly keys: readonly PodIdentity[];
  readonly objectBytes: number;
  readonly seed: number;
  /** The last revision that the store has seen. One worker at most writes. */
  readonly revision: number;
  /** Indexes of the pods that it writes. */
  readonly busy: readonly number[];
  /** Of those in a namespace where little happens. */
  readonly quiet?: readonly number[];
}

export type Job =
  | { readonly type: 'digest' }
  | { readonly type: 'listDigest'; readonly namespace: string }
  | { readonly type: 'read'; readonly interval: Interval }
  /** So many writes at once of busy pods, and of quiet ones where there are any. */
  | { readonly type: 'write'; readonly count: number }
  /** Writes of busy pods, evenly spread. */
  | { readonly type: 'writeEvenly'; readonly perSecond: number; readonly interval: Interval }
  /** Every millisecond so many writes of busy pods, in the midst of them one of a quiet one. */
  | {
      readonly type: 'churn';
      readonly perMs: number;
      /** When each of the quiet ones began, by `nowUs`. Absent: no quiet ones. */
      readonly beganUs?: Float64Array;
      readonly interval: Interval;
    }
  | {
      readonly type: 'list';
      readonly namespace: string;
      readonly perSecond: number;
      readonly interval: Interval;
    };

/** What comes of it: a digest, or how often it was done. */
export type JobResult = string | number;

const setup = workerData as WorkerSetup;
const { keys, busy, quiet = [] } = setup;
const view = openView(setup.token);
const writer = new Writer(view, setup);

parentPort!.on('message', (job: Job) => {
  parentPort!.postMessage(run(job));
});
parentPort!.postMessage('ready');

function run(job: Job): JobResult {
  switch (job.type) {
    case 'digest':
      return digestOf(keys, view);
    case 'listDigest':
      return listDigest(view, job.namespace);
    case 'read':
      // Half of the keys away from the main thread.
      return readUntil(view, keys, keys.length / 2, job.interval);
    case 'write':
      for (let done = 0; done < job.count; done++) {
        writer.write(busy);
        if (quiet.length > 0) writer.write(quiet);
      }
      return job.count;
    case 'writeEvenly':
      return writeEvenly(() => writer.write(busy), job.perSecond, job.interval);
    case 'churn':
      return churn(job);
    case 'list':
      return inTurns(() => takeList(view, job.namespace), 1e6 / job.perSecond, job.interval);
  }
}

function churn({ perMs, beganUs, interval }: Extract<Job, { type: 'churn' }>): number {
  let turns = 0;
  const turn = (): void => {
    for (let done = 0; done < perMs; done++) {
      if (beganUs !== undefined && done === perMs >> 1) {
        beganUs[turns] = nowUs();
        writer.write(quiet);
      }
      writer.write(busy);
    }
    turns++;
  };
  return inTurns(turn, 1e3, interval);
}
