/**
 * A serving thread as the first thread sees it: started, spoken to, ended, and started anew.
 *
 *     starting ──▶ serving ──▶ waiting ──▶ starting …        ──▶ closed
 *         └───────────────────────┘
 *
 *  1. However a thread ends (an error, no memory left, `terminate`), all that it had goes with it,
 *     and another one takes its place. What it counted stays in the metrics.
 *  2. One that has served for a while is replaced at once; one that ends sooner waits, longer each
 *     time.
 *  3. It does not keep the process alive but while somebody waits for it.
 *  4. One that is still starting when the server closes is ended when it has started: Node leaves
 *     the files open that a thread is reading its modules from when it is ended.
 */

import { Worker } from 'node:worker_threads';

import { Backoff } from '../../client/index.js';
import type { MetricsSnapshot } from '../../metrics/index.js';
import type { Clock, StorageHost, Timer } from '../../storage/index.js';
import { ServerError } from '../error.js';
import type { ServerCloseOptions } from '../lifecycle.js';
import { ThreadChannel } from './channel.js';
import type { FromThread, ServingThread, ThreadStart, ToThread } from './contract.js';

export interface MemberOptions {
  readonly thread: number;
  readonly clock: Clock;
  readonly random: () => number;
  /** What a thread begins with; its storage's host is closed when the thread has ended. */
  readonly prepare: () => { readonly start: ThreadStart; readonly host: StorageHost };
  readonly answer: (question: FromThread) => unknown;
  readonly onServing: (member: Member) => void;
  /** With what the thread had counted when it was last asked, and why it has ended. */
  readonly onEnded: (member: Member, ended: EndedThread) => void;
}

export interface EndedThread {
  readonly error: Error;
  readonly lasting: MetricsSnapshot | undefined;
  /** Until another takes its place; undefined: none does. */
  readonly retryMs: number | undefined;
}

/** A thread that has served this long ended by chance, not because it can't serve. */
const SETTLED_MS = 1_000;
const BACKOFF = { initialMs: 100, factor: 2, jitter: 0.2, maxMs: 30_000 };
/** For a thread that answers nothing any more, beyond what it is given to finish. */
const CLOSE_SLACK_MS = 2_000;
/** As long as a scrape waits for a thread. */
const METRICS_TIMEOUT_MS = 1_000;

interface Running {
  readonly worker: Worker;
  readonly channel: ThreadChannel<ToThread, FromThread>;
  /** When it serves for the first time, or has ended before. */
  readonly loaded: PromiseWithResolvers;
  readonly exited: Promise<void>;
}

export class Member {
  readonly thread: number;
  readonly #options: MemberOptions;
  readonly #backoff: Backoff;
  readonly #starts: PromiseWithResolvers;
  #state: ServingThread['state'] = 'starting';
  #restarts = 0;
  #running: Running | undefined;
  #servingSince = 0;
  #metrics: MetricsSnapshot | undefined;
  #retry: Timer | undefined;
  #closing = false;

  constructor(options: MemberOptions) {
    this.thread = options.thread;
    this.#options = options;
    this.#backoff = new Backoff(BACKOFF, options.random);
    this.#starts = withResolvers();
    this.#start();
  }

  get info(): ServingThread {
    return { thread: this.thread, state: this.#state, restarts: this.#restarts };
  }

  get isServing(): boolean {
    return this.#state === 'serving';
  }

  /** Resolves when it serves for the first time; rejects with a ServerError if it can't start. */
  get started(): Promise<void> {
    return this.#starts.promise;
  }

  /** Rejects where the thread fails to, or has ended. */
  ask(question: ToThread): Promise<unknown> {
    return this.#running?.channel.ask(question) ?? Promise.reject(hasEnded());
  }

  /** What it counts and measures; what it last told, where it does not answer in time. */
  async metrics(): Promise<MetricsSnapshot | undefined> {
    if (this.#state !== 'serving') return this.#metrics;
    const asked = this.#running;
    const answered = this.ask({ type: 'metrics' }).then(
      (snapshot) => {
        if (asked === this.#running) this.#metrics = snapshot as MetricsSnapshot;
      },
      () => undefined,
    );
    await this.#within(METRICS_TIMEOUT_MS, answered);
    return this.#metrics;
  }

  /** Ends it as a crash would: another takes its place. */
  async terminate(): Promise<void> {
    await this.#running?.worker.terminate();
  }

  /**
   * Has it serve what is under way, and no more. Resolves when it has ended; one that does not by
   * then is ended.
   */
  async close(options: Required<ServerCloseOptions>): Promise<void> {
    this.#closing = true;
    this.#retry?.cancel();
    const running = this.#running;
    if (running !== undefined) {
      running.worker.ref();
      const { delayMs, graceMs } = options;
      await this.#within(delayMs + graceMs + CLOSE_SLACK_MS, this.#finish(running, options));
      await running.worker.terminate();
      await running.exited;
    }
    this.#state = 'closed';
  }

  /** Gives it less time than `close` has. */
  shorten(graceMs: number): void {
    const options = { graceMs, delayMs: 0, watchGraceMs: 0 };
    const running = this.#running;
    if (running === undefined) return;
    const finished = this.#finish(running, options);
    void this.#within(graceMs + CLOSE_SLACK_MS, finished).then(() => running.worker.terminate());
  }

  // Resolves when it may be ended.
  async #finish(running: Running, options: Required<ServerCloseOptions>): Promise<void> {
    if (this.#state === 'serving') {
      await running.channel.ask({ type: 'close', options }).catch(() => undefined);
    } else {
      await running.loaded.promise;
    }
  }

  #start(): void {
    this.#state = 'starting';
    const { thread } = this;
    const { start, host } = this.#options.prepare();
    const worker = new Worker(new URL('./entry.js', import.meta.url), {
      name: `shardwatch-${thread}`,
      workerData: start,
      transferList: [start.storage.port],
    });
    const channel = new ThreadChannel<ToThread, FromThread>(worker, (question) => {
      if (question.type === 'serving') return this.#serving(worker, loaded);
      return this.#options.answer(question);
    });
    const loaded = withResolvers();
    let failure: Error | undefined;
    worker.on('error', (error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    const exited = new Promise<void>((resolve) => {
      worker.on('exit', (code) => {
        host.close();
        loaded.resolve();
        this.#exited(failure ?? new Error(`it ended with exit code ${code}`));
        resolve();
      });
    });
    this.#running = { worker, channel, loaded, exited };
  }

  #serving(worker: Worker, loaded: PromiseWithResolvers): void {
    loaded.resolve();
    if (this.#closing) return;
    this.#state = 'serving';
    this.#servingSince = this.#options.clock.now();
    worker.unref();
    this.#starts.resolve();
    this.#options.onServing(this);
  }

  #exited(error: Error): void {
    this.#running?.channel.close(hasEnded(error));
    this.#running = undefined;
    const { clock, onEnded } = this.#options;
    const hasServed = this.#state === 'serving';
    const lasting = this.#metrics;
    this.#metrics = undefined;
    const message = `thread ${this.thread} did not start: ${error.message}`;
    this.#starts.reject(new ServerError('thread-failed', message, error));
    if (this.#closing) {
      this.#state = 'closed';
      onEnded(this, { error, lasting, retryMs: undefined });
      return;
    }
    this.#state = 'waiting';
    const isSettled = hasServed && clock.now() - this.#servingSince >= SETTLED_MS;
    if (isSettled) this.#backoff.reset();
    const retryMs = isSettled ? 0 : this.#backoff.nextMs();
    onEnded(this, { error, lasting, retryMs });
    this.#retry = clock.setTimer(retryMs, () => {
      this.#restarts++;
      this.#start();
    });
  }

  // Resolves when the promise does, or the time is over.
  #within(timeMs: number, promise: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimer(timeMs, () => resolve());
      void promise.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

function hasEnded(cause?: Error): ServerError {
  return new ServerError('thread-failed', 'the thread has ended', cause);
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Who never asks whether it has started is not told that it has not.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
