/**
 * Writes the objects of one store into another that nobody has open, in one transaction of that
 * one: whatever stops it, all of them are there or none.
 */

import type { Existing, MergeReport } from '../../backup/import-report.js';
import type { Version } from '../../transition.js';
import { Environment } from '../environment.js';
import { decodeKey, decodeVersion } from '../layout.js';
import { Meta, readMeta } from '../meta.js';
import { VersionRows } from '../version-rows.js';
import { BackupError } from '../../backup/error.js';

export interface MergeOptions {
  /** `undefined`: only into a store without objects, which get the revisions that they had. */
  readonly existing: Existing | undefined;
  readonly dryRun: boolean;
  readonly mapSizeBytes: number;
  readonly random: () => number;
}

/** Throws `not-empty` or `conflict`, or as `LmdbStorage.open`. */
export async function mergeInto(
  folder: string,
  source: Environment,
  options: MergeOptions,
): Promise<MergeReport> {
  const target = new Environment({
    path: folder,
    mapSizeBytes: options.mapSizeBytes,
    runCommit: (commit) => commit(),
  });
  try {
    return commitMerge(target, source, options);
  } finally {
    await target.close();
  }
}

function commitMerge(
  target: Environment,
  source: Environment,
  { existing, dryRun, random }: MergeOptions,
): MergeReport {
  const meta = new Meta(target, random);
  let failure: unknown;
  let report: MergeReport | undefined;
  try {
    target.commitSync(() => {
      try {
        const { revision } = meta.acquire();
        const merge = new Merge(target, source, meta, revision);
        const isEmpty = [...target.current.getKeys({ limit: 1 })].length === 0;
        report = isEmpty ? merge.restore() : merge.write(existing);
        meta.release();
        if (dryRun) throw new Discarded();
      } catch (error) {
        failure = error;
        throw error;
      }
    });
  } catch (error) {
    if (!(failure instanceof Discarded)) throw failure ?? error;
  }
  return report!;
}

// Ends the transaction of a dry run.
class Discarded extends Error {}

class Merge {
  readonly #target: Environment;
  readonly #source: Environment;
  readonly #meta: Meta;
  readonly #table: VersionRows;
  #revision: bigint;

  /** `revision` is the target's. */
  constructor(target: Environment, source: Environment, meta: Meta, revision: bigint) {
    this.#target = target;
    this.#source = source;
    this.#meta = meta;
    this.#table = new VersionRows(target);
    this.#revision = revision;
  }

  /** Into a store without objects. What was deleted in it is forgotten, its revision is not. */
  restore(): MergeReport {
    const { superseded, log, expiry } = this.#target;
    for (const table of [superseded, log, expiry]) table.clearSync();
    const exported = this.#source.read((snapshot) => readMeta(this.#source, snapshot).revision);
    if (exported > this.#revision) this.#revision = exported;
    let created = 0;
    this.#forEach((key, version) => {
      this.#table.putFirst(key, version);
      created++;
    });
    this.#meta.setRevision(this.#revision);
    this.#meta.setCompacted(this.#revision);
    return { created, replaced: 0, skipped: 0, revision: this.#revision };
  }

  write(existing: Existing | undefined): MergeReport {
    const { path } = this.#target;
    if (existing === undefined) {
      const advice = 'import into another folder, or merge';
      throw new BackupError('not-empty', `the store in ${path} holds objects: ${advice}`);
    }
    const counts = { created: 0, replaced: 0, skipped: 0 };
    const conflicts: string[] = [];
    this.#forEach((keyBytes, version) => {
      const key = decodeKey(keyBytes);
      const previous = this.#table.read(key);
      if (previous !== undefined && existing === 'fail') conflicts.push(key);
      else if (previous === undefined) {
        counts.created++;
        this.#put(key, previous, version);
      } else if (existing === 'skip' || isSame(previous, version)) counts.skipped++;
      else {
        counts.replaced++;
        this.#put(key, previous, version);
      }
    });
    if (conflicts.length > 0) throw this.#conflict(conflicts);
    this.#meta.setRevision(this.#revision);
    return { ...counts, revision: this.#revision };
  }

  #put(key: string, previous: Version | undefined, version: Version): void {
    this.#revision++;
    const createRevision = previous?.createRevision ?? this.#revision;
    this.#table.put(key, previous, { ...version, revision: this.#revision, createRevision });
  }

  #forEach(action: (key: Buffer, version: Version) => void): void {
    const { current, path } = this.#source;
    this.#source.read((snapshot) => {
      for (const { key, value } of current.getRange({ transaction: snapshot })) {
        const version = decodeVersion(value, `${path}: a row of current`);
        if (version !== undefined) action(key, version);
      }
    });
  }

  #conflict(keys: readonly string[]): BackupError {
    const named = keys.slice(0, NAMED_MAX).join(', ');
    const more = keys.length > NAMED_MAX ? `, and ${keys.length - NAMED_MAX} more` : '';
    const message = `the store in ${this.#target.path} has these already: ${named}${more}`;
    return new BackupError('conflict', message);
  }
}

// What a write would not change takes no revision.
function isSame(left: Version, right: Version): boolean {
  return left.ttlSeconds === right.ttlSeconds && Buffer.compare(left.value, right.value) === 0;
}

const NAMED_MAX = 5;
