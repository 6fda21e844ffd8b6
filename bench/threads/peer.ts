/** A worker as the main thread sees it: it does one job after the other. */

import { type Transferable, Worker } from 'node:worker_threads';

export class Peer<Job, Result> {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /**
   * Starts a file of this folder. Resolves when it says that it is ready; rejects with what it
   * throws.
   */
  static async start<Job, Result>(
    file: string,
    workerData: unknown,
    transferList: readonly Transferable[] = [],
  ): Promise<Peer<Job, Result>> {
    const options = { workerData, transferList: [...transferList] };
    const worker = new Worker(new URL(file, import.meta.url), options);
    const peer = new Peer<Job, Result>(worker);
    await peer.#next();
    return peer;
  }

  /** Resolves to what came of the job. */
  run(job: Job): Promise<Result> {
    this.#worker.postMessage(job);
    return this.#next();
  }

  // The process may end while the worker waits for jobs, but not while one is awaited.
  #next(): Promise<Result> {
    const worker = this.#worker;
    worker.ref();
    return new Promise<Result>((resolve, reject) => {
      const onExit = (code: number): void => reject(new Error(`a thread ended (${code})`));
      worker.once('error', reject).once('exit', onExit);
      worker.once('message', (result: Result) => {
        worker.off('error', reject).off('exit', onExit).unref();
        resolve(result);
      });
    });
  }
}
