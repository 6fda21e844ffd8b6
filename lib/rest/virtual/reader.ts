/**
 * Keeps a mirror up to date: asks its source again and again, or listens to it.
 *
 *     poll ──> take the state over ──> pause of everyMs ──> poll …
 *     events ─> the state, then changes … ─> ended or failed
 *        ^                                        │
 *        └── pause that doubles (Backoff) ────────┘
 *
 *  1. What fails changes nothing: the last state stays and is served, and the failure is told: to
 *     the log each time, to metrics, and to readiness once it lasts longer than is tolerated.
 *     Before the first state, reads are refused as those of a cache that is being filled, with the
 *     reason.
 *  2. One thing at a time: polls never overlap, and events are taken over in their order.
 *  3. After `close` nothing is called and no timer is left.
 */

import type { WatchCache } from '../../cache/index.js';
import { Backoff } from '../../client/index.js';
import { qualifiedResource, type ResourceType } from '../../object/index.js';
import type { Logger } from '../../request/index.js';
import type { Clock, Timer } from '../../storage/index.js';
import { unlessAborted } from './abortable.js';
import { HandlerFault } from './fault.js';
import { Mirror } from './mirror.js';
import type {
  AnySource,
  PollOptions,
  SourceEvent,
  SourceKey,
  SourceState,
} from './read-through.js';
import { SettledWrites } from './settled-writes.js';

export interface ReaderOptions {
  readonly type: ResourceType;
  readonly source: AnySource;
  /** Stand-alone and `pending`: the reader fills it. Not closed with the reader. */
  readonly cache: WatchCache;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
}

/** How reading goes, for metrics. */
export interface ReaderStats {
  /** States taken over. */
  readonly successes: number;
  readonly failures: number;
  /** Failures since the last success. */
  readonly failuresInARow: number;
  /** When the last success was; 0: never. Milliseconds since the epoch. */
  readonly lastSuccessMs: number;
}

/** How long a poll may take unless its source says otherwise. */
const POLL_TIMEOUT_MS = 30_000;
/** Pauses after failures: as those of a watch cache over a storage. */
const BACKOFF = { initialMs: 100, factor: 2, jitter: 0.2, maxMs: 30_000 };

export class ReadThroughReader {
  readonly type: ResourceType;
  readonly #options: ReaderOptions;
  readonly #mirror: Mirror;
  readonly #backoff: Backoff;
  readonly #writes: SettledWrites;
  #timer: Timer | undefined;
  // Of the poll that is under way, or of the events that are listened to.
  #session: AbortController | undefined;
  #isClosed = false;
  // Whether a poll is wanted that begins after the one that is under way.
  #isPollWanted = false;
  #etag: string | undefined;
  #failure: { readonly error: unknown; readonly sinceMs: number } | undefined;
  #stats: ReaderStats = { successes: 0, failures: 0, failuresInARow: 0, lastSuccessMs: 0 };

  constructor(options: ReaderOptions) {
    const { type, source, cache, clock, random } = options;
    this.type = type;
    this.#options = options;
    this.#mirror = new Mirror(type, source, cache, () => clock.now());
    this.#backoff = new Backoff(BACKOFF, random);
    this.#writes = new SettledWrites(clock, (key, content) => this.#mirror.has(key, content));
  }

  /** Begins to read. Never rejects: what fails is tried again. */
  start(): void {
    void this.#read();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#session?.abort(new Error('the server is closing'));
    this.#timer?.cancel();
    this.#writes.close();
  }

  get stats(): ReaderStats {
    return this.#stats;
  }

  /** Why reading fails, once that lasts longer than is tolerated. */
  get failure(): string | undefined {
    const { source, clock } = this.#options;
    if (this.#failure === undefined) return undefined;
    const { error, sinceMs } = this.#failure;
    if (clock.now() - sinceMs < (source.toleranceMs ?? 0)) return undefined;
    return messageOf(error);
  }

  /**
   * Waits until what was written to the source can be read here: `content` is what the object is
   * now, `undefined` that it is gone. Resolves to false where that took too long.
   */
  async settle(
    key: SourceKey,
    content: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const settled = this.#writes.wait(key, content, signal);
    if (this.#options.source.poll !== undefined) this.#pollSoon();
    return settled;
  }

  #pollSoon(): void {
    this.#isPollWanted = true;
    if (this.#session !== undefined || this.#timer === undefined) return;
    this.#timer.cancel();
    void this.#read();
  }

  async #read(): Promise<void> {
    const { source } = this.#options;
    this.#timer = undefined;
    const session = new AbortController();
    this.#session = session;
    let pauseMs: number;
    try {
      if (source.poll === undefined) {
        await this.#listen(session.signal);
        throw new HandlerFault('its events have ended');
      }
      await this.#poll(source.poll, session);
      pauseMs = source.poll.everyMs;
    } catch (error) {
      // Whatever is under way still is told that nobody waits for it.
      session.abort(error);
      pauseMs = this.#failed(error);
    }
    this.#session = undefined;
    if (this.#isClosed) return;
    this.#timer = this.#options.clock.setTimer(pauseMs, () => void this.#read());
    if (this.#isPollWanted && this.#failure === undefined) this.#pollSoon();
  }

  async #poll(poll: PollOptions<unknown>, session: AbortController): Promise<void> {
    const { signal } = session;
    const timeoutMs = poll.timeoutMs ?? POLL_TIMEOUT_MS;
    this.#isPollWanted = false;
    const writes = this.#writes.begin();
    const timer = this.#options.clock.setTimer(timeoutMs, () => {
      session.abort(new Error(`it gave nothing within ${timeoutMs} ms`));
    });
    try {
      const given = await unlessAborted(poll.list({ etag: this.#etag, signal }), signal);
      const state = asState(given);
      if (state === 'unchanged') {
        if (!this.#mirror.isFilled) throw new HandlerFault('unchanged, but there was no state');
      } else {
        await this.#mirror.take(state, signal);
        this.#etag = state.etag;
      }
    } finally {
      timer.cancel();
    }
    this.#succeeded();
    this.#writes.end(writes);
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const iterator = iteratorOf(this.#options.source.events!({ signal }));
    let hasState = false;
    try {
      for (;;) {
        const next = await unlessAborted(iterator.next(), signal);
        if (next.done === true) return;
        const event = next.value;
        if (!hasState && event?.type !== 'state') {
          throw new HandlerFault('its events do not begin with the state');
        }
        hasState = true;
        await this.#take(event, signal);
      }
    } finally {
      // Not waited for: it may not come back.
      void returnQuietly(iterator);
    }
  }

  async #take(event: SourceEvent<unknown>, signal: AbortSignal): Promise<void> {
    switch (event?.type) {
      case 'state': {
        await this.#mirror.take(event, signal);
        this.#succeeded();
        this.#writes.changed();
        break;
      }
      case 'put':
        this.#writes.changed(this.#mirror.put(event.row));
        break;
      case 'delete':
        this.#mirror.delete(checkedKey(event));
        this.#writes.changed(event);
        break;
      default: {
        const { type } = (event ?? {}) as { readonly type?: unknown };
        throw new HandlerFault(`an event is of type ${String(type)}, not state, put or delete`);
      }
    }
  }

  #succeeded(): void {
    const { clock, logger } = this.#options;
    if (this.#failure !== undefined) logger.info(this.#fields(), 'reading through works again');
    this.#failure = undefined;
    this.#backoff.reset();
    const { successes } = this.#stats;
    const lastSuccessMs = clock.now();
    this.#stats = { ...this.#stats, successes: successes + 1, failuresInARow: 0, lastSuccessMs };
  }

  // How long to pause.
  #failed(error: unknown): number {
    if (this.#isClosed) return 0;
    const { cache, clock, logger } = this.#options;
    const retryMs = this.#backoff.nextMs();
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#failure = { error: cause, sinceMs: this.#failure?.sinceMs ?? clock.now() };
    if (!this.#mirror.isFilled) cache.suspend(cause);
    const { failures, failuresInARow } = this.#stats;
    this.#stats = {
      ...this.#stats,
      failures: failures + 1,
      failuresInARow: failuresInARow + 1,
    };
    logger.warn({ ...this.#fields(), err: cause, retryMs }, 'reading through failed');
    return retryMs;
  }

  #fields(): { readonly resource: string } {
    return { resource: qualifiedResource(this.type) };
  }
}

function asState(given: unknown): SourceState<unknown> | 'unchanged' {
  if (given === 'unchanged') return given;
  if (typeof given === 'object' && given !== null && 'rows' in given) {
    return given as SourceState<unknown>;
  }
  // What is no list is found where rows are taken out of it.
  return { rows: given as Iterable<unknown> };
}

function iteratorOf<Event>(given: AsyncIterable<Event>): AsyncIterator<Event> {
  const iterable = given as Partial<AsyncIterable<Event>> | null | undefined;
  const iterator = iterable?.[Symbol.asyncIterator]?.();
  if (iterator === undefined) throw new HandlerFault('its events are no async iterable');
  return iterator;
}

function checkedKey(key: SourceKey): SourceKey {
  if (typeof key.name === 'string' && key.name !== '') return key;
  throw new HandlerFault('a delete event has no name');
}

async function returnQuietly(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // It was given up: how it takes that does not matter any more.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
