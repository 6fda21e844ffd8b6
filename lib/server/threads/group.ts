/**
 * The serving threads of a server beside the first one: where they listen, what they count, and
 * their common end.
 *
 *  1. Every thread accepts on a descriptor of its own of each listening socket: whoever has time
 *     takes the next connection, and a thread that ends leaves the port to the others.
 *  2. A thread that takes another's place listens wherever the others do, with the certificates of
 *     now.
 *  3. The group's own descriptors are closed when no thread can be about to duplicate them.
 */

import { closeListener, duplicateListener } from '../../engine/index.js';
import { lastingMetrics, type MetricsSnapshot } from '../../metrics/index.js';
import type { CloseOptions, ServingCertificate } from '../../transport/index.js';
import type { ListeningServer, ServerCloseOptions, ServerListenOptions } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import type { ListenPlace, ServingThread } from './contract.js';
import { type EndedThread, Member, type MemberOptions } from './member.js';

export interface ThreadGroupOptions extends Pick<MemberOptions, 'clock' | 'random' | 'answer'> {
  /** Of all threads, the first one included. */
  readonly count: number;
  readonly prepare: (thread: number) => ReturnType<MemberOptions['prepare']>;
  readonly logger: Logger;
  /** A thread has ended; nothing of it runs any more, and its successor not yet. */
  readonly onEnded: (thread: number) => void;
}

interface Place extends ListenPlace {
  /** Listens of threads that are under way: each may be duplicating the descriptor. */
  readonly pending: Set<Promise<unknown>>;
}

export class ThreadGroup {
  readonly #options: ThreadGroupOptions;
  readonly #members: readonly Member[];
  readonly #places = new Map<number, Place>();
  #nextListener = 1;
  /** What threads counted that have ended. */
  #lasting: MetricsSnapshot | undefined;
  #folding: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: ThreadGroupOptions) {
    this.#options = options;
    const { count, prepare, clock, random, answer } = options;
    this.#members = Array.from({ length: count - 1 }, (_, index) => {
      const thread = index + 2;
      return new Member({
        thread,
        clock,
        random,
        answer,
        prepare: () => prepare(thread),
        onServing: (member) => this.#served(member),
        onEnded: (_member, ended) => this.#ended(thread, ended),
      });
    });
  }

  get threads(): readonly ServingThread[] {
    return this.#members.map(({ info }) => info);
  }

  /** Rejects with a ServerError `thread-failed` where one can't start, or the signal's reason. */
  async ready(signal?: AbortSignal): Promise<void> {
    const started = Promise.all(this.#members.map((member) => member.started));
    if (signal === undefined) await started;
    else await unlessAborted(started, signal);
  }

  /** Ends a thread at once. Throws a RangeError for one that is not there. */
  async terminate(thread: number): Promise<void> {
    const member = this.#members.find((candidate) => candidate.thread === thread);
    if (member === undefined) throw new RangeError(`there is no thread ${thread} beside the first`);
    await member.terminate();
  }

  /** Has all threads accept what the first one's listener does. Gives the listener of them all. */
  async spread(
    first: ListeningServer,
    { tls, limits }: ServerListenOptions,
  ): Promise<ListeningServer> {
    const listener = this.#nextListener++;
    const { descriptor = -1 } = first;
    const place: Place = {
      listener,
      descriptor: duplicateListener(descriptor),
      tls,
      limits,
      pending: new Set(),
    };
    this.#places.set(listener, place);
    const serving = this.#members.filter(({ isServing }) => isServing);
    await Promise.all(serving.map((member) => this.#listen(member, place)));
    return {
      address: first.address,
      port: first.port,
      url: first.url,
      get descriptor() {
        return first.descriptor;
      },
      close: async (options: CloseOptions) => {
        await Promise.all([first.close(options), this.#unlisten(listener, options)]);
      },
      setCertificates: (certificate) => {
        first.setCertificates(certificate);
        this.#setCertificates(listener, certificate);
      },
    };
  }

  /** Of the threads that are, and of those that were. */
  async snapshots(): Promise<readonly MetricsSnapshot[]> {
    await this.#folding;
    const own = await Promise.all(this.#members.map((member) => member.metrics()));
    return [...own, this.#lasting].filter((snapshot) => snapshot !== undefined);
  }

  /** Begins to close all threads, as the first one does. */
  close(options: Required<ServerCloseOptions>): void {
    this.#closed ??= this.#close(options);
  }

  /** Resolves when no thread is left; `graceMs` shortens what they have. */
  async ended(graceMs: number): Promise<void> {
    for (const member of this.#members) member.shorten(graceMs);
    await this.#closed;
  }

  async #close(options: Required<ServerCloseOptions>): Promise<void> {
    const closing = this.#members.map((member) => member.close(options));
    await Promise.all([...this.#places.keys()].map((listener) => this.#release(listener)));
    await Promise.all(closing);
  }

  #served(member: Member): void {
    this.#options.logger.info({ thread: member.thread }, 'a thread serves');
    for (const place of this.#places.values()) void this.#listen(member, place);
  }

  #ended(thread: number, { error, lasting, retryMs }: EndedThread): void {
    this.#options.onEnded(thread);
    if (lasting !== undefined) this.#fold(lasting);
    if (retryMs === undefined) return;
    const fields = { thread, err: error, retryMs };
    this.#options.logger.error(fields, 'a serving thread has ended, and is replaced');
  }

  // One after the other: each adds to what there is.
  #fold(ended: MetricsSnapshot): void {
    this.#folding = this.#folding.then(async () => {
      const known = this.#lasting === undefined ? [] : [this.#lasting];
      this.#lasting = await lastingMetrics([...known, ended]);
    });
  }

  // A thread that can't listen is of no use, and may do better anew.
  async #listen(member: Member, place: Place): Promise<void> {
    const { pending, ...told } = place;
    const asking = member.ask({ type: 'listen', place: told });
    pending.add(asking);
    try {
      await asking;
    } catch (error) {
      if (this.#closed !== undefined || !this.#places.has(place.listener)) return;
      const { thread } = member;
      this.#options.logger.error({ thread, err: error }, 'a serving thread can not listen');
      await member.terminate();
    } finally {
      pending.delete(asking);
    }
  }

  async #unlisten(listener: number, { graceMs }: CloseOptions): Promise<void> {
    const released = this.#release(listener);
    const asking = this.#members.map((member) =>
      member.ask({ type: 'unlisten', listener, graceMs }).catch(() => undefined),
    );
    await Promise.all([released, ...asking]);
  }

  #setCertificates(listener: number, certificate: ServingCertificate): void {
    const place = this.#places.get(listener);
    if (place?.tls === undefined) return;
    this.#places.set(listener, { ...place, tls: { ...place.tls, ...certificate } });
    for (const member of this.#members) {
      // One that is not there gets it when it listens.
      member.ask({ type: 'certificate', listener, certificate }).catch(() => undefined);
    }
  }

  async #release(listener: number): Promise<void> {
    const place = this.#places.get(listener);
    if (place === undefined) return;
    this.#places.delete(listener);
    await Promise.allSettled(place.pending);
    closeListener(place.descriptor);
  }
}

function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
