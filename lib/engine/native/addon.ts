/**
 * The addon's exports, as TypeScript sees them: plain functions over numbers, strings and bytes.
 *
 * Rules of the border (native/wire/generate.mjs has the constants):
 *  1. Caches, roots, lists, watches and heaps are handles: numbers that mean something in this
 *     environment only. One that was closed or forged finds nothing.
 *  2. What is negative is a STATUS, and never an exception. Zero and above is a result.
 *  3. What does not fit into the result, and 64-bit arguments, are in the exchange (connection.ts).
 *  4. Memory that is passed is read or written during the call, and never kept.
 */

import { ABI_VERSION } from '../wire.js';
import { HEAP_EXPORTS, type HeapAddon } from './heap-addon.js';

/** Terms of a list or watch in one flat array (scope.ts). */
export type PackedScope = readonly (string | number | undefined)[];

/** The namespace and the name of a key. */
export type PackedKey = readonly [string, string];

export interface Addon extends HeapAddon {
  abiVersion(): number;
  /** A descriptor of the same listening socket, for whoever calls to close. */
  duplicateListener(descriptor: number): number;
  /** Closes what duplicateListener gave and nobody took over. */
  closeListener(descriptor: number): number;

  /** The addon keeps the exchange alive. `wake`: watches became ready through another thread. */
  connect(exchange: ArrayBuffer, wake: () => void): number;
  /**
   * Fills the exchange's record lanes with the handles of watches to be called, and of caches that
   * have reached what awaitRevision was asked for.
   */
  takeReady(connection: number): number;

  /** `indexFields` are some of the fields. */
  openCache(
    connection: number,
    fields: readonly string[],
    indexFields: readonly string[],
    indexLabels: readonly string[],
  ): number;
  /** The id under which other threads attach. */
  shareCache(cache: number): number;
  attachCache(connection: number, id: number): number;
  closeCache(cache: number): number;
  /** Gives the handle up. Lists and roots that are open stay readable. */
  dropCache(cache: number): number;
  state(cache: number): number;
  stats(cache: number, nowMs: number): number;
  /** 1 where the revision is reached; 0, and the cache is among the ready ones when it is. */
  awaitRevision(cache: number): number;

  /** Namespaces and names in turn; an object that is undefined is a deletion. */
  apply(
    cache: number,
    nowMs: number,
    keys: readonly string[],
    objects: readonly (Uint8Array | undefined)[],
    revisions: BigUint64Array,
  ): number;
  write(
    cache: number,
    nowMs: number,
    namespace: string,
    name: string,
    object: Uint8Array | undefined,
    expectation: number,
  ): number;
  replace(
    cache: number,
    keys: readonly string[],
    objects: readonly (Uint8Array | undefined)[],
    revisions: BigUint64Array,
  ): number;
  progress(cache: number): number;
  trim(cache: number, nowMs: number): number;

  /** Writes the object at the page's offset; the number of bytes. */
  get(
    cache: number,
    namespace: string,
    name: string,
    apiVersion: string | undefined,
    page: Uint8Array,
    offset: number,
  ): number;
  getAt(
    root: number,
    namespace: string,
    name: string,
    apiVersion: string | undefined,
    page: Uint8Array,
    offset: number,
  ): number;
  openRoot(cache: number, isExact: boolean): number;
  closeRoot(root: number): number;

  /** Over the root, or the current state for -1. A limit of 0 is none, as are 0 looks. */
  openList(
    cache: number,
    root: number,
    scope: PackedScope,
    start: PackedKey | undefined,
    limit: number,
    looks: number,
  ): number;
  settleList(list: number): number;
  listLast(list: number): PackedKey | number;
  readList(list: number, target: Uint8Array, bytesMax: number): number;
  readListObjects(list: number, page: Uint8Array, offset: number, objectsMax: number): number;
  closeList(list: number): number;

  openWatch(
    cache: number,
    groupKey: string,
    scope: PackedScope,
    isFromState: boolean,
    looks: number,
  ): number;
  drainEvents(watch: number, page: Uint8Array, offset: number, eventsMax: number): number;
  drainFrames(
    watch: number,
    page: Uint8Array,
    offset: number,
    bytesMax: number,
    isContinued: boolean,
  ): number;
  closeWatch(watch: number): number;
}

const EXPORTS: readonly (keyof Addon)[] = [
  'abiVersion',
  'connect',
  'takeReady',
  'openCache',
  'shareCache',
  'attachCache',
  'closeCache',
  'dropCache',
  'state',
  'stats',
  'awaitRevision',
  'apply',
  'write',
  'replace',
  'progress',
  'trim',
  'get',
  'getAt',
  'openRoot',
  'closeRoot',
  'openList',
  'settleList',
  'listLast',
  'readList',
  'readListObjects',
  'closeList',
  'openWatch',
  'drainEvents',
  'drainFrames',
  'closeWatch',
  'duplicateListener',
  'closeListener',
  ...HEAP_EXPORTS,
];

/** Throws an Error that tells why this is not an addon which this TypeScript can call. */
export function checkAddon(addon: unknown): asserts addon is Addon {
  const exports = (addon ?? {}) as Partial<Record<keyof Addon, unknown>>;
  const { abiVersion } = exports;
  if (typeof abiVersion !== 'function') throw new Error('it is not an addon of shardwatch');
  const version: unknown = (abiVersion as () => unknown)();
  if (version !== ABI_VERSION) {
    throw new Error(`its ABI version is ${String(version)}, not ${ABI_VERSION}`);
  }
  const missing = EXPORTS.filter((name) => typeof exports[name] !== 'function');
  if (missing.length > 0) throw new Error(`it does not export ${missing.join(', ')}`);
}
