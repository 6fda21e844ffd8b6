/**
 * The store behind one lock (native/locked_store.cc), which `npm run bench` builds where it can.
 *
 * Keys and bytes cross as they do in our addon: strings as arguments, bytes into the caller's page.
 */

import { baselineProblem, loadBaseline } from '../baseline.js';
import type { PodIdentity } from '../workload/pods.js';
import type { View } from './view.js';

interface Addon {
  create(): number;
  put(store: number, namespace: string, name: string, bytes: Uint8Array): number;
  get(store: number, namespace: string, name: string, page: Uint8Array): number;
  list(store: number, namespace: string, target: Uint8Array): number;
  watch(store: number, namespace: string, wake: () => void): number;
  drain(store: number, watch: number, page: Uint8Array): number;
}

/** Why it can't be measured here, or undefined. */
export function lockedStoreProblem(): string | undefined {
  const reason = baselineProblem('locked_store');
  return reason && `no store behind a lock to measure against: ${reason}`;
}

function load(): Addon {
  return loadBaseline('locked_store') as Addon;
}

/** The id of a new store of this process. */
export function createLockedStore(): number {
  return load().create();
}

/** The longest list that is read. */
const LIST_BYTES = 64 * 1024 * 1024;

const PAGE_BYTES = 64 * 1024;

export class LockedView implements View {
  readonly #addon = load();
  readonly #store: number;
  readonly #page = new Uint8Array(PAGE_BYTES);
  #target: Uint8Array | undefined;
  #length = 0;

  constructor(store: number) {
    this.#store = store;
  }

  read(namespace: string, name: string): number {
    return (this.#length = this.#addon.get(this.#store, namespace, name, this.#page));
  }

  bytes(): Uint8Array {
    return this.#page.subarray(0, this.#length);
  }

  put({ namespace, name }: PodIdentity, bytes: Uint8Array): void {
    this.#addon.put(this.#store, namespace, name, bytes);
  }

  list(namespace: string, sink: (chunk: Uint8Array) => void): void {
    this.#target ??= new Uint8Array(LIST_BYTES);
    const length = this.#addon.list(this.#store, namespace, this.#target);
    sink(this.#target.subarray(0, length));
  }

  watch(namespace: string, take: (frame: Uint8Array) => void): void {
    const page = new Uint8Array(PAGE_BYTES);
    const number = this.#addon.watch(this.#store, namespace, () => {
      for (;;) {
        const length = this.#addon.drain(this.#store, number, page);
        if (length <= 0) return;
        take(page.subarray(0, length));
      }
    });
  }
}
