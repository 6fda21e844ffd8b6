/**
 * A list as a JSON document, pulled in chunks: head, objects' bytes joined by commas, tail.
 *
 * Nothing is parsed or stringified; a pull copies as much as it is asked for, in chunks of
 * BODY_CHUNK_BYTES, so that a slow client holds a root and one chunk, never the document.
 */

import type { EngineList } from '../engine/index.js';
import type { Pulled, PullSource } from '../request/index.js';
import { typeMeta } from '../watch/index.js';

/** Large enough to pay for the call, small enough to stay in warm memory. */
export const BODY_CHUNK_BYTES: number = 128 * 1024;

/** What the document says about itself. */
export interface ListHead {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
}

const encoder = new TextEncoder();

export class ListBody implements PullSource {
  readonly type = 'pull';
  readonly flushHeaders = false;
  readonly #list: EngineList;
  #head: Uint8Array | undefined;
  #isOver = false;

  /** Throws a TypeError for a kind or apiVersion that is not a plain name. */
  constructor(list: EngineList, head: ListHead) {
    this.#head = encoder.encode(headText(head));
    this.#list = list;
  }

  pull(maxBytes: number): Pulled {
    if (this.#isOver) return { type: 'end' };
    const chunks: Uint8Array[] = [];
    let length = 0;
    if (this.#head !== undefined) {
      chunks.push(this.#head);
      length = this.#head.length;
      this.#head = undefined;
    }
    while (chunks.length === 0 || length < maxBytes) {
      const budget = Math.min(Math.max(maxBytes - length, 1), BODY_CHUNK_BYTES);
      const chunk = this.#list.read(budget);
      if (chunk === undefined) {
        chunks.push(encoder.encode(']}\n'));
        this.close();
        break;
      }
      chunks.push(chunk);
      length += chunk.length;
    }
    return { type: 'chunks', chunks };
  }

  /** Never has to be waited for; answers at once. */
  onReadable(callback: () => void): void {
    queueMicrotask(callback);
  }

  close(): void {
    this.#isOver = true;
    this.#list.close();
  }
}

// In the order in which upstream writes the fields.
function headText(head: ListHead): string {
  const metadata = [`"resourceVersion":"${head.resourceVersion}"`];
  if (head.continue !== undefined) metadata.push(`"continue":"${head.continue}"`);
  if (head.remainingItemCount !== undefined) {
    metadata.push(`"remainingItemCount":${head.remainingItemCount}`);
  }
  const type = typeMeta(head.kind, head.apiVersion);
  return `{${type},"metadata":{${metadata.join(',')}},"items":[`;
}
