/**
 * The native engine of one JavaScript environment: makes caches and heaps and attaches to those of
 * other threads, over one connection that is made with the first of them.
 *
 * A cache that nobody can reach any more and that was never shared is closed behind its last
 * reader; a shared one lives until its owner closes it or the owner's thread ends.
 */

import { randomFillSync } from 'node:crypto';

import { closed } from '../checks.js';
import {
  type EngineAttachOptions,
  type EngineCache,
  type EngineCacheOptions,
  type EngineShare,
} from '../contract.js';
import { EngineError } from '../engine-error.js';
import type { EngineHeap, EngineHeapOptions, HeapContents, HeapShare } from '../heap.js';
import { indexesOf, indexNames } from '../indexes.js';
import { ABI_VERSION, HEAD_LANE, STATUS } from '../wire.js';
import { type Addon, checkAddon } from './addon.js';
import { NativeEngineCache } from './cache.js';
import { Connection } from './connection.js';
import { statusError } from './errors.js';
import { attachHeap, createHeap, type HeapAttachOptions } from './heap-module.js';

export interface NativeModule {
  /** Throws `invalid-descriptor` and `no-descriptors`; see descriptor.ts. */
  duplicateListener(descriptor: number): number;
  closeListener(descriptor: number): void;
  createCache(options: EngineCacheOptions): EngineCache;
  /**
   * Opens a cache of another thread. Throws `closed` for one that is closed, `not-shareable` for a
   * token that is not of a cache in this process, and a TypeError for what is no token.
   */
  attachCache(token: EngineShare, options: EngineAttachOptions): EngineCache;
  /** With `contents`, the heap goes on with what another one had. */
  createHeap(options: EngineHeapOptions, contents?: HeapContents): EngineHeap;
  /** Opens a heap of another thread; throws as `attachCache` does. */
  attachHeap(token: HeapShare, options: HeapAttachOptions): EngineHeap;
}

/** The engine over these exports. Throws an Error that tells why they can't be used. */
export function openNative(addon: unknown): NativeModule {
  checkAddon(addon);
  let connection: Connection | undefined;
  const connect = (): Connection => (connection ??= new Connection(addon));
  return {
    duplicateListener: (descriptor) => duplicateListener(addon, descriptor),
    closeListener: (descriptor) => void addon.closeListener(descriptor),
    createCache: (options) => createCache(connect(), options),
    attachCache: (token, options) => attachCache(connect(), token, options),
    createHeap: (options, contents) => createHeap(connect(), options, contents),
    attachHeap: (token, options) => attachHeap(connect(), token, options),
  };
}

function duplicateListener(addon: Addon, descriptor: number): number {
  const duplicate = addon.duplicateListener(descriptor);
  if (duplicate >= 0) return duplicate;
  if (duplicate === STATUS.full) {
    const message = 'the process has as many descriptors open as the system lets it';
    throw new EngineError('no-descriptors', message);
  }
  const message = `${descriptor} is no descriptor of a socket that listens`;
  throw new EngineError('invalid-descriptor', message);
}

function createCache(connection: Connection, options: EngineCacheOptions): EngineCache {
  const { addon, numbers, revisions } = connection;
  const { name, fields, history, now, shardCount } = options;
  const secrets = randomFillSync(new BigUint64Array(2));
  const nonce = secrets[1]!;
  numbers[HEAD_LANE.shardCount] = shardCount;
  numbers[HEAD_LANE.windowMs] = history.windowMs;
  numbers[HEAD_LANE.entriesMin] = history.entriesMin;
  numbers[HEAD_LANE.entriesMax] = history.entriesMax;
  numbers[HEAD_LANE.bytesMax] = history.bytesMax;
  revisions[HEAD_LANE.seed] = secrets[0]!;
  revisions[HEAD_LANE.nonce] = nonce;
  const indexes = indexesOf(options);
  const handle = addon.openCache(connection.handle, fields, indexes.fields, indexes.labels);
  if (handle < 0) throw statusError(handle, `the cache ${name}`);
  return new NativeEngineCache(connection, handle, {
    name,
    fields: [...fields],
    indexes: indexNames(indexes),
    now,
    nonce,
  });
}

function attachCache(
  connection: Connection,
  token: EngineShare,
  { now }: EngineAttachOptions,
): EngineCache {
  const { id, nonce, name, fields, indexes } = checkToken(token);
  connection.revisions[HEAD_LANE.nonce] = nonce;
  const handle = connection.addon.attachCache(connection.handle, id);
  const title = `the cache ${name}`;
  if (handle === STATUS.closed) throw closed(title);
  if (handle === STATUS.invalidHandle) {
    throw new EngineError('not-shareable', `${title} is not in this process, or not any more`);
  }
  if (handle < 0) throw statusError(handle, title);
  return new NativeEngineCache(connection, handle, { name, fields, indexes, now, nonce });
}

function checkToken(token: EngineShare): EngineShare {
  const { type, id, nonce, abi, name, fields, indexes } = (token ?? {}) as Partial<EngineShare>;
  const isToken =
    type === 'shardwatch.engine' &&
    typeof id === 'number' &&
    typeof nonce === 'bigint' &&
    nonce === BigInt.asUintN(64, nonce) &&
    typeof abi === 'number' &&
    typeof name === 'string' &&
    Array.isArray(fields) &&
    Array.isArray(indexes);
  if (!isToken) throw new TypeError('a cache is attached to with the token that its share() made');
  if (abi === ABI_VERSION) return token;
  throw new EngineError(
    'not-shareable',
    `the cache ${name} is of another version of the engine: ABI ${abi}, not ${ABI_VERSION}`,
  );
}
