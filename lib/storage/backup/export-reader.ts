/**
 * Reads an export once, from a file or a stream, compressed or not, and checks all that one pass
 * can tell: form, order, revisions, objects, count and SHA-256. Who only reads on while nothing is
 * reported has seen, at the end, an export that is whole.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { aborted, BackupError, fileFailure } from './error.js';
import {
  decodeFooter,
  decodeHeader,
  decodeRow,
  type ExportFooter,
  type ExportHeader,
  type ExportRow,
} from './export-format.js';
import type { Report } from './finding.js';
import { checkObject, parseKey, type ParsedKey } from './object-check.js';
import { RevisionSet } from './revision-set.js';
import { checkRevisions } from './revision-check.js';

export interface CheckedRow extends ExportRow {
  readonly keyBytes: Buffer;
  readonly parsedKey: ParsedKey | undefined;
}

export class ExportReader {
  readonly #lines: AsyncGenerator<Buffer, void, undefined>;
  readonly #report: Report;
  readonly #hash = createHash('sha256');
  readonly #revisions = new RevisionSet();
  #header: ExportHeader | undefined;
  #lineNumber = 0;
  #objects = 0;
  #lastKey: Buffer | undefined;

  constructor(input: string | Readable, report: Report, signal?: AbortSignal) {
    this.#lines = readLines(input, signal);
    this.#report = report;
  }

  /** Throws `damaged`, `truncated`, `unsupported-format`, `unavailable` or `aborted`. */
  async readHeader(): Promise<ExportHeader> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new BackupError('truncated', 'the export is empty');
    this.#lineNumber++;
    this.#header = decodeHeader(value);
    this.#addHash(value);
    return this.#header;
  }

  /** After the header; throws as `readHeader`. Rows that are malformed are left out. */
  async *rows(): AsyncGenerator<CheckedRow, void, undefined> {
    for await (const line of this.#lines) {
      this.#lineNumber++;
      const footer = decodeFooter(line);
      if (footer !== undefined) return this.#finish(footer);
      this.#addHash(line);
      this.#objects++;
      const row = this.#checkRow(line);
      if (row !== undefined) yield row;
    }
    const message = `the export ends after line ${this.#lineNumber}, before its footer`;
    throw new BackupError('truncated', message);
  }

  #checkRow(line: Buffer): CheckedRow | undefined {
    const where = `line ${this.#lineNumber}`;
    const row = decodeRow(line, where, this.#report);
    if (row === undefined) return undefined;
    const keyBytes = Buffer.from(row.key);
    const what = `${where}, ${row.key}`;
    this.#checkOrder(keyBytes, what);
    const parsedKey = parseKey(row.key, where, this.#report);
    checkObject(parsedKey, row.version.value, what, this.#report);
    checkRevisions(row.version, this.#header!.revision, what, this.#report);
    this.#revisions.add(row.version.revision);
    return { ...row, keyBytes, parsedKey };
  }

  #checkOrder(key: Buffer, what: string): void {
    const order = this.#lastKey === undefined ? 1 : key.compare(this.#lastKey);
    if (order === 0) this.#report('order', `${what}: the key is there twice`);
    if (order < 0) this.#report('order', `${what}: the key before it is greater`);
    this.#lastKey = key;
  }

  async #finish(footer: ExportFooter): Promise<void> {
    for (const revision of this.#revisions.repeated()) {
      this.#report('revision', `revision ${revision} is that of more than one object`);
    }
    for (const [where, told] of [
      ['header', this.#header!.objects ?? this.#objects],
      ['footer', footer.objects],
    ] as const) {
      if (told === this.#objects) continue;
      this.#report('count', `the ${where} tells ${told} objects, but there are ${this.#objects}`);
    }
    const sha256 = this.#hash.digest('hex');
    if (sha256 !== footer.sha256) {
      this.#report('checksum', `its SHA-256 is ${sha256}, but its footer tells ${footer.sha256}`);
    }
    const after = await this.#lines.next();
    if (after.done !== true) this.#report('malformed', 'something follows the footer');
  }

  #addHash(line: Buffer): void {
    this.#hash.update(line).update(LINE_BREAK);
  }
}

// Every line in memory of its own: what is taken out of it is kept by nobody.
async function* readLines(
  input: string | Readable,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const source = typeof input === 'string' ? createReadStream(input) : input;
  const name = typeof input === 'string' ? input : 'the export';
  const onAbort = (): void => void source.destroy(aborted(signal!));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    for await (const chunk of decompressed(source)) {
      let from = 0;
      for (let end = chunk.indexOf(LINE_BREAK_BYTE); end >= 0;) {
        yield Buffer.concat([...rest, chunk.subarray(from, end)]);
        rest = [];
        restBytes = 0;
        from = end + 1;
        end = chunk.indexOf(LINE_BREAK_BYTE, from);
      }
      rest.push(chunk.subarray(from));
      restBytes += chunk.byteLength - from;
      if (restBytes > LINE_BYTES_MAX) {
        throw new BackupError('damaged', `${name} has a line of more than ${LINE_BYTES_MAX} bytes`);
      }
    }
  } catch (error) {
    throw signal?.aborted ? aborted(signal) : readFailure(name, error);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    source.destroy();
  }
  // Whatever has no end is no line: the footer has one, too.
  if (restBytes > 0) throw new BackupError('truncated', `${name} ends within a line`);
}

async function* decompressed(source: Readable): AsyncGenerator<Buffer, void, undefined> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head = Buffer.alloc(0);
  while (head.byteLength < GZIP_MAGIC.byteLength) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  const isCompressed = head.subarray(0, GZIP_MAGIC.byteLength).equals(GZIP_MAGIC);
  const whole = prepend(head, chunks);
  yield* isCompressed ? gunzip(whole) : whole;
}

async function* prepend(
  head: Buffer,
  chunks: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  if (head.byteLength > 0) yield head;
  for (;;) {
    const { value, done } = await chunks.next();
    if (done === true) return;
    yield value;
  }
}

async function* gunzip(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const unzip = createGunzip();
  // What fails the source fails the reader of this, which tells it.
  pipeline(Readable.from(chunks, { objectMode: false }), unzip, () => undefined);
  yield* unzip as AsyncIterable<Buffer>;
}

function readFailure(name: string, error: unknown): unknown {
  if (error instanceof BackupError) return error;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'Z_BUF_ERROR') {
    return new BackupError('truncated', `${name} ends within its compressed data`, {
      cause: error,
    });
  }
  if (code?.startsWith('Z_') === true) {
    const message = `${name} can't be decompressed: ${(error as Error).message}`;
    return new BackupError('damaged', message, { cause: error });
  }
  return fileFailure(name, error);
}

const LINE_BREAK_BYTE = 0x0a;
const LINE_BREAK = Buffer.of(LINE_BREAK_BYTE);
const GZIP_MAGIC = Buffer.of(0x1f, 0x8b);
// A thousand times what a server takes: whatever is longer is no export.
const LINE_BYTES_MAX = 1024 ** 3;
