/**
 * `exportStore`: the objects of a store at one revision, as lines of JSON.
 *
 *  1. Whoever has the store open goes on writing; none of that is in the export, nor half of it.
 *  2. Memory does not grow with the store: lines go out as they are read.
 *  3. A file appears under its name when all of it is on the disk, or not at all.
 */

import { createHash, type Hash } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { systemClock, type Clock } from '../../clock.js';
import { prefixEnd } from '../../limits.js';
import type { Environment, Snapshot } from '../environment.js';
import { decodeKey, decodeVersion, encodeKey } from '../layout.js';
import { readMeta } from '../meta.js';
import { aborted, BackupError } from './error.js';
import { encodeFooter, encodeHeader, encodeRow } from './export-format.js';
import { checkObject, resourcePrefix, splitKey } from './object-check.js';
import { writeFileWhole } from './output-file.js';
import { readRows, readStore, type RowRange } from './store-reader.js';

export interface ExportStoreOptions {
  /** The folder of the store: `path` of LmdbStorage, `store` below the command's data folder. */
  readonly path: string;
  /** A file, for its owner only, or a stream, which is ended. */
  readonly output: string | Writable;
  /** Whether to compress. Default: whether the file's name ends in `.gz`. */
  readonly gzip?: boolean;
  /** Replaces a file that is there. Default false. */
  readonly force?: boolean;
  /** Only these types: `widgets.example.com`; in the core group `pods`. Default: all. */
  readonly resources?: readonly string[];
  /** Only objects in these namespaces, so none without one. Default: all. */
  readonly namespaces?: readonly string[];
  readonly signal?: AbortSignal;
  /** Called now and then; `total` is told where it is known. */
  readonly onProgress?: (objects: number, total: number | undefined) => void;
  /** For the time in the header. */
  readonly clock?: Clock;
}

export interface ExportReport {
  readonly revision: bigint;
  readonly compactedRevision: bigint;
  readonly objects: number;
  /** In lower-case hexadecimal, as in the footer. */
  readonly sha256: string;
}

/**
 * Writes an export.
 *
 * @throws BackupError `no-store`, `file-exists`, `damaged` (a value that is no JSON object; verify
 * the store), `aborted`, `unavailable`; StorageError `corrupt`, `unsupported-format` or
 * `unavailable` when the store can't be read.
 */
export async function exportStore(options: ExportStoreOptions): Promise<ExportReport> {
  const { output, force = false, signal } = options;
  if (typeof output !== 'string') return exportTo(options, output, options.gzip ?? false);
  const gzip = options.gzip ?? output.endsWith('.gz');
  return writeFileWhole(output, { force, ...(signal && { signal }) }, (file) =>
    exportTo(options, file, gzip),
  );
}

async function exportTo(
  options: ExportStoreOptions,
  output: Writable,
  gzip: boolean,
): Promise<ExportReport> {
  const { path, signal } = options;
  return readStore(path, async (environment, snapshot) => {
    const lines = new ExportLines(environment, snapshot, options);
    const source = Readable.from(lines.chunks(), { objectMode: false, highWaterMark: CHUNK_BYTES });
    const streams = gzip ? [source, createGzip(), output] : [source, output];
    try {
      await pipeline(streams, { ...(signal && { signal }) });
    } catch (error) {
      if (signal?.aborted) throw aborted(signal);
      throw error;
    }
    return lines.report();
  });
}

class ExportLines {
  readonly #environment: Environment;
  readonly #snapshot: Snapshot;
  readonly #options: ExportStoreOptions;
  readonly #hash: Hash = createHash('sha256');
  readonly #total: number | undefined;
  readonly #namespaces: ReadonlySet<string> | undefined;
  readonly #revisions: { readonly revision: bigint; readonly compactedRevision: bigint };
  #objects = 0;
  #sha256 = '';

  constructor(environment: Environment, snapshot: Snapshot, options: ExportStoreOptions) {
    this.#environment = environment;
    this.#snapshot = snapshot;
    this.#options = options;
    const { resources, namespaces } = options;
    this.#namespaces = namespaces && new Set(namespaces);
    const { revision, compacted } = readMeta(environment, snapshot);
    this.#revisions = { revision, compactedRevision: compacted };
    const isWhole = resources === undefined && namespaces === undefined;
    const counting = { transaction: snapshot };
    this.#total = isWhole ? environment.current.getKeysCount(counting) : undefined;
  }

  /** Available once all chunks have been read. */
  report(): ExportReport {
    return { ...this.#revisions, objects: this.#objects, sha256: this.#sha256 };
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    yield this.#hashed([this.#header()]);
    const { signal, onProgress } = this.#options;
    for (const range of this.#ranges()) {
      const tables = readRows(this.#environment.current, this.#snapshot, range, signal);
      for await (const rows of tables) {
        const chunk = this.#hashed(rows.flatMap(({ key, value }) => this.#line(key, value)));
        if (chunk.byteLength > 0) yield chunk;
        onProgress?.(this.#objects, this.#total);
      }
    }
    this.#sha256 = this.#hash.digest('hex');
    yield encodeFooter({ objects: this.#objects, sha256: this.#sha256 });
  }

  #header(): Buffer {
    const { resources, namespaces, clock = systemClock } = this.#options;
    return encodeHeader({
      ...this.#revisions,
      time: new Date(clock.now()).toISOString(),
      ...(this.#total !== undefined && { objects: this.#total }),
      ...(resources && { resources }),
      ...(namespaces && { namespaces }),
    });
  }

  // In the order of their keys, as all lines are; each once.
  #ranges(): readonly RowRange[] {
    const { resources } = this.#options;
    if (resources === undefined) return [{}];
    return [...new Set(resources.map(resourcePrefix))]
      .map((prefix) => ({ start: encodeKey(prefix), end: encodeKey(prefixEnd(prefix)) }))
      .sort((left, right) => left.start.compare(right.start));
  }

  #line(keyBytes: Buffer, row: Buffer): readonly Uint8Array[] {
    const key = decodeKey(keyBytes);
    if (!this.#isWanted(key)) return [];
    const where = `row ${key} of current`;
    const version = decodeVersion(row, `${this.#environment.path}: ${where}`);
    if (version === undefined) return [];
    // What is no JSON can't be in a line of JSON; other faults go with the object.
    checkObject(undefined, version.value, where, (code, message) => {
      if (code === 'canonical' && !version.value.includes(LINE_BREAK)) return;
      throw new BackupError('damaged', `${this.#environment.path}: ${message}: verify the store`);
    });
    this.#objects++;
    return encodeRow({ key, version });
  }

  #isWanted(key: string): boolean {
    if (this.#namespaces === undefined) return true;
    const parsed = splitKey(key);
    if (parsed === undefined || parsed.namespace === '') return false;
    return this.#namespaces.has(parsed.namespace);
  }

  #hashed(parts: readonly Uint8Array[]): Buffer {
    const chunk = Buffer.concat(parts);
    this.#hash.update(chunk);
    return chunk;
  }
}

const LINE_BREAK = 0x0a;
const CHUNK_BYTES = 1024 * 1024;
