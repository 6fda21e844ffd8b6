/**
 * A watch as a body of newline-delimited JSON (`{"type":…,"object":…}` a line), pulled by a
 * transport.
 *
 * The lines of changes come from the engine, where they are made once for all watches that show the
 * same; only bookmarks are made here. Nothing is parsed or stringified, and nothing is kept between
 * two pulls.
 */

import type { Pulled, PullSource } from '../request/index.js';
import type { WatchCursor } from './cursor.js';
import { type Bookmark, INITIAL_EVENTS_END } from './event.js';
import { typeMeta } from './type-name.js';

/** What a bookmark's object says it is: the type that the stream is about. */
export interface FrameType {
  readonly apiVersion: string;
  readonly kind: string;
}

export class FrameSource implements PullSource {
  readonly type = 'pull';
  /** A client waits for the head before it waits for events. */
  readonly flushHeaders = true;
  readonly isLines = true;
  readonly wakesInTurns = true;
  readonly #cursor: WatchCursor;
  readonly #show: (bookmark: Bookmark) => Uint8Array;

  constructor(cursor: WatchCursor, show: (bookmark: Bookmark) => Uint8Array) {
    this.#cursor = cursor;
    this.#show = show;
  }

  /** Every end is a clean one: to a client that was too slow, the next watch says 410. */
  pull(maxBytes: number): Pulled {
    const taken = this.#cursor.takeFrames(maxBytes, this.#show);
    if (taken.type !== 'items') return { type: taken.type };
    const { items: chunks, isLast } = taken;
    return isLast ? { type: 'chunks', chunks, isLast } : { type: 'chunks', chunks };
  }

  onReadable(callback: () => void): void {
    this.#cursor.onReadable(callback);
  }

  close(): void {
    this.#cursor.end('closed');
  }
}

const encoder = new TextEncoder();

/** A maker of bookmark lines. Throws a TypeError for a type that needs escaping in JSON. */
export function bookmarkFrames({
  apiVersion,
  kind,
}: FrameType): (bookmark: Bookmark) => Uint8Array {
  const head = `{"type":"BOOKMARK","object":{${typeMeta(kind, apiVersion)},"metadata":{`;
  return ({ revision, isInitialEventsEnd }) => {
    const annotations = isInitialEventsEnd ? `"annotations":{"${INITIAL_EVENTS_END}":"true"},` : '';
    return encoder.encode(`${head}${annotations}"resourceVersion":"${revision}"}}}\n`);
  };
}
