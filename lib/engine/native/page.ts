/**
 * Pages: the memory that objects, events and frames are copied to on their way out.
 *
 *   page   | object | object | namespace name | frame |        free        |
 *                                                     start ─▶
 *
 * An ArrayBuffer for each of them would cost more than its bytes, so they are carved out of pages.
 *
 * Invariants:
 *  1. What was handed out is never written again: `start` only rises, and a page that is full is
 *     left to those who hold a part of it.
 *  2. What would take much of a page has memory of its own, so that a small part that somebody
 *     keeps holds one page and no more, and a page wastes an eighth at most.
 */

import { markAsUntransferable } from 'node:worker_threads';

/** Some dozens of objects of the usual few KiB. */
export const PAGE_BYTES: number = 64 * 1024;

/** Larger things have memory of their own. */
const CARVED_BYTES_MAX: number = PAGE_BYTES / 8;

const ASCII_END = 0x80;

export class Page {
  /** Where the addon writes, from `start` on: the page, or memory for one large thing. */
  target: Buffer;
  start = 0;
  #page: Buffer;
  #used = 0;

  constructor() {
    this.#page = makePage();
    this.target = this.#page;
  }

  /** Makes room for that many bytes, which the target lacks. */
  demand(bytes: number): void {
    if (bytes > CARVED_BYTES_MAX) {
      this.target = Buffer.allocUnsafeSlow(bytes);
      this.start = 0;
      return;
    }
    this.#page = makePage();
    this.#used = 0;
    this.settle(0);
  }

  /** Everything of the target up to `end` is given away. Memory for one thing is given up. */
  settle(end: number): void {
    if (this.target === this.#page) this.#used = end;
    this.target = this.#page;
    this.start = this.#used;
  }

  /** Whether somebody has transferred the page to another thread; a new one takes its place. */
  replaceDetached(): boolean {
    if (this.#page.length > 0) return false;
    this.demand(0);
    return true;
  }

  /** That part of the target. A plain Uint8Array, as every engine returns it. */
  bytes(start: number, length: number): Uint8Array {
    return new Uint8Array(this.target.buffer, start, length);
  }

  /** That part of the target as text. */
  text(start: number, length: number): string {
    const end = start + length;
    for (let at = start; at < end; at++) {
      if (this.target[at]! >= ASCII_END) return this.target.toString('utf8', start, end);
    }
    return this.target.toString('latin1', start, end);
  }
}

// Not zeroed: every byte that is handed out is written before.
function makePage(): Buffer {
  const page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  // Whoever sends an object to another thread sends a copy: there are others on its page.
  markAsUntransferable(page.buffer);
  return page;
}
