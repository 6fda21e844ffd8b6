/**
 * Follows a collection of a server: lists it, watches from there, and begins anew where history was
 * lost (client-go `tools/cache.Reflector`, restated).
 *
 * 1. A watch that ends is begun again from the last revision seen, at once; one that ended within
 *    SHORT_WATCH_MS without an event, or could not be begun, after a pause.
 * 2. A revision that the server no longer has, or does not have yet, is forgotten: list anew.
 * 3. Pauses grow up to half a minute and shrink again after HEALTHY_MS without a failure.
 */

import type { UnknownObject } from '../object/index.js';
import { isStatusError } from '../request/index.js';
import { systemClock } from '../storage/index.js';
import type { Clock } from '../storage/index.js';
import { Backoff } from './backoff.js';
import type { ApiClient } from './client.js';
import { ClientError } from './error.js';
import type { ApiWatchEvent } from './response.js';

export interface ReflectorOptions<T> {
  readonly client: ApiClient;
  /** The collection: `/api/v1/namespaces/kube-system/configmaps`. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  readonly clock?: Clock;
  /** A number in [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** All objects there are, at first and whenever it had to list anew. */
  readonly onReplace: (objects: readonly T[]) => void;
  readonly onEvent: (type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T) => void;
  /** Is told of every failure; it goes on regardless. */
  readonly onError?: (error: unknown) => void;
}

/** A Reflector that runs until it is closed. */
export interface Reflector {
  close(): void;
}

/** Begins to follow; the first list comes as soon as the server gives it. */
export function startReflector<T = UnknownObject>(options: ReflectorOptions<T>): Reflector {
  const reflector = new ListWatch<T>(options);
  void reflector.run();
  return reflector;
}

/** As client-go's reflectors. */
const BACKOFF = { initialMs: 800, factor: 2, jitter: 1, maxMs: 30_000 };
const HEALTHY_MS = 120_000;
const SHORT_WATCH_MS = 1_000;
/** A watch lasts between this and twice this. */
const WATCH_SECONDS_MIN = 300;
/** How long after its time a watch may end before its connection is taken for dead. */
const WATCH_OVERDUE_MS = 30_000;

interface ObjectList<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[];
}

interface Versioned {
  readonly metadata?: { readonly resourceVersion?: string };
}

class ListWatch<T> implements Reflector {
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #closed = new AbortController();
  /** The last revision seen: '0' is whichever the server has, '' the newest. */
  #revision = '0';
  #listed = false;
  #failedAt = -Infinity;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff(BACKOFF, this.#random);
  }

  close(): void {
    this.#closed.abort();
  }

  async run(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        if (!this.#listed) await this.#list();
        await this.#watch();
      } catch (error) {
        if (this.#closed.signal.aborted) return;
        this.#options.onError?.(error);
        this.#learn(error);
        await this.#pause();
      }
    }
  }

  async #list(): Promise<void> {
    const { client, path, onReplace } = this.#options;
    const { signal } = this.#closed;
    const items: T[] = [];
    let next = '';
    let list: ObjectList<T>;
    do {
      const place = next === '' ? { resourceVersion: this.#revision } : { continue: next };
      const query = { ...this.#selectors(), ...place };
      list = (await client.request({ path, query, signal })).body as ObjectList<T>;
      items.push(...(list.items ?? []));
      next = list.metadata?.continue ?? '';
    } while (next !== '');
    const revision = list.metadata?.resourceVersion ?? '';
    if (revision === '') throw new ClientError('bad-response', `${path}: a list without revision`);
    this.#revision = revision;
    this.#listed = true;
    if (!signal.aborted) onReplace(items);
  }

  async #watch(): Promise<void> {
    const begun = this.#clock.now();
    const seconds = Math.floor(WATCH_SECONDS_MIN * (1 + this.#random()));
    const overdue = new AbortController();
    const timer = this.#clock.setTimer(seconds * 1_000 + WATCH_OVERDUE_MS, () => overdue.abort());
    let count = 0;
    try {
      const events = this.#options.client.watch<T>({
        path: this.#options.path,
        query: {
          ...this.#selectors(),
          resourceVersion: this.#revision,
          allowWatchBookmarks: 'true',
          timeoutSeconds: String(seconds),
        },
        signal: AbortSignal.any([this.#closed.signal, overdue.signal]),
      });
      for await (const event of events) {
        count++;
        this.#take(event);
      }
    } finally {
      timer.cancel();
    }
    if (count === 0 && this.#clock.now() - begun < SHORT_WATCH_MS) {
      throw new ClientError('connection-lost', `${this.#options.path}: a very short watch`);
    }
  }

  #take({ type, object }: ApiWatchEvent<T>): void {
    if (this.#closed.signal.aborted) return;
    if (type !== 'BOOKMARK') this.#options.onEvent(type, object);
    this.#revision = (object as Versioned).metadata?.resourceVersion ?? this.#revision;
  }

  // What the failure says about the revision to go on from.
  #learn(error: unknown): void {
    if (!isStatusError(error) || error.code === 429) return;
    const gone = error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone';
    const tooLarge = error.details?.causes?.some(
      ({ reason }) => reason === 'ResourceVersionTooLarge',
    );
    if (gone || tooLarge === true) this.#revision = '';
    this.#listed = false;
  }

  async #pause(): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#failedAt > HEALTHY_MS) this.#backoff.reset();
    this.#failedAt = now;
    const { signal } = this.#closed;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(this.#backoff.nextMs(), () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
      const stop = (): void => {
        timer.cancel();
        resolve();
      };
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  #selectors(): { readonly [name: string]: string } {
    const { fieldSelector, labelSelector } = this.#options;
    return {
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    };
  }
}
