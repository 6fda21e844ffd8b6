/**
 * Raises etcd's revision to that of another store, by writes to the key beside the objects, which
 * tell watches no more than how far etcd is.
 */

import { BackupError, checkAborted } from '../../backup/error.js';
import { ConcurrentCalls } from './concurrent-calls.js';
import type { Reached } from './options.js';

/** Half an hour's worth, on a machine that is slow. */
const RAISED_MAX = 5_000_000n;

/** Throws `conflict` where that would take too long, and `aborted`. */
export async function raiseRevision(
  { client, keys, objects, name }: Reached,
  target: bigint,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { revision } = await objects.state();
  if (revision >= target) return;
  if (target - revision > RAISED_MAX) {
    const message =
      `the export is at revision ${target}, but ${name} at ${revision}: restore etcd with ` +
      '--bump-revision (etcdutl), or merge, where no client comes with an old resourceVersion';
    throw new BackupError('conflict', message);
  }
  const calls = new ConcurrentCalls();
  try {
    for (let reached = revision; reached < target; reached++) {
      checkAborted(signal);
      await calls.add(async () => void (await client.kv.put({ key: keys.progressKey })));
    }
  } finally {
    await calls.settled();
  }
  await calls.finish();
}
