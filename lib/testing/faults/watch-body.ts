/**
 * The body of a watch under a test's hands: its events may come later or twice, and it may end at
 * any time, cleanly, with an ERROR event, or by a connection that breaks.
 *
 *  1. Events keep their order, whatever delays them, and are counted without bookmarks.
 *  2. An end that is ordered comes at once: events that were not sent yet are not sent any more.
 *  3. Of what a slow client has not taken, no more than LINES_MAX events are held.
 */

import { expired, type Pulled, type PullSource } from '../../request/index.js';
import type { Clock, Timer } from '../../storage/index.js';

/** How a watch ends. */
export type WatchEnding = 'clean' | 'expired' | 'broken';

interface Line {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
}

export class WatchBody implements PullSource {
  readonly type = 'pull';
  readonly flushHeaders = true;
  readonly isLines = true;
  readonly #body: PullSource;
  readonly #clock: Clock;
  readonly #onClose: () => void;
  readonly #lines: Line[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  /** How the body itself has ended. */
  #ended: Exclude<Pulled, { type: 'chunks' | 'wait' }> | undefined;
  #ending: WatchEnding | undefined;
  #endAfterEvents: { readonly events: number; readonly ending: WatchEnding } | undefined;
  #isLastSent = false;
  #events = 0;
  #delayMs = 0;
  #copies = 1;
  #timer: Timer | undefined;
  #callback: (() => void) | undefined;

  constructor(body: PullSource, clock: Clock, onClose: () => void) {
    this.#body = body;
    this.#clock = clock;
    this.#onClose = onClose;
  }

  /** Every event comes this much later. */
  delay(delayMs: number): void {
    this.#delayMs += delayMs;
  }

  /** Every event comes so many times. */
  repeat(copies: number): void {
    this.#copies *= copies;
  }

  /** Ends the watch now. A second call does nothing. */
  end(ending: WatchEnding): void {
    this.#ending ??= ending;
    this.#notify();
  }

  /** Ends the watch behind its n-th event, counted as they are sent. */
  endAfter(events: number, ending: WatchEnding): void {
    this.#endAfterEvents = { events, ending };
    if (events === 0) this.#ending ??= ending;
  }

  pull(maxBytes: number): Pulled {
    if (this.#ending === undefined) {
      this.#takeLines(maxBytes);
      const chunks = this.#dueLines();
      if (chunks.length > 0) return { type: 'chunks', chunks };
    }
    if (this.#ending !== undefined) return this.#pullEnding(this.#ending);
    if (this.#lines.length > 0) this.#arm();
    else if (this.#ended !== undefined) return this.#ended;
    return { type: 'wait' };
  }

  onReadable(callback: () => void): void {
    this.#callback = callback;
    if (this.#ending !== undefined) setImmediate(() => this.#notify());
    else if (this.#ended === undefined && this.#lines.length < LINES_MAX) {
      this.#body.onReadable(() => this.#notify());
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#callback = undefined;
    this.#body.close();
    this.#onClose();
  }

  #takeLines(maxBytes: number): void {
    while (this.#ended === undefined && this.#lines.length < LINES_MAX) {
      const pulled = this.#body.pull(maxBytes);
      if (pulled.type === 'wait') return;
      if (pulled.type !== 'chunks') {
        this.#ended = pulled;
        return;
      }
      this.#rest = Buffer.concat([this.#rest, ...pulled.chunks]);
      pulled.release?.();
      this.#split();
    }
  }

  #split(): void {
    const dueMs = this.#clock.now() + this.#delayMs;
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE) + 1;
      if (end === 0) return;
      const bytes = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      const copies = isBookmark(bytes) ? 1 : this.#copies;
      for (let copy = 0; copy < copies; copy++) this.#lines.push({ bytes, dueMs });
    }
  }

  #dueLines(): Uint8Array[] {
    const nowMs = this.#clock.now();
    const due: Uint8Array[] = [];
    while (this.#ending === undefined) {
      const [line] = this.#lines;
      if (line === undefined || line.dueMs > nowMs) break;
      this.#lines.shift();
      due.push(line.bytes);
      if (!isBookmark(line.bytes)) this.#events++;
      const after = this.#endAfterEvents;
      if (after !== undefined && this.#events >= after.events) this.#ending = after.ending;
    }
    return due;
  }

  // A transport drops what it gets together with a break: it is told to write out first.
  #pullEnding(ending: WatchEnding): Pulled {
    if (ending === 'clean') return { type: 'end' };
    const isFirst = !this.#isLastSent;
    this.#isLastSent = true;
    if (ending === 'expired') {
      return isFirst ? { type: 'chunks', chunks: [expiredEvent()] } : { type: 'end' };
    }
    if (isFirst) return { type: 'wait' };
    return { type: 'abort', error: new Error('broken off by an injected fault') };
  }

  #arm(): void {
    const [line] = this.#lines;
    if (line === undefined || this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimer(line.dueMs - this.#clock.now(), () => {
      this.#timer = undefined;
      this.#notify();
    });
  }

  #notify(): void {
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }
}

const NEWLINE = 0x0a;
/** Events held back; what follows stays in the cache. */
const LINES_MAX = 1_024;

/** What upstream tells a watch whose resourceVersion is older than its history. */
export const TOO_OLD = 'The resourceVersion for the provided watch is too old.';

function expiredEvent(): Uint8Array {
  const object = expired(TOO_OLD).toStatus();
  return Buffer.from(`${JSON.stringify({ type: 'ERROR', object })}\n`);
}

const BOOKMARK = Buffer.from('{"type":"BOOKMARK"');

function isBookmark(line: Uint8Array): boolean {
  return BOOKMARK.equals(line.subarray(0, BOOKMARK.byteLength));
}
