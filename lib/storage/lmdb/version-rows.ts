/**
 * The rows of one change: the new version, the one before, the log, and the times to live. All in
 * the write transaction of whoever calls.
 */

import type { Version, VersionTable } from '../transition.js';
import type { Environment } from './environment.js';
import {
  DELETION,
  encodeExpiryKey,
  encodeKey,
  encodeLogRow,
  encodeRevision,
  encodeVersion,
  encodeVersionKey,
} from './layout.js';
import { readCurrent } from './rows.js';

export class VersionRows implements VersionTable {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  read(key: string): Version | undefined {
    return readCurrent(this.#environment, encodeKey(key));
  }

  put(key: string, previous: Version | undefined, next: Version): void {
    const bytes = encodeKey(key);
    if (previous !== undefined) this.#supersede(bytes, previous);
    this.putFirst(bytes, next);
    this.#append('put', bytes, previous, next.revision);
  }

  /** A version without a history: no log row, and nothing that it replaces. */
  putFirst(key: Buffer, version: Version): void {
    const { current, expiry } = this.#environment;
    current.putSync(key, encodeVersion(version));
    if (version.expiresAtMs === 0) return;
    expiry.putSync(encodeExpiryKey(version.expiresAtMs, key), encodeRevision(version.revision));
  }

  delete(key: string, previous: Version, revision: bigint): void {
    const { current, superseded } = this.#environment;
    const bytes = encodeKey(key);
    this.#supersede(bytes, previous);
    current.removeSync(bytes);
    superseded.putSync(encodeVersionKey(bytes, revision), DELETION);
    this.#append('delete', bytes, previous, revision);
  }

  #supersede(key: Buffer, previous: Version): void {
    const { superseded, expiry } = this.#environment;
    superseded.putSync(encodeVersionKey(key, previous.revision), encodeVersion(previous));
    if (previous.expiresAtMs > 0) expiry.removeSync(encodeExpiryKey(previous.expiresAtMs, key));
  }

  #append(
    type: 'put' | 'delete',
    key: Buffer,
    previous: Version | undefined,
    revision: bigint,
  ): void {
    const row = encodeLogRow(type, key, previous?.revision ?? 0n);
    this.#environment.log.putSync(encodeRevision(revision), row);
  }
}
