/** `verifyExport`: reads an export as an import would, and tells all that is wrong with it. */

import type { Readable } from 'node:stream';

import { BackupError } from './error.js';
import type { ExportHeader } from './export-format.js';
import { ExportReader } from './export-reader.js';
import { Findings, type VerifyReport } from './finding.js';
import { resourceName } from './object-check.js';

export interface VerifyExportOptions {
  /** A file or a stream of bytes, compressed or not. */
  readonly input: string | Readable;
  readonly signal?: AbortSignal;
  /** Called now and then; `total` is told where it is known. */
  readonly onProgress?: (objects: number, total: number | undefined) => void;
}

/**
 * Verifies an export. What makes it no export that could be imported is a finding, too.
 *
 * @throws BackupError `unsupported-format`, `aborted`, or `unavailable` when it can't be read.
 */
export async function verifyExport(options: VerifyExportOptions): Promise<VerifyReport> {
  const { input, signal, onProgress } = options;
  const findings = new Findings();
  const reader = new ExportReader(input, findings.report, signal);
  let header: ExportHeader | undefined;
  try {
    header = await reader.readHeader();
    for await (const { parsedKey } of reader.rows()) {
      findings.countObject(parsedKey && resourceName(parsedKey));
      if (findings.objects % PROGRESS_ROWS === 0) onProgress?.(findings.objects, header.objects);
    }
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    if (error.code === 'truncated') findings.report('truncated', error.message);
    else if (error.code === 'damaged') findings.report('malformed', error.message);
    else throw error;
  }
  return {
    subject: typeof input === 'string' ? input : '-',
    kind: 'export',
    ...(header && { revision: header.revision, compactedRevision: header.compactedRevision }),
    ...findings.summary(),
  };
}

const PROGRESS_ROWS = 1000;
