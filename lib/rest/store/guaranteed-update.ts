/**
 * The loop behind every change of an existing object (upstream's GuaranteedUpdate): read, change,
 * compare-and-swap, until the swap wins.
 *
 *  1. The first state is a guess out of the cache: right nearly always, and it saves a read.
 *     Whatever the change refuses on a guess is asked again on the live state, unless that is the
 *     same.
 *  2. A lost swap brings the newer state along, and the change is made anew on that: a change runs
 *     once per state and must be pure.
 *  3. What a dry run answers is decided on the live state.
 *  4. Writers that lose go on until they win or their signal aborts; nobody is starved by the loop
 *     itself, because each lost swap means that somebody else won.
 */

import type { Storage, StoredValue } from '../../storage/index.js';

/** A state of the object; `bytes` may carry a resourceVersion, but `revision` counts. */
export interface CurrentState {
  readonly bytes: Uint8Array;
  readonly revision: bigint;
}

/** What a change makes of a state. */
export interface Intent<Result> {
  /** The new value, `null` to delete. */
  readonly value: Uint8Array | null;
  readonly result: Result;
}

export interface GuaranteedUpdate<Result> {
  readonly storage: Storage;
  readonly key: string;
  /** From the cache; `undefined`: it has none. */
  readonly guess: CurrentState | undefined;
  readonly change: (current: CurrentState) => Intent<Result>;
  /** What is thrown when there is no such key. */
  readonly notFound: () => Error;
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface Updated<Result> {
  readonly result: Result;
  /** Of the write; of the state when nothing was written. */
  readonly revision: bigint;
}

/** Rejects with what `change` threw on the live state, `notFound()`, or a StorageError. */
export async function guaranteedUpdate<Result>(
  update: GuaranteedUpdate<Result>,
): Promise<Updated<Result>> {
  const { storage, key, dryRun } = update;
  let isLive = update.guess === undefined;
  let current = update.guess ?? (await readLive(update));
  for (;;) {
    update.signal?.throwIfAborted();
    let intent: Intent<Result>;
    try {
      intent = update.change(current);
    } catch (error) {
      if (isLive) throw error;
      const live = await readLive(update);
      if (live.revision === current.revision) throw error;
      current = live;
      isLive = true;
      continue;
    }
    if (dryRun) {
      const live = isLive ? current : await readLive(update);
      if (live.revision === current.revision) {
        return { result: intent.result, revision: live.revision };
      }
      current = live;
      isLive = true;
      continue;
    }
    const { value } = intent;
    const written = await storage.write({ key, expected: current.revision, value });
    if (written.ok) return { result: intent.result, revision: written.revision };
    current = stateOf(written.current, update);
    isLive = true;
  }
}

async function readLive(
  update: Pick<GuaranteedUpdate<never>, 'storage' | 'key' | 'notFound'>,
): Promise<CurrentState> {
  return stateOf(await update.storage.get(update.key), update);
}

function stateOf(
  stored: StoredValue | undefined,
  { notFound }: Pick<GuaranteedUpdate<never>, 'notFound'>,
): CurrentState {
  if (stored === undefined) throw notFound();
  return { bytes: stored.value, revision: stored.revision };
}
