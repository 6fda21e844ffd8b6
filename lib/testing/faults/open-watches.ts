/** The watches that clients have open: counted, waited for, and ended in the middle. */

import type { RecordedRequest } from '../request-log.js';
import { checkMatch, matches, type RequestMatch } from '../request-match.js';
import { waitUntil, type WaitOptions } from '../wait.js';
import type { FaultContext } from './fault.js';
import type { WatchBody, WatchEnding } from './watch-body.js';

/** Matches are of the requests that opened the watches; `{}` (the default) is all of them. */
export class OpenWatches {
  readonly #context: FaultContext;
  readonly #open = new Map<WatchBody, RecordedRequest>();
  readonly #listeners = new Set<() => void>();

  /** @internal Made by the server. */
  constructor(context: FaultContext) {
    this.#context = context;
  }

  /** How many are open. */
  count(match: RequestMatch = {}): number {
    return this.#find(match).length;
  }

  /**
   * Waits until at least this many are open. Rejects with a TestingError `timeout`, `aborted` or
   * `closed`.
   */
  async atLeast(count: number, match: RequestMatch = {}, options?: WaitOptions): Promise<void> {
    const subject = {
      subscribe: (listener: () => void) => this.subscribe(listener),
      bounds: this.#context.bounds,
      what: `${count} open watches`,
      describe: () => `${this.count(match)} are open; ${this.#context.describeRequests()}`,
    };
    await waitUntil(() => this.count(match) >= count, subject, options);
  }

  /** Breaks their connections off (of HTTP/2 the stream) and tells how many there were. */
  disconnect(match: RequestMatch = {}): number {
    return this.#end(match, 'broken');
  }

  /** Ends them with an ERROR event of 410 Expired and tells how many there were. */
  expire(match: RequestMatch = {}): number {
    return this.#end(match, 'expired');
  }

  /** Ends them cleanly, as a server does that stops or whose timeout is over. */
  end(match: RequestMatch = {}): number {
    return this.#end(match, 'clean');
  }

  /** @internal For the server: calls back when a watch was opened, and when one is over. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @internal For the server: a watch was opened. */
  add(body: WatchBody, request: RecordedRequest): void {
    this.#open.set(body, request);
    this.#notify();
  }

  /** @internal For the server: a watch is over. */
  remove(body: WatchBody): void {
    if (this.#open.delete(body)) this.#notify();
  }

  #end(match: RequestMatch, ending: WatchEnding): number {
    const found = this.#find(match);
    for (const body of found) {
      // Over as soon as its end was ordered: what opens from now on is another one.
      this.remove(body);
      body.end(ending);
    }
    return found.length;
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #find(match: RequestMatch): readonly WatchBody[] {
    checkMatch(match, this.#context);
    const open = [...this.#open];
    return open.filter(([, request]) => matches(match, request)).map(([body]) => body);
  }
}
