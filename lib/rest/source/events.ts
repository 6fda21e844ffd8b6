/**
 * A watch whose events are shown as something else than the objects themselves (tables, metadata
 * only): the events are taken in batches and each is made a line of its own.
 */

import { type Pulled, type PullSource, WrappedSource } from '../../request/index.js';
import type { EventSource, WatchEvent } from '../../watch/index.js';

/** Events made into lines between two turns of the event loop. */
const EVENTS_PER_PULL = 100;

/** `show` makes the JSON of the event's object. */
export function eventsSource(
  events: EventSource,
  show: (event: WatchEvent) => Uint8Array,
): PullSource {
  return {
    type: 'pull',
    flushHeaders: true,
    isLines: true,
    pull: (): Pulled => {
      const drained = events.drain(EVENTS_PER_PULL);
      if (drained.type === 'wait') return drained;
      if (drained.type === 'end') return { type: 'end' };
      return {
        type: 'chunks',
        chunks: drained.events.map((event) => frame(event.type, show(event))),
      };
    },
    onReadable: (callback) => events.onReadable(callback),
    close: () => events.close(),
  };
}

/** A stream of one ERROR event: how a watch is told what went wrong once it has begun. */
export function errorEvent(status: unknown): PullSource {
  const object = Buffer.from(JSON.stringify(status));
  let isSent = false;
  return {
    type: 'pull',
    flushHeaders: true,
    isLines: true,
    pull: (): Pulled => {
      if (isSent) return { type: 'end' };
      isSent = true;
      return { type: 'chunks', chunks: [frame('ERROR', object)] };
    },
    onReadable: (callback) => queueMicrotask(callback),
    close: () => undefined,
  };
}

/** The events of a source, and at its end an ERROR event if `error` then gives its object. */
export class EndingSource extends WrappedSource {
  readonly #error: () => unknown;
  #isEnded = false;

  constructor(source: PullSource, error: () => unknown) {
    super(source);
    this.#error = error;
  }

  override pull(maxBytes: number): Pulled {
    const pulled = super.pull(maxBytes);
    if (pulled.type !== 'end' || this.#isEnded) return pulled;
    this.#isEnded = true;
    const object = this.#error();
    if (object === undefined) return pulled;
    return { type: 'chunks', chunks: [frame('ERROR', Buffer.from(JSON.stringify(object)))] };
  }
}

function frame(type: string, object: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, FRAME_END]);
}

const FRAME_END = Buffer.from('}\n');
