/**
 * What every storage must do, as ava tests for a storage that a factory makes: the rules of the
 * interface, one file for each of its sides. A storage passes all of it or is none.
 */

import type { TestFn } from 'ava';

import { registerCompactionTests } from './conformance/compaction.js';
import { registerExpiryTests } from './conformance/expiry.js';
import { registerLifecycleTests } from './conformance/lifecycle.js';
import { registerReadTests } from './conformance/reads.js';
import type { StorageFactory } from './conformance/subject.js';
import { registerWatchTests } from './conformance/watches.js';
import { registerWriteTests } from './conformance/writes.js';

export type { StorageFactory } from './conformance/subject.js';

/** Registers the tests under the name of the storage. */
export function registerConformance(test: TestFn, name: string, factory: StorageFactory): void {
  for (const register of [
    registerWriteTests,
    registerReadTests,
    registerWatchTests,
    registerCompactionTests,
    registerExpiryTests,
    registerLifecycleTests,
  ]) {
    register(test, name, factory);
  }
}
