/**
 * What the rows of a store must say together, at one snapshot.
 *
 *  1. `current` and `superseded`: every value is the object that its key tells, its revision is
 *     neither above the store's nor given twice, and a key's versions come in order; a key without
 *     a current version was deleted last.
 *  2. `log`: one row for each revision, without gaps, up to the store's, from the compacted one at
 *     the latest; each that is not compacted has the version that it tells of and the one before.
 *     Below the compacted revision versions may be gone or not: compaction goes in batches.
 *  3. Every version above the compacted revision has its log row, and every time to live one row in
 *     `expiry`, which has no others.
 */

import { StorageError } from '../../contract.js';
import type { Version } from '../../transition.js';
import type { Environment, Snapshot, Table } from '../environment.js';
import {
  decodeExpiryKey,
  decodeKey,
  decodeLogRow,
  decodeRevision,
  decodeVersion,
  decodeVersionKey,
  encodeExpiryKey,
  encodeKey,
  encodeRevision,
  encodeVersionKey,
  type LogRow,
} from '../layout.js';
import { readMeta, type MetaRows } from '../meta.js';
import type { Findings } from '../../backup/finding.js';
import { checkObject, parseKey, resourceName } from '../../backup/object-check.js';
import { checkRevisions } from '../../backup/revision-check.js';
import { RevisionSet } from '../../backup/revision-set.js';
import { readRows, type Row } from './store-reader.js';
import type { VerifyStoreOptions } from './verify-store.js';

export class RowVerifier {
  readonly #environment: Environment;
  readonly #snapshot: Snapshot;
  readonly #findings: Findings;
  readonly #options: VerifyStoreOptions;
  readonly #meta: MetaRows;
  readonly #revisions = new RevisionSet();
  #expiries = 0;

  /** Throws `corrupt` or `unsupported-format` when the rows of `meta` can't be read. */
  constructor(
    environment: Environment,
    snapshot: Snapshot,
    findings: Findings,
    options: VerifyStoreOptions,
  ) {
    this.#environment = environment;
    this.#snapshot = snapshot;
    this.#findings = findings;
    this.#options = options;
    this.#meta = readMeta(environment, snapshot);
  }

  async verify(): Promise<{ revision: bigint; compactedRevision: bigint }> {
    const { current, superseded, log, expiry } = this.#environment;
    const { revision, compacted } = this.#meta;
    const { report } = this.#findings;
    if (compacted > revision || revision < 1n) {
      report('meta', `the store is at revision ${revision}, compacted at ${compacted}`);
    }
    const total = current.getKeysCount({ transaction: this.#snapshot });
    await this.#each('current', current, (row) => this.#verifyCurrent(row), total);
    await this.#verifySuperseded(superseded);
    for (const repeated of this.#revisions.repeated()) {
      report('revision', `revision ${repeated} is that of more than one version`);
    }
    await this.#verifyLog(log);
    await this.#each('expiry', expiry, (row) => this.#verifyExpiry(row));
    const rows = expiry.getKeysCount({ transaction: this.#snapshot });
    if (rows !== this.#expiries) {
      report('expiry', `expiry has ${rows} rows, but ${this.#expiries} objects a time to live`);
    }
    return { revision, compactedRevision: compacted };
  }

  #verifyCurrent({ key: keyBytes, value }: Row): void {
    const key = decodeKey(keyBytes);
    const where = `row ${key} of current`;
    const { report } = this.#findings;
    const parsedKey = parseKey(key, where, report);
    this.#findings.countObject(parsedKey && resourceName(parsedKey));
    const version = decodeVersion(value, where);
    if (version === undefined) return report('malformed', `${where} is a deletion`);
    this.#verifyVersion(keyBytes, version, where);
    checkObject(parsedKey, version.value, where, report);
    if (version.expiresAtMs === 0) return;
    this.#expiries++;
    const bytes = this.#get(
      this.#environment.expiry,
      encodeExpiryKey(version.expiresAtMs, keyBytes),
    );
    if (bytes === undefined) report('expiry', `${where}: its time to live has no row in expiry`);
  }

  // Of `current` and `superseded`: numbers, and the way from the version to the log.
  #verifyVersion(key: Buffer, version: Version, where: string): void {
    const { report } = this.#findings;
    checkRevisions(version, this.#meta.revision, where, report);
    this.#revisions.add(version.revision);
    this.#verifyLogged(key, 'put', version.revision, where);
  }

  #verifyLogged(key: Buffer, type: LogRow['type'], revision: bigint, where: string): void {
    const { log } = this.#environment;
    // A revision above the store's is reported already.
    if (revision <= this.#meta.compacted || revision > this.#meta.revision) return;
    const bytes = this.#get(log, encodeRevision(revision));
    const row = bytes && this.#try(() => decodeLogRow(bytes, `row ${revision} of log`));
    if (row !== undefined && row.type === type && row.key === decodeKey(key)) return;
    this.#findings.report('history', `${where}: revision ${revision} of log does not tell of it`);
  }

  async #verifySuperseded(superseded: Table): Promise<void> {
    let last: { key: Buffer; isDeletion: boolean } | undefined;
    await this.#each('superseded', superseded, (row) => {
      const { key, revision } = decodeVersionKey(row.key);
      if (last !== undefined && !last.key.equals(key)) this.#verifyEnd(last);
      last = { key, isDeletion: this.#verifyOlder(key, revision, row.value) };
    });
    if (last !== undefined) this.#verifyEnd(last);
  }

  // Returns whether it is a deletion.
  #verifyOlder(key: Buffer, revision: bigint, value: Buffer): boolean {
    const text = decodeKey(key);
    const where = `version ${revision} of ${text} in superseded`;
    const { report } = this.#findings;
    const current = this.#currentRevision(key);
    if (current !== undefined && current <= revision) {
      report('revision', `${where} is not older than the current one, ${current}`);
    }
    const version = decodeVersion(value, where);
    if (version === undefined) {
      this.#revisions.add(revision);
      if (revision > this.#meta.revision) {
        report('revision', `${where} is above the store's revision, ${this.#meta.revision}`);
      }
      this.#verifyLogged(key, 'delete', revision, where);
      return true;
    }
    if (version.revision !== revision) {
      report('revision', `${where} holds revision ${version.revision}`);
    }
    this.#verifyVersion(key, version, where);
    checkObject(parseKey(text, where, report), version.value, where, report);
    return false;
  }

  #verifyEnd({ key, isDeletion }: { key: Buffer; isDeletion: boolean }): void {
    if (isDeletion || this.#currentRevision(key) !== undefined) return;
    const message = `${decodeKey(key)} has older versions, but neither a current one nor a deletion`;
    this.#findings.report('history', message);
  }

  async #verifyLog(log: Table): Promise<void> {
    const { revision: newest, compacted } = this.#meta;
    const { report } = this.#findings;
    let last: bigint | undefined;
    await this.#each('log', log, ({ key, value }) => {
      const revision = decodeRevision(key, 'a key of log');
      const expected = last === undefined ? undefined : last + 1n;
      if (expected !== undefined && revision !== expected) {
        report('history', `log has row ${revision} where ${expected} should be`);
      } else if (last === undefined && revision > compacted + 1n && revision > FIRST_WRITE) {
        report('history', `log begins at ${revision}, but history at ${compacted}`);
      }
      last = revision;
      this.#verifyChange(revision, decodeLogRow(value, `row ${revision} of log`));
    });
    const end = last ?? (compacted > 1n ? compacted : 1n);
    if (end !== newest) report('history', `log ends at ${end}, but the store is at ${newest}`);
  }

  #verifyChange(revision: bigint, { type, key, previous }: LogRow): void {
    if (revision <= this.#meta.compacted) return;
    const { report } = this.#findings;
    const where = `row ${revision} of log`;
    const keyBytes = encodeKey(key);
    if (!this.#hasVersion(keyBytes, revision, type === 'delete')) {
      report('history', `${where}: there is no such ${type} of ${key}`);
    }
    if (previous >= revision) report('revision', `${where}: it follows revision ${previous}`);
    else if (previous > 0n && !this.#hasVersion(keyBytes, previous, false)) {
      report('history', `${where}: version ${previous} of ${key}, which it replaced, is missing`);
    } else if (previous === 0n && type === 'delete') {
      report('history', `${where}: it deletes ${key}, which was not there`);
    }
  }

  #verifyExpiry({ key: bytes, value }: Row): void {
    const { expiresAtMs, key } = decodeExpiryKey(bytes);
    const where = `row ${key} at ${expiresAtMs} of expiry`;
    const revision = decodeRevision(value, where);
    const current = this.#get(this.#environment.current, encodeKey(key));
    const version = current && this.#try(() => decodeVersion(current, where));
    if (version?.revision === revision && version.expiresAtMs === expiresAtMs) return;
    this.#findings.report('expiry', `${where}: no object has this time to live at ${revision}`);
  }

  #hasVersion(key: Buffer, revision: bigint, isDeletion: boolean): boolean {
    if (!isDeletion && this.#currentRevision(key) === revision) return true;
    const bytes = this.#get(this.#environment.superseded, encodeVersionKey(key, revision));
    return bytes !== undefined && (bytes.byteLength === 1) === isDeletion;
  }

  #currentRevision(key: Buffer): bigint | undefined {
    const bytes = this.#get(this.#environment.current, key);
    return bytes && this.#try(() => decodeVersion(bytes, 'a row of current'))?.revision;
  }

  #get(table: Table, key: Buffer): Buffer | undefined {
    return table.get(key, { transaction: this.#snapshot });
  }

  // Malformed rows are reported where their table is read.
  #try<Result>(decode: () => Result): Result | undefined {
    try {
      return decode();
    } catch (error) {
      if (error instanceof StorageError) return undefined;
      throw error;
    }
  }

  async #each(
    name: string,
    table: Table,
    verify: (row: Row) => void,
    total?: number,
  ): Promise<void> {
    const { signal, onProgress } = this.#options;
    let last: Buffer | undefined;
    for await (const rows of readRows(table, this.#snapshot, {}, signal)) {
      for (const row of rows) {
        if (last !== undefined && row.key.compare(last) <= 0) {
          this.#findings.report('order', `${name}: a key follows one that is not before it`);
        }
        last = row.key;
        this.#verifyRow(row, verify);
      }
      if (total !== undefined) onProgress?.(this.#findings.objects, total);
    }
  }

  #verifyRow(row: Row, verify: (row: Row) => void): void {
    try {
      verify(row);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#findings.report('malformed', error.message);
    }
  }
}

// The revision of the first write of a store.
const FIRST_WRITE = 2n;
