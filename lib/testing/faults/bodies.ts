/** Bodies of answers that do not arrive as they should: broken off, or slowly. */

import type { Pulled, PullSource, Source } from '../../request/index.js';
import type { Clock, Timer } from '../../storage/index.js';

/** What a client sees of it is a connection that breaks. */
const BROKEN_OFF = 'broken off by an injected fault';

/**
 * The first `afterBytes` bytes of a body, or all of a shorter one, and then the connection breaks.
 * With 0 it breaks before the head of the answer is sent.
 */
export class BrokenBody implements PullSource {
  readonly type = 'pull';
  readonly flushHeaders: boolean;
  readonly #body: PullSource;
  #left: number;
  // What was given goes out before the break: a transport drops what it gets together with it.
  #isFlushed: boolean;

  /** Whether not even the head of the answer arrives. */
  readonly isLost: boolean;

  constructor(source: Source, afterBytes: number) {
    this.isLost = afterBytes === 0;
    this.#body = asPull(source);
    this.flushHeaders = afterBytes > 0 && this.#body.flushHeaders;
    this.#left = afterBytes;
    this.#isFlushed = afterBytes === 0;
  }

  pull(maxBytes: number): Pulled {
    if (this.#left === 0) {
      if (this.#isFlushed) return { type: 'abort', error: new Error(BROKEN_OFF) };
      this.#isFlushed = true;
      return { type: 'wait' };
    }
    const pulled = this.#body.pull(Math.min(maxBytes, this.#left));
    if (pulled.type === 'end') {
      this.#left = 0;
      return this.pull(maxBytes);
    }
    if (pulled.type !== 'chunks') return pulled;
    const bytes = Buffer.concat(pulled.chunks).subarray(0, this.#left);
    pulled.release?.();
    this.#left -= bytes.byteLength;
    return { type: 'chunks', chunks: [bytes] };
  }

  onReadable(callback: () => void): void {
    if (this.#left === 0) setImmediate(callback);
    else this.#body.onReadable(callback);
  }

  close(): void {
    this.#body.close();
  }
}

/** A body in portions of `bytes`, one every `everyMs` of the clock; the first comes at once. */
export class SlowBody implements PullSource {
  readonly type = 'pull';
  readonly flushHeaders = true;
  readonly #body: PullSource;
  readonly #bytes: number;
  readonly #everyMs: number;
  readonly #clock: Clock;
  #rest: Uint8Array = new Uint8Array(0);
  #allowed: number;
  #timer: Timer | undefined;
  #callback: (() => void) | undefined;

  constructor(source: Source, bytes: number, everyMs: number, clock: Clock) {
    this.#body = asPull(source);
    this.#bytes = bytes;
    this.#allowed = bytes;
    this.#everyMs = everyMs;
    this.#clock = clock;
  }

  pull(maxBytes: number): Pulled {
    if (this.#allowed === 0) return { type: 'wait' };
    if (this.#rest.byteLength === 0) {
      const pulled = this.#body.pull(maxBytes);
      if (pulled.type !== 'chunks') return pulled;
      this.#rest = Buffer.concat(pulled.chunks);
      pulled.release?.();
    }
    const portion = this.#rest.subarray(0, Math.min(this.#allowed, maxBytes));
    this.#rest = this.#rest.subarray(portion.byteLength);
    this.#allowed -= portion.byteLength;
    // Before the portion is sent: whoever got it may let the time pass at once.
    if (this.#allowed === 0) this.#arm();
    return { type: 'chunks', chunks: [portion] };
  }

  onReadable(callback: () => void): void {
    if (this.#timer === undefined) this.#body.onReadable(callback);
    else this.#callback = callback;
  }

  close(): void {
    this.#timer?.cancel();
    this.#body.close();
  }

  #arm(): void {
    this.#timer ??= this.#clock.setTimer(this.#everyMs, () => {
      this.#timer = undefined;
      this.#allowed = this.#bytes;
      const callback = this.#callback;
      this.#callback = undefined;
      callback?.();
    });
  }
}

function asPull(source: Source): PullSource {
  if (source.type === 'pull') return source;
  let bytes = source.type === 'bytes' ? source.bytes : new Uint8Array(0);
  return {
    type: 'pull',
    flushHeaders: false,
    pull: (maxBytes) => {
      if (bytes.byteLength === 0) return { type: 'end' };
      const chunk = bytes.subarray(0, maxBytes);
      bytes = bytes.subarray(chunk.byteLength);
      return { type: 'chunks', chunks: [chunk] };
    },
    onReadable: (callback) => queueMicrotask(callback),
    close: () => undefined,
  };
}
