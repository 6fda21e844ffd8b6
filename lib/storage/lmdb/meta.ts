/**
 * The rows of `meta`: the format's version, the revision, the compacted revision and the owner.
 *
 * A store that has never been written to has no rows; opening it writes them. Whatever does not fit
 * together is refused as `corrupt`, naming the folder: nothing is repaired by guessing.
 */

import { StorageError } from '../contract.js';
import { FatalStorageError } from '../versioned-storage.js';
import type { Environment, Snapshot } from './environment.js';
import { decodeRevision, encodeRevision } from './layout.js';
import { createOwner, decodeOwner, encodeOwner, isAlive, type Owner } from './owner.js';
import { checkFormat, CURRENT_FORMAT, parseFormat, upgrade, type Format } from './upgrade.js';

const FORMAT = Buffer.from('format');
const REVISION = Buffer.from('revision');
const COMPACTED = Buffer.from('compacted');
const OWNER = Buffer.from('owner');

// A store without a write is at 1, so that 0 never names a state.
const FIRST_REVISION = 1n;

export class Meta {
  readonly #environment: Environment;
  readonly #owner: Buffer;
  readonly #format: Format;

  constructor(environment: Environment, random: () => number, format: Format = CURRENT_FORMAT) {
    this.#environment = environment;
    this.#owner = encodeOwner(createOwner(random));
    this.#format = format;
  }

  /**
   * Takes the store, or throws `locked`, `unsupported-format` or `corrupt`. In a write transaction.
   */
  acquire(): { revision: bigint; compacted: bigint } {
    const { meta, path } = this.#environment;
    // Who has it open may be of another version, and is to be told first.
    this.#checkOwner();
    const format = meta.get(FORMAT);
    if (format === undefined) this.#create();
    else this.#upgrade(parseFormat(format, path));
    const revision = decodeRevision(meta.get(REVISION), `${path}: meta row "revision"`);
    const compacted = decodeRevision(meta.get(COMPACTED), `${path}: meta row "compacted"`);
    this.#checkLog(revision, compacted);
    meta.putSync(OWNER, this.#owner);
    return { revision, compacted };
  }

  /** Gives the store back. In a write transaction. */
  release(): void {
    if (this.#isOwn()) this.#environment.meta.removeSync(OWNER);
  }

  /** Throws `locked` when somebody else has taken the store. In a write transaction. */
  checkOwn(): void {
    if (this.#isOwn()) return;
    const { path } = this.#environment;
    const owner = decodeOwner(this.#environment.meta.get(OWNER) ?? Buffer.alloc(0));
    const who = owner === undefined ? 'somebody else' : `process ${owner.pid}`;
    throw new FatalStorageError('locked', `${path} has been taken over by ${who}`);
  }

  /** The revision of a snapshot; without one, of the write transaction this is called in. */
  revision(snapshot?: Snapshot): bigint {
    const { meta, path } = this.#environment;
    const options = snapshot === undefined ? {} : { transaction: snapshot };
    return decodeRevision(meta.get(REVISION, options), `${path}: meta row "revision"`);
  }

  setRevision(revision: bigint): void {
    this.#environment.meta.putSync(REVISION, encodeRevision(revision));
  }

  setCompacted(revision: bigint): void {
    this.#environment.meta.putSync(COMPACTED, encodeRevision(revision));
  }

  #create(): void {
    const { meta, log, current, path } = this.#environment;
    if (meta.getKeysCount() > 0 || log.getKeysCount() > 0 || current.getKeysCount() > 0) {
      throw this.#corrupt('meta row "format" is missing', path);
    }
    meta.putSync(FORMAT, Buffer.from(String(this.#format.version)));
    this.setRevision(FIRST_REVISION);
    this.setCompacted(0n);
  }

  #upgrade(found: number): void {
    if (!upgrade(this.#environment, found, this.#format)) return;
    this.#environment.meta.putSync(FORMAT, Buffer.from(String(this.#format.version)));
  }

  #checkOwner(): void {
    const { meta, path } = this.#environment;
    const bytes = meta.get(OWNER);
    if (bytes === undefined) return;
    const owner = decodeOwner(bytes);
    if (owner === undefined) throw this.#corrupt('meta row "owner" is malformed', path);
    if (!isAlive(owner)) return;
    const advice =
      owner.pid === process.pid
        ? `this process (${owner.pid}) has it open already: close that storage first`
        : `process ${owner.pid} has it open: stop that process, or choose another folder`;
    throw new StorageError('locked', `${path} is in use: ${advice}`);
  }

  #checkLog(revision: bigint, compacted: bigint): void {
    const { log, path } = this.#environment;
    if (revision < FIRST_REVISION || compacted > revision) {
      throw this.#corrupt(`revision ${revision}, compacted ${compacted}`, path);
    }
    const [last] = log.getKeys({ reverse: true, limit: 1 });
    const newest = last === undefined ? undefined : decodeRevision(last, `${path}: a key of log`);
    const fits = newest === undefined ? revision <= max(compacted) : newest === revision;
    if (!fits) throw this.#corrupt(`revision ${revision}, but the log ends at ${newest}`, path);
  }

  #isOwn(): boolean {
    return this.#environment.meta.get(OWNER)?.equals(this.#owner) ?? false;
  }

  #corrupt(reason: string, path: string): StorageError {
    return new StorageError('corrupt', `the store in ${path} can't be used: ${reason}`);
  }
}

/** What the rows say, read only; `owner` is `undefined` while nobody has the store. */
export interface MetaRows {
  readonly format: number;
  readonly revision: bigint;
  readonly compacted: bigint;
  readonly owner: Owner | undefined;
}

/** Throws `corrupt` or `unsupported-format`. */
export function readMeta({ meta, path }: Environment, snapshot: Snapshot): MetaRows {
  const options = { transaction: snapshot };
  const format = parseFormat(meta.get(FORMAT, options), path);
  checkFormat(format, path);
  const owner = meta.get(OWNER, options);
  return {
    format,
    revision: decodeRevision(meta.get(REVISION, options), `${path}: meta row "revision"`),
    compacted: decodeRevision(meta.get(COMPACTED, options), `${path}: meta row "compacted"`),
    owner: owner && decodeOwner(owner),
  };
}

/** Writes the rows of a store that nobody has. In a write transaction. */
export function writeMeta(environment: Environment, revision: bigint, compacted: bigint): void {
  const { meta } = environment;
  meta.putSync(FORMAT, Buffer.from(String(CURRENT_FORMAT.version)));
  meta.putSync(REVISION, encodeRevision(revision));
  meta.putSync(COMPACTED, encodeRevision(compacted));
}

function max(compacted: bigint): bigint {
  return compacted > FIRST_REVISION ? compacted : FIRST_REVISION;
}
