/** How a test asks for the native engine, and the threads that share a cache with it. */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import test, { type ExecutionContext } from 'ava';

import type { EngineShare } from '../../../lib/engine/index.js';
import { ENGINES, type TestEngine } from '../engines.js';
import type { Answer, Command } from './commands.js';

/** Declares a test of the native engine, where there is one. */
export function nativeTest(
  behaviour: string,
  run: (t: ExecutionContext, engine: TestEngine) => void | Promise<void>,
): void {
  const native = ENGINES.find(({ kind }) => kind === 'native');
  if (native !== undefined) test(behaviour, (t) => run(t, native));
}

/** A thread that has attached to a cache; see worker.ts for what it does. */
export class Attached {
  readonly #worker: Worker;

  constructor(share: EngineShare) {
    const file = fileURLToPath(new URL('./worker.js', import.meta.url));
    this.#worker = new Worker(file, { workerData: share });
  }

  /** Has it do something, and waits for what that gives. Rejects with its error's code. */
  async ask(command: Command): Promise<unknown> {
    this.#worker.postMessage(command);
    const [answer] = (await once(this.#worker, 'message')) as [Answer];
    if ('error' in answer) throw new Error(answer.error);
    return answer.value;
  }

  /** Ends it wherever it is. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Has its thread end by itself. */
  async leave(): Promise<void> {
    this.#worker.postMessage({ type: 'leave' } satisfies Command);
    await once(this.#worker, 'exit');
  }
}

/** Threads that have all attached. */
export async function attachAll(share: EngineShare, count: number): Promise<Attached[]> {
  const threads = Array.from({ length: count }, () => new Attached(share));
  await Promise.all(threads.map((thread) => thread.ask({ type: 'ready' })));
  return threads;
}
