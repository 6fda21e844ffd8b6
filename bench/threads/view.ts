/**
 * A store that several threads have open, as one of them sees it.
 *
 * A token opens the store on another thread: plain data that structured cloning keeps.
 */

import { createHash } from 'node:crypto';

import type { EngineShare } from '../../lib/engine/index.js';
import { podIdentity, type PodIdentity } from '../workload/pods.js';
import { seededRandom } from '../workload/random.js';

export interface View {
  /** Copies the object's bytes to where `bytes` finds them, and tells their length. */
  read(namespace: string, name: string): number;
  /** What the last `read` brought; good until the next one. */
  bytes(): Uint8Array;
  put(identity: PodIdentity, bytes: Uint8Array, revision: number): void;
  /** Copies a namespace's objects, joined by commas; each chunk is good until the next one. */
  list(namespace: string, sink: (chunk: Uint8Array) => void): void;
  /** Has every change of the namespace from now on told as the line of a watch stream. */
  watch(namespace: string, take: (frame: Uint8Array) => void): void;
}

/** What a thread opens a view with. */
export type Token =
  | { readonly type: 'engine'; readonly share: EngineShare }
  | { readonly type: 'locked'; readonly store: number }
  | { readonly type: 'table'; readonly memory: TableMemory };

/** The table in a SharedArrayBuffer, see table.ts. */
export interface TableMemory {
  readonly objectBytes: number;
  readonly slots: SharedArrayBuffer;
  readonly entries: SharedArrayBuffer;
  readonly bytes: SharedArrayBuffer;
}

/** So many keys are chosen beforehand, in random order. */
const KEYS = 8_192;

/** Keys of random pods among so many, the same for the same seed. */
export function randomKeys(objects: number, seed: number): readonly PodIdentity[] {
  const random = seededRandom(seed);
  return Array.from({ length: KEYS }, () => podIdentity(Math.floor(random() * objects)));
}

/** Of the bytes of all objects with these keys. */
export function digestOf(keys: readonly PodIdentity[], view: Pick<View, 'read' | 'bytes'>): string {
  const hash = createHash('sha256');
  for (const { namespace, name } of keys) {
    view.read(namespace, name);
    hash.update(view.bytes());
  }
  return hash.digest('hex');
}
