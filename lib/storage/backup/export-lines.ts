/**
 * Writes an export: the objects of one revision of a store, whichever it is, as lines of JSON.
 *
 *  1. Memory does not grow with the store: lines go out as they are read.
 *  2. A file appears under its name when all of it is on the disk, or not at all.
 */

import { createHash, type Hash } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { systemClock, type Clock } from '../clock.js';
import { prefixEnd } from '../limits.js';
import { aborted, BackupError } from './error.js';
import {
  encodeFooter,
  encodeHeader,
  encodeRow,
  type ExportHeader,
  type ExportRow,
} from './export-format.js';
import { checkObject, resourcePrefix, splitKey } from './object-check.js';
import { writeFileWhole } from './output-file.js';

export interface ExportOptions {
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

/** A store at one revision. */
export interface ExportSource extends Pick<
  ExportHeader,
  'storeFormatVersion' | 'revision' | 'compactedRevision'
> {
  /** As errors name it. */
  readonly name: string;
  /** How many objects there are in all. */
  readonly objects: number;
  /** Rows of these keys that are wanted, in order, some at a time. */
  rows(range: ExportRange, isWanted: (key: string) => boolean): AsyncIterable<readonly ExportRow[]>;
}

export interface ExportRange {
  /** The first key, and the first one behind the last. Default: all keys. */
  readonly start?: string;
  readonly end?: string;
}

/** Gives the source to what is done with it, and takes it back afterwards. */
export type WithSource = <Result>(
  action: (source: ExportSource) => Promise<Result>,
) => Promise<Result>;

/**
 * Rejects with a BackupError `file-exists`, `damaged` (a value that is no JSON object), `aborted`
 * or `unavailable`, or with what reading the source rejects with.
 */
export async function writeExport(
  withSource: WithSource,
  options: ExportOptions,
): Promise<ExportReport> {
  const { output, force = false, signal } = options;
  const exportTo = (target: Writable, gzip: boolean): Promise<ExportReport> =>
    withSource((source) => writeLines(source, options, target, gzip));
  if (typeof output !== 'string') return exportTo(output, options.gzip ?? false);
  const gzip = options.gzip ?? output.endsWith('.gz');
  return writeFileWhole(output, { force, ...(signal && { signal }) }, (file) =>
    exportTo(file, gzip),
  );
}

async function writeLines(
  source: ExportSource,
  options: ExportOptions,
  output: Writable,
  gzip: boolean,
): Promise<ExportReport> {
  const { signal } = options;
  const lines = new ExportLines(source, options);
  const chunks = Readable.from(lines.chunks(), { objectMode: false, highWaterMark: CHUNK_BYTES });
  const streams = gzip ? [chunks, createGzip(), output] : [chunks, output];
  try {
    await pipeline(streams, { ...(signal && { signal }) });
  } catch (error) {
    if (signal?.aborted) throw aborted(signal);
    throw error;
  }
  return lines.report();
}

class ExportLines {
  readonly #source: ExportSource;
  readonly #options: ExportOptions;
  readonly #hash: Hash = createHash('sha256');
  readonly #total: number | undefined;
  readonly #namespaces: ReadonlySet<string> | undefined;
  #objects = 0;
  #sha256 = '';

  constructor(source: ExportSource, options: ExportOptions) {
    this.#source = source;
    this.#options = options;
    const { resources, namespaces } = options;
    this.#namespaces = namespaces && new Set(namespaces);
    const isWhole = resources === undefined && namespaces === undefined;
    this.#total = isWhole ? source.objects : undefined;
  }

  /** Available once all chunks have been read. */
  report(): ExportReport {
    const { revision, compactedRevision } = this.#source;
    return { revision, compactedRevision, objects: this.#objects, sha256: this.#sha256 };
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    yield this.#hashed([this.#header()]);
    const { onProgress } = this.#options;
    for (const range of this.#ranges()) {
      for await (const rows of this.#source.rows(range, (key) => this.#isWanted(key))) {
        const chunk = this.#hashed(rows.flatMap((row) => this.#line(row)));
        if (chunk.byteLength > 0) yield chunk;
        onProgress?.(this.#objects, this.#total);
      }
    }
    this.#sha256 = this.#hash.digest('hex');
    yield encodeFooter({ objects: this.#objects, sha256: this.#sha256 });
  }

  #header(): Buffer {
    const { resources, namespaces, clock = systemClock } = this.#options;
    const { storeFormatVersion, revision, compactedRevision } = this.#source;
    return encodeHeader({
      storeFormatVersion,
      revision,
      compactedRevision,
      time: new Date(clock.now()).toISOString(),
      ...(this.#total !== undefined && { objects: this.#total }),
      ...(resources && { resources }),
      ...(namespaces && { namespaces }),
    });
  }

  // In the order of their keys, as all lines are; each once.
  #ranges(): readonly ExportRange[] {
    const { resources } = this.#options;
    if (resources === undefined) return [{}];
    return [...new Set(resources.map(resourcePrefix))]
      .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
      .map((prefix) => ({ start: prefix, end: prefixEnd(prefix) }));
  }

  #line(row: ExportRow): readonly Uint8Array[] {
    const { key, version } = row;
    const { name } = this.#source;
    // What is no JSON can't be in a line of JSON; other faults go with the object.
    checkObject(undefined, version.value, `object ${key}`, (code, message) => {
      if (code === 'canonical' && !version.value.includes(LINE_BREAK)) return;
      throw new BackupError('damaged', `${name}: ${message}: verify the store`);
    });
    this.#objects++;
    return encodeRow(row);
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
