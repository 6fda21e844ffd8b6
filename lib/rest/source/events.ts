/**
 * A watch whose events are shown as something else than the objects themselves (tables, metadata
 * only): the events are taken in batches and each is made a line of its own.
 */

import type { Pulled, PullSource } from '../../request/index.js';
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
export function endingWith(source: PullSource, error: () => unknown): PullSource {
  let isEnded = false;
  return {
    type: 'pull',
    flushHeaders: source.flushHeaders,
    ...(source.isLines === true ? { isLines: true } : {}),
    pull: (maxBytes): Pulled => {
      const pulled = source.pull(maxBytes);
      if (pulled.type !== 'end' || isEnded) return pulled;
      isEnded = true;
      const object = error();
      if (object === undefined) return pulled;
      return { type: 'chunks', chunks: [frame('ERROR', Buffer.from(JSON.stringify(object)))] };
    },
    onReadable: (callback) => source.onReadable(callback),
    close: () => source.close(),
  };
}

function frame(type: string, object: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, FRAME_END]);
}

const FRAME_END = Buffer.from('}\n');
