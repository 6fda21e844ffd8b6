/**
 * What watches must be told, as a file that the client compares with what it is sent (load.c has
 * the layout). An event is written there before it is published.
 */

import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const EVENT_BYTES = 16;
export const EVENTS_MAX: number = 2 ** 18;
export const BYTES_AT: number = EVENTS_MAX * EVENT_BYTES;
const LOG_BYTES = 2 ** 30;

export class EventLog {
  readonly path: string;
  readonly #folder: string;
  readonly #file: number;
  readonly #event = Buffer.alloc(EVENT_BYTES);
  readonly #hash = createHash('sha256');
  #count = 0;
  #bytes = 0;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'shardwatch-bench-'));
    this.path = join(this.#folder, 'log');
    this.#file = openSync(this.path, 'w+');
    // Of zeros, which take no room.
    ftruncateSync(this.#file, LOG_BYTES);
  }

  /** Events written. */
  get count(): number {
    return this.#count;
  }

  /** Of all bytes so far. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Notes an event that is published now. */
  write(frame: Uint8Array): void {
    if (this.#count === EVENTS_MAX || BYTES_AT + this.#bytes + frame.length > LOG_BYTES) {
      throw new RangeError('the log is full');
    }
    writeSync(this.#file, frame, 0, frame.length, BYTES_AT + this.#bytes);
    this.#bytes += frame.length;
    this.#hash.update(frame);
    this.#event.writeBigUInt64LE(BigInt(this.#bytes), 0);
    this.#event.writeBigUInt64LE(process.hrtime.bigint(), 8);
    writeSync(this.#file, this.#event, 0, EVENT_BYTES, this.#count * EVENT_BYTES);
    this.#count++;
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
