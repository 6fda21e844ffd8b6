/** The storage under test, and short ways to write to it. */

import type { ExecutionContext } from 'ava';

import {
  StorageError,
  type Storage,
  type StorageErrorCode,
  type WriteResult,
} from '../../../lib/storage/index.js';
import { ManualClock } from '../../clock.js';

/** Makes an empty storage on the given clock; ava's teardown removes what it leaves. */
export type StorageFactory = (t: ExecutionContext, clock: ManualClock) => Promise<Storage>;

export interface Subject {
  readonly storage: Storage;
  readonly clock: ManualClock;
  /** The revision before the first write. */
  readonly base: bigint;
}

export async function openSubject(t: ExecutionContext, factory: StorageFactory): Promise<Subject> {
  const clock = new ManualClock();
  const storage = await factory(t, clock);
  t.teardown(() => storage.close());
  return { storage, clock, base: await storage.committedRevision() };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array): string => new TextDecoder().decode(value);

/** Writes whatever the key's revision is, and returns the revision of the write. */
export async function put(
  storage: Storage,
  key: string,
  value: string,
  ttlSeconds = 0,
): Promise<bigint> {
  const current = await storage.get(key);
  const expected = current?.revision ?? 0n;
  return revisionOf(await storage.write({ key, expected, value: bytes(value), ttlSeconds }));
}

export async function remove(storage: Storage, key: string): Promise<bigint> {
  const current = await storage.get(key);
  return revisionOf(await storage.write({ key, expected: current!.revision, value: null }));
}

export function revisionOf(result: WriteResult): bigint {
  if (!result.ok) throw new Error(`a write met ${result.current?.revision}`);
  return result.revision;
}

/** `key=value@revision` of each value. */
export async function describeList(
  storage: Storage,
  prefix: string,
  revision?: bigint,
): Promise<string[]> {
  const { values } = await storage.list(prefix, revision === undefined ? {} : { revision });
  return values.map((value) => `${value.key}=${text(value.value)}@${value.revision}`);
}

export async function throwsCode(
  t: ExecutionContext,
  code: StorageErrorCode,
  action: () => Promise<unknown>,
  message?: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(action, { instanceOf: StorageError });
  t.is(error.code, code, error.message);
  if (message !== undefined) t.regex(error.message, message);
}

/** Turns of the event loop, for what must not happen to have its chance. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
