/**
 * What a drain fills: events with their objects, or frames. A sink takes what it is offered until
 * it is full, but never less than one item.
 */

import type { EngineEvent, WatchEventType } from '../contract.js';
import { eventContent, type FrameCache, frameLength, writeFrame } from './frame.js';
import type { EventRecord } from './log.js';
import { readVersion, type Rendering, type Version } from './version.js';

export interface Sink<Item> {
  /** An object of the initial state, as ADDED. Returns false, and takes nothing, when full. */
  addObject(version: Version): boolean;
  /** A live event. Returns false, and takes nothing, when full. */
  addEvent(record: EventRecord, type: WatchEventType): boolean;
  /** What was taken. Called once. */
  finish(): { readonly items: readonly Item[]; readonly bytes: number };
}

/** At most so many events. */
export class EventSink implements Sink<EngineEvent> {
  readonly #rendering: Rendering;
  readonly #eventsMax: number;
  readonly #items: EngineEvent[] = [];
  #bytes = 0;

  constructor(rendering: Rendering, eventsMax: number) {
    this.#rendering = rendering;
    this.#eventsMax = Math.max(1, eventsMax);
  }

  addObject(version: Version): boolean {
    return this.#add('ADDED', version, this.#rendering, version.revision);
  }

  addEvent(record: EventRecord, type: WatchEventType): boolean {
    const { version, rendering } = eventContent(record, type, this.#rendering);
    return this.#add(type, version, rendering, record.revision);
  }

  finish(): { items: readonly EngineEvent[]; bytes: number } {
    return { items: this.#items, bytes: this.#bytes };
  }

  #add(type: WatchEventType, version: Version, rendering: Rendering, revision: bigint): boolean {
    if (this.#items.length >= this.#eventsMax) return false;
    const { namespace, name, object } = readVersion(version, rendering);
    this.#items.push({ type, namespace, name, revision, object });
    this.#bytes += object.length;
    return true;
  }
}

/** Frames of about so many bytes together. */
export class FrameSink implements Sink<Uint8Array> {
  readonly #rendering: Rendering;
  readonly #bytesMax: number;
  readonly #frames: FrameCache;
  readonly #items: Uint8Array[] = [];
  readonly #objects: Version[] = [];
  #bytes = 0;

  constructor(rendering: Rendering, bytesMax: number, frames: FrameCache) {
    this.#rendering = rendering;
    this.#bytesMax = bytesMax;
    this.#frames = frames;
  }

  addObject(version: Version): boolean {
    const length = frameLength('ADDED', version, this.#rendering);
    if (this.#bytes > 0 && this.#bytes + length > this.#bytesMax) return false;
    this.#objects.push(version);
    this.#bytes += length;
    return true;
  }

  addEvent(record: EventRecord, type: WatchEventType): boolean {
    const { version, rendering } = eventContent(record, type, this.#rendering);
    const length = frameLength(type, version, rendering);
    if (this.#bytes > 0 && this.#bytes + length > this.#bytesMax) return false;
    this.#items.push(this.#frames.get(record, type, this.#rendering));
    this.#bytes += length;
    return true;
  }

  finish(): { items: readonly Uint8Array[]; bytes: number } {
    // The initial state is one watch's own: its frames lie in one block of memory.
    if (this.#objects.length > 0) {
      const block = new Uint8Array(Buffer.allocUnsafeSlow(this.#bytes).buffer);
      let start = 0;
      for (const version of this.#objects) {
        const end = writeFrame('ADDED', version, this.#rendering, block, start);
        this.#items.push(block.subarray(start, end));
        start = end;
      }
    }
    return { items: this.#items, bytes: this.#bytes };
  }
}
