/** The stores that threads share, made and filled by the main thread. */

import type { Setup } from '../trials/contract.js';
import { Churn } from '../workload/churn.js';
import { EngineStore } from '../workload/engine-store.js';
import { FIRST_REVISION, podIdentity } from '../workload/pods.js';
import { sharedNowMs } from './clock.js';
import { EngineView } from './engine-view.js';
import { createLockedStore, LockedView } from './locked-store.js';
import type { ReadView } from './open.js';
import { tableMemory, TableView } from './table.js';
import type { Token, View } from './view.js';

/** A store as its thread sees it, and how others open it. */
export interface SharedStore<Store extends ReadView> {
  readonly view: Store;
  readonly token: Token;
}

/** Makes an empty store with room for so many objects. */
export type MakeStore<Store extends ReadView> = (setup: Setup) => SharedStore<Store>;

/** A whole cache of ours. */
export const makeEngine: MakeStore<View> = ({ engine }) => {
  const { cache } = new EngineStore(engine, sharedNowMs);
  return { view: new EngineView(cache), token: { type: 'engine', share: cache.share() } };
};

/** Everything behind one lock. */
export const makeLocked: MakeStore<View> = () => {
  const store = createLockedStore();
  return { view: new LockedView(store), token: { type: 'locked', store } };
};

/** A hash table in shared memory. */
export const makeTable: MakeStore<ReadView> = ({ size }) => {
  const memory = tableMemory(size.objects, size.objectBytes);
  return { view: new TableView(memory), token: { type: 'table', memory } };
};

/** Puts the pods with these indexes and updates them at random; tells the last revision. */
export function grow(
  view: ReadView,
  indexes: readonly number[],
  { size: { objectBytes, updates }, seed }: Setup,
): number {
  const churn = new Churn(
    { objects: indexes.length, objectBytes },
    seed,
    { put: (index, bytes, revision) => view.put(podIdentity(index), bytes, revision) },
    indexes,
  );
  churn.load();
  churn.update(updates);
  return FIRST_REVISION + indexes.length + updates;
}
