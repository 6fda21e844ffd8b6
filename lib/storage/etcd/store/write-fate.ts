/**
 * What became of a write of which no answer came: found out by the changes of its key.
 *
 * A compare-and-swap can only have been the first change of its key after it was sent. So all
 * changes up to a revision that was read later tell: the first one is it, is another one, or there
 * is none; then the write was not applied so far, and sending it again is safe, since of two of
 * them one at most can be.
 */

import type { StorageChange, StorageError, StorageWatch, WatchObserver } from '../../contract.js';

export interface FateQuestion {
  readonly key: string;
  /** As it was sent; `null` deletes. */
  readonly value: Uint8Array | null;
  /** A revision that was there before the write was sent. */
  readonly after: bigint;
  /** One that was read after it was given up. */
  readonly through: bigint;
}

/** `applied` at its revision; `overtaken` by another write; `absent`: there is no change. */
export type Fate =
  | { readonly kind: 'applied'; readonly revision: bigint; readonly createRevision: bigint }
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'absent' };

/** Watches keys that begin with a text, whatever they end in. */
export type OpenWatch = (prefix: string, after: bigint, observer: WatchObserver) => StorageWatch;

/**
 * `nextAsk` resolves when it is time to ask for progress once more. Rejects with what ended the
 * watch: `compacted` where the history that tells is gone.
 */
export async function fateOf(
  question: FateQuestion,
  open: OpenWatch,
  nextAsk: () => Promise<void>,
): Promise<Fate> {
  const { key, value, after, through } = question;
  if (after >= through) return { kind: 'absent' };
  let isOver = false;
  const first = new Promise<StorageChange | undefined>((resolve, reject) => {
    const watch = open(key, after, {
      onChanges: (changes) => {
        const change = changes.find((candidate) => candidate.key === key);
        if (change !== undefined) settle(() => resolve(change));
      },
      onProgress: (revision) => {
        if (revision >= through) settle(() => resolve(undefined));
      },
      onEnd: (error: StorageError) => settle(() => reject(error)),
    });
    const settle = (act: () => void): void => {
      isOver = true;
      watch.close();
      act();
    };
    void askUntil(
      () => isOver,
      nextAsk,
      () => watch.requestProgress?.(),
    );
  });
  const change = await first;
  if (change === undefined) return { kind: 'absent' };
  const isMine =
    value === null
      ? change.type === 'delete'
      : change.type === 'put' && Buffer.compare(change.value, value) === 0;
  if (!isMine) return { kind: 'overtaken' };
  const { revision, createRevision } = change;
  return { kind: 'applied', revision, createRevision };
}

async function askUntil(
  isOver: () => boolean,
  nextAsk: () => Promise<void>,
  ask: () => void,
): Promise<void> {
  while (!isOver()) {
    await nextAsk();
    if (!isOver()) ask();
  }
}
