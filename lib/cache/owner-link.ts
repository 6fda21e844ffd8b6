/**
 * The owner's end of a shared cache: tells the attached threads its state, answers what only it
 * knows, and drives the time to live of what they put. See share.ts.
 */

import { BroadcastChannel } from 'node:worker_threads';

import type { EngineShare } from '../engine/index.js';
import { failureOf } from '../storage/index.js';
import type { CacheState } from './readiness.js';
import {
  type CacheMessage,
  channelName,
  type OwnerMessage,
  type PutObject,
  SharedState,
} from './share.js';

export interface OwnerLinkOptions {
  readonly engine: EngineShare;
  readonly state: CacheState;
  /** Why it is pending, where that is known. */
  readonly cause: unknown;
  /** What the storage has acknowledged by now. */
  readonly committed: () => bigint | Promise<bigint>;
  /** Attached threads have put these. */
  readonly onPut: (objects: readonly PutObject[]) => void;
  /** A read of an attached thread waits for this revision. */
  readonly onAwait: (revision: bigint) => void;
}

export class OwnerLink {
  readonly state: SharedState = new SharedState();
  readonly #options: OwnerLinkOptions;
  readonly #channel: BroadcastChannel;
  #cause: unknown;

  constructor(options: OwnerLinkOptions) {
    this.#options = options;
    this.state.set(options.state);
    this.#cause = options.cause;
    this.#channel = new BroadcastChannel(channelName(options.engine));
    this.#channel.addEventListener('message', (event) => {
      this.#receive((event as MessageEvent).data as CacheMessage);
    });
    this.#channel.unref();
  }

  /** The cache's state has changed; `cause` is why it is pending, where that is known. */
  setState(state: CacheState, cause?: unknown): void {
    this.state.set(state);
    this.#cause = cause;
    this.#tellState('all');
  }

  /** The storage has compacted up to here. */
  setCompacted(revision: bigint): void {
    this.state.compacted = revision;
  }

  close(): void {
    this.setState('stopped');
    this.#channel.close();
  }

  #receive(message: CacheMessage): void {
    if (message.type === 'put') this.#options.onPut(message.objects);
    if (message.type === 'await') this.#options.onAwait(message.revision);
    if (message.type === 'attach') this.#tellState(message.from);
    if (message.type === 'ask') void this.#answer(message.from, message.question);
  }

  #tellState(to: string): void {
    const cause = this.#cause;
    const why = cause === undefined ? {} : { failure: failureOf(cause) };
    this.#post({ to, type: 'state', ...why });
  }

  async #answer(to: string, question: number): Promise<void> {
    const answer = { to, type: 'answer', question } as const;
    try {
      const revision = await this.#options.committed();
      this.#post({ ...answer, revision });
    } catch (error) {
      this.#post({ ...answer, error: error instanceof Error ? error.message : String(error) });
    }
  }

  #post(message: OwnerMessage): void {
    // The cache may have been closed while the storage was asked.
    if (this.state.get() === 'stopped' && message.to !== 'all') return;
    this.#channel.postMessage(message);
  }
}
