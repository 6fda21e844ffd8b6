/**
 * Bodies made piece by piece on the way: a PullSource over an iterable. Nothing is made before the
 * transport asks for it, and nothing more than it asks for (and one piece).
 */

import type { Pulled, PullSource } from '../../request/index.js';

/** `release` is called once, at the end or when the client leaves. */
export function piecesSource(
  pieces: Iterable<Uint8Array>,
  release: () => void = () => undefined,
): PullSource {
  const iterator = pieces[Symbol.iterator]();
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    release();
  };
  const pull = (maxBytes: number): Pulled => {
    const chunks: Uint8Array[] = [];
    if (!open) return { type: 'end' };
    let bytes = 0;
    while (bytes < maxBytes) {
      const next = iterator.next();
      if (next.done === true) {
        close();
        break;
      }
      if (next.value.length === 0) continue;
      chunks.push(next.value);
      bytes += next.value.length;
    }
    return chunks.length === 0 ? { type: 'end' } : { type: 'chunks', chunks };
  };
  return {
    type: 'pull',
    flushHeaders: false,
    pull: (maxBytes) => {
      try {
        return pull(maxBytes);
      } catch (error) {
        close();
        return { type: 'abort', error: error as Error };
      }
    },
    onReadable: (callback) => queueMicrotask(callback),
    close,
  };
}

/** A body that is over before it begins: what HEAD gets, whose length is not told. */
export function emptySource(): PullSource {
  return piecesSource([]);
}
