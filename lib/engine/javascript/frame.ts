/**
 * Frames: events as lines of a JSON watch stream (`{"type":"ADDED","object":…}` and a newline).
 *
 * Invariants:
 *  1. What a record says of an event type in one apiVersion is encoded once and shared by all
 *     watches, as long as the frame is kept.
 *  2. The kept frames of a cache take at most the given bytes, the oldest ones go first; a frame
 *     that is gone is made again on demand, with the same bytes.
 *  3. A frame is not kept longer than its record is in the log.
 */

import type { WatchEventType } from '../contract.js';
import type { EventRecord } from './log.js';
import { PositionQueue } from './queue.js';
import { copyVersion, renderedLength, type Rendering, type Version } from './version.js';

/** Frames kept by one cache: 16 MiB, some seconds of busy traffic. */
export const FRAME_BYTES_MAX: number = 16 * 1024 * 1024;

/**
 * Frames are laid side by side into blocks of this size, since an ArrayBuffer for each costs more
 * than its bytes. A block goes with the last frame in it.
 */
const BLOCK_BYTES: number = 64 * 1024;

/** Larger frames have memory of their own, so that a block wastes an eighth at most. */
const BLOCK_FRAME_BYTES_MAX: number = BLOCK_BYTES / 8;

/** A kept frame. */
export interface Frame {
  readonly type: WatchEventType;
  /** The apiVersion that replaces the stored one, if one does. */
  readonly apiVersion: string | undefined;
  readonly record: EventRecord;
  bytes: Uint8Array | undefined;
}

/** Of a record of which none is kept. */
export const NO_FRAMES: readonly Frame[] = [];

const HEADS: Readonly<Record<WatchEventType, Uint8Array>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const TAIL = Buffer.from('}\n');

/** The object that an event carries, and how it is rendered. */
export interface EventContent {
  readonly version: Version;
  readonly rendering: Rendering;
}

/** A DELETED event carries the version before, with the event's revision in it. */
export function eventContent(
  record: EventRecord,
  type: WatchEventType,
  rendering: Rendering,
): EventContent {
  if (type !== 'DELETED') return { version: record.version!, rendering };
  return {
    version: record.previous!,
    rendering: { apiVersion: rendering.apiVersion, digits: record.revision.toString() },
  };
}

/** How long a frame of this object is. */
export function frameLength(type: WatchEventType, version: Version, rendering: Rendering): number {
  return HEADS[type].length + renderedLength(version, rendering) + TAIL.length;
}

/** Writes the frame of this object at `at`; tells its end. */
export function writeFrame(
  type: WatchEventType,
  version: Version,
  rendering: Rendering,
  target: Uint8Array,
  at: number,
): number {
  const head = HEADS[type];
  target.set(head, at);
  const end = copyVersion(version, rendering, target, at + head.length);
  target.set(TAIL, end);
  return end + TAIL.length;
}

export class FrameCache {
  readonly #bytesMax: number;
  readonly #kept = new PositionQueue<Frame>();
  #block = new Uint8Array(0);
  #blockUsed = 0;
  #bytes = 0;
  #made = 0;

  constructor(bytesMax: number = FRAME_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of the frames that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many frames have been encoded. */
  get made(): number {
    return this.#made;
  }

  /** The frame of an event. Shared: read only. */
  get(record: EventRecord, type: WatchEventType, rendering: Rendering): Uint8Array {
    const content = eventContent(record, type, rendering);
    const wanted = content.rendering.apiVersion?.apiVersion;
    const apiVersion = wanted === content.version.apiVersion ? undefined : wanted;
    for (const frame of record.frames) {
      if (frame.type === type && frame.apiVersion === apiVersion) return frame.bytes!;
    }
    const bytes = this.#allocate(frameLength(type, content.version, content.rendering));
    writeFrame(type, content.version, content.rendering, bytes, 0);
    this.#made++;
    this.#keep({ type, apiVersion, record, bytes });
    return bytes;
  }

  /** Gives up a record's frames. */
  forget(record: EventRecord): void {
    for (const frame of record.frames) this.#giveUp(frame);
    record.frames = NO_FRAMES;
    this.#skipGivenUp();
  }

  #allocate(length: number): Uint8Array {
    if (length > BLOCK_FRAME_BYTES_MAX) return new Uint8Array(length);
    if (this.#blockUsed + length > this.#block.length) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#blockUsed = 0;
    }
    const start = this.#blockUsed;
    this.#blockUsed += length;
    return this.#block.subarray(start, this.#blockUsed);
  }

  #keep(frame: Frame): void {
    const length = frame.bytes!.length;
    if (length > this.#bytesMax) return;
    this.#bytes += length;
    frame.record.frames = [...frame.record.frames, frame];
    this.#kept.push(frame);
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#kept.at(this.#kept.first)!;
      oldest.record.frames = oldest.record.frames.filter((kept) => kept !== oldest);
      this.#giveUp(oldest);
      this.#skipGivenUp();
    }
  }

  #giveUp(frame: Frame): void {
    this.#bytes -= frame.bytes!.length;
    frame.bytes = undefined;
  }

  #skipGivenUp(): void {
    while (this.#kept.length > 0 && this.#kept.at(this.#kept.first)!.bytes === undefined) {
      this.#kept.shift();
    }
  }
}
