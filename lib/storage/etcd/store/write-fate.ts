/**
 * What became of a write of which no answer came: found out by the changes of its key.
 *
 * An update or a deletion can only have been the change of its key that took the revision which it
 * expects: that may be long past, and what happened since is another one's. A creation can have
 * been any that made the key: what is known may be so old that the key was still there, and others
 * may have made and deleted it meanwhile. So all changes up to a revision that was read later tell:
 * one of them is it, another one has come first, or there is none; then the write was not applied
 * so far. To send it again is safe for an update or a deletion: of two at most one meets what it
 * expects. A creation has to be called off before (`creation-fence.ts`).
 */

import type { StorageChange, StorageError, StorageWatch, WatchObserver } from '../../contract.js';

export interface FateQuestion {
  readonly key: string;
  /** As it was sent; `null` deletes. */
  readonly value: Uint8Array | null;
  /** The revision that it writes over; `0n`: it makes the key. */
  readonly expected: bigint;
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
  const { after, through } = question;
  if (after >= through) return { kind: 'absent' };
  let isOver = false;
  const first = new Promise<StorageChange | undefined>((resolve, reject) => {
    const watch = open(question.key, after, {
      onChanges: (changes) => {
        const change = changes.find((candidate) => mayBeIt(question, candidate));
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
  if (!isIt(question, change)) return { kind: 'overtaken' };
  const { revision, createRevision } = change;
  return { kind: 'applied', revision, createRevision };
}

// Of an update or a deletion the first change of the key decides, whatever it is.
function mayBeIt(question: FateQuestion, change: StorageChange): boolean {
  if (change.key !== question.key) return false;
  const isMade = change.type === 'put' && change.revision === change.createRevision;
  return question.expected !== 0n || (isMade && isIt(question, change));
}

function isIt({ value, expected }: FateQuestion, change: StorageChange): boolean {
  if (expected !== 0n && (change.previousRevision ?? expected) !== expected) return false;
  if (value === null) return change.type === 'delete';
  return change.type === 'put' && Buffer.compare(change.value, value) === 0;
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
