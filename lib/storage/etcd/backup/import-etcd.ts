/**
 * `importEtcd`: the objects of an export become objects of etcd.
 *
 *  1. All of the export is read and checked before anything is written, and again while it is.
 *  2. Every object is a transaction of its own, since etcd has none that takes a whole store: what
 *     stops an import leaves what it has written, and the error tells how much that is. The same
 *     import with a merge goes on from there.
 *  3. etcd assigns revisions. Without a merge they are first raised above the export's, and history
 *     is compacted afterwards: so whoever comes with a resourceVersion of the old
 *     store gets 410 Gone and lists anew, and never takes the one for the other.
 *  4. What was there at first is compared with, key by key: nothing that somebody else writes
 *     meanwhile is written over.
 */

import type { Readable } from 'node:stream';

import { BackupError, checkAborted } from '../../backup/error.js';
import { ExportReader, type CheckedRow } from '../../backup/export-reader.js';
import type { Report } from '../../backup/finding.js';
import type { Existing, ImportReport } from '../../backup/import-report.js';
import { withRereadable } from '../../backup/rereadable.js';
import { ImportWriter } from './import-writer.js';
import { withEtcd, type EtcdBackupOptions, type Reached } from './options.js';
import { PresentObjects } from './present-objects.js';
import { raiseRevision } from './raise-revision.js';
import type { StoredState } from './stored-objects.js';

export interface ImportEtcdOptions extends EtcdBackupOptions {
  /** A file or a stream of bytes, compressed or not; a stream is written to a file first. */
  readonly input: string | Readable;
  /** Into a prefix that holds objects, too. Default false. */
  readonly merge?: boolean;
  /** With `merge`, what becomes of a key that is there: default `fail`, of the whole import. */
  readonly existing?: Existing;
  /** Reads and compares everything, and writes nothing. Default false. */
  readonly dryRun?: boolean;
  /** A number in [0, 1), for the IDs of leases. Default Math.random. */
  readonly random?: () => number;
}

/**
 * Reads an export into etcd.
 *
 * @throws BackupError `damaged`, `truncated`, `unsupported-format`, `not-empty`, `conflict`,
 * `aborted`, `unavailable`; StorageError `unavailable` or `no-space` where etcd fails or refuses,
 * `invalid-key` for a prefix that is none; EtcdError `invalid-argument` for endpoints and TLS
 * material that can't be used. Where something was written before, the message tells how much.
 */
export async function importEtcd(options: ImportEtcdOptions): Promise<ImportReport> {
  const { merge = false, existing, signal } = options;
  if (existing !== undefined && !merge) {
    throw new RangeError('existing says what a merge does, but merge is not set');
  }
  return withRereadable(options.input, signal, (input) =>
    withEtcd(options, (reached) => importFrom(input, reached, options)),
  );
}

async function importFrom(
  input: string,
  reached: Reached,
  options: ImportEtcdOptions,
): Promise<ImportReport> {
  const { merge = false, existing = 'fail', dryRun = false } = options;
  const state = await reached.objects.state();
  if (!merge && state.objects > 0) throw notEmpty(reached);
  const plan = await check(input, reached, state, options);
  if (existing === 'fail' && plan.present.length > 0) throw conflict(reached, plan.present);
  const { objects, exported, created, replaced, skipped } = plan;
  if (dryRun) {
    const revision = state.revision;
    return { objects, created, replaced, skipped, revision, dryRun };
  }
  checkAborted(options.signal);
  if (!merge) await raiseRevision(reached, exported, options.signal);
  const revision = await write(input, reached, state, options);
  if (!merge) await reached.client.kv.compact({ revision });
  return { objects, created, replaced, skipped, revision, dryRun };
}

interface Plan {
  readonly objects: number;
  /** The revision of the export. */
  readonly exported: bigint;
  readonly created: number;
  readonly replaced: number;
  readonly skipped: number;
  /** The first keys that are there already. */
  readonly present: readonly string[];
}

async function check(
  input: string,
  reached: Reached,
  state: StoredState,
  options: ImportEtcdOptions,
): Promise<Plan> {
  const { existing = 'fail', signal, onProgress } = options;
  const reader = new ExportReader(input, refuse, signal);
  const header = await reader.readHeader();
  const present: string[] = [];
  const counts = { created: 0, replaced: 0, skipped: 0 };
  let objects = 0;
  for await (const [row, there] of joined(reader, reached, state)) {
    objects++;
    if (there !== undefined && present.length <= NAMED_MAX) present.push(row.key);
    counts[becomes(row, there, existing)]++;
    if (objects % PROGRESS_ROWS === 0) onProgress?.(objects, header.objects);
  }
  onProgress?.(objects, header.objects);
  return { objects, exported: header.revision, ...counts, present };
}

// Resolves to the revision that etcd is at afterwards.
async function write(
  input: string,
  reached: Reached,
  state: StoredState,
  options: ImportEtcdOptions,
): Promise<bigint> {
  const { existing = 'fail', signal, random = Math.random } = options;
  const reader = new ExportReader(input, refuse, signal);
  const writer = new ImportWriter(reached, random);
  try {
    await reader.readHeader();
    for await (const [row, there] of joined(reader, reached, state)) {
      checkAborted(signal);
      if (becomes(row, there, existing) === 'skipped') continue;
      await writer.add(row, there?.version.revision ?? 0n);
    }
    await writer.finish();
  } catch (error) {
    await writer.settled();
    throw writer.written === 0 ? error : interrupted(error, writer.written);
  }
  return (await reached.objects.state()).revision;
}

async function* joined(
  reader: ExportReader,
  { objects }: Reached,
  state: StoredState,
): AsyncGenerator<readonly [CheckedRow, There], void, undefined> {
  const present = new PresentObjects(objects, state);
  for await (const row of reader.rows()) yield [row, await present.at(row.keyBytes)];
}

type There = Awaited<ReturnType<PresentObjects['at']>>;

function becomes(
  { version }: CheckedRow,
  there: There,
  existing: Existing,
): 'created' | 'replaced' | 'skipped' {
  if (there === undefined) return 'created';
  const isSame =
    there.version.ttlSeconds === version.ttlSeconds &&
    Buffer.compare(there.version.value, version.value) === 0;
  return existing === 'skip' || isSame ? 'skipped' : 'replaced';
}

const refuse: Report = (_code, message) => {
  throw new BackupError('damaged', `the export can't be imported: ${message}`);
};

function notEmpty({ name }: Reached): BackupError {
  const advice = 'import with another prefix, or merge';
  return new BackupError('not-empty', `the store at ${name} holds objects: ${advice}`);
}

function conflict({ name }: Reached, keys: readonly string[]): BackupError {
  const more = keys.length > NAMED_MAX ? ', and more' : '';
  const message = `the store at ${name} has these already: ${keys.slice(0, NAMED_MAX).join(', ')}`;
  return new BackupError('conflict', `${message}${more}`);
}

function interrupted(error: unknown, written: number): BackupError {
  const code = error instanceof BackupError ? error.code : 'unavailable';
  const reason = code === 'aborted' ? 'it was interrupted' : (error as Error).message;
  const message =
    `${reason}; ${written} objects were written before that: ` +
    'the same import with a merge that replaces goes on (--merge --existing replace)';
  return new BackupError(code, message, { cause: error });
}

const NAMED_MAX = 5;
const PROGRESS_ROWS = 1000;
