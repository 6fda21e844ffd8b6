/** Gives what can be read once to who has to read it twice. */

import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { aborted, fileFailure } from './error.js';

/**
 * Runs the action on a file: the one that is named, or a temporary one, for its owner only, with
 * all that the stream has. Rejects with `unavailable` or `aborted`, or with what the action does.
 */
export async function withRereadable<Result>(
  input: string | Readable,
  signal: AbortSignal | undefined,
  action: (path: string) => Promise<Result>,
): Promise<Result> {
  if (typeof input === 'string') return action(input);
  const folder = await mkdtemp(join(tmpdir(), 'shardwatch-import-')).catch((error: unknown) => {
    throw fileFailure(tmpdir(), error);
  });
  try {
    const path = join(folder, 'export');
    await pipeline(input, createWriteStream(path, { mode: 0o600 }), {
      ...(signal && { signal }),
    }).catch((error: unknown) => {
      throw signal?.aborted ? aborted(signal) : fileFailure(path, error);
    });
    return await action(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
