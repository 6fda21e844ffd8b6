/** A watch of one namespace, and what it has been told. */

import type { View } from './view.js';

/** So long after the last write the last frame comes at the latest. */
const LATE_MS = 10_000;

/** Takes a frame, which is good until the next one, and its number. */
export type TakeFrame = (frame: Uint8Array, number: number) => void;

export class Frames {
  #take: (frame: Uint8Array) => void = () => undefined;

  constructor(view: View, namespace: string) {
    view.watch(namespace, (frame) => this.#take(frame));
  }

  /**
   * Has somebody write to the namespace and tell how often; resolves when as many frames have been
   * taken, and rejects when they don't come.
   */
  async during(write: () => Promise<number>, take: TakeFrame): Promise<void> {
    let taken = 0;
    let expected = Infinity;
    let onLast: () => void = () => undefined;
    const last = new Promise<void>((resolve) => (onLast = resolve));
    this.#take = (frame) => {
      take(frame, taken++);
      if (taken === expected) onLast();
    };
    expected = await write();
    if (taken >= expected) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`${taken} of ${expected} frames have come`));
      }, LATE_MS);
    });
    await Promise.race([last, late]);
    clearTimeout(timer);
  }
}
