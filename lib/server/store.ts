/**
 * `shardwatch store export|import|verify`: from flags to the functions of the store that they name.
 *
 * 1. Whatever the user can mend ends with one sentence on standard error.
 * 2. Progress goes to standard error, and only where that is a terminal.
 */

import { StorageError } from '../storage/index.js';
import { BackupError, verifyExport, type VerifyReport } from '../storage/lmdb/index.js';
import { backupStore, type StoreFlags } from './backup-store.js';
import { FlagError } from './flag-error.js';
import { STORE_EXIT } from './store-command.js';

export interface ExportFlags extends StoreFlags {
  readonly resource?: readonly string[];
  readonly namespace?: readonly string[];
  readonly gzip?: boolean;
  readonly force?: boolean;
}

export interface ImportFlags extends StoreFlags {
  readonly merge?: boolean;
  readonly existing?: 'fail' | 'skip' | 'replace';
  readonly dryRun?: boolean;
}

export interface VerifyFlags extends StoreFlags {
  readonly json?: boolean;
}

/** Resolves to the exit code. */
export type StoreRun = Promise<number>;

/** A `file` that is absent or `-` is standard output. */
export function runExport(
  file: string | undefined,
  { resource, namespace, gzip, force, ...flags }: ExportFlags,
  signal: AbortSignal,
): StoreRun {
  return told(signal, async () => {
    const isStream = file === undefined || file === '-';
    const progress = terminalProgress('exported');
    const store = await backupStore(flags);
    const exported = store.export({
      output: isStream ? process.stdout : file,
      ...(gzip !== undefined && { gzip }),
      ...(force !== undefined && { force }),
      ...(resource && { resources: resource }),
      ...(namespace && { namespaces: namespace }),
      signal,
      onProgress: progress.update,
    });
    const { revision, objects } = await exported.finally(progress.end);
    const line = `exported ${count(objects)} at revision ${revision}`;
    if (!isStream) process.stdout.write(`${line} to ${file}\n`);
    return STORE_EXIT.done;
  });
}

/** `-` is standard input. */
export function runImport(
  file: string,
  { merge, existing, dryRun, ...flags }: ImportFlags,
  signal: AbortSignal,
): StoreRun {
  return told(signal, async () => {
    if (existing !== undefined && merge !== true) {
      throw new BackupError('not-empty', '--existing says what --merge does, which is not there');
    }
    const progress = terminalProgress('read');
    const store = await backupStore(flags);
    const imported = store.import({
      input: file === '-' ? process.stdin : file,
      ...(merge !== undefined && { merge }),
      ...(existing !== undefined && { existing }),
      ...(dryRun !== undefined && { dryRun }),
      signal,
      onProgress: progress.update,
    });
    const report = await imported.finally(progress.end);
    const { objects, created, replaced, skipped, revision } = report;
    const verb = report.dryRun ? 'would import' : 'imported';
    process.stdout.write(
      `${verb} ${count(objects)} into ${store.name}: ${created} created, ${replaced} replaced, ` +
        `${skipped} skipped; the store is at revision ${revision}\n`,
    );
    return STORE_EXIT.done;
  });
}

/** A `file` that is absent: the store; `-`: standard input. */
export function runVerify(
  file: string | undefined,
  { json = false, ...flags }: VerifyFlags,
  signal: AbortSignal,
): StoreRun {
  return told(signal, async () => {
    const progress = terminalProgress('verified');
    const options = { signal, onProgress: progress.update };
    const verified =
      file === undefined
        ? (await backupStore(flags)).verify(options)
        : verifyExport({ ...options, input: file === '-' ? process.stdin : file });
    const report = await verified.finally(progress.end);
    process.stdout.write(`${json ? reportJson(report) : reportText(report)}\n`);
    return report.findingCount === 0 ? STORE_EXIT.done : STORE_EXIT.findings;
  });
}

/** The report for a reader: what was read, then a line for each finding. */
export function reportText(report: VerifyReport): string {
  const { subject, kind, revision, compactedRevision, findingCount, findings } = report;
  const at =
    revision === undefined ? '' : ` at revision ${revision}, compacted at ${compactedRevision}`;
  const resources = Object.entries(report.objectsByResource);
  const hidden = findingCount - findings.length;
  return [
    `${kind} ${subject}: ${count(report.objects)}${at}`,
    ...resources.map(([resource, objects]) => `  ${objects} ${resource}`),
    findingCount === 0 ? 'nothing is wrong' : `findings: ${findingCount}`,
    ...findings.map(({ code, message }) => `- ${code}: ${message}`),
    ...(hidden > 0 ? [`… and ${hidden} more`] : []),
  ].join('\n');
}

// Revisions as texts, as everywhere in JSON.
function reportJson(report: VerifyReport): string {
  const text = (_key: string, value: unknown): unknown =>
    typeof value === 'bigint' ? String(value) : value;
  return JSON.stringify(report, text, 2);
}

async function told(signal: AbortSignal, action: () => Promise<number>): StoreRun {
  try {
    return await action();
  } catch (error) {
    if (!isForTheUser(error)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return signal.aborted ? STORE_EXIT.interrupted : STORE_EXIT.failed;
  }
}

function isForTheUser(error: unknown): error is Error {
  if (error instanceof BackupError || error instanceof StorageError) return true;
  if (error instanceof FlagError) return true;
  // Whoever read standard output has gone.
  return (error as NodeJS.ErrnoException | null)?.code === 'EPIPE';
}

export interface Progress {
  readonly update: (objects: number, total: number | undefined) => void;
  readonly end: () => void;
}

/** Rewrites one line of the terminal; does nothing where there is none. */
export function terminalProgress(
  verb: string,
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr,
): Progress {
  let told = -1;
  return {
    update: (objects, total) => {
      const step = Math.floor(objects / PROGRESS_OBJECTS);
      if (!stream.isTTY || step === told) return;
      told = step;
      const of = total === undefined ? '' : ` of ${total}`;
      stream.write(`\r${verb} ${objects}${of} objects`);
    },
    end: () => {
      if (told >= 0) stream.write('\r\x1b[K');
    },
  };
}

function count(objects: number): string {
  return objects === 1 ? '1 object' : `${objects} objects`;
}

const PROGRESS_OBJECTS = 10_000;
