/** A certificate for servers under measurement: made anew for each, as `serve` makes them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { generateCertificates } from '../../lib/auth/index.js';
import type { TlsOptions } from '../../lib/transport/index.js';

export async function generatedTls(): Promise<TlsOptions> {
  const directory = mkdtempSync(join(tmpdir(), 'shardwatch-bench-'));
  try {
    const { serving } = await generateCertificates({ directory, clock: { now: () => Date.now() } });
    return { key: serving.key, cert: serving.cert };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
