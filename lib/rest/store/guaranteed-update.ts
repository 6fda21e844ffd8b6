/**
 * The loop behind every change of an existing object (upstream's GuaranteedUpdate): read, change,
 * compare-and-swap, until the swap wins.
 *
 *  1. The first state is a guess out of the cache: right nearly always, and it saves a read.
 *     Whatever the change refuses on a guess is asked again on the live state, unless that is the
 *     same.
 *  2. A lost swap brings the newer state along, and the change is made anew on that: a change runs
 *     once per state and must be pure. It may take its time; nothing is held meanwhile.
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
  readonly change: (current: CurrentState) => Promise<Intent<Result>>;
  /** What is written where there is no such key. Absent: `notFound` is thrown. */
  readonly create?: (() => Promise<Intent<Result>>) | undefined;
  /** Asked about every state that is read; throws where it is none of an object. */
  readonly check: (state: CurrentState) => void;
  /** What is thrown when there is no such key. */
  readonly notFound: () => Error;
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface Updated<Result> {
  readonly result: Result;
  /** Of the write; of the state when nothing was written; of neither for a dry creation. */
  readonly revision: bigint | undefined;
  /** Whether there was no such key before. */
  readonly created: boolean;
}

/**
 * Rejects with what `change` or `create` threw on the live state, `notFound()`, or a StorageError.
 */
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
      intent = await intentFor(update, current);
    } catch (error) {
      if (isLive || update.signal?.aborted === true) throw error;
      const live = await readLive(update);
      if (live?.revision === current?.revision) throw error;
      current = live;
      isLive = true;
      continue;
    }
    const created = current === undefined;
    if (dryRun) {
      const live = isLive ? current : await readLive(update);
      if (live?.revision === current?.revision) {
        return { result: intent.result, revision: live?.revision, created };
      }
      current = live;
      isLive = true;
      continue;
    }
    update.signal?.throwIfAborted();
    const { value } = intent;
    const written = await storage.write({ key, expected: current?.revision ?? 0n, value });
    if (written.ok) return { result: intent.result, revision: written.revision, created };
    current = stateOf(written.current, update);
    isLive = true;
  }
}

function intentFor<Result>(
  { change, create, notFound }: GuaranteedUpdate<Result>,
  current: CurrentState | undefined,
): Promise<Intent<Result>> {
  if (current !== undefined) return change(current);
  if (create === undefined) throw notFound();
  return create();
}

type Place = Pick<GuaranteedUpdate<unknown>, 'storage' | 'key' | 'create' | 'check' | 'notFound'>;

async function readLive(update: Place): Promise<CurrentState | undefined> {
  return stateOf(await update.storage.get(update.key), update);
}

// Undefined only where something can be created.
function stateOf(
  stored: StoredValue | undefined,
  { create, check, notFound }: Place,
): CurrentState | undefined {
  if (stored !== undefined) {
    const state = { bytes: stored.value, revision: stored.revision };
    check(state);
    return state;
  }
  if (create === undefined) throw notFound();
  return undefined;
}
