/**
 * An attached thread's end of a shared cache: asks the owner what only it knows, and tells it what
 * was put here with a time to live. See share.ts.
 */

import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';

import { errorOf, type Clock, type Timer } from '../storage/index.js';
import { CacheError } from './contract.js';
import { aborted } from './freshness.js';
import type { CacheState } from './readiness.js';
import {
  type AttachedMessage,
  type CacheMessage,
  type CacheShare,
  channelName,
  type PutObject,
  SharedState,
} from './share.js';

interface Question {
  answer(revision: bigint): void;
  fail(error: Error): void;
}

export interface AttachedLinkOptions {
  readonly share: CacheShare;
  readonly clock: Clock;
  /** How long an answer is waited for. */
  readonly timeoutMs: number;
  /** The owner's state may have changed; `cause` is why it is pending, where that is known. */
  readonly onState: (cause: unknown) => void;
}

export class AttachedLink {
  readonly #options: AttachedLinkOptions;
  readonly #state: SharedState;
  readonly #channel: BroadcastChannel;
  readonly #self: string = randomUUID();
  readonly #questions = new Map<number, Question>();
  #nextQuestion = 1;
  #isClosed = false;

  constructor(options: AttachedLinkOptions) {
    this.#options = options;
    this.#state = new SharedState(options.share.state);
    this.#channel = new BroadcastChannel(channelName(options.share.engine));
    this.#channel.addEventListener('message', (event) => {
      this.#receive((event as MessageEvent).data as CacheMessage);
    });
    this.#channel.unref();
    this.#post({ to: 'owner', type: 'attach', from: this.#self });
  }

  /** The owner's state, as it is now. */
  get state(): CacheState {
    return this.#state.get();
  }

  /** What the owner's storage had compacted when the owner last looked. */
  get compacted(): bigint {
    return this.#state.compacted;
  }

  /**
   * What the owner's storage has acknowledged by now. Rejects with a CacheError:
   * `resource-version-too-large` when the owner does not answer in time, `not-ready` when its
   * storage can't tell, `aborted`, `closed`.
   */
  committed(signal?: AbortSignal): Promise<bigint> {
    if (signal?.aborted === true) return Promise.reject(aborted(signal));
    const question = this.#nextQuestion++;
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        if (!this.#questions.delete(question)) return;
        signal?.removeEventListener('abort', onAbort);
        timer.cancel();
        if (this.#questions.size === 0) this.#channel.unref();
        done();
      };
      const onAbort = (): void => settle(() => reject(aborted(signal as AbortSignal)));
      const timer: Timer = this.#options.clock.setTimer(this.#options.timeoutMs, () => {
        settle(() => reject(unanswered()));
      });
      this.#questions.set(question, {
        answer: (revision) => settle(() => resolve(revision)),
        fail: (error) => settle(() => reject(error)),
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#channel.ref();
      this.#post({ to: 'owner', type: 'ask', from: this.#self, question });
    });
  }

  /** A read waits for the revision. */
  awaited(revision: bigint): void {
    this.#post({ to: 'owner', type: 'await', revision });
  }

  /** These were put here, and have a time to live or have one no more. */
  put(objects: readonly PutObject[]): void {
    this.#post({ to: 'owner', type: 'put', objects });
  }

  /** Rejects what waits for an answer with the error. */
  close(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const question of [...this.#questions.values()]) question.fail(error);
    this.#channel.close();
  }

  #receive(message: CacheMessage): void {
    if (message.type === 'state') {
      const { to, failure } = message;
      if (to !== 'all' && to !== this.#self) return;
      return this.#options.onState(failure === undefined ? undefined : errorOf(failure));
    }
    if (message.to !== this.#self || message.type !== 'answer') return;
    const question = this.#questions.get(message.question);
    if (message.revision !== undefined) question?.answer(message.revision);
    else question?.fail(new CacheError('not-ready', `the owner's storage: ${message.error}`));
  }

  #post(message: AttachedMessage): void {
    if (!this.#isClosed) this.#channel.postMessage(message);
  }
}

function unanswered(): CacheError {
  const message = 'the thread that owns the cache does not tell what its storage has acknowledged';
  return new CacheError('resource-version-too-large', message);
}
